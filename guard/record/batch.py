"""One open transaction that adds entries, and the tables that follow from them.

Pure but for the store it is given, which somebody else opened and commits.
Source: FORMAT.md, "Entries" and "Derived tables".
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from guard.record.derive import Cell, changes
from guard.record.entry import JSON, canonical
from guard.record.log import Frontier, leaf_hash
from guard.record.note import Checkpoint
from guard.record.scanner import ScannerKey
from guard.record.schema import COLUMNS_OF, DERIVED
from guard.record.store import Store

_NONCE_BYTES = 16

Random = Callable[[int], bytes]
"""Gives so many random bytes, fit for keys."""

ADD_ENTRY = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
"""Takes number, kind, item, owner, time, body, sealed part and leaf."""

ADD_CHECKPOINT = "INSERT INTO checkpoint VALUES (?, ?, ?)"
"""Takes size, frontier and note."""


class Batch:
    """One open transaction that adds entries and signs the new head."""

    def __init__(
        self,
        store: Store,
        scanner: ScannerKey,
        *,
        frontier: Frontier,
        now: int,
        last: int,
        random: Random,
    ) -> None:
        """Begin.

        Args:
            store: Inside a transaction.
            scanner: Signs, and knows content and names.
            frontier: Of the record as it stands.
            now: Milliseconds since 1970-01-01 UTC.
            last: `at` of the last entry.
            random: Source of the nonces.
        """
        self._random = random
        self._store = store
        self._now = now
        # Time in the record never runs back; where the clock did, the entry says so.
        self._at = max(now, last)
        self._old_size = frontier.size
        self.frontier = frontier
        self.scanner = scanner
        self.recipients: dict[str, str] = {}

    @property
    def store(self) -> Store:
        """For what else belongs into the transaction."""
        return self._store

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
        elif "blob" not in whole:
            # The proof of a neighbour shows this entry's hash. Without something that nobody
            # can guess in it, whoever gets that proof could try out what it may say.
            whole["nonce"] = self._random(_NONCE_BYTES).hex()
        body = canonical(whole)
        leaf = leaf_hash(body)
        about: tuple[Any, ...] = (whole.get("item"), whole.get("owner"))
        self._store.do(ADD_ENTRY, seq, kind, *about, self._at, body, sealed, leaf)
        for change in changes(whole):
            self._store.change(change)
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
        self._store.do(ADD_CHECKPOINT, *row)


def ordered(store: Store, table: str) -> Iterator[tuple[Cell, ...]]:
    """All rows of a derived table, in the order of its key."""
    key = ", ".join(DERIVED[table][1])
    columns = ", ".join(COLUMNS_OF[table])
    return store.stream(f"SELECT {columns} FROM {table} ORDER BY {key}")  # noqa: S608 - our own names


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
