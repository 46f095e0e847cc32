"""How fast the record files, finds and is backed up, next to what the disk and SQLite do.

Where two ways are compared, it is by processor time too, which a busy machine changes little.

    python tests/bench/record.py [--messages N] [--filed N] [--search N] [--folder DIR]

Verifying has its own: verify.py. `--filed 0` leaves out the row with a million items, and
`--search 0` the search. Each row with a memory figure is a process of its own.
"""

import argparse
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

# Run as a script, it must first say where the project lies.
sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from guard.record.backup import back_up
from guard.record.backup_folder import BackupFolder
from guard.record.entry import JSON, SALT_BYTES, Cursor, Fact, Incoming, Location
from guard.record.init import create
from guard.record.passphrase import CHEAPEST
from guard.record.reading import Reader
from guard.record.restore import restore
from guard.record.seal import Identity, seal
from guard.record.sqlite import SqliteRecord
from guard.review.index import Index
from guard.review.letters import Letters
from guard.review.search import Wanted, search

NOW = 1_767_225_600_000
SIZE = 8_000
BATCH = 200
ACCOUNT = "andrea@practice.example"
SINGLES = 200


def a_record(folder: Path) -> SqliteRecord:
    """Make one."""
    create(folder, passphrase="bench", executor=None, random=os.urandom, now=NOW, work=CHEAPEST)
    return SqliteRecord.open(folder)


def a_mail(uid: int, raw: bytes, owner: str = "unsorted") -> Incoming:
    place = Location(account=ACCOUNT, folder="INBOX", validity=7, uid=uid)
    return Incoming(
        raw=raw, locations=(place,), owners=(owner,), direction="in", received=NOW + uid * 60_000
    )


def a_cursor(uid: int) -> Cursor:
    return Cursor(account=ACCOUNT, folder="INBOX", validity=7, uid=uid)


def fsyncs(folder: Path) -> float:
    """Milliseconds of one fsync of four kilobytes, median."""
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(100):
            file.write(os.urandom(4096))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def hashing() -> float:
    """Megabytes of SHA-256 in a second."""
    data = os.urandom(64_000_000)
    start = time.perf_counter()
    sha256(data).digest()
    return 64 / (time.perf_counter() - start)


Cost = tuple[float, float]
"""Seconds by the clock, and seconds of the processor."""


def cost(deed: Callable[[], object]) -> Cost:
    """What something takes."""
    wall, processor = time.perf_counter(), time.process_time()
    deed()
    return time.perf_counter() - wall, time.process_time() - processor


def filing(folder: Path, raws: list[bytes]) -> Cost:
    """To file messages in batches."""
    with a_record(folder) as record:

        def deed() -> None:
            for first in range(0, len(raws), BATCH):
                mails = [a_mail(uid + 1, raws[uid]) for uid in range(first, first + BATCH)]
                record.file(mails, cursor=a_cursor(first + BATCH), now=NOW)

        return cost(deed)


def plain_rows(record: Path, folder: Path) -> Cost:
    """To write the same sealed bytes as plain rows, as durably, in the same batches."""
    with sqlite3.connect(record / "record.db") as source:
        rows = source.execute(
            "SELECT seq, ct, sealed, body FROM blob JOIN entry USING (seq) ORDER BY seq"
        ).fetchall()
    source.close()
    db = sqlite3.connect(folder / "plain.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = TRUNCATE")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, ct BLOB, sealed BLOB, body BLOB)")

    def deed() -> None:
        for first in range(0, len(rows), BATCH):
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows[first : first + BATCH])
            db.execute("COMMIT")

    told = cost(deed)
    db.close()
    return told


def sealing(raws: list[bytes]) -> Cost:
    """To seal messages with the salts behind them, and nothing else."""
    recipient = [Identity.make().recipient]

    def deed() -> None:
        for raw in raws:
            seal(raw, recipient, tail=bytes(SALT_BYTES))

    return cost(deed)


