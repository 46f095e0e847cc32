from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.address import MOST, bare, mailboxes


def emails(value: str) -> list[str]:
    return [box.email for box in mailboxes(value)[0]]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Jo Smith <jo@x.example>", [("Jo Smith", "jo@x.example")]),
        ("jo@X.Example", [("", "jo@x.example")]),
        ("<Jo@X.Example>", [("", "Jo@x.example")]),
        ('"Smith, Jo (she)" <jo@x.example>', [("Smith, Jo (she)", "jo@x.example")]),
        (r'"Jo \"J\" S" <jo@x.example>', [('Jo "J" S', "jo@x.example")]),
        ("jo@x.example (Jo Smith)", [("Jo Smith", "jo@x.example")]),
        ("Jo (a (nested) one) <jo@x.example>", [("Jo", "jo@x.example")]),
        ("a@x.example, b@y.example", [("", "a@x.example"), ("", "b@y.example")]),
        ("a@x.example; b@y.example", [("", "a@x.example"), ("", "b@y.example")]),
        ("team: a@x.example, B <b@y.example>;", [("", "a@x.example"), ("B", "b@y.example")]),
        ("undisclosed-recipients:;", []),
        ("<@r.example,@s.example:jo@x.example>", [("", "jo@x.example")]),
        ("=?utf-8?q?J=C3=B6?= <jo@x.example>", [("Jö", "jo@x.example")]),
        ("=?utf-8?q?x=0Abcc=3A?= <jo@x.example>", [("x bcc:", "jo@x.example")]),
        ('"jo@evil.example" <jo@x.example>', [("jo@evil.example", "jo@x.example")]),
        ("Jö <jö@bücher.example>", [("Jö", "jö@bücher.example")]),
        ("Jo <jo@[192.0.2.1]>", [("Jo", "jo@[192.0.2.1]")]),
        ('"jo smith"@x.example', [("", '"jo smith"@x.example')]),
        ("O'Neil <o'neil+tag@x.example>", [("O'Neil", "o'neil+tag@x.example")]),
        ("a@x.example,", [("", "a@x.example")]),
        ("(c):", []),
        ("Jo <jo@x.example", [("Jo", "jo@x.example")]),
        ("", []),
    ],
)
def test_reads_mailboxes(value: str, found: list[tuple[str, str]]) -> None:
    boxes, sound = mailboxes(value)

    assert [(box.name, box.email) for box in boxes] == found
    assert sound


@pytest.mark.parametrize(
    "value",
    [
        '"',
        "<@>",
        "a@",
        "jo",
        "Jo Smith jo@x.example",
        "Jo <jo@x.example> <sam@y.example>",
        "Jo <jo@x.example> sam@y.example",
        "alice@x.example)bob@y.example",
        "=?utf-8?q?Jo_<jo@x.example>?=",
        "jo@x@y.example",
        "jo@x.example\x00",
        '"unended <jo@x.example>',
    ],
)
def test_guesses_no_mailbox_from_what_is_ambiguous(value: str) -> None:
    assert mailboxes(value) == ((), False)


def test_an_odd_mailbox_costs_only_itself() -> None:
    boxes, sound = mailboxes("a@x.example, b c@y.example, d@z.example")

    assert [box.email for box in boxes] == ["a@x.example", "d@z.example"]
    assert not sound


LOCAL = st.from_regex(r"[a-z0-9]{1,5}([.+_-][a-z0-9]{1,5}){0,2}", fullmatch=True)
DOMAIN = st.from_regex(r"[a-z0-9-]{1,8}\.example", fullmatch=True)
NAME = st.from_regex(r'[A-Za-z ]{0,8}|"[A-Za-z ,.()]{1,12}"', fullmatch=True)


@given(st.lists(st.tuples(NAME, LOCAL, DOMAIN), max_size=5))
def test_agrees_with_the_standard_library_on_ordinary_lists(
    boxes: list[tuple[str, str, str]],
) -> None:
    value = ", ".join(f"{name} <{local}@{domain}>" for name, local, domain in boxes)

    assert emails(value) == [email for _, email in getaddresses([value]) if email]


@given(st.text() | st.lists(st.sampled_from([*'"\\()<>@,:;[] a', "a@b"])).map("".join))
def test_any_text_gives_bare_addresses(value: str) -> None:
    for box in mailboxes(value)[0]:
        assert bare(box.email) == box.email
        assert "\n" not in box.name


@pytest.mark.parametrize("piece", ["a@b.example,", '"\\"', "(", "<", "\\", "[", "a ", '"'])
def test_a_quarter_megabyte_is_read(piece: str) -> None:
    assert len(emails(piece * (250_000 // len(piece)))) <= MOST
