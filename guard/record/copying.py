"""What a backup asks of the record: runs of entries with their messages.

Pure but for the store it is given; reads only. Between pages no lock is held, so that
a scan can go on filing.
"""

import contextlib
from collections.abc import Iterator

from guard.errors import RecordBrokenError
from guard.record.audit import Audit
from guard.record.entry import Entry
from guard.record.log import Frontier, leaf_hash
from guard.record.queries import COLUMNS, after, entry_of
from guard.record.store import Store

_FEW = 32
"""Rows at a time, because messages come with them."""


class Copying(Audit):
    """The part of the record that is copied."""

    def with_messages(self, since: int) -> Iterator[tuple[Entry, bytes | None]]:
        """All entries from number `since` on, each with its sealed message if it has one."""
        query = (
            f"SELECT {COLUMNS}, ct FROM entry LEFT JOIN blob USING (seq)"  # noqa: S608 - our own columns
            " WHERE seq >= ? ORDER BY seq LIMIT ?"
        )
        while rows := self._all(query, since, _FEW):
            for *columns, ct in rows:
                entry = entry_of(tuple(columns))
                if ct is None and entry.kind == "filed":
                    # Erased, or kept outside the table.
                    ct = self._store.message(entry.seq)  # noqa: PLW2901 - the same message
                yield entry, ct
            since = after(rows[-1][0], since)

    @contextlib.contextmanager
    def taking(self, now: int) -> Iterator[Store]:
        """Open one transaction that takes over entries as they are; nothing is signed.

        Args:
            now: Milliseconds since 1970-01-01 UTC.

        Raises:
            BusyError: Another process is writing. Nothing was added.
            RecordError: Nothing was added.
        """
        with self._store.transaction(now):
            yield self._store
        self._erasures = None

    def sealed_parts(self, start: int, end: int) -> int:
        """How many sealed parts and messages the entries from `start` to `end` have left."""
        row = self._one(
            "SELECT (SELECT COUNT(sealed) FROM entry WHERE seq >= ? AND seq < ?)"
            " + (SELECT COUNT(*) FROM blob WHERE seq >= ? AND seq < ?)",
            *(start, end, start, end),
        )
        found: int = row[0]
        return found

    def frontier(self, size: int) -> Frontier:
        """The tree over the first `size` entries, from the checkpoint before.

        Raises:
            RecordBrokenError: That checkpoint is damaged.
        """
        query = "SELECT size, frontier FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1"
        row = self._one(query, size)
        try:
            frontier = Frontier() if row is None else Frontier.decode(*row)
        except ValueError:
            raise RecordBrokenError(f"the checkpoint of {row[0]} entries is damaged") from None
        for entry in self.entries(frontier.size):
            if entry.seq >= size:
                break
            frontier = frontier.append(leaf_hash(entry.body))
        return frontier
