"""From filed bytes to filed decisions, and what follows from them.

Knows no technology: reader, record and sender are given. A message that cannot be read or
answered goes to the therapist; it never stops the next one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from mmap import mmap

import msgspec
from msgspec.structs import replace

from guard.config import Settings
from guard.errors import GuardError, NotSentError
from guard.mail.bodies import HUGE
from guard.mail.header import message_ids
from guard.pipeline.alarm import Alarm
from guard.pipeline.house import House, Summary
from guard.pipeline.walk import Work
from guard.policy.case import Case, Limits
from guard.policy.circumstances import UNREAD, gather
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind
from guard.policy.minutes import KIND, RULED, Minutes, fact, minutes_of
from guard.policy.roles import extract, role_of
from guard.policy.rules import decide
from guard.policy.sharing import Opened
from guard.record.entry import UNSORTED, Entry, Fact
from guard.record.times import to_ms
from guard.reply.history import TRIPPED, History
from guard.reply.outbox import Outcome
from guard.reply.wording import REMINDER, SIGNPOST
from guard.verdict.reading import Reading, unjudged

ANSWERS = frozenset({Action.REMIND, Action.SHADOW, Action.SIGNPOST})
"""What is carried out in the client's direction, or noted as if it were."""

_ENOUGH = ANSWERS - {Action.SIGNPOST}
"""What need not wait for her besides."""

Results = Callable[[], list[Reading]]


