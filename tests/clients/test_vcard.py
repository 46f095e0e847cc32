"""vCards of three versions, and what is wrong with a line."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.clients.contacts import Contact
from guard.clients.vcard import read
from guard.errors import ConfigError

CARD = "BEGIN:VCARD\r\nVERSION:{}\r\n{}\r\nEND:VCARD\r\n"


def card(*lines: str, version: str = "3.0") -> bytes:
    return CARD.format(version, "\r\n".join(lines)).encode()


READ = {
    "version 3": (
        card("N:Lee;Kim;;;", "FN:Kim Lee", "EMAIL;TYPE=HOME:kim@home.example"),
        Contact(line=1, name="Kim Lee", addresses=("kim@home.example",)),
    ),
    "several addresses, grouped, folded": (
        card("FN:Kim", "item1.EMAIL:kim@ho", " me.example", "EMAIL;type=WORK:Kim@Work.example"),
        Contact(line=1, name="Kim", addresses=("kim@home.example", "kim@work.example")),
    ),
    "version 2.1, quoted-printable": (
        card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg",
            "EMAIL;INTERNET:j@x.example",
            version="2.1",
        ),
        Contact(line=1, name="Jörg Müller", addresses=("j@x.example",)),
    ),
    "version 4, mailto and a birthday": (
        card("FN:Kim", "EMAIL;PREF=1:mailto:kim@home.example", "BDAY:20120531", version="4.0"),
        Contact(line=1, name="Kim", addresses=("kim@home.example",), born="2012-05-31"),
    ),
    "a birthday without a year": (
        card("FN:Kim", "EMAIL:kim@home.example", "BDAY:--0531"),
        Contact(line=1, name="Kim", addresses=("kim@home.example",)),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_reads_what_address_books_write(name: str) -> None:
    data, contact = READ[name]
    found = read(data)

    assert (found.people, found.faults) == ([contact], [])


def test_counts_who_has_no_address_and_says_where_the_rest_begin() -> None:
    found = read(card("FN:Post") + card("FN:Kim", "EMAIL:kim@home.example"))

    assert found.without_address == 1
    assert [one.line for one in found.people] == [5]


def test_one_damaged_card_hides_no_other() -> None:
    data = card("FN:Kim", "no colon here") + card("FN:Leo", "EMAIL:leo@") + card("FN:A")
    found = read(data)

    assert [(one.line, one.what) for one in found.faults] == [
        (4, "this is not a line of a vCard"),
        (6, "something in the address column is not an e-mail address"),
    ]


def test_what_is_no_vcard_says_so() -> None:
    assert [one.what for one in read(b"name,email\n").faults] == [
        "no vCard begins here (BEGIN:VCARD)"
    ]


def test_without_the_library_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vobject", None)

    with pytest.raises(ConfigError) as caught:
        read(card("FN:Kim"))

    assert "guard[vcard]" in caught.value.hint


PIECES = st.lists(
    st.sampled_from(
        ["BEGIN:VCARD\n", "END:VCARD\n", "N:", "FN", ":", ";", "=", "EMAIL:a@b.c\n", "\n ", "\\"]
    )
    | st.text(max_size=5)
).map("".join)


@settings(max_examples=60)
@given(PIECES)
def test_no_text_stops_it(text: str) -> None:
    read(f"BEGIN:VCARD\nVERSION:3.0\n{text}\nEND:VCARD\n".encode())
