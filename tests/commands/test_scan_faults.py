"""Any fault of the line, at any byte: told without content, healed by the next scan, no doubles.

Every case is the real command against a real Dovecot, with a proxy between them.
"""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from guard.commands import wiring
from tests.commands.inprocess import lent_reader, run
from tests.commands.practice import SCHEDULING, Practice, Ran, letter, therapy
from tests.servers.dovecot import MailUser
from tests.servers.proxy import Fault, Proxy
from tests.servers.smtpd import SmtpSink

LATER = 75
PATIENCE_S = 0.3
WORDS = ("mother", "Thursday", "leo", "inkwell", "Hello", "geheim", "@")
"""What no error may show."""


@pytest.fixture(scope="module")
def _reader() -> Iterator[None]:
    with lent_reader():
        yield


class Line:
    """A practice whose mailbox lies behind a bad line."""

    def __init__(self, practice: Practice, proxy: Proxy) -> None:
        self.practice, self.proxy = practice, proxy
        self._number = itertools.count()
        practice.change("timeout = 60", f"timeout = {PATIENCE_S}")
        practice.add("Leo", "leo@inkwell.example")
        assert self.scan().status == 0

    def arrive(self) -> None:
        """Two mails: one that a reminder answers, one about an appointment."""
        for text in (therapy(), SCHEDULING):
            self.practice.deliver(letter(text, number=next(self._number)))

    def scan(self, fault: Fault | None = None) -> Ran:
        if fault is not None:
            self.proxy.faults.append(fault)
        ran = run(self.practice.config, "scan", "--json")
        self.proxy.faults.clear()
        return ran

    def suffer(self, fault: Fault) -> int:
        """One scan with a fault, one without; returns how the first ended."""
        self.arrive()
        broken = self.scan(fault)
        assert broken.status in (0, LATER), broken
        assert not any(word in broken.err for word in WORDS)
        assert broken.err.isascii()
        assert len(broken.err.splitlines()) in ((0,) if broken.status == 0 else (2, 4))
        healed = self.scan()
        assert (healed.status, healed.err) == (0, ""), (fault, healed)
        return broken.status

    def whole(self, *, reminded: int = 1) -> None:
        """Nothing lost, nothing doubled, nobody reminded twice, the record verifies."""
        practice = self.practice
        ran = run(practice.config, "reconcile", "--json", "--content")
        told = json.loads(ran.out)
        assert (ran.status, told["missing"], told["changed"]) == (0, 0, 0)
        filed = Counter(practice.filed().values())
        assert set(filed.values()) == {1}
        assert set(practice.user.raw_messages().values()) <= set(filed)
        # Once a week is the rule for one client, whatever happens.
        sent = [one for one in practice.sink.received if b"auto-replied" in one.raw]
        assert len(sent) == reminded
        assert set(practice.tasks()) <= {"review"}
        assert practice.wrong() == []


@pytest.fixture
def line(
    tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink, _reader: None
) -> Iterator[Line]:
    with Proxy(mail_user.starttls_port) as proxy:
        yield Line(behind(proxy, tmp_path, mail_user, smtp_sink, security="plain"), proxy)


@pytest.fixture
def tls_line(
    tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink, _reader: None
) -> Iterator[Line]:
    with Proxy(mail_user.port) as proxy:
        yield Line(behind(proxy, tmp_path, mail_user, smtp_sink, security="tls"), proxy)


def behind(
    proxy: Proxy, folder: Path, user: MailUser, sink: SmtpSink, *, security: str
) -> Practice:
    settings = {"imap_host": "localhost", "imap_port": proxy.port, "imap_security": security}
    return Practice(folder=folder / "practice", user=user, sink=sink, settings=settings)


def length(line: Line) -> int:
    """Bytes that the server sends in a scan of two new mails."""
    line.arrive()
    line.scan()
    line.arrive()
    line.scan()
    return line.proxy.lengths[-1]


