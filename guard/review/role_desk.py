"""The desk of a receptionist or a supervisor: what is sealed to their own key, and nothing else.

Knows neither the web nor the database nor the clock: all three are given. Nothing that was
opened is kept; there is no record here to search, to rule on or to look further in.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from guard.errors import GuardError, LockedError
from guard.policy.roles import Extract, Role, read
from guard.record.passphrase import open_with_passphrase
from guard.record.seal import Identity, unseal
from guard.record.times import to_ms
from guard.review.session import Session


class Row(Protocol):
    """One message that is open to this login, still sealed."""

    @property
    def practice(self) -> str:
        """Whose mail."""

    @property
    def item(self) -> int:
        """As that practice's record numbers it."""

    @property
    def role(self) -> str:
        """By which role it is shown."""

    @property
    def received(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    @property
    def sealed(self) -> bytes:
        """An age file."""

    @property
    def seen(self) -> int | None:
        """When they said that they have seen it."""


class Table(Protocol):
    """What the database shows this login."""

    def mine(self) -> Sequence[Row]:
        """All of it."""

    def one(self, practice: str, item: int) -> Row | None:
        """One message."""

    def see(self, practice: str, item: int) -> None:
        """Say that they have seen it."""


class RoleEdges(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is given of the world."""

    sealed_key: Callable[[], bytes]
    """Their secret key under their passphrase."""

    table: Callable[..., AbstractContextManager[Table]]
    """What the database shows them; ``readonly`` says whether it is only read."""

    clock: Callable[[], datetime]
    """The moment, aware."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message as they are shown it."""

    row: Row
    """What the database says of it."""

    extract: Extract | None
    """Who wrote what; None when it is sealed to another key than theirs."""

    @property
    def urgent(self) -> bool:
        """Whether somebody may be in danger, and they have not said that they saw it."""
        return self.row.role == Role.SUPERVISOR.value and self.row.seen is None


class RoleDesk:
    """One run of ``guard role open``."""

    def __init__(self, edges: RoleEdges, session: Session) -> None:
        self._edges = edges
        self.session = session

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return to_ms(self._edges.clock())

    def prepare(self, also: Callable[[], object] = lambda: None) -> None:
        """Nothing is read ahead: there is nothing public to read."""

    def unlock(self, passphrase: str) -> str:
        """Open with the passphrase; returns the new cookie.

        Raises:
            LockedError: It is wrong.
            ConfigError: The key cannot be read.
        """
        opened = open_with_passphrase(self._edges.sealed_key(), passphrase)
        identity = Identity.decode(opened.decode(errors="replace"))
        return self.session.unlock(identity, now=self.now())

    def lock(self) -> None:
        """Forget the key."""
        self.session.lock()

    def expire(self) -> None:
        """Lock if nobody clicked for too long."""
        self.session.expire(now=self.now())

    def letters(self) -> list[Letter]:
        """All that is open to them: danger that nobody has seen first, then the newest.

        Raises:
            LockedError: The page is locked.
            RecordError: The database refuses.
            UnreachableError: The database cannot be reached.
        """
        key = self._key()
        with self._edges.table(readonly=True) as table:
            found = [_opened(row, key) for row in table.mine()]
        return sorted(found, key=lambda one: (not one.urgent, -one.row.received))

    def letter(self, practice: str, item: int) -> Letter | None:
        """One message; None when there is none that is open to them.

        Raises:
            LockedError: The page is locked.
            RecordError: The database refuses.
            UnreachableError: The database cannot be reached.
        """
        key = self._key()
        with self._edges.table(readonly=True) as table:
            row = table.one(practice, item)
        return None if row is None else _opened(row, key)

    def see(self, practice: str, item: int) -> None:
        """Say that they have seen a message; the database notes when.

        Raises:
            LockedError: The page is locked.
            RecordError: They are no supervisor.
            UnreachableError: The database cannot be reached.
        """
        self._key()
        with self._edges.table() as table:
            table.see(practice, item)

    def _key(self) -> Identity:
        if self.session.identity is None:
            raise LockedError("the page is locked")
        return self.session.identity


def _opened(row: Row, key: Identity) -> Letter:
    try:
        extract = read(unseal(row.sealed, [key]))
    except (GuardError, ValueError):
        extract = None
    return Letter(row=row, extract=extract)
