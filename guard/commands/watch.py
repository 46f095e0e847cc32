"""``guard watch``: scans as soon as mail comes, to hear of danger within seconds."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from enum import Enum, auto
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

import click
import msgspec

from guard.commands import alarms, post, scan, wiring
from guard.commands.group import show
from guard.commands.patience import obeyed
from guard.config import Settings, load
from guard.errors import BusyError, GuardError, TransientError, UnreachableError
from guard.mail.idle import RENEW_S

_STEADY_S = 60
"""A line that lasted so long was a good one; the next fault starts anew."""

_WAITS_S = (5, 15, 45, 120, 300)
"""Seconds to wait after each fault in a row; the last for all that follow."""


class Event(Enum):
    """What can end a wait."""

    MAIL = auto()
    LOST = auto()
    STOP = auto()
    TIME = auto()


class Events(Protocol):
    """A queue."""

    def put(self, event: Event, /) -> None:
        """Add one."""

    def get(self, *, timeout: float) -> Event:
        """Wait for the next one; raise `Empty` after `timeout` seconds."""


Listen = Callable[[Callable[[], None], Callable[[], None]], AbstractContextManager[None]]


@click.command()
@click.option(
    "--every",
    type=click.FloatRange(1, 3600),
    default=300,
    show_default=True,
    help="Seconds after which a scan runs whatever the server says.",
)
@click.pass_obj
def watch(config: Path, *, every: float) -> None:
    """Scan as soon as mail comes, until it is ended.

    Needs a server that knows IDLE; with any other it scans at intervals. It does what guard
    scan does, through the same lock, so cron's line can stay. After a lost line it tries again,
    5 seconds later at first, 5 minutes at most. SIGTERM ends it with status 0, after the scan
    that is running; a wrong password or setting ends it with the status that guard scan has.
    """
    settings = load(config)
    if sys.stderr.isatty():
        click.echo("Watching for mail. Ctrl and C ends it.", err=True)
    # Its `put` may be called by a signal handler that interrupts its `get`.
    events: SimpleQueue[Event] = SimpleQueue()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: events.put(Event.STOP))
    Watch(
        scan=lambda: scan.tell(scan.once(settings)),
        listen=lambda came, lost: _listening(settings, came, lost),
        events=events,
        clock=time.monotonic,
        every=every,
    ).run()


@contextmanager
def _listening(
    settings: Settings, came: Callable[[], None], lost: Callable[[], None]
) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(obeyed(settings.record_folder, clock=wiring.clock))
            mailbox = stack.enter_context(post.sign_in(settings))
            mailbox.examine(settings.mailbox.inbox[0])
            stack.enter_context(mailbox.idle(came, lost))
        except GuardError as problem:
            # No scan runs meanwhile, so nobody else tells of it, or of what waits.
            alarms.failed(settings, problem)
            raise
        yield


class Watch(msgspec.Struct, kw_only=True):
    """The loop, without its edges."""

    scan: Callable[[], None]
    """Scans once."""

    listen: Listen
    """Opens a line, which calls the first when mail came, and the second when it is lost."""

    events: Events
    clock: Callable[[], float]
    """Seconds that only ever rise."""

    every: float
    """Seconds between two scans at most."""

    _faults: int = 0
    _told: str = ""
    _stopped: bool = False

    def run(self) -> None:
        """Watch until `Event.STOP`.

        Raises:
            FatalError: A setting, a password or the disk needs somebody.
        """
        while not self._stopped:
            began = self.clock()
            try:
                with self.listen(self._came, self._lost):
                    self._stay(until=began + RENEW_S)
            except TransientError as problem:
                self._say(problem)
                self._faults = 0 if self.clock() - began > _STEADY_S else self._faults
                self._pause()

    def _stay(self, *, until: float) -> None:
        """Scan, and again whenever there is a reason, as long as the line lives.

        The line is open before the scan, so mail that comes during it is heard of.
        """
        while True:
            self._scan()
            left = until - self.clock()
            if left <= 0:
                return
            match self._wait(min(self.every, left)):
                case Event.STOP:
                    return
                case Event.LOST:
                    raise UnreachableError("the mail server hung up while guard waited for mail")
                case _:
                    pass

    def _scan(self) -> None:
        try:
            self.scan()
        except BusyError:
            # Cron's scan may have begun before this mail came.
            self._hear_again()
            return
        self._told = ""

    def _hear_again(self) -> None:
        event = self._wait(_WAITS_S[0])
        self.events.put(event if event in (Event.STOP, Event.LOST) else Event.MAIL)

    def _came(self) -> None:
        self.events.put(Event.MAIL)

    def _lost(self) -> None:
        self.events.put(Event.LOST)

    def _pause(self) -> None:
        until = self.clock() + _WAITS_S[min(self._faults, len(_WAITS_S) - 1)]
        self._faults += 1
        while (left := until - self.clock()) > 0:
            # What an old line says does not shorten it.
            if self._wait(left) in (Event.STOP, Event.TIME):
                return

    def _wait(self, seconds: float) -> Event:
        try:
            event = self.events.get(timeout=seconds)
        except Empty:
            return Event.TIME
        self._stopped = self._stopped or event is Event.STOP
        return event

    def _say(self, problem: GuardError) -> None:
        """Say what is wrong, once as long as it stays the same."""
        if str(problem) != self._told:
            self._told = str(problem)
            show(problem)
