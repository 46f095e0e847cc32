"""The record as one page reads it: what is unsealed, what waits, who is who.

Touches the world only through the record and the reader that it is given. What it unseals it
keeps in the memory that it is given, which is forgotten when the page locks.
"""

from collections.abc import Callable
from typing import TypeVar

from guard.clients import directory
from guard.errors import GuardError, UnreadableError
from guard.mail.message import Message
from guard.policy.minutes import Minutes, read
from guard.policy.sharing import Sharing
from guard.record.entry import UNSORTED
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.reply.wording import Wording, Wordings, approved
from guard.review import rulings
from guard.review.earlier import earlier
from guard.review.index import Index
from guard.review.letters import Letters
from guard.review.queue import (
    LOOK_BACK_DAYS,
    MOST_NOTICES,
    MOST_SAMPLES,
    Lane,
    Waiting,
    notice,
    order,
    sampled,
    unmatched,
)
from guard.review.search import MOST_READ
from guard.review.shelf import Row, Shelf
from guard.verdict.label import Label

T = TypeVar("T")

_DAY_MS = 86_400_000


class Memory:
    """What was unsealed since she unlocked."""

    def __init__(self, letters: Letters) -> None:
        """Begin with nothing.

        Args:
            letters: Reads strangers' mail.
        """
        self.letters = letters
        """Reads strangers' mail."""
        self.tangled: set[int] = set()
        """Messages that cannot be read; each is tried once, since a try may take seconds."""
        self.heads: dict[int, tuple[str, str]] = {}
        """Of messages that were not judged: people, and subject."""
        self.minutes: dict[int, Minutes | None] = {}
        """By entry."""
        self.clients: dict[int, directory.Client | None] = {}
        """By entry."""
        self.answers: dict[int, rulings.Answer | None] = {}
        """By entry."""
        self.index = Index(letters)
        """Of words."""
        self.queue: tuple[int, list[Waiting]] = (-1, [])
        """Size of the record, and what waited then."""


