"""What a client is entitled to, as the page shows it: how long, until when, a copy, and holds.

Pure over the book that it is given.
"""

from datetime import date

import msgspec

from guard.clients import rights
from guard.clients.access import Request, told
from guard.clients.asking import asks
from guard.clients.directory import Client
from guard.clients.retention import standing
from guard.clients.workdays import day_of
from guard.config import Settings
from guard.errors import GuardError
from guard.mail.message import Message
from guard.record.entry import UNSORTED
from guard.record.times import from_ms
from guard.review.book import Book
from guard.review.shelf import Row


class Entitled(msgspec.Struct, frozen=True, kw_only=True):
    """How one client stands."""

    kept: str
    """How long the record is kept, in words."""

    held: bool
    """Whether a legal hold stands."""

    reason: str
    """Why it stands, in her words."""

    requests: tuple[str, ...]
    """Requests for a copy, newest first, in words."""

    open: Request | None
    """The one that is owed an answer."""

    today: date


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter seems to ask for."""

    access: bool
    erasure: bool

    received: date
    """The day on which the clock would start."""

    clock: str
    """The open request of this client in words; empty when there is none."""


def of(book: Book, client: Client, settings: Settings) -> Entitled:
    """Return how a client stands today."""
    today, held = today_of(book), book.record.held(client.id)
    found = rights.asked(book.record, client.id)
    return Entitled(
        kept=standing(client, settings.retention, today, held=held)[1],
        held=held,
        reason=_reason(book, client.id) if held else "",
        requests=tuple(told(one, settings.practice.nation, today) for one in reversed(found)),
        open=found[-1] if found and found[-1].open else None,
        today=today,
    )


def today_of(book: Book) -> date:
    """Return the day on which the book is open, where she is."""
    return _day(book.now)


def asking(book: Book, row: Row, message: Message | None, settings: Settings) -> Asking | None:
    """Return what a client's letter seems to ask for; None for nothing, or nobody's letter."""
    if message is None or row.direction == "out" or row.client == UNSORTED:
        return None
    seems = asks(f"{message.subject}\n{message.new_text}")
    if not seems:
        return None
    found = rights.asked(book.record, row.client)
    open_ = found[-1] if found and found[-1].open else None
    return Asking(
        access="access" in seems,
        erasure="erasure" in seems,
        received=_day(row.received),
        clock=told(open_, settings.practice.nation, _day(book.now)) if open_ else "",
    )


def _reason(book: Book, owner: str) -> str:
    entry = book.record.latest(rights.HELD, owner=owner)
    try:
        return rights.why(book.reader.secret(entry.seq)).reason if entry else ""
    except (GuardError, ValueError):
        return ""


def _day(milliseconds: int) -> date:
    return day_of(from_ms(milliseconds))
