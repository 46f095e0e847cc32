"""From filed bytes to filed decisions, and what follows from them.

Knows no technology: reader, record and sender are given. A message that cannot be read or
answered goes to the therapist; it never stops the next one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from guard.config import Settings
from guard.errors import SendRefusedError
from guard.pipeline.house import House, Summary
from guard.pipeline.walk import UNSORTED, Work
from guard.policy.circumstances import UNREAD, gather
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind
from guard.policy.minutes import Minutes, fact, minutes_of
from guard.policy.rules import Case, Limits, decide
from guard.reply.outbox import Outcome, last_reminder
from guard.verdict.reading import Reading, unjudged

Results = Callable[[], list[Reading]]


class Judging:
    """Reads, judges and decides for one scan."""

    def __init__(self, house: House, summary: Summary) -> None:
        self._house = house
        self._summary = summary
        self._limits = limits_of(house.settings)
        self._reminded: dict[str, datetime] = {}
        """Clients for whom a reminder was decided in this scan, perhaps not yet sent."""
        self.postponed: set[int] = set()
        """Items whose reminder the server would not take now."""

    def start(self, work: list[Work]) -> Results:
        """Start reading a batch; the call returns at once."""
        if not work:
            return list
        return self._house.reader.start([one.mail.raw for one in work])

    def finish(self, work: list[Work], results: Results) -> None:
        """Decide about a batch, file the decisions, then act on them."""
        decided = [
            (one, *self._decide(one, reading))
            for one, reading in zip(work, results(), strict=True)
        ]
        if not decided:
            return
        self._house.record.append(
            [fact(one.item, one.owners, minutes) for one, _, minutes in decided],
            now=_ms(self._house.clock()),
        )
        for one, case, minutes in decided:
            self._count(minutes)
            if Action.REMIND in minutes.decision.actions:
                self._remind(one, case)

    def give_up(self, items: list[int]) -> None:
        """Hold for her what was filed but left the server before it could be judged."""
        record = self._house.record
        for item in items:
            entry = record.latest("filed", item=item)
            owner = entry.owner if entry is not None and entry.owner else UNSORTED
            record.append([fact(item, (owner,), _gone())], now=_ms(self._house.clock()))
            self._summary.held += 1

    def _decide(self, work: Work, reading: Reading) -> tuple[Case, Minutes]:
        house = self._house
        case, vouched = gather(
            reading,
            received=work.mail.received,
            junk=work.junk,
            now=house.clock(),
            record=house.record,
            settings=house.settings,
            reminded=self._last_reminder,
        )
        decision = decide(case, self._limits)
        if Action.REMIND in decision.actions:
            self._reminded.update(dict.fromkeys(case.clients, case.now))
        minutes = minutes_of(
            reading,
            decision,
            received=work.mail.received.isoformat(),
            authenticity=vouched.reason,
        )
        return case, minutes

    def _last_reminder(self, client: str) -> datetime | None:
        return self._reminded.get(client) or last_reminder(self._house.record, client)

    def _count(self, minutes: Minutes) -> None:
        summary, actions = self._summary, minutes.decision.actions
        grounds = minutes.decision.grounds
        summary.flagged += "sensitive" in grounds or "crisis" in grounds
        summary.crisis += "crisis" in grounds
        summary.unreadable += "unreadable" in grounds
        summary.held += Action.REVIEW in actions and Action.REMIND not in actions

    def _remind(self, work: Work, case: Case) -> None:
        house, summary = self._house, self._summary
        if house.errands is None or case.message is None:
            return
        try:
            outcome, problem = house.errands.send_reminder(
                case.message, item=work.item, client=case.clients[0], now=house.clock()
            )
        except SendRefusedError as refused:
            # Nothing was filed or sent; the item already waits for her eyes.
            summary.note(refused)
            return
        summary.reminded += outcome is Outcome.SENT
        summary.uncertain += outcome is Outcome.UNCERTAIN
        if problem is not None:
            summary.note(problem)
        if outcome is Outcome.POSTPONED:
            self.postponed.add(work.item)


def limits_of(settings: Settings) -> Limits:
    """Return the therapist's choices as the rules want them."""
    reminders = settings.reminders
    return Limits(
        mode=reminders.mode,
        quiet=timedelta(days=reminders.every_days),
        newest=timedelta(hours=reminders.newest_hours),
        flag=settings.mailbox.flag,
    )


def _gone() -> Minutes:
    ground = Finding(rule="gone", kind=Kind.GROUND, holds=True)
    decision = Decision(
        actions=frozenset({Action.REVIEW}),
        findings=(ground,),
        correspondent=Correspondent.UNKNOWN,
    )
    reading = Reading(message=None, verdict=unjudged("unreadable"))
    return minutes_of(reading, decision, received="", authenticity=UNREAD.reason)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
