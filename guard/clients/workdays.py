"""Which day it is in the United Kingdom, and which days are working days there.

Pure over the calendar of the package `holidays`, which knows the rules and the days that were
proclaimed once. Source: Banking and Financial Dealings Act 1971; gov.uk/bank-holidays.
"""

from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Nation = Literal["england", "wales", "scotland", "northern-ireland"]
"""Whose bank holidays count."""

_CODES = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}
_SATURDAY = 5


@cache
def zone() -> "ZoneInfo":
    """Return the zone that the clocks of the practice and of its clients go by.

    The computer's own zone is no guide: most servers go by UTC.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # a scan with nothing new asks for no day

    return ZoneInfo("Europe/London")


def day_of(moment: datetime) -> date:
    """Return the date of a moment, aware, by those clocks."""
    return moment.astimezone(zone()).date()


def next_working_day(day: date, nation: Nation) -> date:
    """Return the day itself if people work on it, else the next one on which they do."""
    while day.weekday() >= _SATURDAY or _is_holiday(day, nation):
        day += timedelta(days=1)
    return day


@cache
def _is_holiday(day: date, nation: Nation) -> bool:
    # Takes a fifth of a second to import; the scan never asks.
    from holidays import country_holidays  # noqa: PLC0415

    return day in country_holidays("GB", subdiv=_CODES[nation], years=day.year)
