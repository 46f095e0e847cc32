"""Every part in turn: ok, or not ok with what to do."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from guard import shipped
from guard.record.scanner import ScannerKey
from tests.commands.practice import CRISIS, Practice, letter
from tests.servers.dovecot import free_port

PARTS = [
    "settings",
    "record",
    "witness",
    "disk",
    "model",
    "mailbox",
    "vouching",
    "sending",
    "words",
    "numbers",
    "alerts",
    "gaps",
]


@pytest.fixture
def running(practice: Practice) -> Practice:
    """A practice whose every part is well."""
    practice.deliver(letter("Could we move to 3?"))
    practice.scan()
    return practice


def parts(out: str) -> dict[str, bool]:
    """Each part named, and whether all its lines are ok."""
    found: dict[str, bool] = {}
    for line in out.splitlines():
        if not line.startswith(" "):
            name = line[8:].partition(":")[0]
            found[name] = found.get(name, True) and line.startswith("ok")
    return found


def test_every_part_is_ok_and_nothing_is_sent_or_changed(running: Practice) -> None:
    before = running.bytes_on_disk()

    ran = running.guard("check")

    assert (ran.status, ran.err) == (0, "")
    assert parts(ran.out) == dict.fromkeys([*PARTS, "last scan", "backup", "copies"], True)
    assert "ok      mailbox: signed in to localhost" in ran.out
    assert "ok      mailbox: inbox INBOX: 1 messages" in ran.out
    assert f'"{"mx.practice.example"}" (1)' in ran.out
    assert running.sink.received == []
    assert running.bytes_on_disk() == before


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One part that is not well."""

    part: str
    spoil: Callable[[Practice], None]
    status: int
    says: str
    hints: str
    id: str = ""


def setting(old: str, new: str) -> Callable[[Practice], None]:
    return lambda practice: practice.change(old, new)


def flipped(practice: Practice) -> None:
    file = practice.record_folder / "record.db"
    data = bytearray(file.read_bytes())
    data[data.index(b"age-encryption.org/v1") + 300] ^= 1
    file.write_bytes(data)


def wrong_password(practice: Practice) -> None:
    practice.write_secret("mail.secret", "wrong")


def altered_model(practice: Practice) -> None:
    shutil.copytree(shipped.folder("models"), practice.folder / "models")
    with (practice.folder / "models" / "model.joblib").open("ab") as file:
        file.write(b"x")
    practice.change('[model]\npath = ""', '[model]\npath = "models"')


def long_ago(practice: Practice) -> None:
    file = practice.record_folder / "last-scan.json"
    file.write_text(json.dumps({"at": "2026-01-01T00:00:00+00:00"}))


def backed_up_long_ago(practice: Practice) -> None:
    note = practice.record_folder / "last-backup.json"
    note.write_text('{"at": "2026-01-01T00:00:00+00:00", "entries": 7}')


def another_scanners_key(practice: Practice) -> None:
    (practice.record_folder / "scanner.key").write_text(ScannerKey.make(bytes(72)).encode())


def unannounced(practice: Practice) -> None:
    practice.sink.answers["RCPT"] = "550 5.1.1 no such user"
    practice.deliver(letter(CRISIS))
    practice.guard("scan")
    practice.sink.answers.clear()


TABLE = [
    Wrong(part="record", spoil=flipped, status=65, says="does not verify", hints="record verify"),
    Wrong(
        part="record",
        spoil=lambda one: shutil.rmtree(one.record_folder / "keys"),
        status=65,
        says="",
        hints="",
        id="keys",
    ),
    Wrong(
        part="record",
        spoil=another_scanners_key,
        status=74,
        says="scanner.key is missing or damaged",
        hints="last backup",
        id="scanner.key",
    ),
    Wrong(
        part="record",
        spoil=unannounced,
        status=78,
        says="1 that should not wait could not be announced",
        hints="guard review",
        id="unannounced",
    ),
    Wrong(
        part="model",
        spoil=altered_model,
        status=78,
        says="is not the one its card names",
        hints="holds every message",
    ),
    Wrong(
        part="mailbox",
        spoil=wrong_password,
        status=77,
        says="refused the user or the password",
        hints="Check user and password",
    ),
    Wrong(
        part="mailbox",
        spoil=setting('junk = "auto"', 'junk = ["Spam"]'),
        status=78,
        says="there is no folder 'Spam', which guard.toml names",
        hints="There are: ",
        id="folder",
    ),
    Wrong(
        part="vouching",
        spoil=setting('["mx.practice.example"]', "[]"),
        status=78,
        says="no reminder is ever sent",
        hints='"mx.practice.example" (1)',
        id="nobody",
    ),
    Wrong(
        part="vouching",
        spoil=setting('["mx.practice.example"]', '["mx.other.example"]'),
        status=78,
        says="names nobody whom you trust",
        hints='"mx.practice.example" (1)',
        id="another",
    ),
    Wrong(
        part="sending",
        spoil=lambda one: one.change(f"port = {one.sink.port}", f"port = {free_port()}"),
        status=75,
        says="",
        hints="",
    ),
    Wrong(
        part="sending",
        spoil=lambda one: setattr(one.sink, "password", "other"),
        status=77,
        says="refused",
        hints="",
        id="password",
    ),
    Wrong(
        part="alerts",
        spoil=setting('to = "andrea.private@home.example"', 'to = ""'),
        status=78,
        says="nobody is told",
        hints="[alerts] to",
    ),
    Wrong(
        part="last scan",
        spoil=lambda one: (one.record_folder / "last-scan.json").unlink(),
        status=78,
        says="no scan has ended yet",
        hints="guard scan",
        id="never",
    ),
    Wrong(
        part="last scan",
        spoil=long_ago,
        status=78,
        says="the last scan ended",
        hints="crontab",
        id="late",
    ),
    Wrong(
        part="backup",
        spoil=backed_up_long_ago,
        status=74,
        says="days old",
        hints="guard record backup",
    ),
]


@pytest.mark.parametrize("wrong", TABLE, ids=lambda one: f"{one.part} {one.id}".strip())
def test_a_part_that_is_not_well_says_so_and_what_to_do(running: Practice, wrong: Wrong) -> None:
    wrong.spoil(running)

    ran = running.guard("check")

    lines = ran.out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"not ok  {wrong.part}: "))
    assert (ran.status, ran.err) == (wrong.status, "")
    assert wrong.says in lines[at]
    assert lines[at + 1].startswith("        ")
    assert wrong.hints in lines[at + 1]


def test_every_part_is_looked_at_though_the_first_is_not_well(running: Practice) -> None:
    shutil.rmtree(running.record_folder)

    ran = running.guard("check")

    found = parts(ran.out)
    assert ran.status == 74
    assert list(found) == [*PARTS, "last scan", "backup", "copies"]
    assert not found["record"]
    assert found["mailbox"]


def test_settings_that_are_wrong_end_it_at_once(running: Practice) -> None:
    running.change("every_days = 7", "every_day = 7")

    ran = running.guard("check")

    assert (ran.status, ran.out) == (78, "")
    assert "unknown key `every_day`" in ran.err.splitlines()[0]
