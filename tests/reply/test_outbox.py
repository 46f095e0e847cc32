"""At most one letter an intent, whatever happens, and the record says how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from guard.errors import (
    ConfigError,
    GuardError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
    SignInError,
)
from guard.record.entry import Incoming, Location
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from guard.reply.compose import Letter
from guard.reply.history import last_reminder
from guard.reply.outbox import Outcome, Reminder, Waiting, refuse, remind, settle, waiting
from tests.pipeline.fuse import Crashed, Fuse, Fused
from tests.pipeline.records import PASSPHRASE, a_record, kinds, tasks

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT = int(NOON.timestamp() * 1000)


@dataclass
class Tray:
    """A submission server in memory."""

    trouble: Exception | None = None
    used: str = ""
    sent: list[bytes] = field(default_factory=list)

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(raw)
        return self.used


@pytest.fixture
def record(tmp_path: Path) -> Iterator[SqliteRecord]:
    with a_record(tmp_path / "record") as opened:
        yield opened


def a_due_item(record: SqliteRecord) -> int:
    mail = Incoming(
        raw=b"Subject: x\r\n\r\nx\r\n",
        locations=(Location(account="a", folder="INBOX", validity=1, uid=1),),
        owners=("c1",),
        direction="in",
        received=AT,
        opens=("remind",),
    )
    return record.file([mail], cursor=None, now=AT)[0].item


def edge(record: SqliteRecord, fuse: Fuse) -> Fused:
    """The record, whose writing may be the last that happens."""
    return Fused(record, fuse, only=("file", "append"))


def a_reminder(item: int, raw: bytes = b"To: jo@client.example\r\n\r\nhello\r\n") -> Reminder:
    return Reminder(
        letter=Letter(to="jo@client.example", raw=raw),
        answers=item,
        client="c1",
        text="v1",
        envelope_from="andrea@practice.example",
        account="a",
    )


def test_files_exactly_the_bytes_that_it_sends(record: SqliteRecord) -> None:
    item, tray = a_due_item(record), Tray()

    remind(a_reminder(item), record=record, sender=tray, now=NOON)

    letter = record.latest("filed", owner="c1")
    assert letter is not None
    reader = Reader(record, record.keys.unlock(PASSPHRASE))
    assert [reader.raw(letter.seq)] == tray.sent
    assert letter.fields["direction"] == "out"


def test_everything_is_durable_in_this_order(record: SqliteRecord) -> None:
    item, fuse = a_due_item(record), Fuse()

    remind(a_reminder(item), record=edge(record, fuse), sender=Fused(Tray(), fuse), now=NOON)

    assert fuse.calls == ["file", "append", "send", "append"]
    assert kinds(record, item) == ["filed", "reminding", "reminder-sent"]


ENDS = [
    (None, Outcome.SENT, {}),
    (SendRefusedError("no"), Outcome.REFUSED, {"review"}),
    (SendUncertainError("perhaps"), Outcome.UNCERTAIN, {"review"}),
    (NotSentError("later"), Outcome.POSTPONED, {"remind"}),
    (SignInError("who?"), Outcome.POSTPONED, {"remind"}),
    (ConfigError("where?"), Outcome.POSTPONED, {"remind"}),
]


@pytest.mark.parametrize(("trouble", "outcome", "left"), ENDS)
def test_every_end_is_filed_and_leaves_the_right_thing_to_do(
    record: SqliteRecord, trouble: GuardError | None, outcome: Outcome, left: set[str]
) -> None:
    item = a_due_item(record)
    given = remind(a_reminder(item), record=record, sender=Tray(trouble), now=NOON)

    assert given == (outcome, trouble)
    assert kinds(record, item) == ["filed", "reminding", outcome.value]
    assert tasks(record) == {name: [item] for name in left}


@pytest.mark.parametrize(("used", "told"), [("", "null"), ("andrea@practice.example", "own")])
def test_the_record_tells_which_envelope_sender_was_taken(
    record: SqliteRecord, used: str, told: str
) -> None:
    item = a_due_item(record)
    remind(a_reminder(item), record=record, sender=Tray(used=used), now=NOON)

    found = record.latest("reminder-sent", item=item)
    assert found is not None
    assert found.data["envelope"] == told
    assert found.data["text"] == "v1"
    assert b"@" not in found.body


@pytest.mark.parametrize(("trouble", "outcome", "_left"), ENDS)
def test_only_what_a_client_may_have_got_counts_for_the_quiet_period(
    record: SqliteRecord, trouble: GuardError | None, outcome: Outcome, _left: set[str]
) -> None:
    item = a_due_item(record)
    remind(a_reminder(item), record=record, sender=Tray(trouble), now=NOON)

    counts = outcome in (Outcome.SENT, Outcome.UNCERTAIN)
    assert last_reminder(record, "c1", NOON) == (NOON if counts else None)
    assert last_reminder(record, "c2", NOON) is None


def test_the_newest_of_several_reminders_counts(record: SqliteRecord) -> None:
    item = a_due_item(record)
    later = NOON + timedelta(days=8)
    remind(a_reminder(item), record=record, sender=Tray(SendUncertainError("?")), now=NOON)
    remind(a_reminder(item, b"To: b\r\n\r\n"), record=record, sender=Tray(), now=later)

    assert last_reminder(record, "c1", NOON) == later
    assert last_reminder(record, "c1", later + timedelta(seconds=1)) is None


def test_what_cannot_be_written_is_refused_for_good(record: SqliteRecord) -> None:
    item = a_due_item(record)
    refuse(item, client="c1", record=record, now=NOON)

    assert tasks(record) == {"review": [item]}
    assert last_reminder(record, "c1", NOON) is None


# --- a server that is away ------------------------------------------------------------------


def letters(record: SqliteRecord) -> list[int]:
    return [one.seq for one in record.entries() if one.fields.get("direction") == "out"]


def test_one_letter_waits_however_often_it_is_tried(record: SqliteRecord) -> None:
    item, tray = a_due_item(record), Tray(NotSentError("away"))
    waits = replace(a_reminder(item), token="t", date=AT)
    for minutes in range(0, 60, 5):
        remind(waits, record=record, sender=tray, now=NOON + timedelta(minutes=minutes))
    found = waiting(record, item)
    assert found == Waiting(letter=letters(record)[0], text="v1", token="t", date=AT)
    tray.trouble = None
    remind(waits, record=record, sender=tray, now=NOON + timedelta(hours=1))

    assert len(letters(record)) == len(tray.sent) == 1
    assert waiting(record, item) is None
    assert tasks(record) == {}
    assert list(verify(record)) == []


def test_what_waits_is_tried_at_growing_distances_up_to_an_hour(record: SqliteRecord) -> None:
    item, tray = a_due_item(record), Tray(NotSentError("away"))
    due = []
    for minutes in (0, 5, 20, 200):
        now = NOON + timedelta(minutes=minutes)
        waits = replace(a_reminder(item), token="t", date=AT)
        remind(waits, record=record, sender=tray, now=now)
        found = record.latest("reminder-postponed", item=item)
        assert found is not None
        due.append((found.data["due"] - int(now.timestamp() * 1000)) // 60_000)

    assert due == [0, 5, 20, 60]


@pytest.mark.parametrize("alone", [False, True])
def test_the_record_tells_a_server_that_is_away_from_one_letter_not_taken(
    record: SqliteRecord, *, alone: bool
) -> None:
    item = a_due_item(record)
    trouble = NotSentError("later", this_letter=alone)
    remind(a_reminder(item), record=record, sender=Tray(trouble), now=NOON)

    found = record.latest("reminder-postponed", item=item)
    assert found is not None
    assert found.data["away"] is not alone


def test_a_letter_whose_words_changed_while_it_waited_is_withdrawn(record: SqliteRecord) -> None:
    item, tray = a_due_item(record), Tray(NotSentError("away"))
    remind(replace(a_reminder(item), token="t", date=AT), record=record, sender=tray, now=NOON)
    (old,) = letters(record)
    tray.trouble = None
    remind(a_reminder(item, b"To: jo\r\n\r\nnew words\r\n"), record=record, sender=tray, now=NOON)

    assert [b"new words" in raw for raw in tray.sent] == [True]
    assert kinds(record, old)[-1] == "withdrawn"
    assert tasks(record) == {}


@pytest.mark.parametrize(("at", "after"), [(at, after) for at in range(4) for after in (0, 1)])
def test_a_crash_in_a_second_try_sends_no_second_letter(
    record: SqliteRecord, at: int, after: int
) -> None:
    item, tray = a_due_item(record), Tray(NotSentError("away"))
    waits = replace(a_reminder(item), token="t", date=AT)
    remind(waits, record=record, sender=tray, now=NOON)
    tray.trouble = None
    fuse = Fuse(at=at, after=bool(after))
    with pytest.raises(Crashed):
        remind(waits, record=edge(record, fuse), sender=Fused(tray, fuse), now=NOON)
    settle(record, now=NOON)
    for _due in record.tasks("remind"):
        remind(waits, record=record, sender=tray, now=NOON)

    assert len(tray.sent) <= 1
    assert tray.sent or tasks(record) == {"review": [item]}
    assert len(letters(record)) == 1
    assert not {"outcome", "remind"} & set(tasks(record))
    assert list(verify(record)) == []


# --- crashes --------------------------------------------------------------------------------

STEPS = [(at, after) for at in range(4) for after in (False, True)]


def crashed(record: SqliteRecord, tray: Tray, *, at: int, after: bool) -> int:
    """Send, but let the process end on the way."""
    item = a_due_item(record)
    fuse = Fuse(at=at, after=after)
    with pytest.raises(Crashed):
        remind(a_reminder(item), record=edge(record, fuse), sender=Fused(tray, fuse), now=NOON)
    return item


@pytest.mark.parametrize(("at", "after"), STEPS)
def test_after_a_crash_nobody_gets_a_second_letter(
    record: SqliteRecord, at: int, *, after: bool
) -> None:
    tray = Tray()
    item = crashed(record, tray, at=at, after=after)
    settle(record, now=NOON)
    for due in record.tasks("remind"):
        again = replace(a_reminder(due), letter=Letter(to="jo@client.example", raw=b"b\r\n"))
        remind(again, record=record, sender=tray, now=NOON)

    assert len(tray.sent) <= 1
    # Sent, or shown to her: nothing is forgotten.
    assert tray.sent or tasks(record) == {"review": [item]}
    assert not {"outcome", "remind"} & set(tasks(record))
    assert last_reminder(record, "c1", NOON) == NOON
    assert list(verify(record)) == []


@pytest.mark.parametrize(("at", "after"), STEPS)
def test_after_a_crash_what_may_have_left_is_uncertain_and_only_that(
    record: SqliteRecord, at: int, *, after: bool
) -> None:
    item = crashed(record, Tray(), at=at, after=after)
    unknown = (1, True) <= (at, after) <= (3, False)

    assert settle(record, now=NOON) == unknown
    assert (kinds(record, item)[-1] == "reminder-uncertain") == unknown
    assert settle(record, now=NOON) == 0


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_while_settling_is_settled_the_next_time(
    record: SqliteRecord, *, after: bool
) -> None:
    item = crashed(record, Tray(), at=2, after=True)
    fuse = Fuse(at=2, after=after)
    with pytest.raises(Crashed):
        settle(Fused(record, fuse), now=NOON)
    settle(record, now=NOON)

    assert fuse.calls == ["tasks", "latest", "append"]
    assert kinds(record, item).count("reminder-uncertain") == 1
    assert tasks(record) == {"review": [item]}


def test_what_guard_does_not_foresee_leaves_the_outcome_open(record: SqliteRecord) -> None:
    item = a_due_item(record)
    with pytest.raises(OSError, match="odd"):
        remind(a_reminder(item), record=record, sender=Tray(OSError("odd")), now=NOON)

    assert settle(record, now=NOON) == 1
    assert tasks(record) == {"review": [item]}
