from datetime import date

import pytest

from guard.clients.retention import kept_until, years_after
from guard.config import Retention

SEVEN = Retention()


@pytest.mark.parametrize(
    ("ended", "born", "until"),
    [
        ("2026-07-31", "", date(2033, 7, 31)),
        ("2024-02-29", "", date(2031, 3, 1)),
        # Of age on the last day: as any adult.
        ("2026-07-31", "2008-07-31", date(2033, 7, 31)),
        # 17 on the last day: until the 26th birthday.
        ("2026-07-31", "2008-08-01", date(2034, 8, 1)),
        ("2026-07-31", "2009-07-31", date(2035, 7, 31)),
        # 16: until the 25th.
        ("2026-07-31", "2009-08-01", date(2034, 8, 1)),
        ("2026-07-31", "2016-01-05", date(2041, 1, 5)),
        # Born on a leap day.
        ("2026-07-31", "2012-02-29", date(2037, 3, 1)),
    ],
)
def test_a_record_is_kept_from_the_end_of_therapy(ended: str, born: str, until: date) -> None:
    assert kept_until(ended, born, SEVEN) == until


@pytest.mark.parametrize("born", ["", "1950-01-01", "2020-01-01"])
def test_without_an_end_date_nothing_is_ever_due(born: str) -> None:
    assert kept_until("", born, SEVEN) is None


def test_her_insurer_may_ask_for_other_periods() -> None:
    rules = Retention(years=5, minors_until=26)

    assert kept_until("2026-07-31", "", rules) == date(2031, 7, 31)
    assert kept_until("2026-07-31", "2016-01-05", rules) == date(2042, 1, 5)


def test_a_long_period_beats_the_birthday_of_a_minor() -> None:
    assert kept_until("2026-07-31", "2010-01-01", Retention(years=20)) == date(2046, 7, 31)


@pytest.mark.parametrize("text", ["31 July", "2026-13-01"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        kept_until(text, "", SEVEN)


def test_a_leap_day_of_another_leap_year_stays() -> None:
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)
