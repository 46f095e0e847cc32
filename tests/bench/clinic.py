"""Many mailboxes, several workers, some of them killed: what is lost, how fast, what it takes.

    python tests/bench/clinic.py [--quick] [--mailboxes 200] [--mails 5] [--kills 30] ...

One real Dovecot over TLS, one PostgreSQL for the leases, a record in a file for each mailbox. All
on this machine, servers and workers alike: more workers than cores gain little here, and the
figures for a machine of its own are better. What is timed: scanning alone. The start of the
workers, measured with nothing due, is taken off; a worker that stays starts once. A worker reads
its model with its first new message, which is not taken off. `--quick`: some two minutes.
"""

import argparse
import os
import platform
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
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
from guard.record.ledger import Record
from guard.record.moving import move
from guard.record.postgres import PostgresRecord, Where
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from tests.bench.mails import mails
from tests.bench.scan import guard as set_up
from tests.servers.dovecot import Dovecot, MailUser
from tests.servers.postgres import ROLE, Postgres
from tests.servers.proxy import Fault, Proxy

MANY = 10_000
EVERY_S = 300
BUSY = 50
"""Messages that a mailbox gets on a working day."""

FAR_S = 0.02
"""Seconds that each question and each answer are under way to a server far off."""


class Far(Proxy):
    """A line on which everything takes its time, as on the way to a provider."""

    def _pass_on(
        self, piece: bytes, sink: socket.socket, fault: Fault | None, passed: int
    ) -> Fault | None:
        time.sleep(FAR_S)
        sink.sendall(piece)
        return fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one mailbox takes of one core, and of the clock."""

    look: float
    """Seconds of a core to look when nothing is new."""

    mail: float
    """Seconds of a core for one new message, looked for by itself."""

    far: float
    """Seconds that one look at a server far off takes."""


@dataclass(slots=True, kw_only=True)
class Clinic:
    """Everything that one run of the bench has."""

    folder: Path
    database: str
    record_database: str
    """Of another database, for one record."""

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

    def all_due(self, *, but: Collection[str] = ()) -> None:
        """Let every mailbox be due now, as if the interval were over; but not these."""
        with Leases(self.database) as leases:
            for name in self.users:
                if name not in but:
                    leases.retry(name)

    def reached_by(self, port: int) -> None:
        """Reach the mail server by another port from now on."""
        for name in self.users:
            file = self.folder / "mailboxes" / name / "guard.toml"
            file.write_text(re.sub(r"(?m)^port = .*", f"port = {port}", file.read_text(), count=1))

    def timed(self, workers: int) -> tuple[float, float]:
        """Scan all that is due; seconds, and seconds of a core, without the workers' start."""
        begun = self._run(workers)
        self.all_due()
        done = self._run(workers)
        return done[0] - begun[0], done[1] - begun[1]

    def _run(self, workers: int) -> tuple[float, float]:
        start, before = time.perf_counter(), sum(os.times()[2:4])
        subprocess.run(self.command(workers), check=True)
        return time.perf_counter() - start, sum(os.times()[2:4]) - before


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
            yield Clinic(
                folder=folder,
                database=database,
                record_database=postgres.new_database(ROLE),
                users=users,
                letters=mails(10**9),
            )
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
                # What a killed worker left is not helped along: it is what is measured.
                clinic.all_due(but=left)
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


def everything_scanned(clinic: Clinic, workers: int) -> None:
    """Scan every mailbox once more, also one whose last worker was killed unseen."""
    while any(one.held for one in clinic.states()):
        time.sleep(0.2)
    begun = time.monotonic()
    clinic.timed(workers)
    late = [one.mailbox for one in clinic.states() if one.lag > time.monotonic() - begun]
    assert not late, f"not scanned: {late}"


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


