"""Every statement to PostgreSQL and every request to S3 fails once, wherever work stands.

The server's end of the line is cut, or the store refuses, does it and does not say so, says
half, or says nothing. After each fault the record verifies and holds what was acknowledged, and
the same work done again ends as if nothing had happened.
"""

import contextlib
import functools
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from guard.errors import RecordError, UnreachableError
from guard.record.entry import SALT_BYTES, Cursor, Incoming, Location
from guard.record.eraser import erase
from guard.record.ledger import Record
from guard.record.postgres import PostgresRecord, Where
from guard.record.postgres_store import PostgresStore
from guard.record.readers import change_readers
from guard.record.rekey import Change
from guard.record.s3 import Objects
from guard.record.verify import verify
from tests.record.conftest import NOW, Home
from tests.record.place import Place, moved
from tests.servers.lossy_s3 import Loss, LossyStore
from tests.servers.postgres import ROLE, Postgres, insist
from tests.servers.s3 import bucket

SALT = bytes(SALT_BYTES)

LATER = 4_102_444_800_000
"""2100, so that what is locked until then is locked whenever this runs."""

Work = Callable[[Place, Record], None]


def mail(uid: int, owner: str = "c1") -> Incoming:
    place = Location(account="a", folder="INBOX", validity=1, uid=uid)
    return Incoming(
        raw=b"mail %d " % uid * 300,
        locations=(place,),
        owners=(owner,),
        direction="in",
        received=0,
        opens=("judge",),
    )


def files(_place: Place, record: Record) -> None:
    cursor = Cursor(account="a", folder="INBOX", validity=1, uid=3)
    record.file([mail(1), mail(2), mail(3, "c2")], cursor=cursor, now=LATER)


def erases(place: Place, record: Record) -> None:
    # As the command does: what a crash left undone is done first, and once is enough.
    if not record.erasures().end("c0"):
        erase(record, "c0", identity=place.home.identity, body={}, now=LATER)


def changes_readers(place: Place, record: Record) -> None:
    identity = place.home.identity
    recipients = (identity.recipient, SECOND)
    if record.keys.masters() != recipients:
        change = Change(identity=identity, recipients=recipients, files={})
        change_readers(record, change, now=LATER)


SECOND = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
"""Another reader. Source: the README of age."""


def always(_number: int) -> bool:
    return True


def uids(place: Place) -> list[int]:
    with place.open(readonly=True) as record:
        found = [one.seq for one in record.entries() if one.kind == "filed"]
        return sorted(at.uid for item in found for at in record.locations(item))


@dataclass
class Breaking:
    """A connection whose server end is gone at one statement, before it or after."""

    line: psycopg.Connection
    admin: psycopg.Connection
    """To the same server; it ends the other one."""

    at: int
    after: bool
    count: int = 0

    def execute(self, *args: Any, **named: Any) -> Any:
        self.count += 1
        if self.count != self.at:
            return self.line.execute(*args, **named)
        if not self.after:
            self._cut()
            return self.line.execute(*args, **named)
        self.line.execute(*args, **named)
        self._cut()
        raise psycopg.OperationalError("the server closed the connection unexpectedly")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.line, name)

    def _cut(self) -> None:
        # Waits until it is gone.
        pid = self.line.info.backend_pid
        self.admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


MakePlace = Callable[[str], Place]


@pytest.fixture
def make(postgres: Postgres, s3: str, home: Home, tmp_path: Path) -> MakePlace:
    """Make a clinic's record with one client's mail in it; each one is another."""
    numbers = itertools.count()
    database = postgres.new_database(ROLE)

    def made(store: str) -> Place:
        number = next(numbers)
        blobs, endpoint = (bucket(s3), s3) if store == "postgres+s3" else ("", "")
        own = home.copy(tmp_path / f"record{number}")
        where = Where(database=database, practice=f"p{number}", blobs=blobs, endpoint=endpoint)
        place = moved(own, where)
        with place.open() as record:
            record.file([mail(100, "c0")], cursor=None, now=NOW)
        return place

    return made


@pytest.fixture
def admin(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """Who may end other people's lines."""
    with psycopg.connect(postgres.url(), autocommit=True) as line:
        yield line


@pytest.fixture
def one_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of S3 takes longer to make than most of these tests' statements; one is enough."""
    monkeypatch.setattr(Objects, "at", functools.cache(Objects.at))


@pytest.mark.slow
@pytest.mark.usefixtures("one_store")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("store", "work"),
    [
        ("postgres", files),
        ("postgres+s3", files),
        ("postgres", erases),
        ("postgres", changes_readers),
    ],
)
def test_a_line_that_is_cut_at_any_statement_leaves_all_or_nothing(
    admin: psycopg.Connection, make: MakePlace, store: str, work: Work, moment: str
) -> None:
    broken = 0
    for at in itertools.count(1):
        place = make(store)
        with place.open() as record:
            before = record.head()
            held = record._store
            assert isinstance(held, PostgresStore)
            breaking = Breaking(held.db, admin, at, after=moment == "after")
            held.db = breaking  # type: ignore[assignment]  # a stand-in
            failed = None
            try:
                work(place, record)
            except UnreachableError as error:
                failed = error
        assert place.wrong() == []
        with place.open() as record:
            if failed and work is files and moment == "before":
                assert record.head() == before
            work(place, record)
            size = record.size()
            work(place, record)
            assert record.size() == size
        assert place.wrong() == []
        assert uids(place) == ([1, 2, 3, 100] if work is files else [100])
        broken += failed is not None
        if breaking.count < at:
            break
    assert broken >= at - 2 > 3


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 tries again by itself; here it is to give up."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """A store that stalls is soon given up; any other has its time on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guard.record.s3._READ_S", 0.3)
        yield


