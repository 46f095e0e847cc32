"""A month has its own name, its neighbours, and what came in it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.review.month import Month

MOMENTS = st.datetimes(  # naive bounds, as hypothesis wants them
    datetime(2000, 1, 1),  # noqa: DTZ001  # as said
    datetime(2100, 1, 1),  # noqa: DTZ001  # as said
    timezones=st.just(UTC),
)


@given(MOMENTS, st.integers(-30, 30))
def test_months_follow_one_another(moment: datetime, months: int) -> None:
    month = Month.of(moment)

    assert month.moved(months).moved(-months) == month
    assert month.first <= moment < month.moved(1).first


@given(MOMENTS)
def test_a_month_is_found_by_its_name(moment: datetime) -> None:
    assert Month.named(Month.of(moment).name) == Month.of(moment)


def test_a_month_begins_at_midnight_in_london() -> None:
    july = Month.named("2026-07")

    assert july.first == datetime(2026, 6, 30, 23, 0, tzinfo=UTC)
    assert Month.of(datetime(2026, 6, 30, 23, 0, tzinfo=UTC)) == july


def test_a_month_in_words() -> None:
    assert Month(first=datetime(2026, 11, 1, tzinfo=UTC)).words == "November 2026"


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-00", "26-11", "2026-11-01", "x"])
def test_what_is_no_month_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="2026-11"):
        Month.named(name)
