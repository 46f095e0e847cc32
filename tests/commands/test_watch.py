"""``guard watch``: hears at once, survives what lines do, and ends when it is told to."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import pytest

from guard.commands.watch import Event, Watch
from guard.errors import BusyError, SignInError, UnreachableError
from tests.commands.practice import CRISIS, SCHEDULING, Practice, letter
from tests.servers.dovecot import MailUser
from tests.servers.proxy import Proxy
from tests.servers.smtpd import SmtpSink

PATIENCE_S = 20


@contextmanager
def watching(practice: Practice, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "guard", "--config", str(practice.config), "watch", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        try:
            yield running
        finally:
            running.kill()


def until(running: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
    """Wait until something is so, while the watch goes on."""
    for _ in range(PATIENCE_S * 50):
        if done():
            return
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.02)
    raise AssertionError


def filed(practice: Practice, count: int) -> Callable[[], bool]:
    def so() -> bool:
        with practice.record() as record:
            return len(record.of_kind("filed")) == count

    return so


def ended(running: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=PATIENCE_S)
    return running.returncode, err


def test_danger_is_announced_when_it_comes_and_sigterm_ends_it(practice: Practice) -> None:
    practice.add("Leo", "leo@inkwell.example")
    practice.deliver(letter(SCHEDULING))
    # A scan at intervals would come too late for this test.
    with watching(practice, "--every", "3600") as running:
        until(running, filed(practice, 1))
        practice.deliver(letter(CRISIS, number=1))
        until(running, lambda: len(practice.sink.received) == 1)

        assert practice.scan()["seen"] == 0
        assert ended(running) == (0, b"")
    assert practice.wrong() == []


def test_a_line_that_is_cut_is_taken_up_again(
    tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink
) -> None:
    with Proxy(mail_user.port) as proxy:
        folder = tmp_path / "practice"
        settings: dict[str, object] = {"imap_port": proxy.port}
        practice = Practice(folder=folder, user=mail_user, sink=smtp_sink, settings=settings)
        practice.deliver(letter(SCHEDULING))
        with watching(practice, "--every", "3600") as running:
            until(running, filed(practice, 1))
            proxy.cut_all()
            practice.deliver(letter(SCHEDULING, number=1))
            until(running, filed(practice, 2))
            practice.deliver(letter(SCHEDULING, number=2))
            until(running, filed(practice, 3))

            status, err = ended(running)
        assert status == 0
        assert b"hung up" in err
        assert b"@" not in err


def test_a_wrong_password_ends_it(practice: Practice) -> None:
    practice.write_secret("mail.secret", "wrong")
    with watching(practice) as running:
        _, err = running.communicate(timeout=PATIENCE_S)

    assert running.returncode == 77
    assert b"refused the user or the password" in err
    assert "broken" in (practice.record_folder / "troubles.json").read_text()


# --- the loop alone ---------------------------------------------------------------------------


@dataclass
class World:
    """Lines, scans and a clock that a test decides about; every wait is over at once."""

    scans: int = 0
    lines: int = 0
    now: float = 0
    waits: list[float] = field(default_factory=list)
    events: SimpleQueue[Event] = field(default_factory=SimpleQueue)
    script: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What happens in the scan of this number."""

    down: int = 0
    """How many lines cannot be opened."""

    def get(self, timeout: float) -> Event:
        if self.events.empty():
            self.waits.append(round(timeout))
            self.now += timeout
            return Event.TIME
        return self.events.get()

    def scan(self) -> None:
        self.scans += 1
        self.script.get(self.scans, lambda: None)()

    def listen(
        self, came: Callable[[], None], lost: Callable[[], None]
    ) -> AbstractContextManager[None]:
        self.lines += 1
        if self.lines <= self.down:
            raise UnreachableError("nobody there")
        self.lost = lost
        return nullcontext()

    def hang_up(self) -> None:
        self.lost()

    def put(self, event: Event) -> None:
        self.events.put(event)

    def run(self) -> None:
        Watch(
            scan=self.scan, listen=self.listen, events=self, clock=lambda: self.now, every=300
        ).run()

    def stop(self) -> None:
        self.events.put(Event.STOP)


def test_scans_at_intervals_whatever_the_server_says() -> None:
    world = World()
    world.script[4] = world.stop

    world.run()

    assert (world.scans, world.lines, world.waits) == (4, 1, [300, 300, 300])


def test_a_line_is_renewed_before_the_server_may_end_it() -> None:
    world = World()
    world.script[8] = world.stop

    world.run()

    assert (world.lines, sum(world.waits[:5])) == (2, 25 * 60)


def test_waits_grow_while_nobody_answers_and_something_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(down=7)
    world.script[1] = world.stop

    world.run()

    assert world.waits == [5, 15, 45, 120, 300, 300, 300]
    assert capsys.readouterr().err.count("nobody there") == 1


def test_a_server_that_hangs_up_again_and_again_is_asked_ever_more_seldom() -> None:
    world = World()
    for number in range(1, 6):
        world.script[number] = world.hang_up
    world.script[6] = world.stop

    world.run()

    assert world.waits == [5, 15, 45, 120, 300]


def test_while_crons_scan_runs_it_waits_and_scans_then() -> None:
    world = World()

    def busy() -> None:
        raise BusyError("another scan is running")

    world.script |= {1: busy, 2: world.stop}

    world.run()

    assert (world.scans, world.waits) == (2, [5])


def test_told_to_end_during_a_scan_it_ends_after_it() -> None:
    world = World(down=1)
    world.script[1] = world.stop

    world.run()

    assert (world.scans, world.lines) == (1, 2)


def test_told_to_end_while_nobody_answers_it_ends() -> None:
    world = World(down=99)
    world.stop()

    world.run()

    assert world.scans == 0


def test_what_needs_somebody_ends_it() -> None:
    world = World()

    def refused() -> None:
        raise SignInError("refused")

    world.script[1] = refused

    with pytest.raises(SignInError):
        world.run()
