"""Killed, raced, starved of disk: the next run files every mail exactly once.

Killed and raced on every store; what follows about files is of the record in one file.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guard.errors import BusyError, RecordError
from guard.record.entry import Incoming, Location
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.record.conftest import NOW, Home
from tests.record.place import Place

MailBuilder = Callable[..., Incoming]

# Files mails first..last in batches, says so, and may be ended by the kernel at any moment.
FILER = """
import random, signal, sys
from guard.errors import GuardError
from guard.record.entry import Cursor, Incoming, Location
from tests.record.place import opened
import boto3, psycopg

def mail(uid):
    place = Location(account="a", folder="INBOX", validity=1, uid=uid)
    return Incoming(raw=b"mail %d " % uid * 300, locations=(place,), owners=(f"c{uid % 5}",),
                    direction="in", received=0, opens=("judge",))

batch, limit, seed, words = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:]
uids = list(range(1, 61))
if seed:
    random.Random(seed).shuffle(uids)
try:
    with opened(words) as record:
        print("open", flush=True)
        # The default action of this signal ends the process on the spot.
        signal.setitimer(signal.ITIMER_REAL, limit)
        for start in range(0, 60, batch):
            some = uids[start : start + batch]
            cursor = Cursor(account="a", folder="INBOX", validity=1, uid=start + batch)
            record.file([mail(uid) for uid in some], cursor=cursor, now=start)
            print(*some, flush=True)
except GuardError as error:
    sys.exit(f"{type(error).__name__}: {error} / {error.hint}")
"""


def filer(where: Home | Place, *, batch: int = 3, limit: float = 0, seed: str = "") -> list[str]:
    words = where.words if isinstance(where, Place) else [str(where.folder)]
    return [sys.executable, "-c", FILER, str(batch), str(limit), seed, *words]


def filed_uids(home: Home) -> list[int]:
    return Place(home).filed_uids()


def acknowledged(output: bytes) -> set[int]:
    # The last line may be cut short.
    lines = output.decode().rpartition("\n")[0].splitlines()[1:]
    return {int(uid) for line in lines for uid in line.split()}


def test_killed_at_random_moments_it_loses_nothing_and_files_nothing_twice(place: Place) -> None:
    moments = random.Random(7)
    # A batch takes a database longer, and a child that has to load its client, too.
    turns, longest = (20, 0.03) if place.where is None else (8, 0.25)
    kills = 0
    for _ in range(turns):
        command = filer(place, limit=moments.uniform(0.0005, longest))
        ended = subprocess.run(command, capture_output=True, check=False)
        kills += ended.returncode == -signal.SIGALRM
        assert acknowledged(ended.stdout) <= set(place.filed_uids())
        assert place.wrong() == []

    subprocess.run(filer(place), check=True, capture_output=True)

    assert kills
    assert place.filed_uids() == list(range(1, 61))
    assert place.wrong() == []
    with place.open() as record:
        reader = Reader(record, place.home.identity)
        raws = {reader.raw(entry.seq) for entry in record.entries() if entry.kind == "filed"}
    assert raws == {b"mail %d " % uid * 300 for uid in range(1, 61)}


def test_killed_by_hand_between_two_batches_it_carries_on(place: Place) -> None:
    with subprocess.Popen(filer(place, batch=1), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(4)]
        child.send_signal(signal.SIGKILL)

    assert acknowledged(b"".join(lines)) == {1, 2, 3}
    assert {1, 2, 3} <= set(place.filed_uids())
    assert place.wrong() == []


def test_three_racing_processes_file_each_mail_once(place: Place) -> None:
    racers = [
        subprocess.Popen(filer(place, batch=4, seed=seed), stdout=subprocess.DEVNULL)
        for seed in ("a", "b", "c")
    ]

    assert [racer.wait() for racer in racers] == [0, 0, 0]
    assert place.filed_uids() == list(range(1, 61))
    assert place.wrong() == []


def test_a_full_disk_loses_nothing_that_was_acknowledged(home: Home) -> None:
    size = (home.folder / "record.db").stat().st_size + 90_000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    ended = subprocess.run(filer(home), capture_output=True, check=False, preexec_fn=limit)

    assert b"RecordError: the disk failed" in ended.stderr
    assert set(filed_uids(home)) == acknowledged(ended.stdout) != set()
    assert list(examine(home.folder)) == []
    subprocess.run(filer(home), check=True, capture_output=True)
    assert filed_uids(home) == list(range(1, 61))


def test_a_full_database_says_so_and_stays_as_it_was(
    record: SqliteRecord, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"before")], cursor=None, now=NOW)
    head = record.head()
    (pages,) = record._db.execute("PRAGMA page_count").fetchone()
    record._db.execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(RecordError, match="the disk is full") as caught:
        record.file([a_mail(b"x" * 100_000)], cursor=None, now=NOW)
    assert "Free some space" in caught.value.hint
    assert record.head() == head

    record._db.execute("PRAGMA max_page_count = 1000000")
    assert record.file([a_mail(b"x" * 100_000)], cursor=None, now=NOW)[0].new


@pytest.fixture
def tmpfs() -> Iterator[Path]:
    """A file system of 400 kB."""
    folder = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("mounting needs to be root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_a_disk_that_is_really_full_loses_nothing(tmpfs: Path, new_home: Home) -> None:
    home = new_home.copy(tmpfs / "record")
    ended = subprocess.run(filer(home, batch=7), capture_output=True, check=False)

    assert b"RecordError: the disk is full" in ended.stderr
    assert set(filed_uids(home)) == acknowledged(ended.stdout)
    assert list(examine(home.folder)) == []


def test_a_read_only_disk_says_so(tmpfs: Path, new_home: Home) -> None:
    home = new_home.copy(tmpfs / "record")
    subprocess.run(["mount", "-o", "remount,ro", str(tmpfs)], check=True)

    ended = subprocess.run(filer(home), capture_output=True, check=False)

    assert b"RecordError: the record cannot be written" in ended.stderr
    assert b"read-only" in ended.stderr
    assert list(examine(home.folder)) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("name", ["", "record.db", "keys"])
def test_a_read_only_folder_says_so(home: Home, name: str) -> None:
    path = home.folder / name
    path.chmod(0o500 if path.is_dir() else 0o400)

    ended = subprocess.run(filer(home), capture_output=True, check=False)

    path.chmod(0o700)
    assert b"RecordError: " in ended.stderr
    assert b"write" in ended.stderr
    assert list(examine(home.folder)) == []


def test_a_database_that_another_program_holds_is_busy(
    home: Home, record: SqliteRecord, a_mail: MailBuilder
) -> None:
    record._db.execute("PRAGMA busy_timeout = 1")
    with home.open() as other:
        other._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="another program"):
            record.file([a_mail()], cursor=None, now=NOW)
        other._db.execute("ROLLBACK")

    assert record.file([a_mail()], cursor=None, now=NOW)[0].new


def test_a_reader_does_not_hold_up_the_scan(
    home: Home, a_mail: MailBuilder, a_place: Callable[..., Location], record: SqliteRecord
) -> None:
    record.file([a_mail(b"%d" % uid, a_place(uid)) for uid in range(600)], cursor=None, now=NOW)
    record._db.execute("PRAGMA busy_timeout = 1")
    with SqliteRecord.open(home.folder, readonly=True) as reader:
        entries = reader.entries()
        next(entries)

        assert record.file([a_mail(b"new")], cursor=None, now=NOW)[0].new
        assert sum(1 for _ in entries) == record.size() - 1
