"""Searching from the command line."""

import json

import pytest

from guard.clients.directory import Client, enrol
from guard.record.entry import Incoming
from guard.record.sqlite import SqliteRecord
from tests.commands.home import Home

PANIC = (
    b"From: Kim Lee <kim@home.example>\r\nTo: andrea@practice.example\r\n"
    b"Subject: Last night\r\n\r\nAnother panic attack.\r\n"
)


@pytest.fixture
def stocked(home: Home) -> Home:
    """A home with two more letters: one of Kim's, one to her."""
    sent = PANIC.replace(b"Another", b"About the").replace(b"To:", b"To: kim@home.example,")
    with SqliteRecord.open(home.record) as record:
        record.append(
            [enrol(Client(id="ckim", name="Kim", addresses=("kim@home.example",)))], now=1
        )
        mails = [
            Incoming(
                raw=raw, locations=(), account="a", owners=("ckim",), direction=way, received=day
            )
            for raw, way, day in ((PANIC, "in", 0), (sent, "out", 86_400_000))
        ]
        record.file(mails, cursor=None, now=1)
    return home


def found(home: Home, *words: str) -> list[str]:
    ran = home.guard("record", "search", *words, "--passphrase-file", "old")
    assert ran.status == 0
    return [line.split()[3] for line in ran.out.splitlines()]


def test_it_finds_by_words_and_shows_the_newest_first(stocked: Home) -> None:
    ran = stocked.guard("record", "search", "panic", "att", "--passphrase-file", "old")

    assert (ran.status, ran.err) == (0, "")
    newest, oldest = ran.out.splitlines()
    assert "1970-01-02 00:00  out" in newest
    assert "to kim@home.example" in newest
    assert newest.endswith("Last night")
    assert "1970-01-01 00:00  in" in oldest


def test_it_is_narrowed_by_options(stocked: Home) -> None:
    assert found(stocked, "panic", "--direction", "in") == ["in"]
    assert found(stocked, "--client", "kim@home.example") == ["out", "in"]
    assert found(stocked, "--client", "ckim", "--until", "1970-01-01") == ["in"]
    assert found(stocked, "panic", "--since", "1970-01-02") == ["out"]
    assert found(stocked, "panic", "--label", "crisis") == []
    assert found(stocked, "--most", "1") == ["out"]


def test_it_prints_json(stocked: Home) -> None:
    ran = stocked.guard(
        "record", "search", "--json", "panic", "--direction", "out", "--passphrase-file", "old"
    )

    fields = json.loads(ran.out)
    assert fields["received"] == "1970-01-02T00:00:00+00:00"
    assert fields["subject"] == "Last night"
    assert fields["people"] == "to kim@home.example, to andrea@practice.example"


@pytest.mark.parametrize("named", ["ckim", "kim", "kim@home.example"])
def test_a_client_is_meant_by_id_name_or_address(stocked: Home, named: str) -> None:
    assert found(stocked, "panic", "--client", named) == found(stocked, "panic")


def test_nothing_found_is_said_so(stocked: Home) -> None:
    ran = stocked.guard("record", "search", "giraffe", "--passphrase-file", "old")

    assert (ran.status, ran.out, ran.err) == (0, "", "Nothing was found.\n")


def test_nothing_of_it_stays_on_the_disk_in_clear(stocked: Home) -> None:
    found(stocked, "panic")

    files = [path for path in stocked.record.rglob("*") if path.is_file()]
    assert any(path.parent.name == "search" for path in files)
    assert not any(b"panic" in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("panic --passphrase-file wrong", 77, "wrong"),
        ("panic", 77, "--passphrase-file"),
        ("panic --client nobody@home.example --passphrase-file old", 78, "no such client"),
        ("panic --since yesterday --passphrase-file old", 64, "yesterday"),
        ("panic --label gossip --passphrase-file old", 64, "gossip"),
    ],
)
def test_a_mistake_is_named(stocked: Home, words: str, status: int, says: str) -> None:
    ran = stocked.guard("record", "search", *words.split())

    assert (ran.status, ran.out) == (status, "")
    assert says in ran.err
