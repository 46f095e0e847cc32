from base64 import encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.charset import clean, decode, unbase64, untransfer


@pytest.mark.parametrize(
    ("data", "claimed", "text", "honest"),
    [
        (b"plain", "us-ascii", "plain", True),
        ("café".encode(), "utf-8", "café", True),
        ("café".encode(), "", "café", True),
        (b"caf\xe9 \x93x\x94", "utf-8", "café \u201cx\u201d", False),
        (b"caf\xe9", "us-ascii", "café", False),
        ("café".encode(), "us-ascii", "café", True),
        ("café".encode(), "windows-1252", "café", False),
        ("café".encode(), "iso-8859-1", "café", False),
        (b"caf\xe9 \x80", "iso-8859-1", "café €", True),
        (b"\x81\xe9", "windows-1252", "\x81é", True),
        (b"\xb1", "ISO-8859-2", "ą", True),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本", True),
        ("日本".encode("shift_jis"), "shift_jis", "日本", True),
        ("hi".encode("utf-16"), "utf-16", "hi", True),
        (b"hi\xff", "gb2312", "hi\ufffd", False),
        ("é".encode(), "no-such-charset", "é", False),
        (b"hi", "utf\x008", "hi", False),
        (b"hi", "rot13", "hi", False),
        (b"hi", "zlib", "hi", False),
        (b"\\x41", "unicode_escape", "\\x41", False),
        (b"xn--a", "idna", "xn--a", False),
        (b"hi", '"utf-8"', "hi", True),
    ],
)
def test_decodes_by_claim_or_by_what_it_is(
    data: bytes,
    claimed: str,
    text: str,
    honest: bool,  # noqa: FBT001  # a table
) -> None:
    assert decode(data, claimed) == (text, honest)


@given(st.binary(), st.text(max_size=12) | st.sampled_from(["utf-7", "utf-16", "hz", "big5"]))
def test_any_bytes_of_any_claim_become_storable_text(data: bytes, claimed: str) -> None:
    clean(decode(data, claimed)[0]).encode()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("a\x9b31mb\x85c", "a31mb\nc"),
        ("su\u00adi\u200bcide\ufeff", "suicide"),
        ("tab\tand\u00a0space", "tab\tand\u00a0space"),
        ("lone \ud800 half", "lone  half"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_drops_what_no_eye_sees(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("data", "encoding", "content", "sound"),
    [
        (b"as is", "7bit", b"as is", True),
        (b"=E9=\r\nx", "Quoted-Printable", b"\xe9x", True),
        (b"a=ZZb=", "quoted-printable", b"a=ZZb", True),
        (b"aGk=\r\n", " BASE64 ", b"hi", True),
        (b"aGk", "base64", b"hi", False),
        (b"a G!k=", "base64", b"hi", True),
        (b"x", "x-unknown", b"x", False),
    ],
)
def test_undoes_transfer_encodings(
    data: bytes,
    encoding: str,
    content: bytes,
    sound: bool,  # noqa: FBT001  # a table
) -> None:
    assert untransfer(data, encoding) == (content, sound)


@given(st.binary())
def test_any_bytes_can_be_read_as_base64(data: bytes) -> None:
    unbase64(data)


def test_a_damaged_base64_of_many_pieces_is_mended_as_one() -> None:
    content = bytes(range(251)) * 15_000

    found = unbase64(encodebytes(content).rstrip()[:-1])

    assert found == (content[:-1], False)
