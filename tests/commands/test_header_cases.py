"""The table of header cases through real servers: one scan over all, exactly the right replies.

Each case is a client of its own, so that no reminder silences the next. What they say is what
the model of the day is sure of.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes

import pytest

from guard.clients.directory import Client, Known, Relation, enrol, known
from guard.commands import wiring
from guard.mail.automatic import checks
from guard.policy import minutes, words
from guard.policy.bars import BARS
from guard.policy.decision import Kind
from tests.commands.practice import OWN, Practice, therapy
from tests.policy.builders import a_message
from tests.policy.header_cases import ANSWERED, SILENT
from tests.policy.raw import ALIAS, BODY, TRUSTED, mail
from tests.policy.robots import ROBOTS
from tests.servers.dovecot import Dovecot
from tests.servers.smtpd import SmtpSink

STANDING: dict[str, Known] = {
    "former": Known(ended="2026-01-31"),
    "a parent": Known(kind=Relation.PARENT),
    "a professional": Known(kind=Relation.PROFESSIONAL),
    "a couple with one address": Known(kind=Relation.COUPLE),
    "no automatic mail": Known(automatic=False),
}
"""Clients whose best mail is not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One case, as it was delivered."""

    name: str
    raw: bytes
    standing: Known
    answered: bool
    address: str
    folder: str = "INBOX"


def cases() -> Iterator[tuple[str, bytes, Known, bool, str]]:
    usual = Known()
    for name, raw in ANSWERED.items():
        yield name, raw, usual, True, "INBOX"
    for rule, mails in SILENT.items():
        for name, raw in mails.items():
            yield f"{rule}: {name}", raw, usual, False, "INBOX"
    for name, raw in ROBOTS.items():
        yield f"robot: {name}", raw, usual, False, "INBOX"
    for name, standing in STANDING.items():
        yield f"client: {name}", mail(), standing, False, "INBOX"
    yield "in Junk", mail(), usual, False, "Junk"


def as_its_own_client(raw: bytes, number: int) -> bytes:
    """The mail with a domain of its own, and the words that the model is sure of."""
    own = re.sub(rb"(?i)client\.example", b"c%d.example" % number, raw)
    words = therapy().replace("\n", "\r\n").encode()
    # No two of them are the same bytes, or they would be one item.
    unique = b"X-Case: %d\r\n" % number
    return unique + own.replace(BODY.strip().encode(), words)


@pytest.fixture(scope="module")
def house(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    folder = tmp_path_factory.mktemp("cases")
    with SmtpSink(folder) as sink:
        yield Practice(
            folder=folder / "practice",
            user=dovecot.new_user(),
            sink=sink,
            settings={"addresses": (OWN, ALIAS), "trusted": TRUSTED},
        )


@pytest.fixture(scope="module")
def sent(house: Practice) -> list[Sent]:
    """Every case, delivered and scanned once."""
    house.change("most_an_hour = 20", "most_an_hour = 1000")
    told = [
        Sent(
            name=name,
            raw=as_its_own_client(raw, number),
            standing=standing,
            answered=answered,
            address=f"jo@c{number}.example",
            folder=folder,
        )
        for number, (name, raw, standing, answered, folder) in enumerate(cases())
    ]
    with house.record() as record:
        clients = [
            Client(
                id=f"c{secrets.token_hex(5)}",
                name=one.name,
                addresses=(one.address,),
                automatic=one.standing.automatic,
                kind=one.standing.kind,
                ended=one.standing.ended,
            )
            for one in told
        ]
        record.append([enrol(one) for one in clients], now=wiring.milliseconds())
    for one in told:
        house.deliver(one.raw, one.folder)
    ran = house.guard("scan", "--json")
    assert (ran.status, ran.err) == (0, ""), ran.err
    return told


def test_there_are_as_many_cases_as_were_promised(sent: list[Sent]) -> None:
    assert len(sent) >= 120


def test_exactly_those_are_answered_that_should_be(house: Practice, sent: list[Sent]) -> None:
    reminders = [one for one in house.sink.received if b"X-Auto-Response-Suppress" in one.raw]
    answered = sorted(
        rcpt.lower() for one in reminders for rcpt in one.rcpt if not rcpt.startswith("andrea.")
    )

    assert answered == sorted(one.address for one in sent if one.answered)


def test_every_reminder_is_the_same_text_and_says_nothing_of_the_mail(
    house: Practice, sent: list[Sent]
) -> None:
    parsed = [message_from_bytes(one.raw) for one in house.sink.received]
    reminders = [one for one in parsed if str(one["Subject"]).startswith("Automatic reply")]

    assert len({one.get_payload(decode=True) for one in reminders}) == 1
    assert len({one["Subject"] for one in reminders}) == 1
    assert len(reminders) == sum(one.answered for one in sent)


def test_every_case_is_filed_byte_for_byte(house: Practice, sent: list[Sent]) -> None:
    assert {one.raw for one in sent} <= {*house.filed().values()}


def test_every_rule_is_recorded_pass_or_fail_and_the_right_one_stands_in_the_way(
    house: Practice, sent: list[Sent]
) -> None:
    every = {rule for rule, _ in checks(a_message())} | {*BARS}
    names = {one.raw: one.name for one in sent}
    with house.record() as record:
        reader = house.reader(record)
        found = {
            names[reader.raw(item)]: minutes.read(reader.secret(entry.seq)).decision
            for item in [one.seq for one in record.entries() if one.kind == "filed"]
            if (entry := record.latest(minutes.KIND, item=item)) is not None
        }

    assert found.keys() == {one.name for one in sent}
    for name, decision in found.items():
        asked = {one.rule for one in decision.findings if one.kind is Kind.BAR}
        assert asked == every, name
        if name.partition(":")[0] in SILENT:
            assert name.partition(":")[0] in decision.barred, name


def test_why_tells_every_rule_in_words(house: Practice, sent: list[Sent]) -> None:
    with house.record() as record:
        item = next(one.item for one in record.entries() if one.kind == minutes.KIND)

    ran = house.unlocked("why", str(item))

    told = [line[6:] for line in ran.out.splitlines() if line.startswith("  [")]
    assert len(told) >= len(words.BARS)
    assert all(told)


def test_the_next_scan_sends_nothing(house: Practice, sent: list[Sent]) -> None:
    before = len(house.sink.received)

    told = house.scan()

    assert (told["filed"], told["reminded"]) == (0, 0)
    assert len(house.sink.received) == before


def test_what_is_kept_of_the_clients_in_clear_is_what_was_said(
    house: Practice, sent: list[Sent]
) -> None:
    with house.record() as record:
        entries = [one for one in record.entries() if one.kind == "client"]

    assert len(entries) == len(sent)
    assert sum(known(one.data).ended == "2026-01-31" for one in entries) == 1
    on_disk = (house.record_folder / "record.db").read_bytes()
    assert re.search(rb"c\d+\.example", on_disk) is None
