"""How fast a record is verified, next to `sha256sum` over the same bytes, in the same run.

    python tests/bench/verify.py [MESSAGES] [--entries N] [--folder DIR]

Each row is a process of its own, best of three; the memory is the largest that it held.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# Run as a script, it must first say where the project lies.
sys.path.insert(0, str(Path(__file__).parents[2]))

from guard.record.entry import Cursor, Fact, Incoming, Location
from guard.record.init import create
from guard.record.log import Frontier
from guard.record.log_check import LogCheck, Stretch
from guard.record.passphrase import CHEAPEST
from guard.record.proof import Head, prove
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.record.verify import Examination

NOW = 1_767_225_600_000
SIZE = 8_000
ACCOUNT = "andrea@practice.example"


def full(folder: Path) -> int:
    """Everything: log, messages, signatures, tables, structure."""
    look = Examination(folder)
    assert not list(look.findings())
    return look.read


def log(folder: Path) -> int:
    """The log alone: every body and leaf, every checkpoint and signature."""
    with SqliteRecord.open(folder, readonly=True) as record:
        check, extent = LogCheck(record, record.verifier()), record.extent()
        stretch = Stretch(start=Frontier(), size=extent.size, last=extent.last)
        assert not list(check.findings(stretch))
    return check.read


def again(folder: Path) -> int:
    """What `guard record verify` does, with a mark of the last time."""
    look = Examination(folder, full=False)
    assert not list(look.findings())
    assert look.remember()
    return look.read


def proof(folder: Path) -> int:
    """The proof of the first message: the longest way to the head."""
    with SqliteRecord.open(folder, readonly=True) as record:
        reader = Reader(record, record.keys.unlock("bench"))
        item = record.of_kind("filed")[0].seq if record.size() < 10_000 else 2
        assert prove(record, reader, item, head=Head(note=record.head())).path
    return 1


ROWS: dict[str, Callable[[Path], int]] = {"full": full, "log": log, "again": again, "prove": proof}


def a_record(folder: Path) -> SqliteRecord:
    """Make one."""
    create(folder, passphrase="bench", executor=None, random=os.urandom, now=NOW, work=CHEAPEST)
    return SqliteRecord.open(folder)


def fill(record: SqliteRecord, start: int, count: int) -> None:
    """File messages with what is said of them, a hundred at a time."""
    for first in range(start, start + count, 100):
        mails = [
            Incoming(
                raw=os.urandom(SIZE),
                locations=(Location(account=ACCOUNT, folder="INBOX", validity=7, uid=uid + 1),),
                owners=("unsorted",),
                direction="in",
                received=NOW + uid,
                opens=("judge",),
            )
            for uid in range(first, first + 100)
        ]
        cursor = Cursor(account=ACCOUNT, folder="INBOX", validity=7, uid=first + 100)
        filed = record.file(mails, cursor=cursor, now=NOW + first)
        facts = [
            Fact(
                kind="decided",
                item=one.item,
                body={"actions": ["review"], "model": "0" * 64},
                secret=b"because",
                owners=("unsorted",),
                opens=("review",),
                closes=("judge",),
            )
            for one in filed
        ]
        record.append(facts, now=NOW + first)


def note(record: SqliteRecord, count: int, *, each: int) -> None:
    """Add entries without messages, so many in a transaction."""
    for first in range(0, count, each):
        facts = [Fact(kind="noted", body={"number": first + at}) for at in range(each)]
        record.append(facts, now=NOW + first)


def measured(what: str, folder: Path) -> tuple[float, int, int]:
    """Seconds, entries read, and the largest memory in bytes, of one row."""
    runs = []
    for _ in range(3):
        command = [sys.executable, __file__, "--row", what, "--folder", str(folder)]
        done = subprocess.run(command, check=True, capture_output=True)
        runs.append(tuple(json.loads(done.stdout)))
    return min(runs)


def row(what: str, folder: Path) -> None:
    """Run one row in this process, and print what it came to."""
    start = time.perf_counter()
    read = ROWS[what](folder)
    seconds = time.perf_counter() - start
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    print(json.dumps([seconds, read, int(peak[1]) * 1024]))


def show(title: str, folder: Path, what: str, *, size: int = 0) -> float:
    """Print one line; returns the seconds."""
    seconds, read, peak = measured(what, folder)
    rate = f"{size / seconds / 1e6:>8.0f}" if size else f"{'':>8}"
    told = f"{read / seconds:>11.0f}" if read > 1 else f"{'':>11}"
    print(f"{title:<52}{seconds:>8.2f}{told}{rate}{peak / 1e6:>9.0f}")
    return seconds


def summed(path: Path) -> float:
    """Seconds that `sha256sum` takes over a file, best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(["sha256sum", str(path)], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("messages", type=int, nargs="?", default=20_000)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        row(options.row, options.folder)
        return
    place = Path(tempfile.mkdtemp(dir=options.folder, prefix="bench-"))
    try:
        compare(place, options.messages, options.entries)
    finally:
        shutil.rmtree(place)


def compare(place: Path, messages: int, entries: int) -> None:
    """Make the records, verify them, print the table."""
    print(f"{'':<52}{'wall s':>8}{'entries/s':>11}{'MB/s':>8}{'peak MB':>9}")
    for count in (messages // 10, messages):
        with a_record(place / f"mail-{count}") as record:
            fill(record, 0, count)
        database = place / f"mail-{count}" / "record.db"
        size, plain = database.stat().st_size, summed(database)
        title = f"sha256sum, {count} messages of {SIZE} bytes"
        print(f"{title:<52}{plain:>8.2f}{'':>11}{size / plain / 1e6:>8.0f}")
        whole = show("verify --full", place / f"mail-{count}", "full", size=size)
        print(f"{'':<4}of the rate of sha256sum: {plain / whole:.2f}")
    show("prove the first of them", place / f"mail-{messages}", "prove")
    for each in (200, 1):
        count = entries if each > 1 else entries // 10
        with a_record(place / f"log-{each}") as record:
            note(record, count, each=each)
        show(f"log, {count} entries, {each} in a transaction", place / f"log-{each}", "log")
    show("verify, nothing new, all read again", place / "log-1", "again")


if __name__ == "__main__":
    main()