def append_rate(record: Record, entries: int) -> tuple[float, float]:
    """Entries a second, at the start and once there are so many; a thousand a transaction."""
    rates = []
    batch = [Fact(kind="bench", body={"n": number}) for number in range(1000)]
    for _ in range(max(2, entries // len(batch))):
        start = time.perf_counter()
        record.append(batch, now=wiring.milliseconds())
        rates.append(len(batch) / (time.perf_counter() - start))
    some = max(1, len(rates) // 20)
    return sum(rates[:some]) / some, sum(rates[-some:]) / some


def appending(clinic: Clinic, entries: int) -> None:
    """The rate of both stores; the records are spoilt for anything else."""
    folder = clinic.folder / "mailboxes" / next(iter(clinic.users)) / "record"
    where = Where(database=clinic.record_database, practice="bench")
    with SqliteRecord.open(folder) as file, PostgresRecord.blank(folder, where) as database:
        move(file, database, now=wiring.milliseconds())
        for name, record in (("in a file", file), ("in PostgreSQL", database)):
            first, last = append_rate(record, entries)
            print(
                f"appending to one record {name}: {first:.0f} entries/s at first, "
                f"{last:.0f} once there are {record.size()}",
                flush=True,
            )


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


def paper(cost: Cost, *, cores: int) -> None:
    """What ten thousand mailboxes need, from the figures before."""
    looks = MANY / EVERY_S
    letters = MANY * BUSY / (8 * 3600)
    quiet, busy = looks * cost.look, letters * cost.mail
    print(f"\n{MANY} mailboxes every {EVERY_S} s, {BUSY} messages a mailbox in 8 hours:")
    print(
        f"- {looks:.0f} looks a second, {quiet:.1f} cores; {letters:.0f} messages a second, ",
        end="",
    )
    print(f"each by itself, {busy:.1f} cores (not the mail servers' own)")
    need = (quiet + busy) * 2
    print(f"- with as much again for peaks: {need:.0f} cores, {-(-need // 8):.0f} machines of 8")
    print(
        f"- {2 * looks * cost.far:.0f} workers, if each look takes {cost.far:.2f} s, as measured"
    )
    print(f"- 1 PostgreSQL for the leases: {2 * looks:.0f} small transactions a second")
    print(f"- {MANY * BUSY * 250 * 9 / 1e9:.1f} TB of sealed mail a year of 250 days, 9 KB each")
    print(f"(measured with {cores} cores for everything)")


def speeds(clinic: Clinic, workers: int, count: int) -> Cost:
    """Scan with one worker and with several, the server here and far off."""
    # The first run makes every folder and cursor; it is not counted.
    clinic.timed(workers)
    look, _ = speed(clinic, workers, 0, "nothing new")
    both, _ = speed(clinic, workers, count, f"{count} new each")
    port = next(iter(clinic.users.values())).port
    with Far(port) as line:
        clinic.reached_by(line.port)
        _, far = speed(clinic, workers, 0, f"nothing new, server {2000 * FAR_S:.0f} ms away")
        clinic.reached_by(port)
    return Cost(look=look, mail=max(0, both - look) / count, far=far)


def speed(clinic: Clinic, workers: int, new: int, what: str) -> tuple[float, float]:
    """Compare one worker with several; one's seconds for a mailbox, of a core and in all."""
    took, cpus, mailboxes = {}, {}, len(clinic.users)
    for processes in (1, workers):
        for one in clinic.users:
            clinic.deliver(one, new)
        took[processes], cpu = clinic.timed(processes)
        cpus[processes] = cpu / mailboxes
        rate = mailboxes / took[processes]
        print(
            f"{what}, workers: {processes}: {took[processes]:6.1f} s, {rate:5.1f} mailboxes/s, "
            f"{rate * new:5.1f} messages/s, {1000 * cpus[processes]:4.0f} ms of a core for each"
        )
    gain = took[1] / took[workers]
    print(f"{what}: {workers} workers are {gain:.2f} times as fast as 1", flush=True)
    return cpus[1], took[1] / mailboxes


def kills(clinic: Clinic, count: int, workers: int) -> int:
    """Kill, count and compare; returns how many faults there are."""
    waits = with_kills(clinic, count, workers)
    print(f"{len(waits)} workers killed; their mailboxes were scanned again after ", end="")
    print(f"{sorted(waits)[len(waits) // 2]:.0f} s (median), {max(waits):.0f} s (longest)")
    everything_scanned(clinic, workers)
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
    parser.add_argument("--quick", action="store_true", help="40 mailboxes, 2 mails, 4 kills")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    asked = parser.parse_args()
    if asked.quick:
        asked.mailboxes, asked.mails, asked.kills, asked.entries = 40, 2, 4, 20_000
    random.seed(asked.seed)
    cores = os.cpu_count() or 1
    print(f"{asked.mailboxes} mailboxes, {cores} cores, seed {asked.seed}", flush=True)
    with a_clinic(asked.mailboxes) as clinic:
        cost = speeds(clinic, asked.workers, asked.mails)
        wrong = kills(clinic, asked.kills, asked.workers)
        print(f"claims among {MANY} mailboxes, with a limit: {claims(clinic):.0f}/s", flush=True)
        paper(cost, cores=cores)
        if asked.entries:
            appending(clinic, asked.entries)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
