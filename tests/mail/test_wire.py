import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import UnreadableError
from guard.mail.message import Address, Attachment, CalendarPart, Message
from guard.mail.wire import decode, encode

FULL = Message(
    subject="Thursday",
    new_text="four?",
    full_text="four?\n> five?",
    sender=(Address(name="Jö", email="jo@client.example"),),
    return_path="",
    message_id="<a@b>",
    headers=(("from", "x"),),
    attachments=(Attachment(name="a", content_type="text/plain", size=1, text="x"),),
    calendar=(CalendarPart(method="REPLY", summary="s", text="t"),),
    encrypted=True,
    faults=("charset",),
)


@pytest.mark.parametrize("message", [FULL, Message(subject="", new_text="", full_text="")])
def test_comes_back_as_it_went(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 100_000,
        encode(FULL)[:-1],
        encode(FULL).replace(b'"four?"', b"4"),
        encode(FULL).replace(b'"size":1', b'"size":"1"'),
        encode(FULL).replace(b'"size":1', b'"size":1.5'),
        encode(FULL).replace(b'"encrypted":true', b'"encrypted":null'),
        encode(FULL).replace(b'[["from","x"]]', b'[["from"]]'),
        b"\xff\xfe",
    ],
)
def test_refuses_what_is_no_message(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode(data)


@given(st.binary())
def test_refuses_any_other_bytes_without_showing_them(data: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode(data)

    assert str(caught.value) == "the parsed message is not valid"
    assert caught.value.__cause__ is None
