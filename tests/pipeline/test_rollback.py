"""An older copy of the record is put in place: nothing is lost, and nobody is reminded twice."""

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from guard.pipeline.scan import scan
from guard.policy.circumstances import RESTORED
from guard.record.entry import Fact
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.pipeline.fakes import AL, BO, JO, Practice, a_mail
from tests.pipeline.records import a_record


@dataclass
class Rolled(Practice):
    """A practice that remembers how long its record was."""

    noted: int = 0


@pytest.fixture
def rolled(tmp_path: Path) -> Rolled:
    """A client was reminded; then the record of the day before came back."""
    folder = tmp_path / "record"
    a_record(folder, JO, AL, BO).close()
    shutil.copy(folder / "record.db", tmp_path / "yesterday.db")
    practice = Rolled(SqliteRecord.open(folder))
    practice.inbox.put(a_mail("jo"))
    practice.inbox.put(a_mail("al", words="scheduling"))
    scan(practice.house())
    assert practice.tray.reminders == ["jo@client.example"]
    practice.noted = practice.record.size()
    practice.record.close()
    shutil.copy(tmp_path / "yesterday.db", folder / "record.db")
    practice.record = SqliteRecord.open(folder)
    practice.now += timedelta(minutes=5)
    return practice


def scan_again(practice: Practice, *, noted: int) -> None:
    scan(replace(practice.house(), noted=noted))


def filed(practice: Practice) -> Counter[tuple[str, int]]:
    places = [
        place
        for entry in practice.record.of_kind("filed")
        for place in practice.record.locations(entry.seq)
    ]
    return Counter((place.folder, place.uid) for place in places)


def test_the_next_scan_files_everything_and_reminds_nobody_again(rolled: Rolled) -> None:
    scan_again(rolled, noted=rolled.noted)
    scan_again(rolled, noted=0)

    assert rolled.tray.reminders == ["jo@client.example"]
    assert {("INBOX", 1), ("INBOX", 2)} <= set(filed(rolled))
    assert set(filed(rolled).values()) == {1}
    assert len(rolled.record.of_kind(RESTORED)) == 1
    assert list(verify(rolled.record)) == []
    rolled.record.close()


def test_what_would_have_been_answered_waits_for_her(rolled: Rolled) -> None:
    rolled.record.append([Fact(kind=RESTORED)], now=int(rolled.now.timestamp() * 1000))
    scan_again(rolled, noted=0)

    assert rolled.tray.reminders == ["jo@client.example"]
    assert len(rolled.record.tasks("review")) == 1
    rolled.record.close()


def test_mail_that_comes_later_is_answered_as_ever(rolled: Rolled) -> None:
    scan_again(rolled, noted=rolled.noted)
    rolled.now += timedelta(days=8)
    rolled.inbox.put(a_mail("jo", ref="later"), age=timedelta(days=-8))
    scan_again(rolled, noted=0)

    assert rolled.tray.reminders == ["jo@client.example"] * 2
    rolled.record.close()
