"""A month in pictures: nothing is drawn of nothing, and a drift shows from month to month."""

import tomllib
from datetime import timedelta

import pytest

from guard.review.figures import told
from guard.review.report import trends
from guard.shipped import folder
from guard.verdict.label import Label
from tests.review.practice import START, Practice, letter


def test_before_her_first_answer_nothing_is_claimed_of_being_right(
    open_practice: Practice,
) -> None:
    item = open_practice.add(letter())
    page = open_practice.page("/report")
    assert "You have not answered any message of this month yet" in page
    assert "Whether its chances can be trusted" not in page
    open_practice.answer(item, "therapy")
    page = open_practice.page("/report")
    assert "You have not answered any message of this month yet" not in page
    assert "Whether its chances can be trusted" in page


def test_one_month_has_no_trend_and_two_have(practice: Practice) -> None:
    practice.add(letter("three"))
    item = practice.add(letter("two"))
    practice.enter()
    assert "Month by month" not in practice.page("/report")
    practice.clock.now = START - timedelta(days=35)
    first = practice.add(letter("one"))
    practice.clock.now = START
    practice.answer(item, "other")
    page = practice.page("/report")
    assert "what guard does not know: October 2026 0 of 1; November 2026 0 of 2" in page
    assert "where you said otherwise" not in page
    practice.answer(first, "therapy")
    page = practice.page("/report")
    assert "where you said otherwise: October 2026 0 of 1; November 2026 1 of 1" in page


def test_of_no_months_there_is_no_trend() -> None:
    assert trends([]) == []
    assert trends([("November 2026", [])]) == []


def test_the_shipped_models_card_is_told_without_decimals() -> None:
    card = tomllib.loads((folder("models") / "card.toml").read_text(encoding="utf-8"))
    said = told({name: rows for name, rows in card.items() if isinstance(rows, dict)})
    assert len(said) == 6
    assert "made-up letters that it never learned from" in said[0]
    assert not any("[" in one or "0." in one or "{" in one for one in said)


@pytest.mark.parametrize(
    "tables",
    [{}, {"frozen_test": {}}, {"frozen_test": {"flagged": "(1 of 2)"}}, {"corpus": {"mails": 3}}],
)
def test_a_card_of_another_shape_tells_nothing(tables: dict[str, dict[str, object]]) -> None:
    assert told(tables) == []


def test_the_list_tells_days_as_people_do_and_why_it_fears(practice: Practice) -> None:
    practice.add(letter("one"), Label.THERAPY, grounds=("crisis", "sensitive"))
    practice.clock.pass_(days=1)
    practice.add(letter("two"), Label.CRISIS, grounds=("crisis", "sensitive"))
    practice.enter()
    page = practice.page("/")
    assert "yesterday, " in page
    assert "today, " in page
    assert page.count("therapy content, with words of danger") == 1


def test_where_guard_would_not_say_it_was_neither_right_nor_wrong(open_practice: Practice) -> None:
    item = open_practice.add(letter(), Label.OTHER, abstained="foreign")
    page = open_practice.page(f"/item/{item}")
    assert "guard would not say" in page
    assert 'class="main">File as' not in page
    open_practice.answer(item, "other")
    page = open_practice.page("/report")
    assert "How often guard was right" not in page
    assert "guard would not say what 1 of 1 message was" in page
    assert "You have not answered any message yet" in open_practice.page("/model")


def test_the_page_of_the_model_opens_only_what_she_answered(open_practice: Practice) -> None:
    open_practice.add(letter("one"))
    item = open_practice.add(letter("two"))
    open_practice.answer(item, "therapy")
    open_practice.restart()
    open_practice.enter()
    open_practice.desk.memory.minutes.clear()
    assert "<td>1</td><td>1</td>" in open_practice.page("/model")
    assert len(open_practice.desk.memory.minutes) == 1
