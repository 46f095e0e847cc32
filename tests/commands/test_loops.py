"""Two guards, and a guard and a vacation robot: nobody answers anybody for ever.

Whatever goes out of one is carried to the other by hand, also as bad relays carry it.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from guard.commands import wiring
from tests.commands.practice import OWN, VOUCHER, Practice, letter, therapy
from tests.servers.dovecot import Dovecot
from tests.servers.smtpd import Received, SmtpSink
from tests.servers.vacation import Away, away

BEA = "bea@other.example"
JO = "jo@client.example"
ROUNDS = 4

Relay = Callable[[Received], tuple[str, bytes]]
"""Envelope sender and bytes, as a letter arrives."""


def faithful(one: Received) -> tuple[str, bytes]:
    return one.mail_from, one.raw


def with_a_sender(one: Received) -> tuple[str, bytes]:
    """A submission service that knows no empty envelope sender."""
    found = re.search(rb"(?mi)^From: .*?([^\s<]+@[^\s>]+)", one.raw)
    assert found is not None
    return found[1].decode(), one.raw


def stripped(one: Received) -> tuple[str, bytes]:
    """A relay that throws away every mark of automatic mail."""
    sender, raw = with_a_sender(one)
    marks = rb"(?mi)^(?:Auto-Submitted|X-Auto-Response-Suppress|Precedence|X-Sieve):.*\r?\n"
    return sender, re.sub(marks, b"", raw)


RELAYS = [faithful, with_a_sender, stripped]


def arrived(mail_from: str, raw: bytes) -> bytes:
    """A letter as the practice's provider hands it over."""
    found = re.search(rb"(?mi)^From: .*?@([^\s>]+)", raw)
    domain = found[1].decode() if found else ""
    head = (
        f"Return-Path: <{mail_from}>\r\n"
        f"Authentication-Results: {VOUCHER}; dmarc=pass header.from={domain}\r\n"
    )
    return head.encode() + raw


class Wire:
    """Carries what is new in a sink, for one address."""

    def __init__(self, sink: SmtpSink, to: str, relay: Relay) -> None:
        self._sink, self._to, self._relay = sink, to, relay
        self._seen = 0
        self.carried = 0

    def letters(self) -> Iterator[tuple[str, bytes]]:
        fresh, self._seen = self._sink.received[self._seen :], len(self._sink.received)
        for one in fresh:
            if self._to in [rcpt.lower() for rcpt in one.rcpt]:
                self.carried += 1
                yield self._relay(one)


@contextmanager
def a_second_practice(folder: Path, dovecot: Dovecot) -> Iterator[Practice]:
    folder.mkdir()
    with SmtpSink(folder) as sink:
        yield Practice(
            folder=folder / "practice",
            user=dovecot.new_user(),
            sink=sink,
            settings={"addresses": (BEA,), "alerts_to": "bea.private@home.example"},
        )


@pytest.mark.parametrize("relay", RELAYS, ids=lambda one: one.__name__)
def test_two_guards_answer_each_other_at_most_once(
    practice: Practice, dovecot: Dovecot, tmp_path: Path, relay: Relay
) -> None:
    practice.add("Bea", BEA)
    with a_second_practice(tmp_path / "second", dovecot) as other:
        other.add("Andrea", OWN)
        there = Wire(practice.sink, BEA, relay)
        back = Wire(other.sink, OWN, relay)
        practice.deliver(letter(therapy(), sender=BEA))
        for _ in range(ROUNDS):
            practice.scan()
            for mail_from, raw in there.letters():
                other.deliver(arrived(mail_from, raw))
            other.scan()
            for mail_from, raw in back.letters():
                practice.deliver(arrived(mail_from, raw))

    assert there.carried == 1
    assert back.carried <= (0 if relay is not stripped else 1)


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Away]:
    """A client who is away, and whose robot says what guard would answer."""
    folder = tmp_path / "away"
    folder.mkdir()
    with away(folder, address=JO, subject="Last night", text=therapy()) as found:
        yield found


@pytest.mark.parametrize("relay", RELAYS, ids=lambda one: one.__name__)
def test_a_guard_and_a_vacation_robot_answer_each_other_at_most_once(
    practice: Practice, robot: Away, relay: Relay
) -> None:
    practice.add("Jo", JO)
    there = Wire(practice.sink, JO, relay)
    back = Wire(robot.sink, OWN, relay)
    practice.deliver(letter(therapy(), sender=JO))
    for _ in range(ROUNDS):
        practice.scan()
        for mail_from, raw in there.letters():
            robot.take(raw, mail_from=mail_from)
        for mail_from, raw in back.letters():
            practice.deliver(arrived(mail_from, raw))

    assert there.carried == 1
    assert robot.kept == 1
    assert back.carried <= (0 if relay is not stripped else 1)


@pytest.mark.parametrize("relay", RELAYS, ids=lambda one: one.__name__)
def test_a_robot_that_answers_her_own_letter_gets_no_reminder(
    practice: Practice, robot: Away, relay: Relay
) -> None:
    practice.add("Jo", JO)
    back = Wire(robot.sink, OWN, relay)
    hers = (
        f"From: Andrea <{OWN}>\r\nTo: Jo <{JO}>\r\nSubject: Tuesday\r\n"
        f"Message-ID: <{secrets.token_hex(8)}@practice.example>\r\n\r\nSee you at 3.\r\n"
    ).encode()
    # Not in the same second as the answer, or she would have answered it already.
    practice.user.deliver(hers, "Sent", wiring.clock() - timedelta(hours=1))
    practice.scan()
    robot.take(hers, mail_from=OWN)
    answers = list(back.letters())
    for mail_from, raw in answers:
        practice.deliver(arrived(mail_from, raw))

    told = practice.scan()

    # The robot did answer, with words that would get a reminder from a person.
    assert len(answers) == 1
    assert told["reminded"] == (1 if relay is stripped else 0)
    assert practice.scan()["reminded"] == 0
