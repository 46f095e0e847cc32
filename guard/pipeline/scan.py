"""The corridor: one scan, from the mailbox to the filed outcome. Read this first.

File first, act second: the bytes are durable before anything reads them, and the folder's
cursor moves in the same transaction. It knows no technology: mailbox, record, reader and
sender are given. Whatever stops it, the next scan carries on from what the record holds.
"""

from guard.pipeline.house import House, Summary
from guard.pipeline.judging import Judging
from guard.pipeline.walk import Walk
from guard.reply.outbox import settle


def scan(house: House) -> Summary:
    """Scan every folder once.

    Raises:
        TransientError: A server went away; what was filed stays filed, the rest comes later.
        FatalError: The record could not be written, or sign-in was refused.
    """
    summary = Summary()
    # What an interrupted run left half sent is settled first, so that nobody gets it twice.
    summary.uncertain += settle(house.record, now=house.clock())
    judging = Judging(house, summary)
    handed: set[int] = set()
    walks = [Walk(house, folder, summary, handed) for folder in house.folders]
    for walk in walks:
        _take_through(walk, judging)
        _alert(house, summary)
    open_ = {*house.record.tasks("judge"), *house.record.tasks("remind")} - judging.postponed
    judging.give_up([one for one in open_ if not any(walk.shows(one) for walk in walks)])
    if summary.reminded:
        # Our own copies in Sent are filed at once, so that a scan after this one finds nothing.
        for walk in walks:
            if walk.folder.direction == "out":
                _take_through(walk, judging)
    if house.reader.problem is not None:
        summary.note(house.reader.problem)
    return summary


def _take_through(walk: Walk, judging: Judging) -> None:
    """Take one folder's new messages through the house."""
    waiting = None
    for filed in walk.file_new():
        # The next batch is fetched and filed while the reader still reads this one.
        reading = judging.start(filed)
        if waiting is not None:
            judging.finish(*waiting)
        waiting = filed, reading
    if waiting is not None:
        judging.finish(*waiting)
    walk.flag()


def _alert(house: House, summary: Summary) -> None:
    """Tell her at once what must not wait; again next time if it could not be said."""
    if house.errands is None or not house.settings.alerts.to:
        summary.unannounced = len(house.record.tasks("alert"))
    elif (problem := house.errands.send_alert(now=house.clock())) is not None:
        summary.note(problem)
