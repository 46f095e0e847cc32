"""Tell the therapist what must not wait, again until she answers, and a second person if not.

Touches the world only through the record and the senders that it is given. No alert says more
than a number. She has answered once an item no longer waits for her, or she put it off: its
page offers no putting off while somebody may be in danger.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from guard.config import Alerts
from guard.errors import GuardError, SendRefusedError
from guard.record.entry import JSON, Entry, Fact
from guard.record.times import to_ms
from guard.reply import compose
from guard.reply.compose import Letter
from guard.reply.outbox import Sender

TASK = "alert"
"""What waits to be announced."""

TOLD, AGAIN = "alerted", "alerted-again"
"""Kinds of entries: an item was announced; items that wait were announced once more."""

_RULED, _UNRULED, _REVIEW, _LATER = "ruled", "unruled", "review", "remind-later"
"""Words of her answers, as `guard.review.rulings` files them."""


class Record(Protocol):
    """What is asked of the record."""

    def append(self, facts: Sequence[Fact], *, now: int) -> list[int]:
        """Append facts in one transaction."""

    def tasks(self, name: str) -> list[int]:
        """Items that have this task open."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Entries of a kind, oldest first."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One item that was announced and that she has not answered."""

    repeats: int
    """How often its alert was repeated."""

    at: int
    """When it was last announced or repeated, milliseconds since 1970-01-01 UTC."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One server that alerts can leave by."""

    sender: Sender
    """The server."""

    address: str
    """Whom they come from."""


class Alerting(msgspec.Struct, frozen=True, kw_only=True):
    """Sends alerts."""

    ways: tuple[Way, ...]
    """In the order in which they are tried."""

    settings: Alerts
    """To whom, and how often."""

    token: Callable[[], str]
    """Gives a new unguessable token for each Message-ID."""

    def ring(self, record: Record, *, now: datetime) -> GuardError | None:
        """Announce what waits to be, and again what waits unanswered for too long.

        An alert is sent at least once: if its outcome is unknown it is sent again next time.

        Returns:
            Why somebody could not be told; None when all were, or there was nothing to tell.
        """
        fresh, before = record.tasks(TASK), unanswered(record)
        again = before if self._is_time(before, now) else {}
        if not (fresh or again):
            return None
        count = len({*fresh, *before})
        problem = self._tell(
            self.settings.to,
            lambda way: compose.alert(
                count=count,
                sender=way.address,
                to=self.settings.to,
                token=self.token(),
                now=now,
            ),
        )
        # An address that is refused for good will not be taken later, however long one waits.
        refused = isinstance(problem, SendRefusedError) and bool(self.settings.second)
        if problem is not None and not refused:
            return problem
        times = 1 + max((one.repeats for one in again.values()), default=-1)
        late = times >= self.settings.second_after
        second = bool(self.settings.second) and (refused or late)
        missed = self._tell_second(times + 1, now) if second else None
        if refused and missed is not None:
            return problem
        told = [Fact(kind=TOLD, item=one, closes=(TASK,)) for one in fresh]
        if again or second:
            body: dict[str, JSON] = {"items": sorted(again), "second": second and missed is None}
            told.append(Fact(kind=AGAIN, body=body))
        record.append(told, now=to_ms(now))
        return problem or missed

    def report(self, what: str, *, now: datetime) -> GuardError | None:
        """Say what of guard itself does not work; returns why that could not be said."""
        return self._tell(
            self.settings.to,
            lambda way: compose.trouble(
                what=what, sender=way.address, to=self.settings.to, token=self.token(), now=now
            ),
        )

    def _tell_second(self, times: int, now: datetime) -> GuardError | None:
        to = self.settings.second
        return self._tell(
            to,
            lambda way: compose.second_alert(
                times=times, sender=way.address, to=to, token=self.token(), now=now
            ),
        )

    def _is_time(self, waiting: Mapping[int, Waiting], now: datetime) -> bool:
        """Whether any was last spoken of so long ago.

        The news of another item is no repeat: while such news kept coming, nothing would ever
        be repeated, and nobody else be asked to ring her.
        """
        period = timedelta(minutes=self.settings.repeat_minutes) // _MS
        # A clock that was set back must not silence it.
        return bool(period) and any(
            not 0 <= to_ms(now) - one.at < period for one in waiting.values()
        )

    def _tell(self, to: str, letter: Callable[[Way], Letter]) -> GuardError | None:
        problem = None
        for way in self.ways:
            try:
                raw = letter(way).raw
                way.sender.send(raw, envelope_from=way.address, to=to)
            except GuardError as error:
                # The first way is the one that she chose, so its trouble is the one to know.
                problem = problem or error
            else:
                return None
        return problem


def unanswered(record: Record) -> dict[int, Waiting]:
    """Items that were announced and that she has not answered."""
    told = {one.item: one for one in record.of_kind(TOLD) if one.item is not None}
    if not told:
        return {}
    from guard.reply.history import TRIPPED  # noqa: PLC0415  # a scan with nothing new asks nothing

    for one in record.of_kind(TRIPPED):
        # That reminders are held is worth one word, not one every half hour.
        told.pop(one.item or 0, None)
    open_ = [one for one in record.tasks(_REVIEW) if one in told and not _put_off(record, one)]
    if not open_:
        return {}
    again = record.of_kind(AGAIN)
    return {item: _waiting(told[item], again) for item in open_}


def _waiting(told: Entry, again: Sequence[Entry]) -> Waiting:
    mine = [one for one in again if one.seq > told.seq and told.item in one.data["items"]]
    return Waiting(repeats=len(mine), at=(mine or [told])[-1].at)


def _put_off(record: Record, item: int) -> bool:
    said, back = record.latest(_RULED, item=item), record.latest(_UNRULED, item=item)
    if said is None or (back is not None and back.seq > said.seq):
        return False
    return _LATER in said.data.get("actions", ())


_MS = timedelta(milliseconds=1)
