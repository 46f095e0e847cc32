"""What the record needs of whatever holds it, and nothing more.

Pure: a Protocol. Everything that the record means is written once, in `queries`, `batch` and
`ledger`; an engine (`sqlite_store`, `postgres_store`) only keeps rows and sealed messages,
and gives its own errors as guard's. Every engine passes tests/record/test_behaviour.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from mmap import mmap
from typing import Any, Protocol

from guard.record.derive import Cell, Change


class Store(Protocol):
    """Rows and sealed messages of one record, in one connection, for one thread."""

    sizes: str
    """SQL for the size in bytes of a row of the table `blob`, sealed as it is."""

    contains: str
    """Name of the SQL function that finds bytes in bytes; 0 when they are not there."""

    def ask(self, query: str, *values: Cell | None) -> list[Any]:
        """All rows of a short answer; `?` stands for a value.

        Raises:
            RecordError: It cannot be read.
        """

    def stream(self, query: str) -> Iterator[Any]:
        """All rows of a long answer, as they were at one moment; memory stays flat.

        Raises:
            RecordError: It cannot be read.
        """

    def do(self, statement: str, *values: Cell | None) -> None:
        """Carry out one statement of an open transaction."""

    def change(self, change: Change) -> None:
        """Put a row of a derived table in place, or remove it."""

    def transaction(self, now: int) -> AbstractContextManager[None]:
        """Be the only writer; what was done is durable when it ends well, else it never was.

        Args:
            now: Milliseconds since 1970-01-01 UTC.

        Raises:
            BusyError: Another process is writing. Nothing was done.
            RecordError: The disk would not. Nothing was done.
        """

    def moment(self) -> AbstractContextManager[None]:
        """Read everything as it is now, whoever writes meanwhile."""

    def put(self, seq: int, raw: bytes | mmap, salt: bytes, recipients: Sequence[str]) -> str:
        """Seal a message and keep it, in an open transaction.

        Args:
            seq: Number of its entry.
            raw: The message.
            salt: What its commitment is salted with, 32 bytes; sealed right behind it.
            recipients: Public keys.

        Returns:
            Hex SHA-256 of what is kept.
        """

    def put_sealed(self, seq: int, ct: bytes) -> None:
        """Keep a message that is sealed already, in an open transaction."""

    def message(self, seq: int) -> bytes | None:
        """The sealed message of an entry; None when there is none.

        Raises:
            RecordError: It cannot be read.
        """

    def digest(self, seq: int) -> bytes:
        """SHA-256 of a sealed message, however large it is, 32 bytes.

        Raises:
            RecordError: It cannot be read.
        """

    def shred(self, seqs: Sequence[int]) -> None:
        """Destroy sealed parts and messages, in an open transaction."""

    def structure_faults(self) -> int:
        """How many faults the engine finds in its own structure, at most 100."""

    def close(self) -> None:
        """Let go of it."""
