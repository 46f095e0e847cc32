"""What the record needs, kept by SQLite.

Edge: one connection, one thread. Facts on durability stand in `sqlite_file`.
Source: sqlite.org/lang_transaction.html; sqlite.org/pragma.html, secure_delete.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from mmap import mmap
from pathlib import Path
from typing import Any

from guard.record import sqlite_blob, sqlite_file
from guard.record.derive import Cell, Change, changes
from guard.record.entry import Entry
from guard.record.schema import DERIVED, TABLES
from guard.record.sqlite_file import translated

_CHUNK = 1 << 20
"""Bytes of a large message that are read at a time."""

_PUT = {
    table: f"INSERT OR REPLACE INTO {table} VALUES (?{', ?' * columns.count(',')})"  # noqa: S608 - as below
    for table, (columns, _) in DERIVED.items()
}
_REMOVE = {
    table: f"DELETE FROM {table} WHERE {' AND '.join(f'{column} = ?' for column in key)}"  # noqa: S608 - names of our own tables
    for table, (_, key) in DERIVED.items()
}


class SqliteStore:
    """One SQLite file. Keeps the promises of `guard.record.store.Store`."""

    sizes = "length(ct)"
    contains = "instr"

    def __init__(self, db: sqlite3.Connection, folder: Path | None = None) -> None:
        """Use an open connection.

        Args:
            db: In autocommit mode.
            folder: Where `record.db` lies, for unnamed files; None for a private database.
        """
        self.db = db
        self._folder = folder

    def ask(self, query: str, *values: Cell | None) -> list[Any]:
        """All rows. See `Store.ask`."""
        with translated():
            return self.db.execute(query, values).fetchall()

    def stream(self, query: str) -> Iterator[Any]:
        """All rows, one by one. See `Store.stream`."""
        with translated():
            # Not `yield from`, which would close the cursor, perhaps after the connection.
            for row in self.db.execute(query):  # noqa: UP028 - as the line above says
                yield row

    def do(self, statement: str, *values: Cell | None) -> None:
        """Carry out. See `Store.do`."""
        self.db.execute(statement, values)

    def change(self, change: Change) -> None:
        """Put or remove. See `Store.change`."""
        if change.rest is None:
            self.db.execute(_REMOVE[change.table], change.key)
        else:
            self.db.execute(_PUT[change.table], (*change.key, *change.rest))

    @contextlib.contextmanager
    def transaction(self, now: int) -> Iterator[None]:  # noqa: ARG002 - for stores that keep dates
        """Write alone. See `Store.transaction`."""
        with translated():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        """Read as of now. See `Store.moment`."""
        with translated():
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self.db.execute("ROLLBACK")

    def put(self, seq: int, raw: bytes | mmap, salt: bytes, recipients: Sequence[str]) -> str:
        """Seal and keep. See `Store.put`."""
        return sqlite_blob.put(
            self.db, seq, raw, salt=salt, recipients=recipients, folder=self._place()
        )

    def put_sealed(self, seq: int, ct: bytes) -> None:
        """Keep. See `Store.put_sealed`."""
        self.db.execute("INSERT INTO blob VALUES (?, ?)", (seq, ct))

    def message(self, seq: int) -> bytes | None:
        """The sealed message. See `Store.message`."""
        rows = self.ask("SELECT ct FROM blob WHERE seq = ?", seq)
        return rows[0][0] if rows else None

    def digest(self, seq: int) -> bytes:
        """SHA-256 of it. See `Store.digest`."""
        digest = sha256()
        with translated(), self.db.blobopen("blob", "ct", seq, readonly=True) as blob:
            while chunk := blob.read(_CHUNK):
                digest.update(chunk)
        return digest.digest()

    def shred(self, seqs: Sequence[int]) -> None:
        """Destroy, and write zeros over it. See `Store.shred`."""
        self.db.execute("PRAGMA secure_delete = ON")
        for seq in seqs:
            self.db.execute("UPDATE entry SET sealed = NULL WHERE seq = ?", (seq,))
            self.db.execute("DELETE FROM blob WHERE seq = ?", (seq,))

    def structure_faults(self) -> int:
        """Faults of the file and its indexes. See `Store.structure_faults`."""
        # A connection of its own, so that it can run beside everything else.
        with translated(), contextlib.closing(sqlite_file.beside(self._place())) as db:
            faults = db.execute("PRAGMA integrity_check").fetchall()
        return 0 if faults == [("ok",)] else len(faults)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def _place(self) -> Path:
        assert self._folder is not None
        return self._folder


@contextlib.contextmanager
def rederived(entries: Iterable[Entry]) -> Iterator[SqliteStore]:
    """The derived tables, made anew in a private file. What cannot be read is passed over."""
    with translated(), contextlib.closing(SqliteStore(sqlite_file.scratch())) as fresh:
        with fresh.transaction(0):
            for statement in TABLES:
                fresh.do(statement)
            for entry in entries:
                _derive(fresh, entry)
        yield fresh


def _derive(fresh: SqliteStore, entry: Entry) -> None:
    try:
        for change in changes(entry.fields):
            fresh.change(change)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, sqlite3.Error):
        # The body was tampered with, which the check of its hash reports.
        return
