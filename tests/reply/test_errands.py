from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guard.config import Settings, parse
from guard.errors import (
    ConfigError,
    GuardError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
    UnreachableError,
)
from guard.mail.message import Address, Message
from guard.record.entry import Incoming, Location
from guard.record.sqlite import SqliteRecord
from guard.reply.errands import Errands
from guard.reply.outbox import Outcome
from guard.reply.wording import wordings
from tests.pipeline.records import a_record, tasks

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MESSAGE = Message(
    subject="", new_text="", full_text="", sender=(Address(name="", email="jo@client.example"),)
)
SETTINGS = """
[practice]
addresses = ["andrea@practice.example"]
[mailbox]
host = "imap.practice.example"
user = "andrea"
[smtp]
host = "smtp.practice.example"
from = "desk@practice.example"
[alerts]
to = "andrea@home.example"
"""


@dataclass
class Tray:
    """A submission server in memory."""

    trouble: GuardError | None = None
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((envelope_from, to, raw))
        return ""


@dataclass
class Sent:
    """The Sent folder."""

    trouble: GuardError | None = None
    kept: list[bytes] = field(default_factory=list)

    def keep(self, raw: bytes) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.kept.append(raw)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[SqliteRecord]:
    with a_record(tmp_path / "record") as opened:
        yield opened


def settings(text: str = SETTINGS) -> Settings:
    return parse(text, folder=Path())


def errands(record: SqliteRecord, tray: Tray, sent: Sent | None = None) -> Errands:
    return Errands(
        record=record,
        sender=tray,
        settings=settings(),
        wordings=wordings(settings()),
        token=lambda: "guard.1",
        keep=(sent or Sent()).keep,
    )


def an_item(record: SqliteRecord, uid: int = 1, *, opens: tuple[str, ...] = ("remind",)) -> int:
    mail = Incoming(
        raw=b"Subject: %d\r\n\r\n" % uid,
        locations=(Location(account="andrea", folder="INBOX", validity=1, uid=uid),),
        owners=("c1",),
        direction="in",
        received=0,
        opens=opens,
    )
    return record.file([mail], cursor=None, now=0)[0].item


def reminded(
    record: SqliteRecord, tray: Tray, sent: Sent | None = None, message: Message = MESSAGE
) -> tuple[Outcome, GuardError | None]:
    item = record.tasks("remind")[0]
    return errands(record, tray, sent).send_reminder(message, item=item, client="c1", now=NOON)


def test_a_reminder_goes_to_the_writer_in_the_practices_name(record: SqliteRecord) -> None:
    an_item(record)
    tray, sent = Tray(), Sent()

    assert reminded(record, tray, sent) == (Outcome.SENT, None)
    ((envelope, to, raw),) = tray.sent
    assert (envelope, to) == ("desk@practice.example", "jo@client.example")
    assert raw.startswith(b"From: desk@practice.example\r\nTo: jo@client.example\r\n")
    assert sent.kept == [raw]


@pytest.mark.parametrize(
    "trouble", [SendRefusedError("x"), SendUncertainError("x"), NotSentError("x")]
)
def test_what_was_not_surely_sent_is_not_put_into_sent(
    record: SqliteRecord, trouble: GuardError
) -> None:
    an_item(record)
    sent = Sent()
    outcome, problem = reminded(record, Tray(trouble), sent)

    assert outcome is not Outcome.SENT
    assert problem is trouble
    assert sent.kept == []


@pytest.mark.parametrize("trouble", [UnreachableError("x"), ConfigError("x")])
def test_a_sent_folder_that_takes_nothing_stops_nothing(
    record: SqliteRecord, trouble: GuardError
) -> None:
    an_item(record)

    assert reminded(record, Tray(), Sent(trouble)) == (Outcome.SENT, trouble)
    assert tasks(record) == {}


def test_an_address_that_no_letter_can_bear_is_refused_for_good(record: SqliteRecord) -> None:
    item, tray = an_item(record), Tray()
    odd = Message(
        subject="", new_text="", full_text="", sender=(Address(name="", email='"j d"@x.example'),)
    )
    outcome, problem = reminded(record, tray, message=odd)

    assert outcome is Outcome.REFUSED
    assert isinstance(problem, SendRefusedError)
    assert tray.sent == []
    assert tasks(record) == {"review": [item]}
