"""A whole scan under faults: filing, judging, deciding, reminding, alerting, flagging.

What left the machine is written to a file that does not fail, as the outside world keeps it.
"""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from guard.mail.shown import Fetched
from guard.pipeline.scan import scan
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.pipeline.fakes import AL, BO, JO, NOON, Practice, Server, Tray, a_letter, a_mail
from tests.pipeline.records import a_record
from tests.pipeline.test_crashes import end_state


@dataclass
class World:
    """What cannot be undone."""

    file: Path

    def note(self, what: str, *values: Any) -> None:
        with self.file.open("a") as file:
            file.write(f"{json.dumps([what, *values])}\n")

    def events(self) -> list[list[Any]]:
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@dataclass
class Outbox(Tray):
    """A submission server that nobody can reset."""

    world: World | None = None

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        answer = super().send(raw, envelope_from=envelope_from, to=to)
        assert self.world is not None
        self.world.note("sent", to, base64.b64encode(raw).decode())
        return answer


@dataclass
class Account(Server):
    """A mailbox that nobody can reset."""

    world: World | None = None

    def flag(self, folder: str, uids: Sequence[int]) -> None:
        super().flag(folder, uids)
        assert self.world is not None
        self.world.note("flagged", folder, list(uids))


@dataclass
class Lasting(Practice):
    """A practice whose outside stays."""

    world: World | None = None

    def keep(self, raw: bytes) -> None:
        super().keep(raw)
        assert self.world is not None
        self.world.note("kept", base64.b64encode(raw).decode())

    def token(self) -> str:
        # Never one from before the crash.
        assert self.world is not None
        return f"guard.{len(self.world.events())}.{super().token()}"


def _world(place: Path) -> World:
    return World(place.with_suffix(".world"))


def _practice(place: Path, record: SqliteRecord) -> Lasting:
    world = _world(place)
    practice = Lasting(record, server=Account(world=world), tray=Outbox(world=world), world=world)
    stock(practice)
    for what, *values in world.events():
        if what == "sent":
            practice.tray.sent.append((values[0], base64.b64decode(values[1])))
        elif what == "kept":
            uid = max(practice.sent.mails, default=0) + 1
            raw = base64.b64decode(values[0])
            practice.sent.mails[uid] = Fetched(uid=uid, raw=raw, received=NOON)
        else:
            practice.server.boxes[values[0]].flagged += values[1]
    return practice


def stock(practice: Practice) -> None:
    """Fill the mailbox with a mail of each kind."""
    practice.sent.put(a_letter(to="bo@client.example"), age=timedelta(hours=1))
    practice.sent.put(a_letter(to="eve@other.example"), age=timedelta(hours=1))
    practice.inbox.put(a_mail("jo"), age=timedelta(hours=2))
    practice.inbox.put(a_mail("jo", ref="2"))
    practice.inbox.put(a_mail("al", words="crisis"))
    practice.inbox.put(a_mail("jo", words="scheduling", ref="4"))
    practice.inbox.put(b"\x00no mail at all")


def prepare(place: Path) -> None:
    """Make the record of a practice with three clients."""
    a_record(place / "record", JO, AL, BO).close()


def act(place: Path) -> None:
    """Scan, as the first one ever."""
    _world(place).file.unlink(missing_ok=True)
    again(place)


def again(place: Path) -> None:
    """Scan, with the world as it is."""
    with SqliteRecord.open(place / "record") as record:
        scan(_practice(place, record).house())


def state(place: Path) -> object:
    """What must not depend on where a scan was interrupted."""
    with SqliteRecord.open(place / "record") as record:
        practice = _practice(place, record)
        assert list(verify(record)) == []
        assert max(Counter(practice.tray.reminders).values(), default=0) <= 1
        found = end_state(practice)
        return found | {"decided": sorted(found["decided"].items())}
