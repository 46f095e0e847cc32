"""Do the derived tables say what the entries say? Answered while the entries pass by.

Pure but for the key that it is given. The tables that grow with every message are compared
by a sum of keyed hashes of their rows, the others row by row; memory stays flat. It only
says yes or no: `Audit.differences` then names the rows. Source: FORMAT.md, "Derived
tables".
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b

from guard.record.derive import Cell, changes
from guard.record.entry_check import Fields
from guard.record.schema import DERIVED

Rows = Callable[[str], Iterator[tuple[Cell, ...]]]
"""Gives the rows of a derived table."""

_SUMMED = ("location", "content")
_MOST = 100_000
"""Rows kept in memory at most, some 20 MB; with more, only the slow way knows."""


class DerivedCheck:
    """Adds up what the tables must hold."""

    def __init__(self, key: bytes) -> None:
        """Begin.

        Args:
            key: 32 random bytes that nobody knew before, so that no two sets of rows can be
                made whose sums agree.
        """
        self._key = key
        self._sums = dict.fromkeys(_SUMMED, 0)
        self._kept: dict[str, dict[tuple[Cell, ...], tuple[Cell, ...]]] = {
            table: {} for table in DERIVED if table not in _SUMMED
        }
        self._unsure = False

    def take(self, fields: Fields | None) -> None:
        """Take the next entry's fields."""
        try:
            for change in changes(fields or {}):
                self._change(change.table, change.key, change.rest)
        except (ValueError, TypeError, KeyError, AttributeError):
            # The body was tampered with, which is reported elsewhere.
            self._unsure = True

    def agrees(self, rows: Rows) -> bool:
        """Whether the tables surely are what they must be."""
        if self._unsure:
            return False
        for table, total in self._sums.items():
            if sum(map(self._hash, rows(table))) % 2**256 != total % 2**256:
                return False
        for table, kept in self._kept.items():
            keys = len(DERIVED[table][1])
            for row in rows(table):
                if kept.pop(row[:keys], None) != row[keys:]:
                    return False
            if kept:
                return False
        return True

    def _change(self, table: str, key: tuple[Cell, ...], rest: tuple[Cell, ...] | None) -> None:
        if table in self._sums:
            assert rest is not None
            self._sums[table] += self._hash((*key, *rest))
            return
        kept = self._kept[table]
        if rest is None:
            kept.pop(key, None)
        else:
            kept[key] = rest
            self._unsure |= len(kept) > _MOST

    def _hash(self, row: tuple[Cell, ...]) -> int:
        digest = blake2b(repr(row).encode(), key=self._key, digest_size=32)
        return int.from_bytes(digest.digest())
