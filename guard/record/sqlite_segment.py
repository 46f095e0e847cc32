"""A run of entries as one small SQLite file, made and read in memory.

Edge: sqlite3, no disk. It holds what cannot be derived: bodies, sealed parts, messages,
checkpoints. Source: FORMAT.md, "Backup".
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from guard.errors import RecordBrokenError

_TABLES = (
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, sealed BLOB) STRICT",
    "CREATE TABLE blob (seq INTEGER PRIMARY KEY, ct BLOB NOT NULL) STRICT",
    (
        "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, frontier BLOB NOT NULL,"
        " note TEXT NOT NULL) STRICT"
    ),
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, with what hangs on it."""

    seq: int
    """Its number."""

    body: bytes
    """Its body."""

    sealed: bytes | None
    """Its sealed part; None when it has none, or it was erased."""

    ct: bytes | None
    """Its message, sealed; None when it has none, or it was erased."""

    checkpoint: tuple[bytes, str] | None
    """Frontier and note of the checkpoint after it, if there is one."""

    @property
    def parts(self) -> int:
        """How many sealed things it holds."""
        return (self.sealed is not None) + (self.ct is not None)

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.body) + len(self.sealed or b"") + len(self.ct or b"") + 400


def pack(rows: Iterable[Row]) -> bytes:
    """Make the file."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for statement in _TABLES:
            db.execute(statement)
        db.execute("BEGIN")
        for row in rows:
            db.execute("INSERT INTO entry VALUES (?, ?, ?)", (row.seq, row.body, row.sealed))
            if row.ct is not None:
                db.execute("INSERT INTO blob VALUES (?, ?)", (row.seq, row.ct))
            if row.checkpoint is not None:
                values = (row.seq + 1, *row.checkpoint)
                db.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", values)
        db.execute("COMMIT")
        return db.serialize()


def unpack(data: bytes) -> Iterator[Row]:
    """Read the file, in order.

    Raises:
        RecordBrokenError: It is not one.
    """
    query = (
        "SELECT entry.seq, body, sealed, ct, frontier, note FROM entry"
        " LEFT JOIN blob ON blob.seq = entry.seq"
        " LEFT JOIN checkpoint ON checkpoint.size = entry.seq + 1 ORDER BY entry.seq"
    )
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        try:
            db.deserialize(data)
            for row in db.execute(query):
                yield _row(*row)
        except (sqlite3.Error, ValueError):
            raise RecordBrokenError("a segment of the backup is damaged") from None


def _row(*row: Any) -> Row:  # noqa: ANN401 - columns of a STRICT table
    seq, body, sealed, ct, frontier, note = row
    checkpoint = None if note is None else (frontier, note)
    return Row(seq=seq, body=body, sealed=sealed, ct=ct, checkpoint=checkpoint)
