"""What an earlier scan left open, and whether its time has come.

Pure but for the record that it is given. A reminder waits for two reasons: the window in which
her own answer cancels it, and a server that would not take it yet. At the end it is decided
about again by the same rules.
"""

from guard.pipeline.house import Record
from guard.reply.outbox import Outcome
from guard.reply.wording import REMINDER, SIGNPOST


def open_items(record: Record, *, now: int) -> set[int]:
    """Return the items to be judged, and those whose reminder may go now.

    Args:
        record: What was filed.
        now: Milliseconds since 1970-01-01 UTC.
    """
    judge, remind = record.tasks("judge"), record.tasks("remind")
    if remind and _away(record, now=now):
        remind = []
    return {*judge, *(item for item in remind if due_at(record, item) <= now)}


def due_at(record: Record, item: int) -> int:
    """When a reminder may go, milliseconds since 1970-01-01 UTC; 0 when nothing holds it."""
    from guard.policy.minutes import KIND  # noqa: PLC0415  # a scan with nothing new asks nothing

    kinds = (KIND, *(Outcome.POSTPONED.of(what) for what in (REMINDER, SIGNPOST)))
    found = [record.latest(kind, item=item) for kind in kinds]
    newest = max((one for one in found if one is not None), key=lambda one: one.seq, default=None)
    return int(newest.data.get("due", 0)) if newest is not None else 0


def _away(record: Record, *, now: int) -> bool:
    """Whether the server for sending was away and need not be asked again yet."""
    postponed = record.latest(Outcome.POSTPONED.value)
    if postponed is None or not postponed.data.get("away"):
        return False
    sent = record.latest(Outcome.SENT.value)
    return now < postponed.data["due"] and (sent is None or sent.seq < postponed.seq)