def single(record: SqliteRecord, start: int) -> Cost:
    """To file one message; the median of many."""
    times = []
    for uid in range(start, start + SINGLES):
        mail = a_mail(uid, os.urandom(SIZE))
        times.append(cost(lambda m=mail, u=uid: record.file([m], cursor=a_cursor(u), now=NOW)))  # type: ignore[misc]  # a lambda's defaults
    wall, processor = zip(*times, strict=True)
    return statistics.median(wall), statistics.median(processor)


def synthetic(record: SqliteRecord, count: int) -> None:
    """Fill the tables as filing does, with entries whose contents were never sealed."""
    for first in range(0, count, 10_000):
        with record.writing(NOW) as batch:
            for uid in range(first, min(first + 10_000, count)):
                fields: dict[str, JSON] = {
                    "item": batch.size,
                    "owner": "unsorted",
                    "owners": ("unsorted",),
                    "direction": "in",
                    "received": NOW,
                    "locations": [[ACCOUNT, "INBOX", 7, uid + 1_000_000]],
                    "size": 0,
                    "content": os.urandom(32).hex(),
                    "blob": "0" * 64,
                    "commitment": "0" * 64,
                }
                batch.add("filed", fields)


def letters(count: int) -> Iterator[tuple[bytes, str]]:
    """Letters of a hundred and fifty words by a hundred clients, and whose they are."""
    dice = random.Random(1)
    words = [
        "".join(dice.choices("etaoinshrdlucmfw", k=dice.randint(2, 9))) for _ in range(20_000)
    ]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    for number in range(count):
        owner = f"c{dice.randrange(100):03d}"
        said = " ".join(dice.choices(words, weights, k=150))
        subject = " ".join(dice.choices(words, weights, k=4))
        head = f"From: Client <{owner}@home.example>\r\nTo: {ACCOUNT}\r\nSubject: {subject}\r\n"
        yield f"{head}Message-ID: <{number}@x>\r\n\r\n{said}\r\n".encode(), owner


def fill_letters(record: SqliteRecord, count: int) -> None:
    batch: list[Incoming] = []
    for uid, (raw, owner) in enumerate(letters(count), start=1):
        batch.append(a_mail(uid, raw, owner))
        if len(batch) == BATCH or uid == count:
            filed = record.file(batch, cursor=None, now=NOW)
            facts = [
                Fact(
                    kind="decided",
                    item=one.item,
                    owner=mail.owners[0],
                    body={"actions": []},
                    secret=msgspec.json.encode({"why": "x" * 600}),
                    owners=mail.owners,
                )
                for one, mail in zip(filed, batch, strict=True)
            ]
            record.append(facts, now=NOW)
            batch = []


def searching(folder: Path) -> dict[str, float]:
    """Seconds: to read everything once, then to answer in a new process's stead."""
    with SqliteRecord.open(folder, readonly=True) as record, Letters() as letters:
        reader = Reader(record, record.keys.unlock("bench"))
        times = {}
        for name, words in (("first ever", "th"), ("from the cache", "th"), ("rare", "sho tla")):
            index = Index(letters)
            start = time.perf_counter()
            search(index, record, reader, Wanted(words=words), most_read=None)
            times[name] = time.perf_counter() - start
            index.close()
    return times


