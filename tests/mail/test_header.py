import email.header
import email.parser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.header import iso_date, message_id, message_ids, split, words


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("Plain", "Plain"),
        ("=?utf-8?q?Caf=C3=A9_at_four?=", "Café at four"),
        ("=?UTF-8?B?Q2Fmw6k=?=", "Café"),
        ("Re: =?utf-8?q?Caf=C3=A9?= today", "Re: Café today"),
        ("=?utf-8?q?one?= =?utf-8?q?two?=", "onetwo"),
        ("=?utf-8?q?one?= and =?utf-8?q?two?=", "one and two"),
        ("=?utf-8?b?w4M=?=", "Ã"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        ("=?utf-8*en?q?x?=", "x"),
        ("=?iso-8859-1?q?=80?=", "€"),
        ("=?us-ascii?q?=93quoted=94?=", "\u201cquoted\u201d"),
        ("=?nonsense?q?x=C3=A9?=", "xé"),
        ("=?utf-8?q?x=0D=0ABcc:_v@x.example?=", "x Bcc: v@x.example"),
        ("=?utf-8?q?unended", "=?utf-8?q?unended"),
        ("=?a\x00b?q?x?=", "x"),
    ],
)
def test_decodes_words(value: str, decoded: str) -> None:
    assert words(value) == decoded


@given(st.text(max_size=200))
def test_decodes_what_the_standard_library_encodes(text: str) -> None:
    clean = " ".join("".join(c for c in text if c.isprintable()).split())
    encoded = email.header.Header(clean, "utf-8", maxlinelen=75).encode(linesep="")

    assert words(encoded).split() == [word for word in words(clean).split() if word]


@given(
    st.text()
    | st.lists(st.sampled_from(["=?", "utf-8", "?q?", "?b?", "?=", " ", "=C3"])).map("".join)
)
def test_any_value_gives_one_line(value: str) -> None:
    decoded = words(value)

    assert len(decoded.splitlines()) <= 1
    decoded.encode()


def test_splits_where_the_header_ends() -> None:
    raw = b"From: a\r\nSubject: one\r\n two\r\n\tthree\r\n\r\nBody: no\r\n"

    assert split(raw) == ([("from", "a"), ("subject", "one two\tthree")], 39, True)


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: 1\nB: 2\n\nx", ["a", "b"], b"x"),
        (b"From jo Sat May 3\nA: 1\n\nx", ["a"], b"x"),
        (b"A: 1\nno colon here\nx", ["a"], b"no colon here\nx"),
        (b"no header at all", [], b"no header at all"),
        (b"A : 1\n\nx", ["a"], b"x"),
        (b"\nA: 1\n", [], b"A: 1\n"),
        (b"A: 1", ["a"], b""),
        (b"", [], b""),
    ],
)
def test_splits_odd_headers(raw: bytes, fields: list[str], body: bytes) -> None:
    found, at, _ = split(raw)

    assert [name for name, _ in found] == fields
    assert raw[at:] == body


NAMES = st.from_regex(r"[A-Za-z-]{1,12}", fullmatch=True)
VALUES = st.from_regex(r"[!-~]([ -~]{0,30}[!-~])?", fullmatch=True)


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_agrees_with_the_standard_library(fields: list[tuple[str, str]], end: str) -> None:
    raw = "".join(f"{name}: {value}{end}" for name, value in fields) + end + "body"
    stdlib = email.parser.BytesHeaderParser().parsebytes(raw.encode())

    assert split(raw.encode())[0] == [(name.lower(), value) for name, value in stdlib.items()]


@pytest.mark.parametrize(
    ("value", "sound"),
    [
        ("<a.b$c@x.example>", True),
        ("<a@[192.0.2.1]>", True),
        ("<[x]@[y]>", False),
        ("<@>", False),
        ("<a@b> <c@d>", False),
        ("<a b@x>", False),
        ("<a@b\r\nBcc: x>", False),
        ("<" + "a" * 300 + "@b>", False),
        ("", False),
    ],
)
def test_takes_only_well_formed_message_ids(value: str, sound: bool) -> None:  # noqa: FBT001  # a table
    assert (message_id(value) is not None) is sound


def test_finds_references_among_rubbish() -> None:
    assert message_ids("<a@b> junk <[x]@[y]>\t<c@d>") == ("<a@b>", "<c@d>")


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("Sat, 03 May 2025 10:12:00 +0100", "2025-05-03T10:12:00+01:00"),
        ("Sat, 03 May 2025 10:12:00 -0000", "2025-05-03T10:12:00+00:00"),
        ("3 May 2025 10:12 GMT (comment)", "2025-05-03T10:12:00+00:00"),
        ("yesterday", None),
        ("", None),
        ("Sat, 99 May 2025 99:99:99 +9999", None),
        ("9" * 1_000, None),
    ],
)
def test_reads_dates(value: str, iso: str | None) -> None:
    assert iso_date(value) == iso


@given(st.text())
def test_any_date_is_a_date_or_none(value: str) -> None:
    iso_date(value)
