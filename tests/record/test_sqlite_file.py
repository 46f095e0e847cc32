import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from guard.errors import RecordBrokenError, RecordError
from guard.record.entry import Incoming, Location
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]


def test_entries_only_grow(record: SqliteRecord, home: Home, a_mail: MailBuilder) -> None:
    record.file([a_mail()], cursor=None, now=NOW)
    db = sqlite3.connect(home.folder / "record.db")
    for attack in (
        "DELETE FROM entry",
        "UPDATE entry SET at = 0",
        "DELETE FROM blob",
        "UPDATE blob SET ct = x''",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = ''",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            db.execute(attack)
    db.close()


def test_a_record_opened_to_be_read_cannot_be_added_to(home: Home, a_mail: MailBuilder) -> None:
    with SqliteRecord.open(home.folder, readonly=True) as record:
        with pytest.raises(RecordError, match="read only"):
            record.file([a_mail()], cursor=None, now=NOW)
        assert record.size() == 2


def test_a_lost_scanner_key_stops_the_scan_and_not_the_reader(home: Home) -> None:
    (home.folder / "scanner.key").unlink()

    with pytest.raises(RecordError, match=r"scanner\.key"):
        home.open()
    with SqliteRecord.open(home.folder, readonly=True) as record:
        assert list(verify(record)) == []
        with pytest.raises(RecordError, match="without scanner"):
            record.owners_named("x")
        with pytest.raises(RecordError, match="read only"):
            record.append([], now=NOW)


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        ("PRAGMA application_id = 1", RecordError, "not a guard record"),
        ("PRAGMA user_version = 99", RecordError, "format 99"),
        ("DROP TRIGGER entry_delete", RecordBrokenError, "triggers"),
        (
            "CREATE TRIGGER x AFTER INSERT ON blob BEGIN DELETE FROM task; END",
            RecordBrokenError,
            "tr",
        ),
    ],
)
def test_a_foreign_newer_or_rewired_database_is_refused(
    home: Home, damage: str, error: type[Exception], says: str
) -> None:
    with sqlite3.connect(home.folder / "record.db") as db:
        db.execute(damage)
    db.close()

    with pytest.raises(error, match=says):
        home.open()


def test_a_file_that_is_no_database_is_refused(home: Home) -> None:
    (home.folder / "record.db").write_bytes(b"Dear diary" * 1000)

    with pytest.raises(RecordError, match="not an SQLite database") as caught:
        home.open()

    assert caught.value.hint


def test_a_missing_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no record here"):
        SqliteRecord.open(tmp_path)


def test_is_never_made_over_another(home: Home) -> None:
    with pytest.raises(RecordError, match="already"):
        SqliteRecord.create(home.folder, random=os.urandom)


def test_is_not_made_without_keys(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="recipients"):
        SqliteRecord.create(tmp_path, random=os.urandom)


def test_works_in_a_folder_with_an_odd_name(
    new_home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    home = new_home.copy(tmp_path / "what? 100% #1 é")

    with home.open() as record:
        assert record.file([a_mail()], cursor=None, now=NOW)[0].new


def test_survives_a_power_cut_by_its_settings(record: SqliteRecord) -> None:
    settings = {
        name: record._db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "fullfsync", "trusted_schema")
    }

    assert settings == {
        "journal_mode": "truncate",
        "synchronous": 2,
        "fullfsync": 1,
        "trusted_schema": 0,
    }
