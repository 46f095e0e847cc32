"""One open transaction that adds entries, and the tables that follow from them.

Edge: writes through a connection that somebody else opened and commits.
Source: FORMAT.md, "Entries" and "Derived tables".
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256

from guard.record.derive import Cell, Change, changes
from guard.record.entry import JSON, Entry, canonical
from guard.record.log import Frontier, leaf_hash
from guard.record.note import Checkpoint
from guard.record.scanner import ScannerKey
from guard.record.schema import DERIVED, TABLES

_NONCE_BYTES = 16

Random = Callable[[int], bytes]
"""Gives so many random bytes, fit for keys."""

_PUT = {
    table: f"INSERT OR REPLACE INTO {table} VALUES (?{', ?' * columns.count(',')})"  # noqa: S608 - as below
    for table, (columns, _) in DERIVED.items()
}
_REMOVE = {
    table: f"DELETE FROM {table} WHERE {' AND '.join(f'{column} = ?' for column in key)}"  # noqa: S608 - names of our own tables
    for table, (_, key) in DERIVED.items()
}


class Batch:
    """One open transaction that adds entries and signs the new head."""

    def __init__(
        self,
        db: sqlite3.Connection,
        scanner: ScannerKey,
        *,
        frontier: Frontier,
        now: int,
        last: int,
        random: Random,
    ) -> None:
        """Begin.

        Args:
            db: Inside a transaction.
            scanner: Signs, and knows content and names.
            frontier: Of the record as it stands.
            now: Milliseconds since 1970-01-01 UTC.
            last: `at` of the last entry.
            random: Source of the nonces.
        """
        self._random = random
        self._db = db
        self._now = now
        # Time in the record never runs back; where the clock did, the entry says so.
        self._at = max(now, last)
        self._old_size = frontier.size
        self.frontier = frontier
        self.scanner = scanner
        self.recipients: dict[str, str] = {}

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for what else belongs into the transaction."""
        return self._db

    @property
    def size(self) -> int:
        """Number of entries, which is the number of the next one."""
        return self.frontier.size

    def add(self, kind: str, fields: Mapping[str, JSON], sealed: bytes | None = None) -> int:
        """Add one entry and what follows from it.

        Args:
            kind: One word.
            fields: The body but for ``kind``, ``seq``, ``at`` and ``sealed``.
            sealed: age file of the secret part.

        Returns:
            Its number.
        """
        seq = self.frontier.size
        whole: dict[str, JSON] = {**fields, "kind": kind, "seq": seq, "at": self._at}
        if self._at != self._now:
            whole["clock"] = self._now
        if sealed is not None:
            whole["sealed"] = sha256(sealed).hexdigest()
        else:
            # The proof of a neighbour shows this entry's hash. Without something that nobody
            # can guess in it, whoever gets that proof could try out what it may say.
            whole["nonce"] = self._random(_NONCE_BYTES).hex()
        body = canonical(whole)
        leaf = leaf_hash(body)
        row = (seq, kind, whole.get("item"), whole.get("owner"), self._at, body, sealed, leaf)
        self._db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        apply(self._db, changes(whole))
        self.frontier = self.frontier.append(leaf)
        return seq

    def sign(self) -> None:
        """Sign the new head, unless nothing was added."""
        frontier = self.frontier
        if frontier.size == self._old_size:
            return
        origin = self.scanner.verifier.name
        text = Checkpoint(origin=origin, size=frontier.size, root=frontier.root()).encode()
        row = (frontier.size, frontier.encode(), self.scanner.signer.sign(text))
        self._db.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", row)


def apply(db: sqlite3.Connection, rows: Iterable[Change]) -> None:
    """Carry changes out."""
    for change in rows:
        if change.rest is None:
            db.execute(_REMOVE[change.table], change.key)
        else:
            db.execute(_PUT[change.table], (*change.key, *change.rest))


def rederive(fresh: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Make the derived tables in an empty database. What cannot be read is passed over."""
    fresh.execute("BEGIN")
    for statement in TABLES:
        fresh.execute(statement)
    for entry in entries:
        try:
            apply(fresh, changes(entry.fields))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, sqlite3.Error):
            # The body was tampered with, which the check of its hash reports.
            continue
    fresh.execute("COMMIT")


def ordered(db: sqlite3.Connection, table: str) -> Iterator[tuple[Cell, ...]]:
    """All rows of a derived table, in the order of its key."""
    key = ", ".join(DERIVED[table][1])
    return db.execute(f"SELECT * FROM {table} ORDER BY {key}")  # noqa: S608 - our own names


def compare(
    found: Iterator[tuple[Cell, ...]], wanted: Iterator[tuple[Cell, ...]]
) -> Iterator[tuple[tuple[Cell, ...], bool]]:
    """Merge two ordered streams: each row that only one has, and whether it is missing."""
    left, right = next(found, None), next(wanted, None)
    while left is not None or right is not None:
        if left == right:
            left, right = next(found, None), next(wanted, None)
        elif right is None or (left is not None and left < right):
            assert left is not None
            yield left, False
            left = next(found, None)
        else:
            yield right, True
            right = next(wanted, None)
