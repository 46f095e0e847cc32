"""A directory from a file: all of it or nothing; and who may be missing from it."""

import json
from pathlib import Path

import pytest

from tests.commands.practice import Practice, letter, therapy
from tests.commands.test_clients import listed

GOOD = """\
name,email,kind,about,born
Max,max@a.example,,,2012-05-31
Ann,ann@a.example; ann@work.example,parent,Max,
Nobody,,,,
"""


def written(practice: Practice, text: str, name: str = "clients.csv") -> Path:
    file = practice.folder / name
    file.write_text(text)
    return file


def test_everybody_is_added_once(practice: Practice) -> None:
    file = written(practice, GOOD)

    ran = practice.guard("clients", "import", file)
    again = practice.guard("clients", "import", file)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "2 were added.",
        "0 known already, 1 without an e-mail address.",
    ]
    assert again.out.splitlines()[0] == "0 were added."
    ann, maximilian = listed(practice)
    assert ann[:3] == ["Ann", "ann@a.example, ann@work.example", "parent"]
    assert maximilian == ["Max", "max@a.example", "born 2012-05-31"]
    with practice.record() as record:
        (child,) = record.owners_named("max@a.example")
    assert ann[3] == f"about {child}"


def test_an_empty_file_is_told(practice: Practice) -> None:
    ran = practice.guard("clients", "import", written(practice, "\n"))

    assert ran.status == 78
    assert "clients.csv:1: there is nothing in the file" in ran.err


def test_a_dry_run_shows_and_adds_nobody(practice: Practice) -> None:
    before = practice.bytes_on_disk()

    ran = practice.guard("clients", "import", written(practice, GOOD), "--dry-run")

    assert ran.out.splitlines()[:3] == [
        "Max  max@a.example",
        "Ann  ann@a.example, ann@work.example",
        "2 would be added.",
    ]
    assert practice.bytes_on_disk() == before


def test_vcards_are_taken_too(practice: Practice) -> None:
    text = "BEGIN:VCARD\nVERSION:3.0\nFN:Kim Lee\nEMAIL:kim@a.example\nEND:VCARD\n"

    ran = practice.guard("clients", "import", written(practice, text, "book.VCF"))

    assert (ran.status, ran.err) == (0, "")
    assert listed(practice) == [["Kim Lee", "kim@a.example"]]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("Leo,leo@,,,", "3: something in the address column is not an e-mail address"),
        ("Kim,KIM@a.example; new@a.example,,,", "3: one of the addresses belongs to a client"),
        ("Own,andrea@practice.example,,,", "3: this is one of your own addresses"),
        ("Two,leo@a.example,,,", "3: line 2 has the same address"),
        ("Leo,two@a.example,,,", "3: line 2 has the same name"),
        ("Ann,ann@a.example,parent,Nobody,", "3: about: neither the name of one person"),
    ],
)
def test_one_wrong_line_and_nobody_is_added(practice: Practice, rows: str, says: str) -> None:
    practice.add("Kim", "kim@a.example")
    text = f"name,email,kind,about,born\nLeo,leo@a.example,,,\n{rows}\n"

    ran = practice.guard("clients", "import", written(practice, text))

    assert ran.status == 78
    assert ran.err.splitlines()[0].startswith(f"clients.csv:{says}")
    assert ran.err.splitlines()[1].startswith("guard: 1 of its lines cannot be taken over")
    assert "a.example" not in ran.err
    assert listed(practice) == [["Kim", "kim@a.example"]]


def test_an_address_that_two_share_is_taken_where_she_says_so(practice: Practice) -> None:
    text = "name,email\nLeo,home@a.example\nAnn,home@a.example\n"

    ran = practice.guard("clients", "import", written(practice, text), "--shared")

    assert ran.status == 0
    assert listed(practice) == [["Ann", "home@a.example"], ["Leo", "home@a.example"]]


# --- suggestions ----------------------------------------------------------------------------


def ours(to: str) -> bytes:
    head = f"From: andrea@practice.example\r\nTo: {to}\r\nSubject: Tuesday\r\n"
    return f"{head}\r\nSee you then.\r\n".encode()


@pytest.fixture
def writing(practice: Practice) -> Practice:
    """A practice that has written with people."""
    practice.add("Known", "known@a.example")
    for sender in ("Kim Lee <kim@a.example>", "known@a.example", "no-reply@shop.example"):
        practice.deliver(letter("Could we move to 3?", sender=sender))
        practice.deliver(ours(sender), "Sent")
    practice.deliver(letter(therapy(), sender="Ned <ned@a.example>"))
    practice.deliver(ours("only@a.example, andrea@practice.example"), "Sent")
    practice.scan()
    return practice


def test_whom_she_writes_with_and_who_only_wrote_are_suggested(writing: Practice) -> None:
    ran = writing.unlocked("clients", "suggest")

    lines = ran.out.splitlines()
    assert (ran.status, ran.err) == (0, "")
    assert lines[0] == "You write with each other:"
    assert lines[1].startswith("  kim@a.example  Kim Lee  heard 1, wrote 1, last ")
    assert lines[3] == "They only wrote to you:"
    assert lines[4].startswith("  ned@a.example  Ned  heard 1, wrote 0, last ")
    assert lines[-1].startswith("Add one: guard clients add NAME ADDRESS")
    assert len(lines) == 7


def test_suggestions_are_there_for_programs_too(writing: Practice) -> None:
    ran = writing.unlocked("clients", "suggest", "--json")

    assert [json.loads(line)["address"] for line in ran.out.splitlines()] == [
        "kim@a.example",
        "ned@a.example",
    ]


def test_who_was_added_is_suggested_no_more(writing: Practice) -> None:
    writing.add("Kim", "kim@a.example")
    writing.add("Ned", "ned@a.example")

    ran = writing.unlocked("clients", "suggest")

    assert ran.out == "Nobody: everybody who writes with you is in the directory.\n"
