from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from guard.record.times import from_ms, to_ms

SUMMER = timezone(timedelta(hours=1))


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_moment_comes_back_as_it_was(milliseconds: int) -> None:
    assert to_ms(from_ms(milliseconds)) == milliseconds


@given(st.datetimes(timezones=st.just(SUMMER)))
def test_a_moment_is_never_later_than_it_was_and_less_than_a_millisecond_early(
    moment: datetime,
) -> None:
    assert timedelta(0) <= moment - from_ms(to_ms(moment)) < timedelta(milliseconds=1)


def test_a_known_moment() -> None:
    assert to_ms(datetime(2026, 7, 1, 1, 0, 0, 1_999, tzinfo=SUMMER)) == 1_782_864_000_001
    assert from_ms(1_782_864_000_001) == datetime(2026, 7, 1, 0, 0, 0, 1_000, tzinfo=UTC)
