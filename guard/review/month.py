"""A calendar month, and what came in it.

Pure over the book that it is given.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Self

import msgspec

from guard.clients.workdays import zone
from guard.record.times import to_ms
from guard.review.book import Book
from guard.review.report import Case
from guard.review.shelf import Row

TREND_MONTHS = 6
"""Months in which a trend is looked for."""

_NAME = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """One month, by the clocks in London."""

    first: datetime
    """Its first moment."""

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the month of a moment, aware."""
        here = moment.astimezone(zone())
        return cls(first=datetime(here.year, here.month, 1, tzinfo=zone()))

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the month of a name such as ``2026-11``.

        Raises:
            ValueError: It is no such name.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError("a month is written as 2026-11")
        return cls(first=datetime(int(found[1]), int(found[2]), 1, tzinfo=zone()))

    @property
    def name(self) -> str:
        """Such as ``2026-11``."""
        return f"{self.first:%Y-%m}"

    @property
    def words(self) -> str:
        """Such as ``November 2026``."""
        return f"{self.first:%B %Y}"

    def moved(self, months: int) -> Self:
        """Return the month so many later."""
        year, month = divmod(self.first.year * 12 + self.first.month - 1 + months, 12)
        return type(self)(first=datetime(year, month + 1, 1, tzinfo=zone()))

    def before(self, number: int) -> list[Self]:
        """Return so many months, oldest first; the last is this one.

        Raises:
            ValueError: There is no month so long ago.
        """
        return [self.moved(-back) for back in reversed(range(number))]


def cases(book: Book, month: Month) -> list[Case]:
    """Return every message that came in a month, with what guard and she said of it."""
    low, high = to_ms(month.first), to_ms(month.moved(1).first)
    return _cases(book, (row for row in _received(book) if low <= row.received < high))


def answered(book: Book) -> list[Case]:
    """Return every message that she ever answered, with what guard and she said of it."""
    return _cases(book, (row for row in _received(book) if row.ruled))


def _received(book: Book) -> Iterator[Row]:
    return (row for row in book.shelf.rows.values() if row.direction != "out")


def _cases(book: Book, rows: Iterable[Row]) -> list[Case]:
    read = ((row, book.minutes(row)) for row in rows)
    return [
        Case(row=row, minutes=minutes, said=book.said(row))
        for row, minutes in read
        if minutes is not None
    ]
