"""``guard scan --all``: many mailboxes by workers that lease them, on any number of machines.

A worker takes the mailbox that is due longest, scans it as cron would, gives it back, and takes
the next. Another machine's workers do the same; the table of leases is all that they share.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import click
import msgspec
from msgspec.structs import replace

from guard.clinic.lease import BEAT, Ended, Lease
from guard.clinic.postgres_leases import Leases
from guard.clinic.roster import Clinic, settings_of, shared
from guard.commands import judges, wiring
from guard.commands.stopping import Stop
from guard.commands.warm import WarmReaders
from guard.config import Settings
from guard.errors import BusyError, ConfigError, FatalError, GuardError, UnreachableError
from guard.pipeline.house import House, Summary

Once = Callable[
    [
        Settings,
        Callable[[], None],
        Callable[[House], None],
        judges.Readers,
        datetime | None,
    ],
    Summary,
]
"""Scans one mailbox: `guard.commands.scan.once`."""

_OURS = 70
"""Status of a mistake of guard itself, as the command line gives it."""

_IDLE_S = 2.0
"""How long a worker with nothing due waits before it asks again."""

_LOOK_S = 0.2
"""How often it is looked whether a worker ended."""

_ROSTER_S = 60.0
"""How old the list of mailboxes may be."""


class Worker(msgspec.Struct, kw_only=True):
    """One process's share of the work."""

    clinic: Clinic
    once: Once
    name: str
    """Machine and process."""

    tell: Callable[[Lease, Ended, GuardError | None], None]
    """Told how each scan ended."""

    stay: bool
    """Whether to wait for more when nothing is due."""

    stop: Stop = msgspec.field(default_factory=Stop)
    """Asked: the mailbox at hand is finished, and no other begun."""

    _readers: WarmReaders = msgspec.field(default_factory=WarmReaders)
    _shared: dict[str, str] = msgspec.field(default_factory=dict)
    """Mailboxes whose record is another's too, and what to say."""

    def run(self) -> int:
        """Scan what is due until there is no more, or until stopped; returns how many failed."""
        failed = 0
        with (
            closing(self._readers),
            Leases(self.clinic.database, worker=self.name) as leases,
        ):
            files, read = self._roster(leases), time.monotonic()
            while not self.stop.asked:
                if time.monotonic() - read > _ROSTER_S:
                    files, read = self._roster(leases), time.monotonic()
                lease = leases.claim(most=self.clinic.connections)
                if lease is None:
                    if not self.stay:
                        break
                    self.stop.wait(_IDLE_S)
                    continue
                failed += self._work(leases, lease, files[lease.mailbox])
        return failed

    def _roster(self, leases: Leases) -> dict[str, Path]:
        files = self.clinic.files()
        known = _readable(files)
        self._shared = shared(known)
        # What is wrong is leased like the rest, so that its fault is counted and shown.
        leases.enrol({name: known[name].mailbox.host if name in known else "" for name in files})
        return files

    def _work(self, leases: Leases, lease: Lease, file: Path) -> bool:
        began = time.monotonic()
        with self._beating(lease) as lost:
            ended, problem = self._scanned(lease, file, lost)
        ended = replace(ended, seconds=time.monotonic() - began)
        every = timedelta(seconds=self.clinic.every_seconds)
        leases.end(lease, ended, every=every)
        self.tell(lease, ended, problem)
        return ended.status != 0

    def _scanned(self, lease: Lease, file: Path, lost: Event) -> tuple[Ended, GuardError | None]:
        """Scan one mailbox; whatever it does, the next one's turn comes."""
        found: dict[str, int] = {}

        def alive() -> None:
            if lost.is_set():
                raise BusyError("another worker took this mailbox over")

        def count(house: House) -> None:
            found["waiting"] = len(house.record.tasks("review"))
            found["alerts"] = len(house.record.tasks("alert"))

        try:
            settings = self._settings(lease.mailbox, file)
            summary = self.once(settings, alive, count, self._readers, lease.well)
        except GuardError as error:
            wait = error.wait if isinstance(error, UnreachableError) else 0
            name = type(error).__name__
            return Ended(status=error.exit_code, error=name, wait=wait, **found), error
        except Exception as error:  # noqa: BLE001  # one odd mailbox must never stop the next
            return Ended(status=_OURS, error=type(error).__name__, **found), None
        return _ended(summary, found), next(iter(summary.problems), None)

    def _settings(self, name: str, file: Path) -> Settings:
        if why := self._shared.get(name):
            raise ConfigError(why, hint="Give each a record of its own: [record] in guard.toml.")
        return settings_of(file)

    @contextmanager
    def _beating(self, lease: Lease) -> Iterator[Event]:
        """Give signs of life meanwhile; the event is set when somebody else took over."""
        over, lost = Event(), Event()
        beat = Thread(target=self._beat, args=(lease, over, lost), daemon=True)
        beat.start()
        try:
            yield lost
        finally:
            over.set()
            beat.join()

    def _beat(self, lease: Lease, over: Event, lost: Event) -> None:
        while not over.wait(BEAT.total_seconds()):
            # Away for a moment is not lost: the next sign of life may come through.
            with suppress(GuardError), Leases(self.clinic.database, worker=self.name) as leases:
                while leases.beat(lease):
                    if over.wait(BEAT.total_seconds()):
                        return
                lost.set()
                return


