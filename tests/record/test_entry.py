from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.record.entry import RESERVED, Cursor, Entry, Fact, Incoming, Location, canonical

PLACE = Location(account="a", folder="INBOX", validity=1, uid=1)
OTHER = Location(account="b", folder="INBOX", validity=1, uid=1)


def a_mail(**given: Any) -> Incoming:
    fields: dict[str, Any] = {
        "raw": b"",
        "locations": (PLACE,),
        "owners": ("unsorted",),
        "direction": "in",
        "received": 0,
    }
    return Incoming(**(fields | given))


@pytest.mark.parametrize(
    "given",
    [
        {"locations": ()},
        {"locations": (PLACE, OTHER)},
        {"owners": ()},
        {"owners": ("c1", "c1")},
        {"owners": ("../c1",)},
        {"direction": "sideways"},
        {"opens": ("Two Words",)},
    ],
)
def test_a_mail_that_makes_no_sense_cannot_be_made(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each with its own words
        a_mail(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "Judged!"},
        {"closes": ("judge",)},
        {"opens": ("judge",)},
        {"names": ("x",)},
        {"unnames": ("x",)},
        {"secret": b"x"},
        {"owners": ("c1",)},
        {"owner": "C 1"},
    ],
)
def test_a_fact_that_makes_no_sense_cannot_be_made(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each with its own words
        Fact(**({"kind": "judged"} | given))


@pytest.mark.parametrize("kind", sorted(RESERVED))
def test_the_records_own_kinds_cannot_be_written_from_outside(kind: str) -> None:
    with pytest.raises(ValueError, match="record alone"):
        Fact(kind=kind)


@pytest.mark.parametrize(("validity", "uid"), [(-1, 0), (0, -1), (2**63, 0), (0, 2**63)])
def test_numbers_that_the_store_cannot_hold_are_refused(validity: int, uid: int) -> None:
    with pytest.raises(ValueError, match="numbers"):
        Location(account="a", folder="b", validity=validity, uid=uid)
    with pytest.raises(ValueError, match="numbers"):
        Cursor(account="a", folder="b", validity=validity, uid=uid)


def test_a_lone_surrogate_is_refused_without_quoting_the_name() -> None:
    with pytest.raises(ValueError, match="surrogate") as caught:
        Location(account="a", folder="Jo Bloggs \ud800", validity=1, uid=1)

    assert "Bloggs" not in str(caught.value)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(st.text(), LEAVES, max_size=3)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_canonical_json_has_one_form_and_is_read_back(value: dict[str, Any]) -> None:
    body = canonical(value)
    entry = Entry(seq=0, kind="x", item=None, owner=None, at=0, body=body, sealed=None)

    assert body.isascii()
    assert entry.fields == value
    assert canonical(entry.fields) == body


def test_canonical_json_looks_like_this() -> None:
    value: dict[str, Any] = {"b": [1, 2.5, None, True], "a": "\u00e9\n", "A": {}}

    assert canonical(value) == rb'{"A":{},"a":"\u00e9\n","b":[1,2.5,null,true]}'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_without_a_json_form_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": number})
