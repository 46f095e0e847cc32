from datetime import date

import pytest
from msgspec.structs import replace

from guard.clients import rights
from guard.clients.access import Step
from guard.clients.rights import Mark, Why, belongs
from guard.record.entry import Entry, Fact, canonical

HOUR = 3_600_000


def filed(fact: Fact, at: int = 0) -> Entry:
    """A fact as the record gives it back."""
    body = canonical({"kind": fact.kind, "seq": 7, "at": at, "body": fact.body})
    return Entry(
        seq=7,
        kind=fact.kind,
        item=fact.item,
        owner=fact.owner,
        at=at,
        body=body,
        sealed=None,
        leaf=bytes(range(32)),
    )


def test_a_reason_is_sealed_and_read_again() -> None:
    fact = rights.hold("c1", "the inquest of her brother")

    assert b"inquest" not in canonical(fact.body)
    assert fact.secret is not None
    assert rights.why(fact.secret) == Why(reason="the inquest of her brother")


def test_steps_are_read_as_they_were_filed_and_nonsense_is_passed_over() -> None:
    step = Step(step="stop", on=date(2026, 6, 5))
    good = filed(rights.access("c1", step))
    odd = [
        replace(good, body=b'{"body":{"step":"stop","on":"soon"}}'),
        replace(good, body=b'{"body":{"step":"leap","on":"2026-06-05"}}'),
        replace(good, body=b'{"body":{}}'),
    ]

    assert rights.steps([*odd, good]) == [step]


@pytest.mark.parametrize("mark", list(Mark))
def test_a_mark_is_read_as_it_was_filed(mark: Mark) -> None:
    assert rights.marked(filed(rights.mark(3, ("c1",), mark, Why()))) is mark


def test_what_is_not_marked_is_included_and_a_newer_mark_withholds() -> None:
    newer = replace(filed(rights.hold("c1", "")), body=b'{"body":{"as":"translate"}}')

    assert rights.marked(None) is Mark.INCLUDE
    assert rights.marked(newer) is Mark.WITHHOLD


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (0, "24 more hours"),
        (23 * HOUR, "1 more hour"),
        (24 * HOUR - 1, "1 more hour"),
        (24 * HOUR, None),
        (720 * HOUR, None),
        (720 * HOUR + 1, "lapsed"),
        (-HOUR, "25 more hours"),
    ],
)
def test_an_order_rests_a_day_and_lapses_after_thirty(age: int, words: str | None) -> None:
    said = rights.ripe(filed(rights.erasing("c1", "", 3), at=1_000), 1_000 + age)

    assert (said is None) if words is None else (said is not None and words in said)


def test_a_code_is_the_beginning_of_the_orders_own_hash() -> None:
    assert rights.code(filed(rights.erasing("c1", "", 3))) == "00010203"


@pytest.mark.parametrize(
    ("owners", "said", "whose"),
    [
        (("c1",), "", {"c1"}),
        (("c1", "c2"), "", {"c1", "c2"}),
        (("unsorted",), "c2", {"c2"}),
        # Given to somebody else, it is no longer theirs whose key seals it.
        (("c1",), "c2", {"c2"}),
        # "I know this sender" names the first owner, and takes nothing from the second.
        (("c1", "c2"), "c1", {"c1", "c2"}),
    ],
)
def test_a_letter_is_whose_she_says(owners: tuple[str, ...], said: str, whose: set[str]) -> None:
    assert {one for one in ("c1", "c2") if belongs(owners, said, one)} == whose