def scan_all(clinic: Clinic, once: Once, *, workers: int, stay: bool, as_json: bool) -> int:
    """Scan what is due with so many processes; returns an exit status.

    Raises:
        UnreachableError: The database cannot be reached.
    """
    if workers > 1:
        return _many(workers, stay=stay)
    worker = Worker(
        clinic=clinic,
        once=once,
        name=f"{platform.node()}:{os.getpid()}",
        tell=_line if as_json else _say,
        stay=stay,
    )
    worker.stop.on_signal()
    while True:
        try:
            return UnreachableError.exit_code if worker.run() else 0
        except UnreachableError as error:
            if not stay or worker.stop.asked:
                raise
            # The database restarts now and then; whoever stays, stays.
            click.echo(f"guard: {error}", err=True)
            worker.stop.wait(5 * _IDLE_S)


def _many(workers: int, *, stay: bool) -> int:
    """Run workers in processes of their own; one that is killed is replaced if it is to stay."""
    stop, told = Stop(), False
    stop.on_signal()
    running = [_start() for _ in range(workers)]
    worst = 0
    while running:
        if stop.wait(_LOOK_S) and not told:
            told, stay = True, False
            for process in running:
                process.terminate()
        elif told:
            time.sleep(_LOOK_S)
        ended = [one for one in running if one.poll() is not None]
        worst = max([worst, *(_status(one.returncode) for one in ended)])
        running = [one for one in running if one not in ended]
        if ended and stay:
            # Not at once: what ends a worker by itself would end the next one, too.
            stop.wait(_IDLE_S)
            running += [_start() for _ in ended]
    return worst


def _start() -> subprocess.Popen[bytes]:
    """The same command again, for one worker: the last `--workers` counts."""
    words = [sys.executable, "-m", "guard", *sys.argv[1:], "--workers", "1"]
    return subprocess.Popen(words)  # noqa: S603  # ourselves, with our own words


def _status(code: int) -> int:
    """A process's exit status; told to end before it was up is as good as ended well."""
    if code == -signal.SIGTERM:
        return 0
    return code if code >= 0 else UnreachableError.exit_code


def _ended(summary: Summary, found: dict[str, int]) -> Ended:
    problem = next(iter(summary.problems), None)
    return Ended(
        status=problem.exit_code if problem is not None else 0,
        error=type(problem).__name__ if problem is not None else "",
        filed=summary.filed,
        reminded=summary.reminded,
        **found,
    )


def _readable(files: Mapping[str, Path]) -> dict[str, Settings]:
    """The settings of each mailbox, but for those that are wrong."""
    found = {}
    for name, file in files.items():
        with suppress(FatalError):
            found[name] = settings_of(file)
    return found


def _say(lease: Lease, ended: Ended, problem: GuardError | None) -> None:
    """One line for what went wrong, as a person reads it; nothing when all is well."""
    if ended.status:
        what = str(problem) if problem is not None else f"a mistake in guard: {ended.error}"
        click.echo(f"guard: {lease.mailbox}: {what}", err=True)
    if problem is not None and problem.hint:
        click.echo(f"guard: hint: {problem.hint}", err=True)


def _line(lease: Lease, ended: Ended, _problem: GuardError | None) -> None:
    """One JSON object a scan, for a log."""
    told = {
        "at": wiring.clock().isoformat(timespec="milliseconds"),
        "event": "scanned",
        "mailbox": lease.mailbox,
        "fence": lease.fence,
        "pid": os.getpid(),
        "status": ended.status,
        "error": ended.error,
        "seconds": round(ended.seconds, 3),
        "filed": ended.filed,
        "reminded": ended.reminded,
        "waiting": ended.waiting,
    }
    click.echo(json.dumps(told))
