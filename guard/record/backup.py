"""A backup that grows with the record: pieces of the log, the keys, what else is needed.

Edge, through the store it is given. A scan may run meanwhile: the log only grows, so what
is below one checkpoint is consistent. What is copied is verified on the way. Objects come
first, the manifest after them, deletions last. Source: FORMAT.md, "Backup".
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Protocol

import msgspec

from guard.errors import RecordBrokenError, RecordError
from guard.record.backup_files import files
from guard.record.entry import Entry
from guard.record.eraser import finish
from guard.record.ledger import Record
from guard.record.log import leaf_hash
from guard.record.manifest import HORIZON_MS, NAME, Copy, Manifest, Segment, decode
from guard.record.note import Checkpoint
from guard.record.sqlite_segment import Row, pack

SEGMENT_BYTES = 16_000_000
"""About how large a segment grows; smaller than this, the last one is written anew."""

_NO_MORE = (-1, b"", "")


class Store(Protocol):
    """Where a backup lies."""

    def put(self, name: str, data: bytes) -> None:
        """Keep an object, durable on return; replaces the one of that name."""

    def get(self, name: str) -> bytes | None:
        """An object; None when it is not there."""

    def names(self, prefix: str) -> Iterator[str]:
        """Names of all objects under a prefix such as ``files/``."""

    def delete(self, name: str) -> None:
        """Destroy an object."""


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """What one run did."""

    entries: int
    """Entries that the backup holds now."""

    added: int
    """Entries that it did not hold before."""

    size: int
    """Bytes that were written to the store."""

    removed: int
    """Objects that were destroyed there."""


def load(store: Store) -> Manifest | None:
    """What a store holds; None when it is empty.

    Raises:
        RecordError: It cannot be read, or is of a newer version.
        RecordBrokenError: It is damaged.
    """
    found = store.get(NAME)
    return None if found is None else decode(found)


def back_up(
    record: Record,
    store: Store,
    *,
    now: int,
    horizon: int = HORIZON_MS,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> BackedUp:
    """Bring a backup up to date.

    Args:
        record: Open, with `scanner.key`.
        store: Empty, or holds a backup of the same record.
        now: Milliseconds since 1970-01-01 UTC.
        horizon: How long replaced key files are kept, in milliseconds. Those of erased
            clients are destroyed at once, whatever it says.
        beside: What is no part of the record, by its path; see `guard.record.backup_beside`.

    Raises:
        RecordError: A key is missing here, the store holds another record, or a disk
            would not. What the store held is whole.
        RecordBrokenError: The record is damaged, or older than its backup.
        UnreachableError: The store cannot be reached.
    """
    old = load(store)
    if old is not None:
        _refuse_stranger(record, old)
    finish(record)
    counted = _Counted(store)
    segments, copies = _copied(record, counted, old, beside=beside, now=now, horizon=horizon)
    head = _note(record, segments[-1].end)
    manifest = Manifest(
        origin=record.verifier().name, at=now, head=head, segments=segments, files=copies
    )
    counted.put(NAME, manifest.encode())
    doomed = [
        name
        for prefix in ("segments/", "files/")
        for name in store.names(prefix)
        if name not in manifest.names()
    ]
    for name in doomed:
        store.delete(name)
    return BackedUp(
        entries=manifest.size,
        added=manifest.size - (old.size if old else 0),
        size=counted.size,
        removed=len(doomed),
    )


def compare(record: Record, store: Store) -> int:
    """Make sure that a backup holds the beginning of a record; returns how many entries.

    Raises:
        RecordError: There is no backup, or it is of another record.
        RecordBrokenError: The record is not what the backup holds.
    """
    found = load(store)
    if found is None:
        raise RecordError("there is no backup here", hint="Make one with: guard record backup")
    _refuse_stranger(record, found)
    return found.size


class _Counted:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.size = 0

    def put(self, name: str, data: bytes) -> None:
        self._store.put(name, data)
        self.size += len(data)


def _refuse_stranger(record: Record, old: Manifest) -> None:
    verifier = record.verifier()
    if old.origin != verifier.name:
        raise RecordError(
            "this is the backup of another record", hint="Name a folder of its own for each."
        )
    try:
        same = (
            Checkpoint.decode(verifier.text_of(old.head)).root
            == Checkpoint.decode(verifier.text_of(_note(record, old.size))).root
        )
    except (ValueError, RecordBrokenError):
        same = False
    if not same:
        raise RecordBrokenError(
            f"the backup holds {old.size} entries that are not in the record as they were: "
            "the record was rolled back, or changed",
            hint="The backup was left as it is. Compare: guard record drill BACKUP",
        )


def _note(record: Record, size: int) -> str:
    found = next(record.checkpoints(size, size), None)
    if found is None or found[0] != size:
        raise RecordBrokenError(f"the record has no checkpoint of {size} entries")
    return found[2]


def _copied(
    record: Record,
    store: _Counted,
    old: Manifest | None,
    *,
    beside: Mapping[str, bytes],
    now: int,
    horizon: int,
) -> tuple[tuple[Segment, ...], tuple[Copy, ...]]:
    kept, known = (old.segments, old.size) if old else ((), 0)
    while True:
        if _ordered(record, known):
            kept = tuple(one for one in kept if _whole(record, one))
        known = record.size()
        kept = _segments(record, store, kept, known)
        # After the log, so that every owner whom it knows has a key here.
        found = files(record, store, old, beside=beside, now=now, horizon=horizon)
        # What an order took away meanwhile must not be missing without that order.
        if not _ordered(record, known):
            return kept, found


def _ordered(record: Record, since: int) -> bool:
    found = (record.latest("shredded"), record.latest("rekeyed"))
    return any(entry is not None and entry.seq >= since for entry in found)


# --- the log ------------------------------------------------------------------------------


def _segments(
    record: Record, store: _Counted, known: Sequence[Segment], end: int
) -> tuple[Segment, ...]:
    kept = list(known)
    if kept and kept[-1].end < end and kept[-1].size < SEGMENT_BYTES // 2:
        # So that a backup every day does not come to thousands of pieces.
        kept.pop()
    edges = [0, *(edge for one in kept for edge in (one.start, one.end)), end]
    made = [
        segment
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
        if start < stop
        for segment in _made(record, store, start, stop)
    ]
    return tuple(sorted((*kept, *made), key=lambda one: one.start))


def _whole(record: Record, segment: Segment) -> bool:
    return record.sealed_parts(segment.start, segment.end) == segment.sealed


def _made(record: Record, store: _Counted, start: int, end: int) -> Iterator[Segment]:
    for some in _batches(rows(record, start, end)):
        data = pack(some)
        segment = Segment(
            start=some[0].seq,
            end=some[-1].seq + 1,
            size=len(data),
            sha256=sha256(data).hexdigest(),
            sealed=sum(row.parts for row in some),
        )
        store.put(segment.name, data)
        yield segment


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and size + row.size > SEGMENT_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row.size
    if batch:
        yield batch


def rows(record: Record, start: int, end: int) -> Iterator[Row]:
    """Entries from `start` to `end`, each against what was signed."""
    checkpoints = record.checkpoints(start + 1, end)
    size, peaks, note = next(checkpoints, _NO_MORE)
    frontier = record.frontier(start)
    for entry, ct in record.with_messages(start):
        if entry.seq >= end:
            return
        if entry.seq != frontier.size:
            raise _changed(frontier.size)
        frontier = frontier.append(leaf_hash(entry.body))
        signed = None
        if frontier.size == size:
            if frontier.encode() != peaks:
                raise _changed(entry.seq)
            signed = (peaks, note)
            size, peaks, note = next(checkpoints, _NO_MORE)
        yield _row(record, entry, ct, signed)
    if frontier.size != end:
        raise _changed(frontier.size)


def _row(record: Record, entry: Entry, ct: bytes | None, signed: tuple[bytes, str] | None) -> Row:
    fields = entry.fields
    for part, wanted in ((entry.sealed, fields.get("sealed")), (ct, fields.get("blob"))):
        if part is not None and sha256(part).hexdigest() != wanted:
            raise _changed(entry.seq)
    if ct is None and entry.kind == "filed" and not record.erasures().covers(fields):
        raise _changed(entry.seq)
    return Row(seq=entry.seq, body=entry.body, sealed=entry.sealed, ct=ct, checkpoint=signed)


def _changed(seq: int) -> RecordBrokenError:
    return RecordBrokenError(
        f"entry {seq} is not what was filed, so nothing was backed up",
        hint="Run: guard record verify   The backup was left as it is.",
    )
