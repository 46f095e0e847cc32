"""Many mailboxes, several workers, some of them killed: what is lost, how fast, what it takes.

    python tests/bench/clinic.py [--mailboxes 200] [--mails 5] [--kills 30] [--entries 1000000]

One real Dovecot over TLS, one PostgreSQL for the leases, a record for each mailbox. All on this
machine, servers and workers alike, so that the figures for one machine of its own are better.
"""

import argparse
import os
import platform
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

# Run as a script, it must first say where the project lies.
sys.path.insert(0, str(Path(__file__).parents[2]))

from guard.clinic.postgres_leases import Leases
from guard.clinic.state import State
from guard.commands import wiring
from guard.record import verify as record_verify
from guard.record.entry import Fact
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from tests.bench.mails import mails
from tests.bench.scan import guard as set_up
from tests.servers.dovecot import Dovecot, MailUser
from tests.servers.postgres import Postgres

MANY = 10_000
EVERY_S = 300
BUSY = 50
"""Messages that a mailbox gets on a working day."""

LOOK_S = 1
"""Seconds that a look at a distant server takes, supposed: ten answers of 0.1 s."""


@dataclass(slots=True, kw_only=True)
class Clinic:
    """Everything that one run of the bench has."""

    folder: Path
    database: str
    users: dict[str, MailUser]
    letters: Iterator[bytes]
    delivered: dict[str, list[bytes]] = field(default_factory=dict)

    def deliver(self, name: str, count: int) -> None:
        """Mail arrives."""
        for raw in islice(self.letters, count):
            self.users[name].deliver(raw)
            self.delivered.setdefault(name, []).append(raw)

    def command(self, workers: int, *words: str) -> list[str]:
        """The operator's line."""
        config = str(self.folder / "clinic.toml")
        line = [sys.executable, "-m", "guard", "--config", config, "scan", "--all", *words]
        return [*line, "--workers", str(workers)]

    def states(self) -> list[State]:
        """How the mailboxes stand."""
        with Leases(self.database) as leases:
            return leases.states()

    def all_due(self) -> None:
        """Let every mailbox be due now."""
        with Leases(self.database) as leases:
            for name in self.users:
                leases.retry(name)

    def timed(self, workers: int) -> float:
        """Scan all that is due; seconds."""
        self.all_due()
        start = time.perf_counter()
        subprocess.run(self.command(workers), check=True)
        return time.perf_counter() - start


@contextmanager
def a_clinic(mailboxes: int) -> Iterator[Clinic]:
    """Servers, mailboxes, records."""
    folder = Path(tempfile.mkdtemp(prefix="guard-clinic-"))
    more = "service imap-login {\n  process_limit = 1000\n}\n"
    try:
        with Dovecot(more=more) as dovecot, Postgres() as postgres:
            users = {f"m{number:04}": dovecot.new_user() for number in range(mailboxes)}
            (folder / "mailboxes").mkdir()
            for name, user in users.items():
                (folder / "mailboxes" / name).mkdir()
                set_up(folder / "mailboxes" / name, user)
            database = postgres.new_database()
            (folder / "clinic.toml").write_text(
                f'database = "{database}"\nevery_seconds = {EVERY_S}\n'
            )
            yield Clinic(folder=folder, database=database, users=users, letters=mails(10**9))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def with_kills(clinic: Clinic, kills: int, workers: int) -> list[float]:
    """Kill workers at random while mail comes; returns how long each mailbox was left alone."""
    clinic.all_due()
    running = subprocess.Popen(clinic.command(workers, "--stay"), stderr=subprocess.DEVNULL)
    left: dict[str, float] = {}
    waits = []
    done, deadline = 0, time.monotonic() + 60 + 20 * kills
    try:
        while (done < kills or left) and time.monotonic() < deadline:
            time.sleep(random.uniform(0.05, 0.3))
            clinic.deliver(random.choice(list(clinic.users)), 1)
            states = {one.mailbox: one for one in clinic.states()}
            now = time.monotonic()
            again = [name for name in left if states[name].lag < now - left[name]]
            waits += [now - left.pop(name) - states[name].lag for name in again]
            held = [one for one in states.values() if one.held and one.mailbox not in left]
            if not held:
                clinic.all_due()
            elif done < kills:
                one = random.choice(held)
                if killed(one.worker):
                    done += 1
                    left[one.mailbox] = now
    finally:
        running.terminate()
        running.wait()
    assert not left, f"never scanned again: {left}"
    return waits


def killed(worker: str) -> bool:
    """Kill one of ours; False when it is gone already."""
    machine, _, pid = worker.partition(":")
    assert machine == platform.node()
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGKILL)
        return True
    return False


def faults(clinic: Clinic) -> list[str]:
    """Compare every record with what was delivered, and verify it."""
    found = []
    for name in clinic.users:
        folder = clinic.folder / "mailboxes" / name / "record"
        with SqliteRecord.open(folder, readonly=True) as record:
            reader = Reader(record, record.keys.unlock("bench"))
            filed = sorted(reader.raw(one.seq) for one in record.entries() if one.kind == "filed")
        sent = sorted(clinic.delivered.get(name, []))
        if filed != sent:
            found.append(f"{name}: {len(sent)} delivered, {len(filed)} filed")
        found += [f"{name}: {one}" for one in record_verify.examine(folder)]
    return found