def timed(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


def peak_mb() -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1000


def memory(what: str, count: int, folder: Path) -> float:
    """Megabytes at most, of one row in a process of its own."""
    command = [sys.executable, __file__, "--row", what, "--messages", str(count)]
    done = subprocess.run(
        [*command, "--folder", str(folder)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def row(what: str, count: int, folder: Path) -> None:
    """One row, in this process; prints the largest memory that it held."""
    if what == "file":
        with a_record(folder / "memory") as record:
            for first in range(0, count, BATCH):
                mails = [a_mail(uid + 1, os.urandom(SIZE)) for uid in range(first, first + BATCH)]
                record.file(mails, cursor=None, now=NOW)
        shutil.rmtree(folder / "memory")
    elif what == "backup":
        with SqliteRecord.open(folder / "record") as record:
            back_up(record, BackupFolder(folder / "memory"), now=NOW)
    else:
        restore(BackupFolder(folder / "memory"), folder / "back", unlock=None)
    print(peak_mb())


def say(what: str, told: str) -> None:
    print(f"{what:<58}{told}", flush=True)


def rows_of_filing(count: int, place: Path) -> None:
    raws = [os.urandom(SIZE) for _ in range(count)]
    ours, processor = filing(place / "record", raws)
    plain, plain_processor = plain_rows(place / "record", place)
    sealed, sealed_processor = sealing(raws)
    both, both_processor = plain + sealed, plain_processor + sealed_processor
    say(f"file {count} messages of 8 kB, {BATCH} a batch", f"{count / ours:>8.0f} /s")
    say("the same sealed bytes as plain SQLite rows", f"{count / plain:>8.0f} /s")
    say("sealing them with age", f"{count / sealed:>8.0f} /s")
    say("  filing takes, times sealing and plain rows", f"{ours / both:>8.2f}")
    say("  the same by processor time", f"{processor / both_processor:>8.2f}")
    say("  filing takes, times plain rows alone", f"{ours / plain:>8.2f}")
    few, many = (memory("file", number, place) for number in (BATCH, count))
    say(f"peak memory of filing {BATCH} and {count}", f"{few:>8.0f} {many:>5.0f} MB")


def rows_of_backup(count: int, place: Path) -> None:
    store = BackupFolder(place / "backup")
    with SqliteRecord.open(place / "record") as record:
        first = timed(lambda: back_up(record, store, now=NOW))
        nothing = timed(lambda: back_up(record, store, now=NOW))
    size = sum(path.stat().st_size for path in (place / "backup").rglob("*.db")) / 1e6
    say(f"backup of {count} messages, {size:.0f} MB", f"{size / first:>8.0f} MB/s")
    say("backup with nothing new", f"{nothing * 1000:>8.0f} ms")
    peak = memory("backup", count, place)
    back = timed(lambda: restore(store, place / "restored", unlock=None))
    say("restore, with everything verified", f"{size / back:>8.0f} MB/s")
    say(
        "peak memory of backup and restore", f"{peak:>8.0f} {memory('restore', 0, place):>5.0f} MB"
    )


def rows_of_size(count: int, place: Path) -> None:
    with a_record(place / "grown") as record:
        small = single(record, 1)
        synthetic(record, count)
        record.file([a_mail(900_000, b"warm")], cursor=None, now=NOW)
        large = single(record, 2_000)
    for what, (wall, processor) in (("the first ones", small), (f"at {count} items", large)):
        told = f"{wall * 1000:>8.2f} ms, {processor * 1000:.2f} of the processor"
        say(f"one more message of 8 kB, {what}", told)
    ratios = f"{large[0] / small[0]:>8.2f}, {large[1] / small[1]:.2f} of the processor"
    say("  takes, times that", ratios)


def rows_of_search(count: int, place: Path) -> None:
    with a_record(place / "found") as record:
        fill_letters(record, count)
    for name, seconds in searching(place / "found").items():
        say(f"search among {count} messages, {name}", f"{seconds:>8.2f} s")
    size = sum(path.stat().st_size for path in (place / "found" / "search").iterdir())
    say("  its sealed images", f"{size / 1e6:>8.0f} MB")


def main() -> None:
    """Measure, and print a table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=5_000)
    asked.add_argument("--filed", type=int, default=1_000_000)
    asked.add_argument("--search", type=int, default=50_000)
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--row")
    told = asked.parse_args()
    if told.row:
        row(told.row, told.messages, told.folder)
        return
    with tempfile.TemporaryDirectory(prefix="guard-bench-", dir=told.folder) as folder:
        place = Path(folder)
        say("this machine: one fsync", f"{fsyncs(place):>8.2f} ms")
        say("this machine: SHA-256", f"{hashing():>8.0f} MB/s")
        rows_of_filing(told.messages, place)
        rows_of_backup(told.messages, place)
        if told.filed:
            rows_of_size(told.filed, place)
        if told.search:
            rows_of_search(told.search, place)


if __name__ == "__main__":
    main()
