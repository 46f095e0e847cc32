"""kill -9 at any moment: nothing lost, nothing filed twice, nobody reminded twice."""

import itertools
import subprocess
import sys
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.commands.practice import SCHEDULING, Practice, letter, therapy

KILLS = 50
CLIENTS = 75
MAILS_EACH = 4
"""Two of them want a reminder, so that a client could get two."""

STAGES = ("MAIL", "null", "RCPT", "DATA", "text", "QUIT")


def start(practice: Practice) -> subprocess.Popen[bytes]:
    """Start a scan as cron would."""
    return subprocess.Popen(
        [sys.executable, "-m", "guard", "--config", str(practice.config), "scan"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def address(client: int) -> str:
    return f"client{client}@inkwell.example"


def morning(rng: Random) -> list[bytes]:
    """300 mails in a random order; half of them want a reminder."""
    found = [
        letter(text, sender=address(client), number=number, subject=f"{client} {number}")
        for client, number in itertools.product(range(CLIENTS), range(MAILS_EACH))
        for text in [therapy() if number % 2 else SCHEDULING]
    ]
    rng.shuffle(found)
    return found


def finish(practice: Practice) -> None:
    """Scan until there is nothing to do; the first may find a lock just freed."""
    while practice.scan()["seen"]:
        pass
    assert practice.scan()["errors"] == 0


def nothing_lost_and_nothing_doubled(practice: Practice) -> None:
    filed = Counter(practice.filed().values())
    arrived = Counter(practice.user.raw_messages().values())
    assert set(filed.values()) == {1}
    assert set(arrived) <= set(filed)
    sent = Counter(one.rcpt[0] for one in practice.sink.received)
    assert set(sent.values()) <= {1}
    # What was filed beyond what arrived is our reminders; each that left is among them.
    letters = set(filed) - set(arrived)
    assert {one.raw for one in practice.sink.received} <= letters
    assert set(practice.tasks()) <= {"review"}
    assert practice.wrong() == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_50_kills_at_random_moments_lose_nothing_and_double_nothing(practice: Practice) -> None:
    rng = Random(9)
    practice.change("most_an_hour = 20", "most_an_hour = 1000")
    for client in range(CLIENTS):
        practice.add(f"Client {client}", address(client))
    mails = morning(rng)
    killed = 0
    for at in range(KILLS):
        for raw in mails[at::KILLS]:
            practice.deliver(raw)
        running = start(practice)
        try:
            running.wait(rng.uniform(0.05, 1.0))
        except subprocess.TimeoutExpired:
            running.kill()
            killed += 1
        running.wait()
    finish(practice)

    # On a quick machine some scans are done before they can be killed.
    assert killed > KILLS // 4
    assert len(practice.user.raw_messages()) == CLIENTS * MAILS_EACH
    nothing_lost_and_nothing_doubled(practice)
    # Everybody was reminded once, or waits for her because a kill left it uncertain.
    with practice.record() as record:
        uncertain = sum(one.kind == "reminder-uncertain" for one in record.entries())
    reminded = len(practice.sink.received)
    assert reminded <= CLIENTS <= reminded + uncertain


class Killer(dict[str, str]):
    """Answers of the sink: kills the scan when the conversation reaches one stage."""

    def __init__(self, stage: str, running: list[subprocess.Popen[bytes]]) -> None:
        super().__init__()
        self._stage, self._running = stage, running

    def get(self, stage: str, default: Any = None) -> Any:
        if stage == self._stage:
            self._running[0].kill()
        return default


@pytest.mark.parametrize("stage", STAGES)
def test_a_scan_killed_while_it_sends_never_sends_twice(practice: Practice, stage: str) -> None:
    practice.add("Leo", address(0))
    practice.deliver(letter(therapy(), sender=address(0), number=1))
    practice.deliver(letter(therapy(), sender=address(0), number=2))
    found: list[subprocess.Popen[bytes]] = []
    practice.sink.answers = Killer(stage, found)  # type: ignore[assignment]  # a dict all the same

    found.append(start(practice))
    found[0].wait()
    practice.sink.answers = {}
    finish(practice)

    assert found[0].returncode == -9
    assert len(practice.sink.received) <= 1
    nothing_lost_and_nothing_doubled(practice)
