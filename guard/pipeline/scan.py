"""The corridor: one scan, from the mailbox to the filed outcome. Read this first.

File first, act second: the bytes are durable before anything reads them, and the folder's
cursor moves in the same transaction. It knows no technology: mailbox, record, reader and
sender are given. Whatever stops it, the next scan carries on from what the record holds.
"""

from collections import deque
from typing import TYPE_CHECKING

from guard.errors import ConfigError, TransientError
from guard.mail.bodies import IN_PARTS
from guard.pipeline import gaps
from guard.pipeline.alarm import Alarm
from guard.pipeline.due import open_items
from guard.pipeline.house import House, Summary
from guard.pipeline.letters import note_letters
from guard.pipeline.walk import Walk
from guard.record.entry import Fact
from guard.record.times import to_ms
from guard.reply.outbox import settle

if TYPE_CHECKING:
    from guard.pipeline.judging import Judging, Results
    from guard.pipeline.walk import Work

AHEAD = 2
"""Batches that the reader may still read while another is filed: some take it longer than others,
and with one alone the whole scan would often wait for it."""


def scan(house: House) -> Summary:
    """Scan every folder once.

    Raises:
        TransientError: A server went away; what was filed stays filed, the rest comes later.
        FatalError: The record could not be written, or sign-in was refused.
    """
    summary = Summary()
    _mind_an_older_record(house)
    _take_up(house, summary)
    alarm = Alarm(house, summary)
    alarm.ring()
    court = _Court(house, summary, alarm)
    handed: set[int] = set()
    walks = [Walk(house, folder, summary, handed) for folder in house.folders]
    whole = _all_through(walks, court, summary)
    if court.sat is not None:
        court.sat.answer()
    now = to_ms(house.clock())
    if whole and (open_ := open_items(house.record, now=now)):
        judging = court.judging()
        open_ -= judging.postponed
        judging.give_up([one for one in open_ if not any(walk.shows(one) for walk in walks)])
    if summary.reminded or summary.signposted:
        # Our own copies in Sent are filed at once, so that a scan after this one finds nothing.
        for walk in walks:
            if walk.folder.direction == "out":
                _take_through(walk, court)
    if (late := gaps.pause(house.last, house.clock())) is not None:
        # Told at the end: a scan that did not get so far has not ended the pause.
        house.record.append([late], now=to_ms(house.clock()))
    _note_problems(house, summary)
    return summary


class _Court:
    """The judging, made when there is something to judge.

    It needs half of the house, and most of what cron starts finds nothing new.
    """

    def __init__(self, house: House, summary: Summary, alarm: Alarm) -> None:
        self._given = (house, summary, alarm)
        self.sat: Judging | None = None
        """None as long as there was nothing to judge."""

    def judging(self) -> "Judging":
        if self.sat is None:
            from guard.pipeline.judging import Judging  # noqa: PLC0415  # see above

            self.sat = Judging(*self._given)
        return self.sat


def _take_up(house: House, summary: Summary) -> None:
    """Settle what an interrupted run left half done, so that nobody gets it twice."""
    summary.uncertain += settle(house.record, now=house.clock())
    note_letters(house.record, now=house.clock())
    if house.sharing is not None:
        house.sharing.catch_up(now=to_ms(house.clock()))


def _note_problems(house: House, summary: Summary) -> None:
    for problem in house.wordings.problems:
        # A client whose words cannot be read gets none: it waits for her.
        summary.note(problem)
    if house.reader.problem is not None:
        summary.note(house.reader.problem)


def _mind_an_older_record(house: House) -> None:
    """Note that an old copy was put in place: whom guard wrote to since then is not known."""
    size = house.record.size()
    if size < house.noted:
        from guard.policy.circumstances import RESTORED  # noqa: PLC0415  # hardly ever

        found = Fact(kind=RESTORED, body={"entries": size, "noted": house.noted})
        house.record.append([found], now=to_ms(house.clock()))


def _all_through(walks: list[Walk], court: _Court, summary: Summary) -> bool:
    """Take every folder through the house; tell whether all could be opened."""
    whole = True
    for walk in walks:
        try:
            _take_through(walk, court)
        except ConfigError as problem:
            # A folder that is gone must not keep the others unread.
            summary.note(problem)
            whole = False
            # Unless Sent was read, she may have answered already.
            court.judging().may_remind &= walk.folder.direction != "out"
    return whole


def _take_through(walk: Walk, court: _Court) -> None:
    """Take one folder's new messages through the house."""
    waiting: deque[tuple[list[Work], Results]] = deque()
    try:
        for filed in walk.file_new():
            # The next batches are fetched and filed while the reader still reads these.
            heavy = any(len(raw) > IN_PARTS for raw in filed.raws)
            waiting.append((filed.work, court.judging().start(filed.raws)))
            # With a large one none waits, for the sake of memory.
            while len(waiting) > (1 if heavy else AHEAD):
                court.judging().finish(*waiting.popleft())
    except TransientError:
        # The line is lost, but what was filed before can still be judged, and announced.
        while waiting:
            court.judging().finish(*waiting.popleft())
        raise
    while waiting:
        court.judging().finish(*waiting.popleft())
    walk.flag()