class _Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One message, decided about."""

    work: Work
    case: Case
    minutes: Minutes
    entry: Fact
    due: int | None
    """When its reminder may go, milliseconds since 1970-01-01 UTC; None: at once."""

    again: bool
    """Whether an earlier scan decided about it already."""

    @property
    def tripped(self) -> Fact | None:
        """The entry by which the breaker says that it holds reminders from here on."""
        return Fact(kind=TRIPPED, item=self.work.item) if self.minutes.decision.trips else None

    @property
    def alarming(self) -> bool:
        """Whether it could not wait."""
        return self.minutes.decision.alarming

    @property
    def actions(self) -> frozenset[Action]:
        """What is to be done."""
        return self.minutes.decision.actions

    @property
    def opened(self) -> Opened:
        """Who may open it, besides her."""
        return Opened(
            item=self.work.item,
            owners=self.work.owners,
            received=to_ms(self.work.received),
            role=role_of(self.minutes, self.case.message),
            extract=extract(self.minutes, self.case.message),
        )


class Judging:
    """Reads, judges and decides for one scan."""

    def __init__(self, house: House, summary: Summary, alarm: Alarm) -> None:
        self._house = house
        self._summary = summary
        self._alarm = alarm
        self._limits = limits_of(house.settings)
        self._history = history_of(house)
        self.may_remind = True
        """False as soon as nothing can be sent, or her own answers are not known."""
        self.postponed: set[int] = set()
        """Items whose reminder must wait; the next scan decides about them anew."""
        self._answers: list[tuple[_Decided, Reading]] = []
        """What is to be answered once every folder was read."""
        self._alarmed: set[str] = set()
        """Clients of whom a letter in this scan could not wait."""

    def start(self, raws: list[bytes | mmap]) -> Results:
        """Start reading a batch, which is taken: the list is empty then.

        The call returns at once, unless it is one huge message.
        """
        if not raws:
            return list
        results = self._house.reader.start(raws)
        huge = any(len(one) > HUGE for one in raws)
        raws.clear()
        if huge:
            # The next may be huge as well, and two of them are too much.
            readings = results()
            return lambda: readings
        return results

    def finish(self, work: list[Work], results: Results) -> None:
        """Decide about a batch, file the decisions, then act on them: alert first.

        Reminders wait for :meth:`answer`: a letter in a later batch may mean danger.
        """
        readings = results()
        if not readings:
            return
        with self._house.record.moment():
            decided = [self._decide(*one) for one in zip(work, readings, strict=True)]
        alarmed = {client for one in decided if one.alarming for client in one.case.clients}
        self._alarmed |= alarmed
        self._history.alarm(alarmed, self._house.clock())
        tripped = [one.tripped for one in decided if one.tripped is not None]
        self._file(decided, [*(one.entry for one in decided), *tripped])
        for one in decided:
            self._count(one)
        if any(Action.ALERT in one.actions for one in decided):
            self._alarm.ring()
        for one, reading in zip(decided, readings, strict=True):
            if Action.SIGNPOST in one.actions:
                # Where to turn is told at once.
                self._remind(one)
            elif ANSWERS & one.actions:
                self._answers.append((one, reading))

    def answer(self) -> None:
        """Send the reminders, now that every folder was read and no letter can be in between.

        Of whom any letter in this scan could not wait, found before or after, gets none.
        """
        for one, reading in self._answers:
            if self._alarmed & {*one.case.clients}:
                self._history.ended(one.case.clients[0])
                held = self._decide(replace(one.work, new=False), reading)
                self._house.record.append([held.entry], now=to_ms(self._house.clock()))
                self._count(held)
            else:
                self._remind(one)
        self._answers.clear()

    def _file(self, decided: list[_Decided], facts: list[Fact]) -> None:
        """File decisions, and open to a role what it may open, at one stroke."""
        house, now = self._house, to_ms(self._house.clock())
        if house.sharing is None:
            house.record.append(facts, now=now)
            return
        # What she has answered meanwhile is as she said.
        hers = {
            one.work.item
            for one in decided
            if one.again and house.record.latest(RULED, item=one.work.item) is not None
        }
        opened = [one.opened for one in decided if one.work.item not in hers]
        house.sharing.file(facts, opened, now=now)

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
            record.append([gone], now=to_ms(self._house.clock()))

    def _decide(self, work: Work, reading: Reading) -> _Decided:
        try:
            return self._weigh(work, reading)
        except GuardError:
            raise
        except Exception:  # noqa: BLE001  # one odd message must never stop the next
            # Nothing of it is used, but that it may mean danger.
            told = replace(unjudged("unreadable"), crisis=reading.verdict.crisis)
            return self._weigh(work, Reading(message=None, verdict=told))

    def _weigh(self, work: Work, reading: Reading) -> _Decided:
        house = self._house
        case, vouched = gather(
            reading,
            received=work.received,
            junk=work.junk,
            now=house.clock(),
            record=house.record,
            settings=house.settings,
            history=self._history,
        )
        decision = decide(case, self._limits)
        minutes = minutes_of(
            reading,
            decision,
            received=work.received.isoformat(),
            authenticity=vouched.reason,
        )
        if case.clients and case.message is not None:
            house.threads.answered(
                case.message.references
                or message_ids(" ".join(case.message.values("in-reply-to"))),
                work.received,
                message_id=case.message.message_id,
            )
        earlier = None if work.new else house.record.latest(KIND, item=work.item)
        before = frozenset(earlier.data["actions"]) if earlier is not None else frozenset()
        help_now = Action.SIGNPOST in decision.actions
        due = None if help_now else self._due(case.now, earlier)
        entry = fact(work.item, work.owners, minutes, before=before, due=due)
        if ANSWERS & decision.actions:
            self._history.due(case.clients, case.now, what=SIGNPOST if help_now else REMINDER)
        again = earlier is not None
        if decision.trips:
            self._history.trip(case.now)
        return _Decided(work=work, case=case, minutes=minutes, entry=entry, due=due, again=again)

    def _due(self, now: datetime, earlier: Entry | None) -> int | None:
        """When a reminder that is decided now may go; None: at once."""
        if earlier is not None and "due" in earlier.data:
            # The window was opened by the first decision, and is not opened again.
            return int(earlier.data["due"])
        delay = self._house.settings.reminders.delay_minutes
        return to_ms(now) + 60_000 * delay if delay else None

    def _count(self, one: _Decided) -> None:
        summary, grounds = self._summary, one.minutes.decision.grounds
        summary.held += Action.REVIEW in one.actions and not _ENOUGH & one.actions
        if one.again:
            return
        summary.flagged += "sensitive" in grounds or "crisis" in grounds
        summary.crisis += "crisis" in grounds
        summary.unreadable += "unreadable" in grounds

    def _remind(self, one: _Decided) -> None:
        house, item, message = self._house, one.work.item, one.case.message
        if house.errands is None or message is None or not self.may_remind:
            self.postponed.add(item)
            return
        now, client = house.clock(), one.case.clients[0]
        if one.due is not None and one.due > to_ms(now):
            return
        act = house.errands.send_reminder
        if Action.SHADOW in one.actions:
            act = house.errands.note_reminder
        elif Action.SIGNPOST in one.actions:
            act = house.errands.send_signpost
        outcome, problem = act(message, item=item, client=client, now=now)
        sent = outcome is Outcome.SENT
        self._summary.signposted += sent and Action.SIGNPOST in one.actions
        self._summary.reminded += sent and Action.REMIND in one.actions
        self._ended(item, client, outcome, problem)

    def _ended(self, item: int, client: str, outcome: Outcome, problem: GuardError | None) -> None:
        summary = self._summary
        summary.uncertain += outcome is Outcome.UNCERTAIN
        if problem is not None:
            summary.note(problem)
        if outcome in (Outcome.SENT, Outcome.UNCERTAIN, Outcome.SHADOWED):
            self._history.ended(client)
        if outcome is not Outcome.POSTPONED:
            return
        self.postponed.add(item)
        if not (isinstance(problem, NotSentError) and problem.this_letter):
            # Whoever is asked next would be told the same.
            self.may_remind = False


def history_of(house: House) -> History:
    """Return what was sent before, as far as it counts in this mode."""
    trial = house.settings.reminders.mode == "shadow"
    return History(house.record, house.wordings, shadow=trial)


def limits_of(settings: Settings) -> Limits:
    """Return the therapist's choices as the rules want them."""
    reminders = settings.reminders
    return Limits(
        mode=reminders.mode,
        quiet=timedelta(days=reminders.every_days),
        notes=timedelta(days=reminders.note_days),
        most=reminders.most_an_hour,
        newest=timedelta(hours=reminders.newest_hours),
        flag=settings.mailbox.flag,
        signpost=reminders.crisis_signpost,
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
