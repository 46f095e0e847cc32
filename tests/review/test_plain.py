"""Words for numbers, times, names and sizes; pictures with their numbers in words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.review import plain
from guard.review.chart import Bar, Chart, percent, wilson

AT = int(datetime(2026, 11, 22, 14, 5, tzinfo=UTC).timestamp() * 1000)


def test_times_are_told_as_people_tell_them() -> None:
    assert plain.moment(AT) == "22 November 2026, 2:05pm"
    assert plain.moment(AT - 14 * 3_600_000) == "22 November 2026, 12:05am"
    assert plain.day(AT) == "22 November 2026"


def test_a_time_in_summer_is_told_by_the_clocks_in_london() -> None:
    late = int(datetime(2026, 7, 30, 23, 30, tzinfo=UTC).timestamp() * 1000)

    assert plain.moment(late) == "31 July 2026, 12:30am"


def test_times_of_today_and_yesterday_are_told_so() -> None:
    assert plain.lately(AT, AT) == "today, 2:05pm"
    assert plain.lately(AT, AT + 10 * 3_600_000) == "yesterday, 2:05pm"
    assert plain.lately(AT, AT + 34 * 3_600_000) == "22 November 2026, 2:05pm"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "less than a minute"),
        (60_000, "1 minute"),
        (7_200_000, "2 hours"),
        (86_400_000, "1 day"),
    ],
)
def test_ages_are_told_in_their_largest_unit(milliseconds: int, words: str) -> None:
    assert plain.age(milliseconds) == words


@pytest.mark.parametrize(
    ("chance", "words"),
    [(0.0, "fewer than 1 in 20"), (0.5, "5 in 10"), (0.93, "9 in 10"), (1.0, "nearly all")],
)
def test_chances_are_frequencies(chance: float, words: str) -> None:
    assert plain.in_ten(chance) == words


@given(st.text(max_size=300))
def test_any_file_name_becomes_a_safe_one(name: str) -> None:
    safe = plain.file_name(name)
    assert 0 < len(safe) <= 80
    assert not set('/\\\0\n\r"<>:|?*\u202e') & set(safe)
    assert not safe.startswith((".", " "))


@given(st.text(max_size=50), st.integers(0, 50), st.integers(0, 50))
def test_a_picture_holds_no_markup_of_anybodys(name: str, part: int, rest: int) -> None:
    chart = Chart(title=name, note="", bars=(percent(name, part, part + rest), Bar(name="b", value=1)))  # fmt: skip  # noqa: E501
    allowed = chart.svg.replace("<svg", "").replace("<text", "").replace("<rect", "")
    assert "<" not in allowed.replace("</text", "").replace("</svg", "")


def test_an_interval_is_wilsons() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: 15 of 148.
    low, high = wilson(15, 148)
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)
    assert wilson(0, 0) == (0.0, 1.0)