def places(end: int, count: int) -> list[int]:
    return [end * one // count for one in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_line_that_is_cut_at_any_byte_heals(line: Line, kind: str) -> None:
    end = length(line)

    ends = [line.suffer(Fault(kind=kind, at=at)) for at in places(end, 80)]  # type: ignore[arg-type]  # one of two

    assert ends.count(LATER) > 60
    line.whole()


@pytest.mark.slow
def test_a_line_that_is_cut_on_the_way_to_the_server_heals(line: Line) -> None:
    ends = [line.suffer(Fault(kind="cut", at=at, toward="server")) for at in range(0, 900, 25)]

    assert ends.count(LATER) > 10
    line.whole()


def test_a_line_that_falls_silent_at_any_byte_heals(line: Line) -> None:
    end = length(line)

    ends = [line.suffer(Fault(kind="stall", at=at)) for at in places(end, 8)]

    assert ends.count(LATER) > 5
    line.whole()


@pytest.mark.parametrize("kind", ["split", "delay"])
def test_a_line_that_is_slow_or_crumbles_is_no_fault(line: Line, kind: str) -> None:
    end = length(line)

    ends = {line.suffer(Fault(kind=kind, at=at)) for at in places(end, 4)}  # type: ignore[arg-type]  # one of two

    assert ends == {0}
    line.whole()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flip", "cut"])
def test_under_tls_a_byte_that_changes_or_a_cut_gives_no_message(
    tls_line: Line, kind: str
) -> None:
    end = length(tls_line)

    ends = [tls_line.suffer(Fault(kind=kind, at=at)) for at in places(end, 25)[3:]]  # type: ignore[arg-type]  # one of two

    assert ends.count(LATER) > 15
    tls_line.whole()


REWRITES = {
    "literal one too long": (rb"BODY\[\] \{(\d+)\}", rb"BODY[] {1\1}"),
    "literal one too short": (rb"BODY\[\] \{\d(\d+)\}", rb"BODY[] {\1}"),
    "literal gone": (rb"BODY\[\] \{\d+\}", rb"BODY[] NIL"),
    "somebody else's UID": (rb"\(UID \d+ BODY", rb"(UID 999999 BODY"),
    "no UID": (rb"\(UID \d+ BODY", rb"(BODY"),
    "another tag": (rb"\r\n[A-Z]+\d+ OK Fetch", rb"\r\nZZZZ9 OK Fetch"),
    "NO to a fetch": (rb"\r\n([A-Z]+\d+) OK Fetch", rb"\r\n\1 NO Fetch"),
    "BYE": (rb"\* \d+ FETCH \(UID", rb"* BYE too long\r\n* 1 FETCH (UID"),
    "throttled on the way": (rb"([A-Z]+\d+) OK \[READ-ONLY\]", rb"\1 NO [UNAVAILABLE]"),
    "UIDVALIDITY 0": (rb"\[UIDVALIDITY \d+\]", rb"[UIDVALIDITY 0]"),
    "another UIDVALIDITY": (rb"\[UIDVALIDITY \d+\]", rb"[UIDVALIDITY 77]"),
    "no UIDNEXT": (rb"\[UIDNEXT \d+\]", rb"[HIGHESTMODSEQ 1]"),
    "a UIDNEXT that is too high": (rb"\[UIDNEXT \d+\]", rb"[UIDNEXT 900000]"),
    "no EXISTS": (rb"\* \d+ EXISTS\r\n", rb""),
    "news of another message": (rb"\* (\d+) FETCH \(UID", rb"* 9 EXPUNGE\r\n* \1 FETCH (UID"),
    "a size that is wrong": (rb"RFC822.SIZE \d+", rb"RFC822.SIZE 5"),
    "a size that is huge": (rb"RFC822.SIZE \d+", rb"RFC822.SIZE 400000000"),
}


@pytest.mark.parametrize("change", REWRITES.values(), ids=REWRITES)
def test_an_answer_that_is_not_right_heals(line: Line, change: tuple[bytes, bytes]) -> None:
    pattern, replacement = change
    line.suffer(Fault(kind="rewrite", pattern=pattern, replacement=replacement))
    line.suffer(Fault(kind="rewrite", pattern=pattern, replacement=replacement))

    line.whole()


@pytest.mark.parametrize("date", [b"FLAGS ()", b'INTERNALDATE "yesterday"'])
def test_a_mail_without_a_date_is_filed_and_never_answered(line: Line, date: bytes) -> None:
    line.suffer(Fault(kind="rewrite", pattern=rb'INTERNALDATE "[^"]+"', replacement=date))

    line.whole(reminded=0)


@pytest.mark.parametrize(
    ("answer", "minutes"),
    [
        (rb"\1 NO Request is throttled. Suggested Backoff Time: 299910 milliseconds", 5),
        (rb"\1 NO [THROTTLED] slower", 15),
        (rb"\1 NO [ALERT] Account exceeded bandwidth limits", 15),
        (rb"* BYE [OVERQUOTA] Account exceeded command or bandwidth limits\r\n\1 OK", 15),
    ],
)
def test_a_server_that_has_had_enough_is_left_alone_and_then_asked_again(
    line: Line, answer: bytes, minutes: int
) -> None:
    line.arrive()
    fault = Fault(kind="rewrite", pattern=rb"([A-Z]+\d+) OK Fetch", replacement=answer)
    assert line.scan(fault).status == LATER
    asked = len(line.proxy.lengths)

    waiting = line.scan()

    assert waiting.status == LATER
    assert "asked to be left alone until" in waiting.err
    assert len(line.proxy.lengths) == asked
    told = json.loads((line.practice.record_folder / "wait.json").read_text())
    assert minutes_from_now(told["until"]) == minutes
    (line.practice.record_folder / "wait.json").unlink()
    assert line.scan().status == 0
    line.whole()


def minutes_from_now(until: str) -> int:
    return round((datetime.fromisoformat(until) - wiring.clock()).total_seconds() / 60)
