from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard.config import Alerts
from guard.errors import (
    ConfigError,
    GuardError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
)
from guard.record.entry import Fact, Incoming, Location
from guard.record.sqlite import SqliteRecord
from guard.reply.alerting import Alerting, Way
from tests.pipeline.records import a_record, kinds, tasks

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
ALERTS = Alerts(to="andrea@home.example", second="ruth@home.example", second_after=2)


@dataclass
class Tray:
    """A submission server in memory."""

    trouble: GuardError | None = None
    gone: str = ""
    """An address that it does not take,"""
    why: GuardError = field(default_factory=lambda: SendRefusedError("no such mailbox"))
    """and what it says."""
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        if self.trouble is not None:
            raise self.trouble
        if to == self.gone:
            raise self.why
        self.sent.append((envelope_from, to, raw))
        return ""

    @property
    def told(self) -> list[str]:
        return [to.partition("@")[0] for _, to, _ in self.sent]


@dataclass
class Bell:
    """Her alerts, rung at moments of the test's choosing."""

    record: SqliteRecord
    settings: Alerts = ALERTS
    tray: Tray = field(default_factory=Tray)
    other: Tray | None = None

    def ring(self, after: timedelta = timedelta(0)) -> GuardError | None:
        ways = [Way(sender=self.tray, address="desk@practice.example")]
        if self.other is not None:
            ways.insert(0, Way(sender=self.other, address="guard@home.example"))
        alerting = Alerting(ways=tuple(ways), settings=self.settings, token=lambda: "guard.1")
        return alerting.ring(self.record, now=NOON + after)

    def item(self, uid: int = 1) -> int:
        mail = Incoming(
            raw=b"Subject: %d\r\n\r\n" % uid,
            locations=(Location(account="andrea", folder="INBOX", validity=1, uid=uid),),
            owners=("c1",),
            direction="in",
            received=0,
            opens=("alert", "review"),
        )
        return self.record.file([mail], cursor=None, now=0)[0].item

    def says(self, kind: str, item: int, word: str = "", *, closes: tuple[str, ...] = ()) -> None:
        body = {"actions": [word]} if word else {}
        self.record.append([Fact(kind=kind, item=item, body=body, closes=closes)], now=0)


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    with a_record(tmp_path / "record") as opened:
        yield Bell(opened)


def test_an_alert_counts_what_waits_and_says_no_more(bell: Bell) -> None:
    first, second = bell.item(1), bell.item(2)

    assert bell.ring() is None
    ((_, to, raw),) = bell.tray.sent
    assert to == "andrea@home.example"
    assert b"2 messages are waiting" in raw
    assert b"client" not in raw
    assert tasks(bell.record)["review"] == [first, second]
    assert "alert" not in tasks(bell.record)
    told = bell.record.latest("alerted", item=first)
    assert told is not None
    assert told.at == int(NOON.timestamp() * 1000)
    assert kinds(bell.record, first)[-1] == kinds(bell.record, second)[-1] == "alerted"


def test_nothing_to_tell_tells_nothing(bell: Bell) -> None:
    bell.tray.trouble = NotSentError("would fail")

    assert bell.ring() is None


@pytest.mark.parametrize(
    "trouble",
    [NotSentError("x"), SendUncertainError("x"), SendRefusedError("x"), ConfigError("x")],
)
def test_an_alert_that_may_not_have_arrived_is_sent_again(bell: Bell, trouble: GuardError) -> None:
    item = bell.item()
    bell.tray.trouble = trouble
    first = bell.ring()
    assert tasks(bell.record)["alert"] == [item]
    bell.tray.trouble = None

    assert (first, bell.ring()) == (trouble, None)
    assert len(bell.tray.sent) == 1
    assert "alert" not in tasks(bell.record)


def test_an_alert_is_repeated_on_the_dot_until_she_answers(bell: Bell) -> None:
    item = bell.item()
    bell.ring()
    bell.ring(HALF_AN_HOUR - timedelta(milliseconds=1))
    assert len(bell.tray.sent) == 1
    bell.ring(HALF_AN_HOUR)
    assert len(bell.tray.sent) == 2

    bell.says("ruled", item, "seen", closes=("review",))
    bell.ring(2 * HALF_AN_HOUR)
    assert len(bell.tray.sent) == 2


def test_what_she_put_off_is_not_repeated_unless_she_takes_that_back(bell: Bell) -> None:
    item = bell.item()
    bell.ring()
    bell.says("ruled", item, "remind-later")
    bell.ring(HALF_AN_HOUR)
    assert len(bell.tray.sent) == 1

    bell.says("unruled", item)
    bell.ring(HALF_AN_HOUR)
    assert len(bell.tray.sent) == 2


