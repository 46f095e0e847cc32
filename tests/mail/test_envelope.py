import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import UnreadableError
from guard.mail.envelope import MOST_BYTES, Envelope, peek
from guard.mail.parse import parse

MAILS = [
    b"From: Jo <Jo@X.Example>\r\nTo: a@b.example, C <c@d.example>\r\nMessage-ID: <1@x>\r\n\r\nhi",
    b"From: jo@client.example\nCc: a@b.example\nBcc: c@d.example\n\nFrom: not@this.example",
    b'To: "Owen, A" <a@b.example>,\r\n t: <c@d.example>;\r\nFROM: =?utf-8?q?J?= <j@c.d>\r\n\r\n',
    b"From: a@b.example\r\nFrom: c@d.example\r\n\r\n",
    b"Subject: no addresses\r\nMessage-ID: <[x]@[y]>\r\n\r\n",
    b"From jo Sat\nFrom: J\xc3\xb6 <j@c.example>\n\nx",
]


@pytest.mark.parametrize("raw", MAILS)
def test_agrees_with_the_parser_on_ordinary_mail(raw: bytes) -> None:
    message = parse(raw)

    assert peek(raw) == Envelope(
        sender=tuple(box.email for box in message.sender),
        recipients=tuple(box.email for box in message.recipients),
        message_id=message.message_id,
    )


@pytest.mark.parametrize(
    ("field", "automatic"),
    [
        (b"", False),
        (b"Auto-Submitted: no\r\n", False),
        (b"auto-submitted:  No ; x=y\r\n", False),
        (b"Auto-Submitted: auto-replied\r\n", True),
        (b"AUTO-SUBMITTED: auto-generated; type=x\r\n", True),
        (b"Auto-Submitted: no\r\nAuto-Submitted: auto-notified\r\n", True),
    ],
)
def test_tells_what_a_machine_sent(field: bytes, *, automatic: bool) -> None:
    assert peek(field + MAILS[0]).automatic is automatic


def test_needs_only_the_head() -> None:
    raw = MAILS[0] + b"x" * (2 * MOST_BYTES)

    assert peek(raw[:MOST_BYTES]) == peek(raw)


def test_looks_no_further_than_the_head() -> None:
    assert peek(b"X: y\r\n" * MOST_BYTES + MAILS[0]) == Envelope()


@given(st.binary(max_size=1_000))
def test_any_bytes_give_an_envelope_that_the_parser_agrees_with(raw: bytes) -> None:
    found = peek(raw)
    try:
        message = parse(raw)
    except UnreadableError:
        assert found == Envelope()
    else:
        assert found.sender == tuple(box.email for box in message.sender)


@pytest.mark.parametrize("piece", [b"\n", b"From:", b"To: \n ", b"To: a@b\n", b"To: (", b"\xff"])
def test_a_flood_gives_an_envelope(piece: bytes) -> None:
    peek(b"From: a@b.example\n" + piece * 100_000)
