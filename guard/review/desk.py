"""The therapist's desk: the record in her hands while it is unlocked.

Opens the record anew for each page, keeps what was unsealed in memory, and forgets it all
when the page locks. Knows neither the web nor the clock: both are given.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from guard.clients import directory
from guard.config import Settings
from guard.errors import GuardError, LockedError
from guard.mail.message import Message
from guard.mail.parse import parse
from guard.policy.minutes import Minutes, read
from guard.record.entry import UNSORTED
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.reply import compose
from guard.reply.errands import Errands
from guard.reply.outbox import Outcome
from guard.review import rulings
from guard.review.queue import (
    LOOK_BACK_DAYS,
    MOST_SAMPLES,
    Lane,
    Waiting,
    order,
    sampled,
    unmatched,
)
from guard.review.session import Session
from guard.review.shelf import Row, Shelf
from guard.verdict.label import Label

T = TypeVar("T")

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What the page is given of the world."""

    settings: Settings
    """The practice's choices."""

    open_record: Callable[..., SqliteRecord]
    """Opens the record; ``readonly`` says whether it is only read."""

    clock: Callable[[], datetime]
    """The moment, aware."""

    token: Callable[[], str]
    """A new unguessable text of letters and digits."""

    errands: Callable[[SqliteRecord], AbstractContextManager[Errands]] | None
    """Everything for sending, with the scan's lock held; None when nothing is set up."""

    model_card: Callable[[], Path]
    """Where the card of the model in use lies."""

    last_scan: Callable[[], Mapping[str, object]]
    """What the last scan noted; empty when none has ended."""

    free_bytes: Callable[[Path], int]
    """Room left on the disk of a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the next page tells her of what she just did."""

    words: str
    """One sentence."""

    undo: int = -1
    """The ruling that she may take back; -1 for none."""


class Desk:
    """One run of ``guard review``."""

    def __init__(self, edges: Edges, session: Session) -> None:
        self.edges = edges
        self.session = session
        self.shelf = Shelf()
        self.memory = Memory()
        self.said: Said | None = None

    def say(self) -> Said | None:
        """Return what the next page tells her, once."""
        said, self.said = self.said, None
        return said

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return int(self.edges.clock().timestamp() * 1000)

    def unlock(self, passphrase: str) -> str:
        """Open with the passphrase; returns the new cookie.

        Raises:
            LockedError: It is wrong.
            RecordError: The record cannot be read.
        """
        with contextlib.closing(self.edges.open_record(readonly=True)) as record:
            identity = record.keys.unlock(passphrase)
            self.shelf.take(record.entries(self.shelf.size))
        cookie = self.session.unlock(identity, now=self.now())
        # What is opened now need not be opened when she looks. If it cannot be, the page says so.
        with contextlib.suppress(GuardError), self.open() as book:
            book.queue()
        return cookie

    def lock(self) -> None:
        """Forget everything that was unsealed."""
        self.session.lock()
        self.memory = Memory()
        self.said = None

    def expire(self) -> None:
        """Lock if nobody clicked for too long."""
        if self.session.expire(now=self.now()):
            self.memory = Memory()

    @contextlib.contextmanager
    def open(self, *, write: bool = False) -> "Iterator[Book]":
        """Open the record for one page.

        Raises:
            LockedError: The page is locked.
            RecordError: The record cannot be read.
        """
        identity = self.session.identity
        if identity is None:
            raise LockedError("the page is locked")
        with contextlib.closing(self.edges.open_record(readonly=not write)) as record:
            self.shelf.take(record.entries(self.shelf.size))
            yield Book(self, record, Reader(record, identity))


class Memory:
    """What was unsealed since she unlocked."""

    def __init__(self) -> None:
        self.minutes: dict[int, Minutes | None] = {}
        """By entry."""
        self.clients: dict[int, directory.Client | None] = {}
        """By entry."""
        self.answers: dict[int, rulings.Answer | None] = {}
        """By entry."""
        self.queue: tuple[int, list[Waiting]] = (-1, [])
        """Size of the record, and what waited then."""


