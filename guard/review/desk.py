"""The therapist's desk: the record in her hands while it is unlocked.

Opens the record anew for each page, keeps what was unsealed in memory, and forgets it all
when the page locks. Knows neither the web nor the clock: both are given.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from threading import Thread

import msgspec

from guard.clients.directory import Client
from guard.config import Settings
from guard.errors import GuardError, LockedError
from guard.policy.sharing import Sharing
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.record.times import to_ms
from guard.reply.errands import Errands
from guard.reply.wording import wordings
from guard.review.book import Book, Memory
from guard.review.letters import Letters
from guard.review.session import Session
from guard.review.shelf import Shelf


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is given of the world."""

    settings: Settings
    """The practice's choices."""

    open_record: Callable[..., Record]
    """Opens the record; ``readonly`` says whether it is only read."""

    clock: Callable[[], datetime]
    """The moment, aware."""

    token: Callable[[], str]
    """A new unguessable text of letters and digits."""

    errands: Callable[[Record], AbstractContextManager[Errands]] | None
    """Everything for sending, with the scan's lock held; None when nothing is set up."""

    model_card: Callable[[], Path]
    """Where the card of the model in use lies."""

    last_scan: Callable[[], Mapping[str, object]]
    """What the last scan noted; empty when none has ended."""

    troubles: Callable[[], list[str]]
    """What did not work after the last scan, in words."""

    free_bytes: Callable[[Path], int]
    """Room left on the disk of a folder."""

    copy: Callable[[Book, Client], bytes]
    """Makes a client's copy, a ZIP file, and files that it was made."""

    letters: Letters
    """Reads strangers' mail, apart from the page."""

    sharing: Callable[[Record], Sharing | None] = lambda _record: None
    """What of a record is open to others; None when nothing is."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
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
        self.memory = Memory(edges.letters)
        self.said: Said | None = None
        self._ahead: Thread | None = None

    def prepare(self, also: Callable[[], object] = lambda: None) -> None:
        """Read what is public ahead, while she types her passphrase; the call returns at once.

        Args:
            also: What else is slow the first time.
        """
        if self._ahead is None and not self.shelf.size:
            self._ahead = Thread(target=self._read_ahead, args=(also,), daemon=True)
            self._ahead.start()

    def ready(self) -> None:
        """Wait until what is public was read, if it is being read."""
        if self._ahead is not None:
            self._ahead.join()
            self._ahead = None

    def _read_ahead(self, also: Callable[[], object]) -> None:
        self.edges.letters.warm()
        also()
        shelf = Shelf()
        # Whatever is wrong, she is told when she unlocks, which reads what is missing here.
        with (
            contextlib.suppress(Exception),
            contextlib.closing(self.edges.open_record(readonly=True)) as record,
        ):
            shelf.take(record.entries())
            self.shelf = shelf

    def say(self) -> Said | None:
        """Return what the next page tells her, once."""
        said, self.said = self.said, None
        return said

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return to_ms(self.edges.clock())

    def unlock(self, passphrase: str) -> str:
        """Open with the passphrase; returns the new cookie.

        Raises:
            LockedError: It is wrong.
            RecordError: The record cannot be read.
        """
        with contextlib.closing(self.edges.open_record(readonly=True)) as record:
            identity = record.keys.unlock(passphrase)
            self.ready()
            self.shelf.take(record.entries(self.shelf.size))
        cookie = self.session.unlock(identity, now=self.now())
        # What is opened now need not be opened when she looks. If it cannot be, the page says so.
        with contextlib.suppress(GuardError), self.open() as book:
            book.queue()
        return cookie

    def admit(self, badge: str) -> str:
        """Let in who signed in, locked; returns the cookie, empty when the page is closed."""
        self.lock()
        return self.session.admit(badge, now=self.now())

    def lock(self) -> None:
        """Forget everything that was unsealed."""
        self.session.lock()
        self._forget()

    def expire(self) -> None:
        """Lock if nobody clicked for too long."""
        if self.session.expire(now=self.now()):
            self._forget()

    def _forget(self) -> None:
        self.memory.index.close()
        self.memory = Memory(self.edges.letters)
        self.edges.letters.close()
        self.said = None

    @contextlib.contextmanager
    def open(self, *, write: bool = False) -> Iterator[Book]:
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
            book = Book(
                record,
                Reader(record, identity),
                self.shelf,
                self.memory,
                now=self.now(),
                can_send=self.edges.errands is not None,
                wordings=wordings(self.edges.settings),
            )
            book.sharing = self.edges.sharing(record)
            yield book
