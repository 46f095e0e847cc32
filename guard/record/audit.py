"""What `verify` asks of the record: everything, page by page, whatever is there.

Pure but for the store it is given; reads only. Between pages no lock is held, so that
a scan can go on filing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from guard.record.batch import compare, ordered
from guard.record.derive import Cell
from guard.record.queries import PAGE, Queries, after
from guard.record.schema import DERIVED
from guard.record.sqlite_store import rederived

if TYPE_CHECKING:
    # What checks a tree is not needed to add to one.
    from guard.record.tree_check import Row

_SMALL = 65_536
"""Bytes of a sealed message that is read together with its page; larger ones singly."""

_LEAVES = 4096
"""Leaf hashes that are read at a time."""

BEFORE_ALL = -(2**63)
"""The least number of an entry or checkpoint that a database can hold, impossible ones too."""

Audited = tuple[Any, ...]
"""One entry as it stands: seq, kind, item, owner, at, body, sealed, leaf; then the sealed
message, if there is one and it is small, and its size. Nothing is checked, not even types."""


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How far the record reaches at one moment."""

    size: int
    """Entries that its newest checkpoint vouches for."""

    last: int
    """Number of the last entry that is there: one less, unless somebody planted some."""

    note: str
    """The newest checkpoint."""


class Audit(Queries):
    """The part of the record that is audited."""

    def extent(self) -> Extent:
        """How far the record reaches now.

        Raises:
            RecordError: It cannot be read.
        """
        # One statement, and so one moment: a scan may be filing.
        newest = "FROM checkpoint ORDER BY size DESC LIMIT 1"
        size, last, note = self._one(
            f"SELECT (SELECT size {newest}), (SELECT max(seq) FROM entry), (SELECT note {newest})"  # noqa: S608 - our own names
        )
        return Extent(size=size or 0, last=-1 if last is None else last, note=note or "")

    def pages(self, since: int, last: int) -> Iterator[list[Audited]]:
        """All entries with their sealed messages, in order. Memory stays flat.

        Args:
            since: The first entry's number, or `BEFORE_ALL`.
            last: The last one's.
        """
        sizes = self._store.sizes
        small = f"CASE WHEN {sizes} <= ? THEN ct END, {sizes}"
        query = (
            f"SELECT e.seq, kind, item, owner, at, body, sealed, leaf, {small}"  # noqa: S608 - our own names
            " FROM entry e LEFT JOIN blob b ON b.seq = e.seq"
            " WHERE e.seq BETWEEN ? AND ? ORDER BY e.seq LIMIT ?"
        )
        while rows := self._all(query, _SMALL, since, last, PAGE):
            yield rows
            if len(rows) < PAGE:
                return
            since = after(rows[-1][0], since)

    def large_digest(self, seq: int) -> bytes:
        """SHA-256 of a sealed message too large to be read at once.

        Raises:
            RecordError: It cannot be read.
        """
        return self._store.digest(seq)

    def checkpoints(self, since: int, until: int) -> "Iterator[Row]":
        """Checkpoints in order, those of `since` entries up to those of `until`."""
        query = (
            "SELECT size, frontier, note FROM checkpoint"
            " WHERE size BETWEEN ? AND ? ORDER BY size LIMIT ?"
        )
        while rows := self._all(query, since, until, PAGE):
            yield from rows
            if len(rows) < PAGE:
                return
            since = after(rows[-1][0], since)

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaf hashes as they are stored, in order: from number `start` up to before `end`."""
        query = "SELECT seq, leaf FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ?"
        while rows := self._all(query, start, end, _LEAVES):
            for _, leaf in rows:
                yield leaf
            start = after(rows[-1][0], start)

    def structure_faults(self) -> int:
        """How many faults the engine finds in its structure and indexes, at most 100."""
        return self._store.structure_faults()

    def stray_blobs(self) -> list[int]:
        """Numbers of messages where there is no entry at all."""
        query = (
            "SELECT blob.seq FROM blob LEFT JOIN entry ON entry.seq = blob.seq"
            " WHERE entry.seq IS NULL ORDER BY blob.seq"
        )
        return [seq for (seq,) in self._all(query)]

    def derived_rows(self, table: str) -> Iterator[tuple[Cell, ...]]:
        """All rows of a derived table, in the order of its key, at one moment."""
        return ordered(self._store, table)

    def differences(self) -> Iterator[tuple[str, tuple[Cell, ...], bool]]:
        """Compare the derived tables with what the entries say.

        Yields:
            Table, row, and whether the row is missing (True) or planted (False).
        """
        # At one moment, or a scan in between would look like tampering.
        with self._store.moment(), rederived(self.entries()) as fresh:
            for table in DERIVED:
                found, wanted = ordered(self._store, table), ordered(fresh, table)
                for row, missing in compare(found, wanted):
                    yield table, row, missing
