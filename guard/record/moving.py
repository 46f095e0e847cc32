"""A whole record from one store to another: same entries, same checkpoints, same root.

Edge, through the stores it is given. What is copied is checked against what was signed on
the way, piece by piece; stopped anywhere, it goes on where it was. The source stays as it is.
Source: FORMAT.md, "PostgreSQL and S3".
"""

from collections.abc import Callable, Iterator

from guard.errors import RecordError
from guard.record.backup import rows
from guard.record.ledger import Record
from guard.record.sqlite_restore import add
from guard.record.sqlite_segment import Row

_ENTRIES = 200
"""Entries that are enough for one transaction."""

_BYTES = 16_000_000
"""Bytes that are enough for one."""


def _silent(_count: int) -> None:
    return


def move(
    source: Record, target: Record, *, now: int, progress: Callable[[int], None] = _silent
) -> int:
    """Copy what the target does not hold yet; returns how many entries that was.

    The caller holds the record's lock, so that nobody writes meanwhile.

    Args:
        source: Open.
        target: Open for writing; empty, or holds the beginning of the same log.
        now: Milliseconds since 1970-01-01 UTC.
        progress: Told how many more entries were copied.

    Raises:
        RecordBrokenError: The source is not what was filed.
        RecordError: The target holds another log, or a disk would not.
        UnreachableError: A store cannot be reached.
    """
    end, start = source.size(), target.extent().last + 1
    if start and (start > end or _signed(source, start) != _signed(target, start)):
        raise RecordError(
            "the record there is not the beginning of this one",
            hint="Both were written to. Keep both, and name another place.",
        )
    _copy_keys(source, target, now=now)
    for piece in _pieces(rows(source, start, end)):
        with target.taking(now) as store:
            for row in piece:
                add(store, row)
        progress(len(piece))
    _forget(source, target, start, now=now)
    return end - start


def _pieces(found: Iterator[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    size = 0
    for row in found:
        piece.append(row)
        size += row.size
        # Up to a checkpoint, so that what is there has a signed head whenever it stops.
        if row.checkpoint is not None and (len(piece) >= _ENTRIES or size >= _BYTES):
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _signed(record: Record, size: int) -> str:
    found = next(record.checkpoints(size, size), None)
    return "" if found is None else str(found[2]).partition("\n\n")[0]


def _copy_keys(source: Record, target: Record, *, now: int) -> None:
    here, there = source.keys.place, target.keys.place
    # Before the log, so that no entry is there that nobody could read.
    with target.taking(now):
        if not there.names():
            there.prepare()
        wanted = here.names()
        for name in wanted:
            if (data := here.read(name)) is not None and there.read(name) != data:
                there.write(name, data)
        there.remove(*(set(there.names()) - set(wanted)))


def _forget(source: Record, target: Record, start: int, *, now: int) -> None:
    """Destroy in the target what orders that came after the last time cover."""
    covers = source.erasures().covers
    if not start or not source.erasures().owners():
        return
    doomed = []
    for entry in target.entries():
        if entry.seq >= start:
            break
        if (entry.sealed is not None or entry.kind == "filed") and covers(entry.fields):
            doomed.append(entry.seq)
    with target.taking(now) as store:
        store.shred(doomed)
