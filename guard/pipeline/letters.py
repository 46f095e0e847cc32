"""Note to which clients the practice wrote, and when, so that nobody answered is reminded.

Pure but for the record that it is given. Works from what is filed: a crash between a
letter's filing and its note leaves the task ``wrote`` open, and the next scan notes it.
"""

from collections.abc import Iterator
from datetime import datetime

from guard.pipeline.house import Record
from guard.record.entry import UNSORTED, Fact
from guard.record.times import to_ms

TASK = "wrote"
"""Opened with a letter's filing, and closed by its note."""


def opens(owners: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks that a filed letter to these owners opens."""
    return () if owners == (UNSORTED,) else (TASK,)


def note_letters(record: Record, *, now: datetime) -> None:
    """Note every filed letter that is not noted yet."""
    known: dict[str, int] = {}
    facts = [fact for item in record.tasks(TASK) for fact in _notes(record, item, known)]
    if facts:
        record.append(facts, now=to_ms(now))


def _notes(record: Record, item: int, known: dict[str, int]) -> Iterator[Fact]:
    filed = record.latest("filed", item=item)
    if filed is None:
        return
    received = filed.fields["received"]
    for owner in filed.fields["owners"]:
        if owner not in known:
            before = record.latest("wrote", owner=owner)
            known[owner] = 0 if before is None else before.data["last"]
        # Folders are not in order of time, so the newest note names the latest letter.
        known[owner] = max(known[owner], received)
        body = {"received": received, "last": known[owner]}
        yield Fact(kind="wrote", item=item, owner=owner, body=body, closes=(TASK,))