def append_rate(clinic: Clinic, entries: int) -> tuple[float, float]:
    """Entries a second, at the start and once there are so many."""
    name = next(iter(clinic.users))
    rates = []
    with SqliteRecord.open(clinic.folder / "mailboxes" / name / "record") as record:
        batch = [Fact(kind="bench", body={"n": number}) for number in range(1000)]
        for _ in range(max(2, entries // len(batch))):
            start = time.perf_counter()
            record.append(batch, now=wiring.milliseconds())
            rates.append(len(batch) / (time.perf_counter() - start))
    some = max(1, len(rates) // 20)
    return sum(rates[:some]) / some, sum(rates[-some:]) / some


def claims(clinic: Clinic) -> float:
    """Claims a second, with a limit a provider, among as many mailboxes as we speak of."""
    with Leases(clinic.database) as leases:
        leases.enrol({f"x{number:05}": "imap.example" for number in range(MANY)})
        start = time.perf_counter()
        count = 0
        while count < MANY // 10 and leases.claim(
            most={"imap.example": MANY}, life=timedelta(minutes=9)
        ):
            count += 1
        return count / (time.perf_counter() - start)


def paper(*, idle: float, mail: float, cores: int) -> None:
    """What ten thousand mailboxes need, from the figures before."""
    looks = MANY / EVERY_S
    letters = MANY * BUSY / (8 * 3600)
    quiet, busy = looks * idle, letters * mail
    print(f"\n{MANY} mailboxes every {EVERY_S} s, {BUSY} messages a mailbox in 8 hours:")
    print(
        f"- {looks:.0f} looks a second, {quiet:.1f} cores; {letters:.0f} messages a second, ",
        end="",
    )
    print(f"each by itself, {busy:.1f} cores (not the mail servers' own)")
    need = (quiet + busy) * 2
    print(f"- with as much again for peaks: {need:.0f} cores, {-(-need // 8):.0f} machines of 8")
    print(f"- {2 * looks * LOOK_S:.0f} workers, if a distant server takes {LOOK_S} s for each")
    print(f"- 1 PostgreSQL for the leases: {2 * looks:.0f} small transactions a second")
    print(f"- {MANY * BUSY * 250 * 9 / 1e9:.1f} TB of sealed mail a year of 250 days, 9 KB each")
    print(f"(measured with {cores} cores for everything)")


def speeds(clinic: Clinic, workers: int, count: int) -> tuple[float, float]:
    """Scan with one worker and with several; a core's seconds to look, and with new mail."""
    # The first run makes every folder and cursor; it is not counted.
    clinic.timed(workers)
    mailboxes = len(clinic.users)
    for processes in (1, workers):
        found = []
        for new in (0, count):
            for one in clinic.users:
                clinic.deliver(one, new)
            before = sum(os.times()[2:4])
            seconds = clinic.timed(processes)
            cpu = (sum(os.times()[2:4]) - before) / mailboxes
            found.append(cpu)
            rate = mailboxes / seconds
            print(
                f"{processes} workers, {new} new each: {seconds:6.1f} s, "
                f"{rate:5.1f} mailboxes/s, {rate * new:5.1f} messages/s, "
                f"{1000 * cpu:4.0f} ms of a core for each",
                flush=True,
            )
    idle, busy = found
    return idle, max(0, busy - idle) / count


def kills(clinic: Clinic, count: int, workers: int) -> int:
    """Kill, count and compare; returns how many faults there are."""
    waits = with_kills(clinic, count, workers)
    print(f"{len(waits)} workers killed; their mailboxes were scanned again after ", end="")
    print(f"{sorted(waits)[len(waits) // 2]:.0f} s (median), {max(waits):.0f} s (longest)")
    clinic.timed(workers)
    wrong = faults(clinic)
    total = sum(map(len, clinic.delivered.values()))
    print(f"{total} messages delivered; lost, twice or changed: {len(wrong)}", *wrong, sep="\n  ")
    return len(wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailboxes", type=int, default=200)
    parser.add_argument("--mails", type=int, default=5)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    asked = parser.parse_args()
    random.seed(asked.seed)
    cores = os.cpu_count() or 1
    print(f"{asked.mailboxes} mailboxes, {cores} cores, seed {asked.seed}", flush=True)
    with a_clinic(asked.mailboxes) as clinic:
        idle, mail = speeds(clinic, asked.workers, asked.mails)
        wrong = kills(clinic, asked.kills, asked.workers)
        print(f"claims among {MANY} mailboxes, with a limit: {claims(clinic):.0f}/s", flush=True)
        paper(idle=idle, mail=mail, cores=cores)
        if asked.entries:
            first, last = append_rate(clinic, asked.entries)
            print(f"appending to one record: {first:.0f} entries/s, {last:.0f} at {asked.entries}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
