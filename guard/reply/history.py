"""What guard sent before, as a decision must know it: when, in which words, and how often.

Touches the world only through the record that it is given. It also keeps what was decided in
this scan and is not sent yet, so that a flood in one scan counts like one over a week.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from guard.policy.circumstances import RESTORED
from guard.policy.minutes import KIND as DECIDED
from guard.record.entry import Entry
from guard.record.times import from_ms, to_ms
from guard.reply.outbox import Outcome
from guard.reply.wording import REMINDER, SIGNPOST, Wordings, approved

TRIPPED = "breaker"
"""Kind of the entry by which the breaker says that it held a reminder."""

_WINDOW = timedelta(hours=1)


class Record(Protocol):
    """What is asked of the record."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Entries of a kind, oldest first."""


class History:
    """What was sent, and what this scan is about to send."""

    def __init__(self, record: Record, wordings: Wordings, *, shadow: bool) -> None:
        """Begin a scan.

        Args:
            record: What was filed.
            wordings: The texts.
            shadow: Whether what would have been sent counts as sent, so that a trial shows
                what the real thing would do.
        """
        self._record = record
        self._wordings = wordings
        self._kinds = [Outcome.SENT, Outcome.UNCERTAIN, *([Outcome.SHADOWED] if shadow else [])]
        self._due: dict[tuple[str, str], datetime] = {}
        """Clients for whom a letter was decided in this scan and has not ended yet, and which."""
        self._alarmed: dict[str, datetime] = {}
        self._tripped: datetime | None = None
        self._asked: dict[str, datetime | None] = {}
        """When the newest entry of a kind was filed that no scan adds in its midst."""
        self._left: list[int] | None = None
        """When letters left within the hour, as the record says; None: to be asked anew."""

    def has_text(self, client: str) -> bool:
        """Whether there are words in this client's language."""
        return self._wordings.of(client, self._record) is not None

    def approved(self, client: str) -> bool:
        """Whether she approved the words that this client would get."""
        wording = self._wordings.of(client, self._record)
        return wording is not None and approved(self._record, wording) is not None

    def reminded(self, client: str, since: datetime) -> datetime | None:
        """When this client last got, or may have got, these words; aware. None if not since."""
        if (due := self._due.get((client, REMINDER))) is not None:
            return due
        wording = self._wordings.of(client, self._record)
        version = wording.version if wording is not None else ""
        return last_reminder(self._record, client, since, text=version, kinds=self._kinds)

    def signpost_approved(self, client: str) -> bool:
        """Whether there are approved words that tell this client where to turn."""
        wording = self._wordings.signpost(client, self._record)
        return wording is not None and approved(self._record, wording) is not None

    def signposted(self, client: str, since: datetime) -> datetime | None:
        """When this client was last told where to turn; aware. None if not since."""
        if (due := self._due.get((client, SIGNPOST))) is not None:
            return due
        return last_reminder(self._record, client, since, kinds=self._kinds, what=SIGNPOST)

    def within_the_hour(self, now: datetime) -> int:
        """How many letters left by themselves within the hour, or are about to."""
        since = to_ms(now - _WINDOW)
        if self._left is None:
            self._left = [
                one.at
                for kind in self._kinds
                for what in (REMINDER, SIGNPOST)
                for one in self._record.of_kind(kind.of(what), since=since)
            ]
        return sum(at >= since for at in self._left) + len(self._due)

    def tripped(self, now: datetime) -> bool:
        """Whether she was told within the hour that the breaker holds reminders."""
        if self._tripped is not None:
            return True
        before = self._newest(TRIPPED)
        return before is not None and now - before < _WINDOW

    def restored(self) -> datetime | None:
        """When an older copy of the record was last put in place; None if never."""
        return self._newest(RESTORED)

    def _newest(self, kind: str) -> datetime | None:
        # Every mail asks, and one scan at a time writes: what it was told once stays true.
        if kind not in self._asked:
            found = self._record.latest(kind)
            self._asked[kind] = None if found is None else from_ms(found.at)
        return self._asked[kind]

    def alarmed(self, client: str, since: datetime) -> datetime | None:
        """When mail of this client was last announced to her at once; aware. None if not since."""
        if client in self._alarmed:
            return self._alarmed[client]
        decided = self._record.of_kind(DECIDED, owner=client, since=to_ms(since))
        # The bytes are looked at first: to read them all is dear, and an alert is rare.
        found = [
            one for one in decided if b'"alert"' in one.body and "alert" in one.data["actions"]
        ]
        held = {one.item for one in self._record.of_kind(TRIPPED)} if found else set()
        return max((from_ms(one.at) for one in found if one.item not in held), default=None)

    def alarm(self, clients: set[str], now: datetime) -> None:
        """Note that mail of these clients is announced now."""
        self._alarmed.update(dict.fromkeys(clients, now))

    def trip(self, now: datetime) -> None:
        """Note that she is told now."""
        self._tripped = now

    def due(self, clients: tuple[str, ...], now: datetime, *, what: str = REMINDER) -> None:
        """Note that a letter was decided and is about to go."""
        self._due.update({(client, what): now for client in clients})

    def ended(self, client: str) -> None:
        """Note that the record knows now how it ended."""
        for what in (REMINDER, SIGNPOST):
            self._due.pop((client, what), None)
        self._left = None


def last_reminder(
    record: Record,
    client: str,
    since: datetime,
    *,
    text: str = "",
    kinds: list[Outcome] | tuple[Outcome, ...] = (Outcome.SENT, Outcome.UNCERTAIN),
    what: str = REMINDER,
) -> datetime | None:
    """When this client last got, or may have got, a reminder; aware. None if not since.

    Args:
        record: What was filed.
        client: Whose reminders.
        since: How far back it matters, aware.
        text: Only this version; empty: any. What names no version counts as this one.
        kinds: What counts as having got it.
        what: Which letter.
    """
    found = [
        one.at
        for kind in kinds
        for one in record.of_kind(kind.of(what), owner=client, since=to_ms(since))
        if not text or _version(one.data) in ("", text)
    ]
    return from_ms(max(found)) if found else None


def _version(body: Mapping[str, object]) -> str:
    return str(body.get("text", ""))
