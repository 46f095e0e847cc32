"""The demo's letters are what their manifest says, and can be moved in time."""

import re
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

import pytest

from guard.commands.demomail import Letter, letters, redated

DEMO = Path(__file__).parents[2] / "data" / "demo"
NOW = datetime(2031, 2, 3, 9, 30, 15, 250_000, tzinfo=UTC)
LETTERS = letters(DEMO)
CLIENTS = tomllib.loads((DEMO / "clients.toml").read_text(encoding="utf-8"))["client"]
HANDLINGS = {"filed", "reminder", "held", "alert"}

every_letter = pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.file)


def _writer(letter: Letter) -> str:
    return parseaddr(message_from_bytes(letter.raw)["From"])[1]


def test_every_file_of_the_folder_stands_in_the_manifest() -> None:
    assert sorted(letter.file for letter in LETTERS) == sorted(
        path.name for path in DEMO.glob("*.eml")
    )


def test_the_letters_come_oldest_first() -> None:
    assert list(LETTERS) == sorted(LETTERS, key=lambda letter: -letter.age)


def test_all_labels_and_all_ends_occur() -> None:
    labels = Counter(letter.label for letter in LETTERS)

    assert set(labels) == {"scheduling", "therapy", "crisis", "other", ""}
    assert labels["crisis"] == 2
    assert {letter.handling for letter in LETTERS} == HANDLINGS


@every_letter
def test_a_letter_is_bytes_with_network_line_ends(letter: Letter) -> None:
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", letter.raw) is None
    assert max(len(line) for line in letter.raw.split(b"\r\n")) < 998


@every_letter
def test_a_letter_has_no_defect_that_was_not_meant(letter: Letter) -> None:
    parsed = message_from_bytes(letter.raw)

    assert [part.defects for part in parsed.walk() if part.defects] == []
    assert parsed["Message-ID"].startswith("<")


@every_letter
def test_nobody_in_it_could_exist(letter: Letter) -> None:
    hosts = re.findall(rb"[\w.+-]+@([\w.-]+\w)", letter.raw.replace(b"=\r\n", b""))

    assert hosts
    assert all(host.endswith(b".example") for host in hosts)


@every_letter
def test_a_reminder_or_an_alert_is_only_planned_where_the_rules_allow_it(letter: Letter) -> None:
    quiet = {
        address for row in CLIENTS if row.get("no_automatic_mail") for address in row["addresses"]
    }
    known = {address for row in CLIENTS for address in row["addresses"]} - quiet

    assert letter.handling in HANDLINGS
    assert letter.handling != "reminder" or letter.label == "therapy"
    assert letter.handling != "reminder" or _writer(letter) in known
    assert letter.handling != "reminder" or letter.age < timedelta(hours=72)
    assert letter.label != "crisis" or letter.handling == "alert"


def test_no_address_belongs_to_two_clients() -> None:
    addresses = [address for row in CLIENTS for address in row["addresses"]]

    assert len(addresses) == len(set(addresses))


def test_nobody_gets_two_reminders() -> None:
    reminded = Counter(_writer(row) for row in LETTERS if row.handling == "reminder")

    assert set(reminded.values()) == {1}


@every_letter
def test_a_letter_moved_in_time_shows_the_moment_it_arrived(letter: Letter) -> None:
    moved = message_from_bytes(redated(letter.raw, NOW))
    stamps = [value.rpartition(";")[2] for value in moved.get_all("Received", [])]

    dates = [parsedate_to_datetime(value) for value in [*stamps, moved["Date"]]]

    assert max(dates) == NOW.replace(microsecond=0)
    assert NOW - min(dates) < timedelta(minutes=5)


@every_letter
def test_a_letter_moved_in_time_is_the_same_but_for_its_dates(letter: Letter) -> None:
    then = re.search(rb"\r\nDate: (.*?)\r\n", letter.raw)
    assert then is not None
    received = max(
        parsedate_to_datetime(value.rpartition(";")[2])
        for value in message_from_bytes(letter.raw).get_all("Received", [then[1].decode("ascii")])
    )

    there = redated(letter.raw, NOW)

    assert there != letter.raw
    assert redated(there, received) == letter.raw


def test_a_mail_without_dates_stays_as_it_is() -> None:
    assert redated(b"Subject: x\r\n\r\nDate: no\r\n", NOW) == b"Subject: x\r\n\r\nDate: no\r\n"


def test_dates_inside_the_body_stay_as_they_are() -> None:
    raw = b"Date: Fri, 20 Nov 2026 16:40:00 +0000\r\n\r\nDate: Fri, 20 Nov 2026 16:40:00 +0000\r\n"

    assert redated(raw, NOW) == (
        b"Date: Mon, 03 Feb 2031 09:30:15 +0000\r\n\r\nDate: Fri, 20 Nov 2026 16:40:00 +0000\r\n"
    )
