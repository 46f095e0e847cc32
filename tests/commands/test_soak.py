"""200 scans over a bad line, while mail comes, moves and goes: in the end both sides are equal."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.commands.inprocess import lent_reader, run
from tests.commands.practice import CRISIS, SCHEDULING, Practice, letter, therapy
from tests.servers.dovecot import MailUser
from tests.servers.proxy import Fault, Proxy
from tests.servers.smtpd import SmtpSink

SCANS = 200
CLIENTS = 12
KINDS = ("cut", "cut", "reset", "stall", "split", "delay")
OWN = "Andrea <andrea@practice.example>"


class Weather:
    """What happens to a mailbox between two scans, by dice that always fall the same."""

    def __init__(self, practice: Practice, seed: int) -> None:
        self.practice, self.dice = practice, Random(seed)
        self._number = itertools.count()
        self.crises = 0

    def change(self) -> None:
        """Let something happen."""
        kinds: tuple[Callable[[], None], ...] = (self.arrive, self.write, self.junk, self.move)
        for _ in range(self.dice.randrange(4)):
            self.dice.choices((*kinds, self.delete, self.rebuild), (8, 2, 2, 2, 2, 0.15))[0]()

    def fault(self) -> list[Fault]:
        """What the next connections suffer."""
        return [
            Fault(
                kind=self.dice.choice(KINDS),  # type: ignore[arg-type]  # one of them
                at=self.dice.randrange(2_500),
                toward=self.dice.choice(("guard", "guard", "server")),
            )
            for _ in range(self.dice.choice((0, 1, 1)))
        ]

    def arrive(self) -> None:
        text = self.dice.choices((SCHEDULING, therapy(), CRISIS), (6, 3, 1))[0]
        self.crises += text is CRISIS
        who = f"client{self.dice.randrange(CLIENTS)}@inkwell.example"
        self.practice.deliver(letter(text, sender=who, number=next(self._number)))

    def write(self) -> None:
        raw = letter("Yes, see you then.", sender=OWN, number=next(self._number))
        self.practice.deliver(raw, "Sent")

    def junk(self) -> None:
        raw = letter("Buy now.", sender="s@shop.example", number=next(self._number))
        self.practice.deliver(raw, "Junk")

    def move(self) -> None:
        with self.practice.user.session() as imap:
            imap.select("INBOX")
            if uids := imap.uid("SEARCH", "ALL")[1][0].split():
                imap.uid("MOVE", self.dice.choice(uids).decode(), "Archive")

    def delete(self) -> None:
        """Only what is filed: what goes before guard sees it is nobody's to keep."""
        filed = set(self.practice.filed().values())
        mails = self.practice.user.raw_messages()
        known = [uid for uid, raw in mails.items() if raw in filed]
        if known:
            self.practice.user.expunge(self.dice.choice(known))

    def rebuild(self) -> None:
        self.practice.user.rebuild()


@pytest.fixture(scope="module", autouse=True)
def _reader() -> Iterator[None]:
    with lent_reader():
        yield


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_200_scans_over_a_bad_line_end_with_server_and_record_equal(
    tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink
) -> None:
    mail_user.command("CREATE", "Archive")
    with Proxy(mail_user.starttls_port) as proxy:
        settings = {"imap_port": proxy.port, "imap_security": "plain"}
        practice = Practice(
            folder=tmp_path / "practice", user=mail_user, sink=smtp_sink, settings=settings
        )
        practice.change("timeout = 60", "timeout = 0.2")
        practice.change("also = []", 'also = ["Archive"]')
        for client in range(CLIENTS):
            practice.add(f"Client {client}", f"client{client}@inkwell.example")
        weather = Weather(practice, seed=7)

        ends = Counter(scanned(practice, proxy, weather) for _ in range(SCANS))

        while json.loads(run(practice.config, "scan", "--json").out)["seen"]:
            pass
        assert ends[75] > SCANS // 5
        assert ends[0] > SCANS // 5
        assert sum(ends.values()) == ends[0] + ends[75]
        equal(practice, weather)


def scanned(practice: Practice, proxy: Proxy, weather: Weather) -> int:
    weather.change()
    proxy.faults.extend(weather.fault())
    ran = run(practice.config, "scan")
    proxy.faults.clear()
    assert ran.out == ""
    assert (ran.err == "") == (ran.status == 0), ran
    return ran.status


def equal(practice: Practice, weather: Weather) -> None:
    for words in ((), ("--content",)):
        ran = run(practice.config, "reconcile", "--json", *words)
        told = json.loads(ran.out)
        assert (ran.status, told["missing"], told["changed"]) == (0, 0, 0)
        assert told["server"] == told["filed"] > 0
    assert set(Counter(practice.filed().values()).values()) == {1}
    reminders = [one for one in practice.sink.received if b"auto-replied" in one.raw]
    assert len(reminders) > 1
    assert set(Counter(one.rcpt[0] for one in reminders).values()) == {1}
    # Nobody in danger was passed over, whatever happened to line and mailbox meanwhile.
    assert practice.tasks()["review"] >= weather.crises > 0
    assert set(practice.tasks()) <= {"review"}
    assert practice.wrong() == []
