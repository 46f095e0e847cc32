"""Finding messages again: by words, client, direction, label and time.

Touches the world only through the book that it is given. The one home of what a search means,
for the page and for the terminal; what is indexed is in `index`, and never on the disk in clear.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.record.times import to_ms
from guard.review.index import Index
from guard.review.sqlite_words import Asked
from guard.verdict.label import Label

MOST_READ = 1_500
"""Messages that one search of the page reads for the first time: about a second."""

MOST_FOUND = 100
"""Messages that one page shows."""

_DAY = timedelta(days=1)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; whatever is empty matches all."""

    words: str = ""
    """Each must begin a word of the sender, the recipients, the subject or the text."""

    client: str = ""
    """Id of a client."""

    direction: str = ""
    """``in``, ``out`` or ``junk``."""

    label: Label | None = None
    """What she says it is, or else what guard thinks."""

    since: datetime | None = None
    """First day, aware."""

    until: datetime | None = None
    """Last day, aware."""

    only: str = ""
    """Owner whose messages alone are read for the first time; empty: everybody's."""

    skip: int = 0
    """Messages, newest first, that were shown before."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    items: list[int]
    """Newest first."""

    more: bool
    """Whether there are older ones that fit."""

    left: int
    """Messages, the oldest, that were never read yet; a next search reads on."""


def search(
    index: Index,
    record: Record,
    reader: Reader,
    wanted: Wanted,
    *,
    most_read: int | None = MOST_READ,
    most_found: int = MOST_FOUND,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Found:
    """Look through the record.

    Args:
        index: What is known from earlier searches; brought up to date.
        record: Open.
        reader: Opens what is sealed in it.
        wanted: What is looked for.
        most_read: Messages to read for the first time; None for all.
        most_found: Messages to give.
        progress: Told how many were read for the first time, and of how many.

    Raises:
        RecordError: The record cannot be read.
    """
    index.refresh(record, reader, only=wanted.only, most=most_read, progress=progress)
    asked = _asked(wanted)
    found = [] if asked is None else index.find(asked, skip=wanted.skip, most=most_found + 1)
    return Found(items=found[:most_found], more=len(found) > most_found, left=index.unread())


def _asked(wanted: Wanted) -> Asked | None:
    """What the index is asked; None when nothing can match, such as a lone question mark."""
    words = tuple(word for word in wanted.words.split() if any(map(str.isalnum, word)))
    if wanted.words.split() and not words:
        return None
    return Asked(
        words=words,
        client=wanted.client,
        direction=wanted.direction,
        label=wanted.label.value if wanted.label else "",
        since=_moment(wanted.since),
        until=_moment(wanted.until + _DAY if wanted.until else None),
    )


def _moment(day: datetime | None) -> int | None:
    return None if day is None else to_ms(day)
