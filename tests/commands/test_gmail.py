"""Gmail, as `guard scan` meets it: All Mail without doubles, and hardly a byte fetched twice."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.inprocess import lent_reader, run
from tests.commands.practice import CRISIS, SCHEDULING, Practice, letter
from tests.servers.gmail import ALL, INBOX, SENT, SPAM, Gmail
from tests.servers.smtpd import SmtpSink

OWN = "Andrea <andrea@practice.example>"


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    with Gmail() as server, lent_reader():
        yield server


class GmailUser:
    """What a practice needs to know of its mailbox."""

    name, host = "andrea@practice.example", "127.0.0.1"

    def __init__(self, server: Gmail, ca_file: Path) -> None:
        self.port, self.ca_file = server.port, ca_file


@pytest.fixture
def practice(tmp_path: Path, gmail: Gmail, smtp_sink: SmtpSink) -> Practice:
    made = Practice(
        folder=tmp_path / "practice",
        user=GmailUser(gmail, smtp_sink.ca_file),  # type: ignore[arg-type]  # as much of one as is needed
        sink=smtp_sink,
        settings={"imap_security": "plain"},
    )
    made.change("also = []", f'also = ["{ALL}"]')
    made.change("flag = true", "flag = false")
    return made


def scan(practice: Practice) -> dict[str, int]:
    ran = run(practice.config, "scan", "--json")
    assert (ran.status, ran.err) == (0, "")
    return ran.json


def test_every_mail_is_filed_once_and_fetched_once(practice: Practice, gmail: Gmail) -> None:
    gmail.put(letter(SCHEDULING, number=1), INBOX)
    gmail.put(letter("Yes.", sender=OWN, number=2), SENT)
    gmail.put(letter("Buy.", sender="s@shop.example", number=3), SPAM)
    gmail.put(letter(SCHEDULING, number=4))
    gmail.put(letter("half a", sender=OWN, number=5), draft=True)

    told = scan(practice)

    assert (told["seen"], told["filed"], told["duplicates"]) == (6, 4, 2)
    assert len(gmail.given) == len(set(gmail.given)) == 4
    with practice.record() as record:
        ways = [one.fields["direction"] for one in record.of_kind("filed")]
    assert sorted(ways) == ["in", "in", "junk", "out"]
    assert scan(practice)["seen"] == 0
    ran = run(practice.config, "reconcile", "--json")
    whole = {key: value for key, value in json.loads(ran.out).items() if key != "folders"}
    assert (ran.status, whole["server"], whole["missing"], whole["vanished"]) == (0, 6, 0, 0)
    assert practice.wrong() == []


def test_archived_labelled_and_put_back_it_is_the_same_item(
    practice: Practice, gmail: Gmail
) -> None:
    mail = gmail.put(letter(SCHEDULING, number=1), INBOX)
    scan(practice)
    gmail.unlabel(mail, INBOX)
    assert scan(practice)["seen"] == 0
    gmail.label(mail, INBOX)

    told = scan(practice)

    assert (told["filed"], told["duplicates"], len(gmail.given)) == (0, 1, 1)
    with practice.record() as record:
        (item,) = [one.seq for one in record.of_kind("filed")]
        places = [(one.folder, one.uid) for one in record.locations(item) if one.folder]
    assert sorted(places) == [(INBOX, 1), (INBOX, 2), (ALL, 1)]


def test_danger_that_a_filter_archived_unseen_is_announced(
    practice: Practice, gmail: Gmail
) -> None:
    practice.add("Leo", "leo@inkwell.example")
    gmail.put(letter(CRISIS, number=1))

    assert scan(practice)["crisis"] == 1
    assert len(practice.sink.received) == 1


def test_a_new_uidvalidity_of_all_mail_fetches_nothing_again(
    practice: Practice, gmail: Gmail
) -> None:
    for number in range(5):
        gmail.put(letter(SCHEDULING, number=number), INBOX)
    scan(practice)
    fetched = len(gmail.given)
    gmail.script["EXAMINE"] = (
        b"* 5 EXISTS\r\n* OK [UIDVALIDITY 8] .\r\n* OK [UIDNEXT 6] .\r\nTAG OK done\r\n"
    )
    gmail.shown = dict.fromkeys(gmail.shown, gmail.shown[INBOX])

    told = scan(practice)

    assert (told["filed"], told["held"]) == (0, 0)
    assert len(gmail.given) == fetched


def test_a_dry_run_counts_no_mail_twice(practice: Practice, gmail: Gmail) -> None:
    gmail.put(letter(SCHEDULING, number=1), INBOX)
    scan(practice)
    gmail.put(letter(SCHEDULING, number=2))
    gmail.put(letter("half a", sender=OWN, number=3), draft=True)

    ran = run(practice.config, "scan", "--dry-run")

    assert "1 messages would be filed" in ran.out


def test_check_knows_all_mail_and_says_how_to_add_it(practice: Practice, gmail: Gmail) -> None:
    assert "also [Gmail]/All Mail: 0 messages" in run(practice.config, "check").out
    practice.change(f'also = ["{ALL}"]', "also = []")

    assert f'to add: also = ["{ALL}"]' in run(practice.config, "check").out


def test_a_dry_run_takes_what_she_sent_for_sent(practice: Practice, gmail: Gmail) -> None:
    gmail.put(letter(CRISIS, sender=OWN, number=1))

    ran = run(practice.config, "scan", "--dry-run")

    assert f"{ALL} 1: would be filed\n" in ran.out
