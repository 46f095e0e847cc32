from datetime import date, timedelta

import pytest

from guard.reply import compose
from guard.reply.numbers import PLACE, is_old, numbers
from guard.reply.wording import REMINDER, SIGNPOST, doubts, parse, shipped

NATIONS = ("england", "wales", "scotland", "northern-ireland")


def test_every_nation_has_its_numbers() -> None:
    assert tuple(numbers().signposts) == NATIONS


@pytest.mark.parametrize("what", [REMINDER, SIGNPOST])
@pytest.mark.parametrize("nation", NATIONS)
def test_every_text_takes_its_numbers_from_the_one_list(what: str, nation: str) -> None:
    words = shipped(what, nation=nation).words

    assert all(f"- {line}\n" in words for line in numbers().signposts[nation])
    assert PLACE not in words
    assert not any(letter.isdigit() for letter in words.split("\n- ")[0])


def test_northern_ireland_has_no_111() -> None:
    words = shipped(nation="northern-ireland").words

    assert "111" not in words
    assert "0808 808 8000" in words


@pytest.mark.parametrize("nation", NATIONS)
def test_the_shipped_words_raise_no_doubt_in_any_nation(nation: str) -> None:
    assert [list(doubts(shipped(what, nation=nation))) for what in (REMINDER, SIGNPOST)] == [
        [],
        [],
    ]


def test_the_signpost_tells_nothing_of_what_was_understood() -> None:
    found = parse(compose.text("signpost.en"), name="signpost.en")

    told = (found.subject + found.words).casefold()
    assert not [one for one in ("crisis", "suicid", "risk to", "worried", "therap") if one in told]


@pytest.mark.parametrize(("days", "old"), [(365, False), (366, True)])
def test_numbers_are_relied_on_for_a_year(days: int, *, old: bool) -> None:
    checked = date(2026, 1, 1)

    assert is_old(checked, checked + timedelta(days=days)) is old