class Book:
    """The record while one page is made."""

    def __init__(self, desk: Desk, record: SqliteRecord, reader: Reader) -> None:
        self.desk = desk
        self.record = record
        self.reader = reader
        self.shelf = desk.shelf

    def refresh(self) -> None:
        """Take in what was added since the book was opened."""
        self.shelf.take(self.record.entries(self.shelf.size))

    def row(self, item: int) -> Row | None:
        """What the record says of an item; None when it is none."""
        return self.shelf.rows.get(item)

    def minutes(self, row: Row) -> Minutes | None:
        """What guard understood of an item; None when there is nothing, or it cannot be read."""
        known = self.desk.memory.minutes
        if row.decided < 0:
            return None
        if row.decided not in known:
            known[row.decided] = _unsealed(self.reader, row.decided, read)
        return known[row.decided]

    def answer(self, seq: int) -> rulings.Answer | None:
        """One ruling of hers; None when it cannot be read."""
        known = self.desk.memory.answers
        if seq not in known:
            known[seq] = _unsealed(self.reader, seq, rulings.read)
        return known[seq]

    def said(self, row: Row) -> Label | None:
        """What she says an item is; None when she said nothing."""
        answers = [self.answer(one.seq) for one in row.standing if "label" in one.actions]
        return answers[-1].label if answers and answers[-1] else None

    def raw(self, item: int) -> bytes:
        """The bytes of a message.

        Raises:
            RecordError: Its keys were destroyed.
            RecordBrokenError: It is not what was filed.
        """
        return self.reader.raw(item)

    def message(self, item: int) -> Message | None:
        """A message as parsed; None when it cannot be read."""
        try:
            return parse(self.raw(item), own=compose.text("reminder.en").splitlines())
        except GuardError:
            return None

    def client(self, owner: str) -> directory.Client | None:
        """Who a client is; None when it is nobody, or can no longer be read."""
        entry = self.shelf.clients.get(owner)
        if entry is None:
            return None
        known = self.desk.memory.clients
        if entry.seq not in known:
            known[entry.seq] = _unsealed(self.reader, entry.seq, directory.read)
        return known[entry.seq]

    def clients(self) -> list[directory.Client]:
        """Every client that can be read, by name."""
        found = [self.client(owner) for owner in self.shelf.clients]
        return sorted((one for one in found if one), key=lambda one: one.name.casefold())

    def queue(self) -> list[Waiting]:
        """Everything that waits, most pressing first."""
        size, known = self.desk.memory.queue
        if size != self.shelf.size:
            # It can only change by an entry; that time passes moves nothing within one sitting.
            known = self._queue()
            self.desk.memory.queue = (self.shelf.size, known)
        return known

    def _queue(self) -> list[Waiting]:
        held = dict.fromkeys([*self.record.tasks("review"), *self.record.tasks("alert")])
        found = [self._waiting(self.shelf.rows[item]) for item in held if item in self.shelf.rows]
        since = self.desk.now() - LOOK_BACK_DAYS * _DAY_MS
        recent = [
            row
            for row in self.shelf.rows.values()
            if row.received > since
            and row.decided >= 0
            and row.direction == "in"
            and row.item not in held
            and not row.ruled
        ]
        return order([*found, *self._strangers(recent), *self._sample(recent)])

    def _waiting(self, row: Row, lane: Lane | None = None) -> Waiting:
        return Waiting(
            item=row.item,
            minutes=self.minutes(row),
            uncertain=any(kind == Outcome.UNCERTAIN.value for kind, _ in row.outcomes[-1:]),
            put_off=row.put_off,
            received=row.received,
            lane=lane,
        )

    def _strangers(self, recent: list[Row]) -> list[Waiting]:
        """The newest letter of each person whom guard does not know."""
        found: dict[str, Waiting] = {}
        known = self._told()
        for row in recent:
            if row.client != UNSORTED or row.put_off:
                continue
            minutes = self.minutes(row)
            if minutes is None or not unmatched(minutes):
                continue
            address = address_of(minutes.sender)
            if address and address not in known and not self.named(address):
                found[address] = self._waiting(row, Lane.UNMATCHED)
        return list(found.values())

    def _told(self) -> set[str]:
        """Addresses of which she has said whose they are."""
        said = [one.seq for one in self.shelf.standing.values() if "sender" in one.actions]
        return {answer.address for seq in said if (answer := self.answer(seq)) is not None}

    def named(self, address: str) -> tuple[str, ...]:
        """Ids of the clients who have an address, normalised; empty for no address."""
        return self.record.owners_named(address) if address else ()

    def _sample(self, recent: list[Row]) -> list[Waiting]:
        drawn: list[Waiting] = []
        for row in sorted((row for row in recent if row.drawn), key=lambda row: row.lot):
            if len(drawn) == MOST_SAMPLES:
                break
            minutes = self.minutes(row)
            if "review" not in row.actions and minutes is not None and sampled(minutes):
                drawn.append(self._waiting(row, Lane.SAMPLE))
        return drawn


def address_of(sender: str) -> str:
    """Return the address in a sender as the minutes show it, normalised; empty if none is."""
    try:
        return directory.normalise(sender.rpartition("<")[2].removesuffix(">"))
    except ValueError:
        return ""


def _unsealed(reader: Reader, seq: int, decode: Callable[[bytes], T]) -> T | None:
    try:
        return decode(reader.secret(seq))
    except (GuardError, ValueError):
        return None
