"""Finding messages again: by client, time, label and words, unsealed in memory one by one.

Touches the world only through the book that it is given. Nothing is indexed on disk: an index
of words would be a second copy of what the record seals.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from guard.review.book import Book
from guard.review.shelf import Row
from guard.verdict.label import Label

MOST_READ = 1_500
"""Messages that one search opens: about a second. It says so, and goes on when asked."""

MOST_FOUND = 100
"""Messages that one page shows."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; whatever is empty matches all."""

    words: str = ""
    """Each must stand in the sender, the recipients, the subject or the text."""

    client: str = ""
    """Id of a client."""

    label: Label | None = None
    """What she says it is, or else what guard thinks."""

    since: datetime | None = None
    """First day, aware."""

    until: datetime | None = None
    """Last day, aware."""

    skip: int = 0
    """Messages, newest first, that an earlier search has read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found."""

    rows: list[Row]
    """Newest first."""

    read: int
    """Messages that were looked at."""

    left: int
    """Messages that are older and were not looked at."""

    next: int
    """What `Wanted.skip` has to be to go on."""


def search(book: Book, wanted: Wanted) -> Found:
    """Look through the record, newest first, as far as one page goes."""
    rows = sorted(
        (row for row in book.shelf.rows.values() if _in_reach(row, wanted)),
        key=lambda row: (-row.received, -row.item),
    )[wanted.skip :]
    words = [word.casefold() for word in wanted.words.split()]
    found: list[Row] = []
    read = 0
    for row in rows[:MOST_READ]:
        if len(found) == MOST_FOUND:
            break
        read += 1
        if _labelled(book, row, wanted.label) and (not words or _says(book, row, words)):
            found.append(row)
    return Found(rows=found, read=read, left=len(rows) - read, next=wanted.skip + read)


def _in_reach(row: Row, wanted: Wanted) -> bool:
    if wanted.client and wanted.client not in (row.client, *row.owners):
        return False
    if wanted.since is not None and row.received < wanted.since.timestamp() * 1000:
        return False
    return wanted.until is None or row.received < (wanted.until + _DAY).timestamp() * 1000


def _labelled(book: Book, row: Row, label: Label | None) -> bool:
    if label is None:
        return True
    minutes = book.minutes(row)
    return (book.said(row) or (minutes.verdict.label if minutes else None)) is label


def _says(book: Book, row: Row, words: list[str]) -> bool:
    message = book.message(row.item)
    if message is None:
        return False
    people = [f"{one.name} {one.email}" for one in (*message.sender, *message.recipients)]
    text = "\n".join([message.subject, *people, message.full_text]).casefold()
    return all(word in text for word in words)