def test_a_note_alone_is_no_answer(bell: Bell) -> None:
    item = bell.item()
    bell.ring()
    bell.says("ruled", item, "note")

    bell.ring(HALF_AN_HOUR)
    assert len(bell.tray.sent) == 2


def test_a_new_alert_counts_what_is_unanswered_and_does_not_put_the_repeat_off(bell: Bell) -> None:
    bell.item(1)
    bell.ring()
    bell.item(2)
    bell.ring(HALF_AN_HOUR / 2)
    assert b"2 messages are waiting" in bell.tray.sent[-1][2]

    bell.ring(HALF_AN_HOUR)
    assert b"2 messages are waiting" in bell.tray.sent[-1][2]
    assert len(bell.tray.sent) == 3


def test_however_often_something_new_comes_the_second_person_is_asked_in_time(bell: Bell) -> None:
    bell.item(1)
    bell.ring()
    for turn in range(1, 6):
        bell.item(turn + 1)
        bell.ring(turn * HALF_AN_HOUR / 3)
    assert "ruth" not in bell.tray.told

    bell.item(7)
    bell.ring(2 * HALF_AN_HOUR)
    assert bell.tray.told.count("ruth") == 1


def test_what_waits_is_repeated_together_and_not_each_by_its_own_clock(bell: Bell) -> None:
    for turn in range(3):
        bell.item(turn)
        bell.ring(turn * HALF_AN_HOUR / 3)
    sent = len(bell.tray.sent)

    for turn in range(3, 6):
        bell.ring(turn * HALF_AN_HOUR / 3)
    assert len(bell.tray.sent) == sent + 1


def test_a_clock_that_was_set_back_does_not_silence_it(bell: Bell) -> None:
    bell.item()
    bell.ring()

    bell.ring(-timedelta(days=1))
    assert len(bell.tray.sent) == 2


def test_never_again_if_she_says_so(bell: Bell) -> None:
    bell.settings = Alerts(to="andrea@home.example", repeat_minutes=0)
    bell.item()
    bell.ring()

    bell.ring(timedelta(days=1))
    assert len(bell.tray.sent) == 1


def test_a_second_person_is_asked_to_ring_her_after_so_many_repeats(bell: Bell) -> None:
    bell.item()
    for turn in range(3):
        bell.ring(turn * HALF_AN_HOUR)

    assert bell.tray.told == ["andrea", "andrea", "andrea", "ruth"]
    assert b"3 times" in bell.tray.sent[-1][2]
    assert b"review" not in bell.tray.sent[-1][2]
    again = bell.record.latest("alerted-again")
    assert again is not None
    assert again.data["second"] is True


def test_if_her_own_address_is_refused_for_good_the_second_person_is_asked_at_once(
    bell: Bell,
) -> None:
    bell.tray.gone = "andrea@home.example"
    bell.item()

    assert isinstance(bell.ring(), SendRefusedError)
    assert bell.tray.told == ["ruth"]
    assert b"attention once" in bell.tray.sent[0][2]
    assert bell.ring(HALF_AN_HOUR - timedelta(milliseconds=1)) is None
    assert isinstance(bell.ring(HALF_AN_HOUR), SendRefusedError)
    assert bell.tray.told == ["ruth", "ruth"]


def test_if_nobody_can_be_told_it_is_tried_again(bell: Bell) -> None:
    bell.tray.trouble = SendRefusedError("x")
    item = bell.item()
    bell.ring()

    assert tasks(bell.record)["alert"] == [item]


def test_an_address_that_is_only_away_brings_nobody_else_to_it(bell: Bell) -> None:
    bell.tray.gone, bell.tray.why = "andrea@home.example", NotSentError("greylisted")
    bell.item()
    bell.ring()

    assert bell.tray.told == []


def test_that_reminders_are_held_is_not_repeated(bell: Bell) -> None:
    item = bell.item()
    bell.says("breaker", item)
    bell.ring()

    bell.ring(HALF_AN_HOUR)
    assert len(bell.tray.sent) == 1


def test_alerts_leave_by_a_server_of_their_own_and_by_the_usual_one_if_that_is_away(
    bell: Bell,
) -> None:
    bell.other = Tray()
    bell.item()
    bell.ring()
    assert [sender for sender, _, _ in bell.other.sent] == ["guard@home.example"]

    bell.other.trouble = NotSentError("away")
    assert bell.ring(HALF_AN_HOUR) is None
    assert [sender for sender, _, _ in bell.tray.sent] == ["desk@practice.example"]