class Book:
    """The record while one page is made."""

    def __init__(
        self,
        record: Record,
        reader: Reader,
        shelf: Shelf,
        memory: Memory,
        *,
        now: int,
        can_send: bool,
        wordings: Wordings,
    ) -> None:
        """Open it.

        Args:
            record: Open for this page.
            reader: Opens what is sealed in it.
            shelf: What is known of its items in public.
            memory: What was unsealed before.
            now: Milliseconds since 1970-01-01 UTC.
            can_send: Whether anything is set up for sending.
            wordings: What the reminder says, in every language that there is.
        """
        self.record = record
        self.reader = reader
        self.shelf = shelf
        self.memory = memory
        self.now = now
        self.can_send = can_send
        self.wordings = wordings
        self.sharing: Sharing | None = None
        """What of it is open to others; None when nothing is, to nobody."""

    def refresh(self) -> None:
        """Take in what was added since the book was opened."""
        self.shelf.take(self.record.entries(self.shelf.size))

    def row(self, item: int) -> Row | None:
        """What the record says of an item; None when it is none."""
        return self.shelf.rows.get(item)

    def minutes(self, row: Row) -> Minutes | None:
        """What guard understood of an item; None when there is nothing, or it cannot be read."""
        known = self.memory.minutes
        if row.decided < 0:
            return None
        if row.decided not in known:
            known[row.decided] = _unsealed(self.reader, row.decided, read)
        return known[row.decided]

    def answer(self, seq: int) -> rulings.Answer | None:
        """One ruling of hers; None when it cannot be read."""
        known = self.memory.answers
        if seq not in known:
            known[seq] = _unsealed(self.reader, seq, rulings.read)
        return known[seq]

    def said(self, row: Row, *, but: int = -1) -> Label | None:
        """What she says an item is; None when she said nothing, but for one answer."""
        said = [one.seq for one in row.standing if "label" in one.actions and one.seq != but]
        answers = [self.answer(seq) for seq in said]
        return answers[-1].label if answers and answers[-1] else None

    def raw(self, item: int) -> bytes:
        """The bytes of a message.

        Raises:
            RecordError: Its keys were destroyed.
            RecordBrokenError: It is not what was filed.
        """
        return self.reader.raw(item)

    def opened(self, item: int) -> tuple[Message | None, bool]:
        """A message as parsed, None when it cannot be read; and whether it has a layout.

        Raises:
            RecordError: Its keys were destroyed.
            RecordBrokenError: It is not what was filed.
        """
        raw = self.raw(item)
        if item in self.memory.tangled:
            return None, False
        try:
            return self.memory.letters.message(raw, self.wordings.lines)
        except UnreadableError:
            self.memory.tangled.add(item)
            return None, False

    def message(self, item: int) -> Message | None:
        """A message as parsed; None when it cannot be read, or opened."""
        try:
            return self.opened(item)[0]
        except GuardError:
            return None

    def head(self, row: Row) -> tuple[str, str]:
        """To or from whom a message is, and its subject, read from itself; empty if it cannot be.

        For those without minutes, which are mostly hers.
        """
        known = self.memory.heads
        if row.item not in known:
            message = self.message(row.item)
            known[row.item] = _head(message, row.direction) if message else ("", "")
        return known[row.item]

    def client(self, owner: str) -> directory.Client | None:
        """Who a client is; None when it is nobody, or can no longer be read."""
        entry = self.shelf.clients.get(owner)
        if entry is None:
            return None
        known = self.memory.clients
        if entry.seq not in known:
            known[entry.seq] = _unsealed(self.reader, entry.seq, directory.read)
        return known[entry.seq]

    def wording(self, owner: str) -> Wording | None:
        """What a client would be told; None when there are no words in their language."""
        return self.wordings.of(owner, self.record)

    def approved(self, wording: Wording) -> bool:
        """Whether she approved these words."""
        return approved(self.record, wording) is not None

    def clients(self) -> list[directory.Client]:
        """Every client that can be read, by name."""
        found = [self.client(owner) for owner in self.shelf.clients]
        return sorted((one for one in found if one), key=lambda one: one.name.casefold())

    def queue(self) -> list[Waiting]:
        """Everything that waits, most pressing first."""
        size, known = self.memory.queue
        if size != self.shelf.size:
            # It can only change by an entry; that time passes moves nothing within one sitting.
            known = self._queue()
            self.memory.queue = (self.shelf.size, known)
        return known

    def _queue(self) -> list[Waiting]:
        held = dict.fromkeys([*self.record.tasks("review"), *self.record.tasks("alert")])
        found = [self._waiting(self.shelf.rows[item]) for item in held if item in self.shelf.rows]
        since = self.now - LOOK_BACK_DAYS * _DAY_MS
        recent = [
            row
            for row in self.shelf.rows.values()
            if row.received > since
            and row.decided >= 0
            and row.direction == "in"
            and row.item not in held
            and not row.ruled
        ]
        notices = self._notices(recent)
        return order([*found, *notices, *self._strangers(recent), *self._sample(recent)])

    def _waiting(self, row: Row, lane: Lane | None = None) -> Waiting:
        return Waiting(
            item=row.item,
            minutes=self.minutes(row),
            uncertain=any(kind.endswith("-uncertain") for kind, _ in row.outcomes[-1:]),
            put_off=row.put_off,
            received=row.received,
            lane=lane,
        )

    def _strangers(self, recent: list[Row]) -> list[Waiting]:
        """The newest letter of each person whom guard does not know."""
        found: dict[str, Waiting] = {}
        known = self.told()
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

    def _notices(self, recent: list[Row]) -> list[Waiting]:
        """The newest notices from other channels."""
        found: list[Waiting] = []
        for row in sorted(recent, key=lambda row: -row.received):
            minutes = self.minutes(row) if row.client == UNSORTED else None
            if minutes is not None and notice(minutes) and not row.put_off:
                found.append(self._waiting(row, Lane.CHANNEL))
            if len(found) == MOST_NOTICES:
                break
        return found

    def told(self) -> set[str]:
        """Addresses of which she has said whose they are."""
        said = [one.seq for one in self.shelf.standing.values() if "sender" in one.actions]
        return {answer.address for seq in said if (answer := self.answer(seq)) is not None}

    def earlier(self, client: directory.Client, *, most_read: int | None = MOST_READ) -> list[Row]:
        """Letters from before somebody was a client, which lie in nobody's record."""
        parents = tuple(self.clients())
        return earlier(
            self.shelf,
            self.record,
            self.reader,
            self.memory.index,
            client,
            parents=parents,
            most_read=most_read,
        )

    def named(self, address: str) -> tuple[str, ...]:
        """Ids of the clients who have an address; empty for no address."""
        return directory.find(self.record, address)

    def _sample(self, recent: list[Row]) -> list[Waiting]:
        drawn: list[Waiting] = []
        for row in sorted((row for row in recent if row.drawn), key=lambda row: row.lot):
            if len(drawn) == MOST_SAMPLES:
                break
            minutes = self.minutes(row)
            if "review" not in row.actions and minutes is not None and sampled(minutes):
                drawn.append(self._waiting(row, Lane.SAMPLE))
        return drawn


def _head(message: Message, direction: str) -> tuple[str, str]:
    people = message.recipients if direction == "out" else message.sender
    return ", ".join(one.name or one.email for one in people), message.subject


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
