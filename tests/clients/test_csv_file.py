"""CSV files as programs write them, and what is wrong with a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.clients.contacts import Contact
from guard.clients.csv_file import read
from guard.clients.directory import Relation

KIM = Contact(line=2, name="Kim Lee", addresses=("kim@home.example",))

SAME = {
    "plain": "name,email\nKim Lee,kim@home.example\n",
    "in any order, with more": "Notes,E-Mail,Client Name\nx,kim@home.example,Kim Lee\n",
    "semicolons": "Name;Email\nKim Lee;kim@home.example\n",
    "tabs": "Name\tEmail\nKim Lee\tkim@home.example\n",
    "carriage returns": "name,email\r\nKim Lee,KIM@Home.example\r\n",
    "two names": "First Name,Last Name,Email\nKim,Lee,kim@home.example\n",
    "a practice program": "Forename,Surname,DOB,Email Address\nKim,Lee,,kim@home.example\n",
    "Google": "First Name,Last Name,E-mail 1 - Value\nKim,Lee,kim@home.example\n",
    "Outlook": '"First Name","Last Name","E-mail Address"\n"Kim","Lee","kim@home.example"\n',
    "only an address column": "name,address\nKim Lee,kim@home.example\n",
    "a second address column": "Name,Email,Second email\nKim Lee,kim@home.example,\n",
    "a mailto link": "name,email\nKim Lee,mailto:kim@home.example\n",
    "an empty line at the end": "name,email\nKim Lee,kim@home.example\n\n,\n",
}


@pytest.mark.parametrize("name", SAME)
def test_reads_what_programs_write(name: str) -> None:
    found = read(SAME[name].encode())

    assert (found.people, found.faults) == ([KIM], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_reads_names_however_they_are_encoded(encoding: str) -> None:
    (found,) = read("name,email\nJörg Müller,j@müller.example\n".encode(encoding)).people

    assert (found.name, found.addresses) == ("Jörg Müller", ("j@xn--mller-kva.example",))


def test_reads_everything_that_may_be_said_of_a_client() -> None:
    text = (
        "name,email,email 2,kind,about,born,ended,no automatic mail\n"
        "Max,max@a.example; m@b.example,m@c.example,,,31/05/2012,2026-07-31,yes\n"
        "Ann,ann@a.example,,parent,Max,,,no\n"
        "Post,,,,,,,\n"
    )
    found = read(text.encode())

    assert found.faults == []
    assert found.without_address == 1
    assert found.people == [
        Contact(
            line=2,
            name="Max",
            addresses=("max@a.example", "m@b.example", "m@c.example"),
            born="2012-05-31",
            ended="2026-07-31",
            automatic=False,
        ),
        Contact(
            line=3,
            name="Ann",
            addresses=("ann@a.example",),
            kind=Relation.PARENT,
            about=("Max",),
        ),
    ]


FAULTS = {
    "x@": ("kim,kim@home.example,,\nleo,leo@,,\n", 3, "not an e-mail address"),
    "kind": ("kim,kim@home.example,friend,\n", 2, "the kind is none of client, couple,"),
    "parent": ("kim,kim@home.example,parent,\n", 2, "a parent needs the column about"),
    "day": ("kim,kim@home.example,,30/02/2012\n", 2, "a date that is none"),
    "american": ("kim,kim@home.example,,05/31/2012\n", 2, "a date that is none"),
    "words": ("kim,kim@home.example,,long ago\n", 2, "a date is written as in 2026-07-31"),
    "quote": ('a,a@b.example,,\n"kim,kim@home.example,,\n', 3, "a quotation mark is never closed"),
    "after a long cell": ('"a\n\nb",a@b.example,,\nkim,nonsense,,\n', 5, "not an e-mail address"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_says_which_line_is_wrong_and_never_quotes_it(name: str) -> None:
    rows, line, says = FAULTS[name]
    (fault,) = read(f"name,email,kind,born\n{rows}".encode()).faults

    assert fault.line == line
    assert says in fault.what
    assert "kim" not in fault.what


def test_says_when_the_columns_have_no_names() -> None:
    (fault,) = read(b"Kim Lee,kim@home.example\n").faults

    assert (fault.line, fault.what) == (1, "the first line must name the columns: name, email")


def test_two_of_one_name_are_never_guessed_to_be_one_person() -> None:
    found = read(b"name,email\nJohn Smith,a@x.example\nKim,k@x.example\njohn smith,b@x.example\n")
    (fault,) = found.namesakes()

    assert (fault.line, fault.what[:29]) == (4, "line 2 has the same name: if ")


def test_who_has_no_name_is_called_by_the_address() -> None:
    assert read(b"email\nkim@home.example\n").people[0].name == "kim@home.example"


def test_an_empty_file_is_nobody() -> None:
    assert read(b"").people == []


@given(st.binary(max_size=300))
def test_no_bytes_stop_it(data: bytes) -> None:
    read(b"name,email\n" + data)
