"""From filed bytes to filed decisions, and what follows from them.

Knows no technology: reader, record and sender are given. A message that cannot be read or
answered goes to the therapist; it never stops the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from guard.config import Settings
from guard.errors import GuardError
from guard.pipeline.alarm import Alarm
from guard.pipeline.house import House, Summary
from guard.pipeline.walk import Work
from guard.policy.circumstances import UNREAD, gather
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind
from guard.policy.minutes import KIND, Minutes, fact, minutes_of
from guard.policy.rules import Case, Limits, decide
from guard.record.entry import UNSORTED, Fact
from guard.reply.outbox import Outcome, last_reminder
from guard.verdict.reading import Reading, unjudged

Results = Callable[[], list[Reading]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """One message, decided about."""

    work: Work
    case: Case
    minutes: Minutes
    entry: Fact
    again: bool
    """Whether an earlier scan decided about it already."""

    @property
    def actions(self) -> frozenset[Action]:
        """What is to be done."""
        return self.minutes.decision.actions


class Judging:
    """Reads, judges and decides for one scan."""

    def __init__(self, house: House, summary: Summary, alarm: Alarm) -> None:
        self._house = house
        self._summary = summary
        self._alarm = alarm
        self._limits = limits_of(house.settings)
        self._reminded: dict[str, datetime] = {}
        """Clients for whom a reminder was decided in this scan, perhaps not yet sent."""
        self.may_remind = True
        """False as soon as nothing can be sent, or her own answers are not known."""
        self.postponed: set[int] = set()
        """Items whose reminder must wait; the next scan decides about them anew."""

    def start(self, work: list[Work]) -> Results:
        """Start reading a batch; the call returns at once."""
        if not work:
            return list
        return self._house.reader.start([one.mail.raw for one in work])

    def finish(self, work: list[Work], results: Results) -> None:
        """Decide about a batch, file the decisions, then act on them: alert first."""
        decided = [
            self._decide(one, reading) for one, reading in zip(work, results(), strict=True)
        ]
        if not decided:
            return
        self._house.record.append([one.entry for one in decided], now=_ms(self._house.clock()))
        for one in decided:
            self._count(one)
        if any(Action.ALERT in one.actions for one in decided):
            self._alarm.ring()
        for one in decided:
            if Action.REMIND in one.actions:
                self._remind(one)

    def give_up(self, items: list[int]) -> None:
        """Hold for her what was filed but left the server before it could be seen through."""
        record = self._house.record
        for item in items:
            entry = record.latest("filed", item=item)
            owners = tuple(entry.fields["owners"]) if entry is not None else (UNSORTED,)
            if record.latest(KIND, item=item) is None:
                gone = fact(item, owners, _gone())
                self._summary.held += 1
            else:
                # It was judged, and waits for her; only the reminder is off.
                gone = Fact(kind="gone", item=item, owner=owners[0], closes=("remind",))
            record.append([gone], now=_ms(self._house.clock()))

    def _decide(self, work: Work, reading: Reading) -> _Decided:
        try:
            return self._weigh(work, reading)
        except GuardError:
            raise
        except Exception:  # noqa: BLE001  # one odd message must never stop the next
            return self._weigh(work, Reading(message=None, verdict=unjudged("unreadable")))

    def _weigh(self, work: Work, reading: Reading) -> _Decided:
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
        minutes = minutes_of(
            reading,
            decision,
            received=work.mail.received.isoformat(),
            authenticity=vouched.reason,
        )
        earlier = house.record.latest(KIND, item=work.item)
        before = frozenset(earlier.data["actions"]) if earlier is not None else frozenset()
        entry = fact(work.item, work.owners, minutes, before=before)
        if Action.REMIND in decision.actions:
            self._reminded.update(dict.fromkeys(case.clients, case.now))
        again = earlier is not None
        return _Decided(work=work, case=case, minutes=minutes, entry=entry, again=again)

    def _last_reminder(self, client: str) -> datetime | None:
        return self._reminded.get(client) or last_reminder(self._house.record, client)

    def _count(self, one: _Decided) -> None:
        summary, grounds = self._summary, one.minutes.decision.grounds
        summary.held += Action.REVIEW in one.actions and Action.REMIND not in one.actions
        if one.again:
            return
        summary.flagged += "sensitive" in grounds or "crisis" in grounds
        summary.crisis += "crisis" in grounds
        summary.unreadable += "unreadable" in grounds

    def _remind(self, one: _Decided) -> None:
        house, summary, item = self._house, self._summary, one.work.item
        if house.errands is None or one.case.message is None or not self.may_remind:
            self.postponed.add(item)
            return
        outcome, problem = house.errands.send_reminder(
            one.case.message, item=item, client=one.case.clients[0], now=house.clock()
        )
        summary.reminded += outcome is Outcome.SENT
        summary.uncertain += outcome is Outcome.UNCERTAIN
        if problem is not None:
            summary.note(problem)
        if outcome is Outcome.POSTPONED:
            # Whoever is asked next would be told the same.
            self.postponed.add(item)
            self.may_remind = False


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