def swept(place: Place, record: Record) -> None:
    assert isinstance(record, PostgresRecord)
    record.sweep(LATER)


@pytest.mark.slow
@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize("kind", ["refused", "unsaid", "cut", "short", "stalled"])
@pytest.mark.parametrize("work", [files, swept])
def test_a_store_that_fails_at_any_request_leaves_no_row_without_its_object(
    make: MakePlace, s3: str, kind: Loss, work: Work
) -> None:
    for at in itertools.count():
        place = make("postgres+s3")
        with LossyStore(s3, kind, at.__eq__) as store, impatient():
            far = place.by_way_of(store.url)
            with far.open() as record, contextlib.suppress(UnreachableError):
                work(far, record)
            count = len(store.seen)
        # Every row's object is there, whatever became of the work.
        assert place.wrong() == []
        with place.open() as record:
            work(place, record)
        assert place.wrong() == []
        assert uids(place) == ([1, 2, 3, 100] if work is files else [100])
        if count <= at:
            break
    assert at > 1


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize("kind", ["refused", "cut", "short", "stalled"])
def test_a_message_that_cannot_be_fetched_is_for_later_and_never_half_a_message(
    make: MakePlace, s3: str, kind: Loss
) -> None:
    place = make("postgres+s3")
    with (
        impatient(),
        LossyStore(s3, kind, always) as store,
        place.by_way_of(store.url).open() as record,
    ):
        [item] = [one.seq for one in record.entries() if one.kind == "filed"]
        with pytest.raises(UnreachableError):
            record.blob(item)
        # Nor is it taken for one that somebody took away.
        with pytest.raises(UnreachableError):
            list(verify(record))


def test_a_store_that_is_away_for_a_moment_is_asked_again(make: MakePlace, s3: str) -> None:
    place = make("postgres+s3")
    with (
        LossyStore(s3, "unsaid", (0).__eq__) as store,
        place.by_way_of(store.url).open() as record,
    ):
        files(place, record)
    assert uids(place) == [1, 2, 3, 100]
    assert place.wrong() == []


def test_what_a_crash_left_between_object_and_row_is_swept_up(make: MakePlace, s3: str) -> None:
    place = make("postgres+s3")
    assert place.where is not None
    objects = Objects.at(place.where.blobs, s3)
    with place.open() as record:
        with contextlib.suppress(KeyboardInterrupt), record.writing(NOW) as batch:
            batch.store.put(
                batch.size, b"its row will never be", SALT, [place.home.identity.recipient]
            )
            # It is uploaded beside, and an end before that leaves nothing to sweep.
            while len(list(objects.loose(LATER))) < 2:
                time.sleep(0.01)
            raise KeyboardInterrupt
        swept(place, record)
        assert len(list(objects.loose(LATER))) == 1
    assert place.wrong() == []


def test_a_server_that_crashes_loses_nothing_that_was_acknowledged(home: Home) -> None:
    insist()
    with Postgres() as server:
        where = Where(database=server.new_database(ROLE), practice="aso")
        place = moved(home, where)
        with place.open() as record:
            for uid in range(1, 20):
                record.file([mail(uid)], cursor=None, now=NOW)
            with contextlib.suppress(UnreachableError), record.writing(NOW) as batch:
                batch.store.put(batch.size, b"never", SALT, [home.identity.recipient])
                server.crash()
            with pytest.raises(UnreachableError):
                record.file([mail(20)], cursor=None, now=NOW)
        server.start()

        assert uids(place) == list(range(1, 20))
        assert place.wrong() == []
        with place.open() as record:
            record.file([mail(uid) for uid in range(1, 40)], cursor=None, now=NOW)
        assert uids(place) == list(range(1, 40))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 20 MB, more than half of which an empty database takes."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="pg-small-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("mounting needs to be root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_a_database_whose_disk_is_full_says_so_and_stays_as_it_was(
    small_disk: Path, home: Home
) -> None:
    insist()
    with Postgres() as server:
        where = Where(database=server.new_database(ROLE, place=small_disk), practice="aso")
        place = moved(home, where)
        with place.open() as record:
            done, full = 0, None
            while full is None:
                large = replace(mail(done + 1), raw=os.urandom(300_000))
                try:
                    record.file([large], cursor=None, now=NOW)
                    done += 1
                except RecordError as error:
                    full = error
            assert "disk is full" in str(full)
            assert "Free some space" in full.hint
            assert len(uids(place)) == done > 3
            assert list(verify(record)) == []
        subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
        with place.open() as record:
            record.file([mail(2000)], cursor=None, now=NOW)
        assert len(uids(place)) == done + 1
        assert place.wrong() == []
