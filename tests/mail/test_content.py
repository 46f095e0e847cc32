"""What a part holds: counted and read in pieces, to the byte as if it were undone whole."""

import binascii
import secrets
from base64 import encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.charset import untransfer
from guard.mail.content import Content, unbase64, unquoted

ENCODINGS = ["", "7bit", "8bit", "binary", "quoted-printable", "base64", " BASE64 ", "x-odd"]
BASE64 = st.text("AbZ9+/= \r\n-\x00", max_size=60).map(str.encode)
QUOTED = (st.text("ab=3D0a \r\n", max_size=60) | st.text("a=3\r", max_size=60)).map(str.encode)
HUGE = encodebytes(secrets.token_bytes(2_400_000)).replace(b"\n", b"\r\n")
CASES = {
    "sound": HUGE,
    "with words after its end": HUGE + b"==\r\n-- \r\nSent from my telephone\r\n" * 90_000,
    "ended early": HUGE[:500_000] + b"QQ==\r\n" + HUGE,
    "with one pad too many inside": HUGE[:500_001] + b"=" + HUGE,
    "cut off": HUGE[:-3],
    "without a line end": HUGE.replace(b"\r\n", b""),
    "of equals signs": b"=" * 3_000_000,
    "quoted": b"Gr=FC=DFe, =\r\nAndrea\r\n" * 150_000,
    "quoted, in one line": b"Gr=FC=DFe, Andrea " * 150_000,
    "quoted, in one line that ends early": b"Gr=FC=DFe, Andrea " * 70_000 + b"=\rx" * 900_000,
    "empty": b"",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("case", CASES)
def test_a_huge_part_is_the_same_in_pieces_as_whole(case: str, encoding: str) -> None:
    raw = b"Subject: x\r\n\r\n" + CASES[case] + b"--end"
    start, end = 14, len(raw) - 5
    whole, sound = untransfer(raw[start:end], encoding)

    content = Content(raw, start, end, encoding)

    assert (content.size, content.sound, content.data) == (len(whole), sound, whole)
    for most in (0, 2_048, 1_500_000, 4_000_000):
        assert content.head(most) == whole[:most]


@given(BASE64, st.integers(1, 9))
def test_base64_in_pieces_is_what_binascii_makes_of_it(data: bytes, most: int) -> None:
    try:
        whole = binascii.a2b_base64(data)
    except binascii.Error:
        with pytest.raises(binascii.Error):
            list(unbase64(memoryview(data), most=most))
    else:
        assert b"".join(unbase64(memoryview(data), most=most)) == whole


@given(QUOTED, st.integers(1, 9))
def test_quoted_printable_in_pieces_is_what_binascii_makes_of_it(data: bytes, most: int) -> None:
    assert b"".join(unquoted(data, 0, len(data), most=most)) == binascii.a2b_qp(data)


def test_a_part_that_ends_before_it_begins_is_empty() -> None:
    content = Content(b"abc", 2, 1, "base64")

    assert (content.data, content.size, content.head(9), content.sound) == (b"", 0, b"", True)
