"""What guard cannot have seen: times without a scan, and UIDs that came and went between two.

Pure but for the record that it is given. A server gives UIDs in ascending order and never
twice, so one that is skipped was a message once. Source: RFC 3501 section 2.3.1.1.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from guard.record.entry import Cursor, Entry, Fact
from guard.record.times import to_ms

LATE = timedelta(hours=24)
"""Time without a scan after which the record says so."""

WATCHED, VANISHED, PAUSED = "watched", "vanished", "paused"
"""Kinds of entries."""

Range = tuple[int, int]
"""Lowest and highest UID."""


class Record(Protocol):
    """What is needed of the record."""

    def append(self, facts: Sequence[Fact], *, now: int) -> list[int]:
        """Append facts, in one transaction."""

    def of_kind(self, kind: str) -> list[Entry]:
        """Every entry of a kind, oldest first."""


def note(record: Record, cursor: Cursor, *, new: Sequence[int], uidnext: int, now: int) -> int:
    """Note UIDs that vanished unseen; returns how many.

    Args:
        record: Where it is noted.
        cursor: How far the folder was filed before this scan.
        new: UIDs above it that are there, ascending.
        uidnext: As the server told when the folder was opened; 0 when it did not.
        now: Milliseconds since 1970-01-01 UTC.
    """
    if cursor.uid and not new:
        return 0
    since = watched_since(record, cursor)
    if since is None:
        # What went before guard first looked is nobody's gap.
        body = _place(cursor) | {"from": uidnext or max(new, default=0) + 1}
        record.append([Fact(kind=WATCHED, body=body)], now=now)
        return 0
    found = skipped(max(cursor.uid, since - 1), new)
    if found:
        # Before the cursor moves past them. A crash in between notes them twice, as one set.
        body = _place(cursor) | {"uids": [list(one) for one in found]}
        record.append([Fact(kind=VANISHED, body=body)], now=now)
    return sum(last - first + 1 for first, last in found)


def watched_since(record: Record, cursor: Cursor) -> int | None:
    """UID from which on guard has watched a folder; None when it never did."""
    for entry in record.of_kind(WATCHED):
        if _is_of(entry, cursor):
            return int(entry.data["from"])
    return None


def vanished(record: Record, cursor: Cursor) -> list[Range]:
    """Every range of UIDs of a folder that was noted as vanished, oldest first."""
    return [
        (first, last)
        for entry in record.of_kind(VANISHED)
        if _is_of(entry, cursor)
        for first, last in entry.data["uids"]
    ]


def total(entries: Iterable[Entry]) -> int:
    """How many messages these notes of vanished UIDs are about; each is counted once."""
    places: dict[tuple[str, ...], list[Range]] = {}
    for entry in entries:
        place = tuple(str(entry.data[key]) for key in ("account", "folder", "validity"))
        places.setdefault(place, []).extend((first, last) for first, last in entry.data["uids"])
    return sum(size(ranges, but=()) for ranges in places.values())


def skipped(after: int, present: Iterable[int]) -> list[Range]:
    """Ranges of UIDs above `after` and below the highest of `present` that are not present."""
    return list(_skipped(after, present))


def size(ranges: Iterable[Range], *, but: Iterable[int]) -> int:
    """How many UIDs lie in the ranges, which may overlap, and are none of `but`."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    # By their ends, because a strange server can leave gaps of billions.
    starts = [first for first, _ in merged]
    inside = 0
    for uid in set(but):
        place = bisect_right(starts, uid) - 1
        inside += place >= 0 and uid <= merged[place][1]
    return sum(last - first + 1 for first, last in merged) - inside


def pause(last: datetime | None, now: datetime) -> Fact | None:
    """Return what the record should say of the time since the last scan; None if not late."""
    if last is None or now - last <= LATE:
        return None
    body = {"since": to_ms(last), "until": to_ms(now)}
    return Fact(kind=PAUSED, body=body)


def _skipped(after: int, present: Iterable[int]) -> Iterator[Range]:
    for uid in present:
        if uid > after + 1:
            yield after + 1, uid - 1
        after = max(after, uid)


def _place(cursor: Cursor) -> dict[str, str | int | list[list[int]]]:
    return {"account": cursor.account, "folder": cursor.folder, "validity": cursor.validity}


def _is_of(entry: Entry, cursor: Cursor) -> bool:
    told = entry.data
    place = (told.get("account"), told.get("folder"), told.get("validity"))
    return place == (cursor.account, cursor.folder, cursor.validity)
