"""An older record is read as it is, and brought to today's format when it is written to."""

import sqlite3
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from guard.errors import RecordBrokenError, RecordError
from guard.record.entry import Incoming
from guard.record.eraser import erase
from guard.record.keys import Keys
from guard.record.migrate import STEPS, Step, migrate, statements, version_of
from guard.record.reading import Reader
from guard.record.schema import FORMAT, STATEMENTS
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]

LETTER = b"Subject: format 1\r\n\r\nhello\r\n"


def version(home: Home) -> int:
    with sqlite3.connect(home.folder / "record.db") as db:
        found = version_of(db)
    db.close()
    return found


@pytest.fixture(params=range(1, FORMAT))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A record that a guard of that time made, with one mail in it."""
    name = f"format-{request.param}"
    with tarfile.open(Path(__file__).parent / "vectors" / f"{name}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    keys = Keys(tmp_path / name / "keys")
    return Home(folder=tmp_path / name, identity=keys.unlock("format one"))


def test_every_step_leads_to_the_next_format() -> None:
    assert sorted(STEPS) == list(range(1, FORMAT))
    assert statements(FORMAT) == frozenset(STATEMENTS)
    assert statements(1) != statements(2) == statements(3)


@pytest.mark.parametrize("number", [0, -1, FORMAT + 1])
def test_a_format_that_nobody_knows_has_no_statements(number: int) -> None:
    assert statements(number) is None


def test_an_older_record_is_read_and_verified_as_it_is(old: Home) -> None:
    before = (old.folder / "record.db").read_bytes()

    assert list(examine(old.folder, identity=old.identity)) == []
    with SqliteRecord.open(old.folder, readonly=True) as record:
        [item] = [entry.seq for entry in record.entries() if entry.kind == "filed"]
        assert Reader(record, old.identity).raw(item) == LETTER

    assert (old.folder / "record.db").read_bytes() == before


def test_an_older_record_is_brought_up_to_date_when_it_is_written_to(
    old: Home, a_mail: MailBuilder
) -> None:
    with old.open() as record:
        record.file([a_mail(b"new")], cursor=None, now=NOW)
        [before, after] = [entry.seq for entry in record.entries() if entry.kind == "filed"]
        reader = Reader(record, old.identity)
        assert (reader.raw(before), reader.raw(after)) == (LETTER, b"new")
        erase(record, "c1", identity=old.identity, body={}, now=NOW)

    assert version(old) == FORMAT
    assert list(examine(old.folder, identity=old.identity)) == []


def test_the_salt_of_an_older_message_comes_from_the_part_beside_it(old: Home) -> None:
    with SqliteRecord.open(old.folder, readonly=True) as record:
        [item] = [entry.seq for entry in record.entries() if entry.kind == "filed"]
        raw, salt = Reader(record, old.identity).salted(item)
        entry = record.entry(item)

    assert raw == LETTER
    assert sha256(salt + raw).hexdigest() == entry.fields["commitment"]
    assert entry.sealed is not None


def test_an_older_record_that_was_rewired_is_refused_and_left_alone(old: Home) -> None:
    with sqlite3.connect(old.folder / "record.db") as db:
        db.execute("DROP TRIGGER checkpoint_delete")
    db.close()
    before = (old.folder / "record.db").read_bytes()

    with pytest.raises(RecordBrokenError, match="triggers"):
        old.open()

    assert (old.folder / "record.db").read_bytes() == before


def test_a_newer_record_is_refused_and_left_alone(home: Home) -> None:
    with sqlite3.connect(home.folder / "record.db") as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()
    before = (home.folder / "record.db").read_bytes()

    for readonly in (True, False):
        with pytest.raises(RecordError, match="knows formats") as caught:
            SqliteRecord.open(home.folder, readonly=readonly)
        assert "newest guard" in caught.value.hint

    assert (home.folder / "record.db").read_bytes() == before


TABLE = "CREATE TABLE {} (x)"
CHAIN = {
    FORMAT: Step(gone=(), new=(TABLE.format("one"),)),
    FORMAT + 1: Step(gone=(TABLE.format("one"),), new=(TABLE.format("two"),)),
    FORMAT + 2: Step(gone=(), new=("CREATE INDEX three ON two (x)",)),
}


class Stopped(BaseException):
    """The process ended here."""


class Stopping(sqlite3.Connection):
    """Ends before one statement; what undoes a transaction is the database's own doing."""

    left = 1000

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql.startswith(("CREATE", "DROP", "PRAGMA user_version =", "COMMIT")):
            self.left -= 1
            if not self.left:
                raise Stopped
        return super().execute(sql, *args)


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}


@pytest.mark.parametrize("stop", range(1, 11))
def test_interrupted_at_any_statement_it_carries_on_from_a_whole_format(stop: int) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None, factory=Stopping)
    db.execute(f"PRAGMA user_version = {FORMAT}")
    whole = {FORMAT: set[str](), FORMAT + 1: {"one"}, FORMAT + 2: {"two"}}

    db.left = stop
    with pytest.raises(Stopped):
        migrate(db, steps=CHAIN, newest=FORMAT + 3)
    assert tables(db) == whole[version_of(db)]
    migrate(db, steps=CHAIN, newest=FORMAT + 3)

    assert version_of(db) == FORMAT + 3
    assert tables(db) == {"two", "three"}
    db.close()
