"""Mails were written for this test; the traps are those that broke other parsers."""

import email
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guard.errors import UnreadableError
from guard.mail.message import Message
from guard.mail.parse import LONGEST_VALUE, MOST_FIELDS, parse
from guard.mail.parts import MOST_PARTS
from guard.mail.wire import decode, encode

HEAD = b"Return-Path: <jo@client.example>\r\nFrom: Jo <jo@client.example>\r\n"


def mail(*fields: str, body: str = "hello\r\n") -> Message:
    return parse(HEAD + "\r\n".join([*fields, "", body]).encode("latin-1"))


def part(content_type: str, body: str, *fields: str) -> str:
    return "\r\n".join([f"Content-Type: {content_type}", *fields, "", body, ""])


def multi(kind: str, *parts: str, boundary: str = "b1") -> str:
    inside = "".join(f"--{boundary}\r\n{one}" for one in parts)
    return part(f'multipart/{kind}; boundary="{boundary}"', f"{inside}--{boundary}--")


def whole(entity: str) -> Message:
    return parse(HEAD + entity.encode())


def test_fills_every_field() -> None:
    message = mail(
        "Sender: Desk <desk@client.example>",
        "Reply-To: <other@client.example>",
        "To: Andrea <andrea@practice.example>, team: <a@b.example>;",
        "Cc: c@d.example",
        "Resent-To: r@d.example",
        "Subject: =?utf-8?q?Caf=C3=A9?=\r\n on Thursday",
        "Message-ID: <1@client.example>",
        "References: <a@x> <[x]@[y]> <b@x>",
        "In-Reply-To: <c@x>",
        "Date: Sat, 3 May 2025 10:12:00 +0100",
        body="Four?\r\n\r\nOn 3 May 2025, A <a@b.example> wrote:\r\n> x\r\n",
    )

    assert message.subject == "Café on Thursday"
    assert message.new_text == "Four?"
    assert message.full_text.endswith("wrote:\n> x")
    assert [box.email for box in message.sender] == ["jo@client.example"]
    assert [box.name for box in message.on_behalf] == ["Desk"]
    assert [box.email for box in message.recipients] == [
        "andrea@practice.example",
        "a@b.example",
        "c@d.example",
        "r@d.example",
    ]
    assert message.return_path == "jo@client.example"
    assert message.message_id == "<1@client.example>"
    assert message.references == ("<a@x>", "<b@x>", "<c@x>")
    assert message.date == "2025-05-03T10:12:00+01:00"
    assert message.headers[0] == ("return-path", "<jo@client.example>")
    assert message.values("subject") == ("=?utf-8?q?Caf=C3=A9?= on Thursday",)
    assert (message.content_type, message.faults, message.encrypted) == ("text/plain", (), False)


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("Return-Path: <>", ""),
        ("Return-Path:", ""),
        ("Return-Path: <Jo@Client.Example>", "Jo@client.example"),
        ("Return-Path: jo@client.example", "jo@client.example"),
        ("Return-Path: <two@a.example> <b@c.example>", ""),
        ("X: y", None),
    ],
)
def test_reads_the_topmost_return_path(field: str, path: str | None) -> None:
    raw = f"{field}\r\nReturn-Path: <low@x.example>\r\n" if path is not None else f"{field}\r\n"

    assert parse(raw.encode()).return_path == path


@pytest.mark.parametrize(
    "field",
    [
        "Message-ID: <[x]@[y]>",
        "Message-ID: <@>",
        'To: "',
        "To: (c):",
        "To: a@",
        "Content-Type: text/plain; name*",
        "Content-Type: text/plain; charset*0*=x''%zz; charset*1=y",
        "Content-Type: ;;;=",
        "Content-Type: text/plain; charset=no-such",
        "Content-Type: text/plain; charset=u\x008",
        "Content-Type: multipart/mixed",
        'Content-Type: multipart/mixed; boundary=""',
        "Content-Type: multipart/mixed; boundary=never",
        "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: rot13",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename*=utf-99'x'%ff",
        "Cc: =?utf-8?q?x=0Abcc=3A?= <a@b>",
        "Subject: =?utf-8?b?x?=",
        "Date: 99 Foo",
        "References: " + "<" * 5_000,
        "\xff\xfe: x",
        ": x",
    ],
)
def test_traps_leave_the_rest_readable(field: str) -> None:
    message = mail(field, "X-After: kept")

    assert message.sender[0].email == "jo@client.example"
    assert decode(encode(message)) == message


def test_no_line_break_gets_into_a_value() -> None:
    message = mail("Subject: =?utf-8?q?x=0D=0ABcc:_v@x?=", "To: =?utf-8?q?=0Ax?= <a@b.example>")

    assert message.subject == "x Bcc:_v@x".replace("_", " ")
    assert message.recipients[0].name == "x"


@pytest.mark.parametrize(
    ("claimed", "data", "faults"),
    [
        ("utf-8", "café £60".encode(), ()),
        ("utf-8", b"caf\xe9 \xa360", ("charset",)),
        ("us-ascii", b"caf\xe9 \xa360", ("charset",)),
        ("windows-1252", "café £60".encode(), ("charset",)),
        ("iso-8859-1", b"caf\xe9 \xa360", ()),
        ("x-nonsense", "café £60".encode(), ("charset",)),
    ],
)
def test_reads_text_whose_charset_lies(claimed: str, data: bytes, faults: tuple[str, ...]) -> None:
    raw = HEAD + f"Content-Type: text/plain; charset={claimed}\r\n\r\n".encode() + data
    message = parse(raw)

    assert (message.new_text, message.faults) == ("café £60", faults)


HTML = "<div>I cannot go on like this, he came back on Sunday and I let him in.</div>"


def test_prefers_the_plain_alternative() -> None:
    message = whole(
        multi("alternative", part("text/plain", "plain"), part("text/html", "<p>plain"))
    )

    assert message.full_text == "plain"


@pytest.mark.parametrize(
    "stub",
    ["", " \r\n", "This mail needs HTML.", "Your e-mail client does not support it", "?"],
)
def test_reads_the_html_beside_a_stub(stub: str) -> None:
    entity = multi("alternative", part("text/plain", stub), part("text/html", HTML * 4))

    assert "he came back on Sunday" in whole(entity).new_text


def test_reads_html_alone_and_finds_its_quotation() -> None:
    entity = part(
        "text/html; charset=utf-8",
        f"{HTML}<div class=gmail_quote><div>On Sat, 3 May 2025, A &lt;a@b.example&gt; wrote:<br>"
        "</div><blockquote>how are you</blockquote></div>",
    )

    assert (
        whole(entity).new_text
        == "I cannot go on like this, he came back on Sunday and I let him in."
    )


def test_reads_the_html_of_a_related_part_in_an_alternative() -> None:
    related = multi("related", part("text/html", HTML), part("image/png", "x"), boundary="b2")
    message = whole(multi("alternative", part("text/plain", ""), related))

    assert message.new_text.startswith("I cannot go on")
    assert [one.content_type for one in message.attachments] == ["image/png"]


def test_takes_the_charset_that_only_the_html_names() -> None:
    html = '<meta http-equiv="x" content="text/html; charset=iso-8859-2"><p>\xb1'
    raw = HEAD + b"Content-Type: text/html\r\n\r\n" + html.encode("latin-1")

    assert parse(raw).new_text == "ą"


def test_joins_what_is_written_around_a_picture() -> None:
    entity = multi(
        "mixed",
        part("text/plain", "before"),
        part("image/jpeg; name=a.jpg", "eA==", "Content-Transfer-Encoding: base64"),
        part("text/plain", "after, and it is worse"),
    )
    message = whole(entity)

    assert message.new_text == "before\n\nafter, and it is worse"
    assert [(one.name, one.size) for one in message.attachments] == [("a.jpg", 1)]


def test_joins_flowed_text() -> None:
    assert whole(part("text/plain; format=flowed", "one \r\ntwo")).new_text == "one two"


@pytest.mark.parametrize(
    ("content_type", "disposition", "text"),
    [
        ("text/plain", "attachment; filename=diary.txt", "words"),
        ("text/plain; name=diary.txt", "inline", "words"),
        ("text/markdown", "attachment", "words"),
        ("application/octet-stream", 'attachment; filename="Diary.MD"', "words"),
        ("application/octet-stream; name=a.csv", "attachment", "words"),
        ("text/html", "attachment; filename=a.html", "words"),
        ("application/octet-stream", "attachment; filename=a.bin", ""),
        ("application/pdf", "attachment; filename=a.txt", ""),
        ("text/vcard", "attachment; filename=a.vcf", ""),
    ],
)
def test_reads_text_attachments(content_type: str, disposition: str, text: str) -> None:
    inside = part(content_type, "words", f"Content-Disposition: {disposition}")
    message = whole(multi("mixed", part("text/plain", "cover"), inside))

    assert message.full_text == "cover"
    assert [one.text for one in message.attachments] == [text]
    assert message.text.split() == ["cover", *text.split()]


def test_cuts_a_long_text_attachment() -> None:
    message = whole(part("text/plain", "word " * 9_000, "Content-Disposition: attachment"))

    assert len(message.attachments[0].text) == 20_000


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=utf-8''caf%C3%A9.txt", "café.txt"),
        ('attachment; filename="=?utf-8?q?caf=C3=A9.txt?="', "café.txt"),
        ("attachment; filename*0=di; filename*1=ary.txt", "diary.txt"),
        ('attachment; filename="a\x07b.txt"', "ab.txt"),
        ("attachment", ""),
    ],
)
def test_decodes_file_names(disposition: str, name: str) -> None:
    message = whole(part("application/pdf", "x", f"Content-Disposition: {disposition}"))

    assert message.attachments[0].name == name


INNER = part(
    "text/plain", "I know where you live.", "Subject: last warning", "From: sam@x.example"
)


def test_an_attached_message_is_quoted_when_something_is_written_above_it() -> None:
    cover = "Could we move Thursday to four o'clock please?"
    message = whole(multi("mixed", part("text/plain", cover), part("message/rfc822", INNER)))

    assert message.new_text == cover
    assert "I know where you live." in message.full_text


@pytest.mark.parametrize("cover", ["", "FYI", "see attached"])
def test_an_attached_message_is_the_letter_when_nothing_is(cover: str) -> None:
    message = whole(multi("mixed", part("text/plain", cover), part("message/rfc822", INNER)))

    assert "last warning" in message.new_text
    assert "I know where you live." in message.new_text


def test_what_hangs_on_an_attached_message_is_judged_only_if_that_is_the_letter() -> None:
    note = part("text/plain", "the note", "Content-Disposition: attachment")
    inner = part("message/rfc822", "Subject: x\r\n" + multi("mixed", note, boundary="b9"))
    cover = part("text/plain", "Could we move Thursday to four o'clock please?")

    assert "the note" in whole(multi("mixed", inner)).text
    assert "the note" not in whole(multi("mixed", cover, inner)).text


def test_headers_of_an_attached_message_stay_there() -> None:
    message = whole(
        part("message/rfc822", "Authentication-Results: mx.practice.example; x\r\n\r\n")
    )

    assert message.values("authentication-results") == ()


CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    "SUMMARY:Declined\r\nCOMMENT:it got worse\r\nEND:VEVENT\r\nEND:VCALENDAR"
)


def test_reads_what_is_written_into_an_invitation_once() -> None:
    calendar = part("text/calendar; method=REPLY; charset=utf-8", CALENDAR)
    copy = part("application/ics; name=invite.ics", CALENDAR)
    entity = multi(
        "mixed", multi("alternative", part("text/plain", "no"), calendar, boundary="b2"), copy
    )
    message = whole(entity)

    assert [one.text for one in message.calendar] == ["it got worse"]
    assert "it got worse" in message.text


@pytest.mark.parametrize(
    "entity",
    [
        part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "x"),
        part("application/x-pkcs7-mime; name=smime.p7m", "x"),
        multi(
            "encrypted",
            part("application/pgp-encrypted", "Version: 1"),
            part("application/octet-stream", "-----BEGIN PGP MESSAGE-----"),
        ),
        part(
            "text/plain", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----"
        ),
        part("text/plain; name=a.asc", "-----BEGIN PGP MESSAGE-----"),
    ],
    ids=["s/mime", "s/mime without a type", "pgp/mime", "inline pgp", "attached pgp"],
)
def test_sees_that_a_mail_is_encrypted(entity: str) -> None:
    assert whole(entity).encrypted


@pytest.mark.parametrize(
    "entity",
    [
        part("application/pkcs7-mime; smime-type=certs-only", "x"),
        multi("signed", part("text/plain", "hi"), part("application/pgp-signature", "x")),
        part("text/plain", "On 3 May, A wrote:\r\n> -----BEGIN PGP MESSAGE-----"),
        part("text/plain", "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nhi"),
    ],
    ids=["certificates", "signed", "quoted", "inline signed"],
)
def test_sees_that_a_mail_is_not_encrypted(entity: str) -> None:
    assert not whole(entity).encrypted


def test_names_what_outlook_hides() -> None:
    assert whole(part("application/ms-tnef; name=winmail.dat", "x")).faults == ("tnef",)


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"no header", b"\x00" * 50, b"From x\nfoo"])
def test_bytes_without_a_header_are_no_message(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse(raw)


def nested(levels: int) -> bytes:
    opens = "".join(
        f"Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n" for at in range(levels)
    )
    return HEAD + opens.encode() + b"\r\nthe end"


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (nested(1_000), "depth"),
        (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000, "depth"),
        (
            HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
            "parts",
        ),
        (HEAD + b"To: " + b"a@b.example, " * 20_000 + b"\r\n\r\nhi", "addresses"),
        (HEAD + b"X: y\r\n" * 100_000 + b"\r\nhi", "headers"),
        (HEAD + b"X:" + b" y\r\n" * 100_000 + b"\r\nhi", "headers"),
        (HEAD + b"\r\n" + b"word " * 500_000, "long"),
        (HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000, "html"),
    ],
    ids=["levels", "attached messages", "parts", "mailboxes", "fields", "a fold", "text", "html"],
)
def test_hostile_mail_is_cut_and_the_rest_used(raw: bytes, fault: str) -> None:
    message = parse(raw)

    assert fault in message.faults
    assert message.sender[0].email == "jo@client.example"
    assert len(message.headers) <= MOST_FIELDS
    assert all(len(value) <= LONGEST_VALUE for _, value in message.headers)
    assert len(message.attachments) <= MOST_PARTS


@pytest.mark.parametrize(
    "line",
    ["> ", "From: x\n", "On On On ", "\n", "--\n", "=\n", "a", "<div>", "(", '"', "=?utf-8?q?"],
)
def test_a_megabyte_of_one_thing_is_read_everywhere(line: str) -> None:
    flood = (line * (1_000_000 // len(line))).encode()
    for head in (b"\r\n", b"Content-Type: text/html\r\n\r\n", b"To: ", b"Subject: "):
        parse(HEAD + head + flood)


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_message_or_unreadable(raw: bytes) -> None:
    try:
        message = parse(raw)
    except UnreadableError:
        return
    assert decode(encode(message)) == message


FIELDS = [b"From", b"To", b"Subject", b"Date", b"Content-Type", b"Content-Transfer-Encoding",
          b"Content-Disposition", b"Return-Path", b"Message-ID", b"References"]  # fmt: skip
VALUES = [b"multipart/mixed; boundary=b", b"message/rfc822",
          b"text/html", b"base64", b'"', b"<a@b>",
          b"text/calendar", b"=?utf-8?q?=0A?=", b"charset=", b";", b"attachment; filename*0*=x",
          b"\xff", b"\x00", b"(", b"multipart/alternative; boundary=b", b"text/plain"]  # fmt: skip
BODIES = [
    b"--b\r\n",
    b"--b--\r\n",
    b"\r\n",
    b"<p>x",
    b"Content-Type: ",
    b"x\r\n",
    b"BEGIN:VCALENDAR\n",
]


@given(
    st.lists(st.tuples(st.sampled_from(FIELDS), st.lists(st.sampled_from(VALUES), max_size=3))),
    st.lists(st.sampled_from([*BODIES, *VALUES])),
)
def test_header_soup_is_a_message_or_unreadable(
    fields: list[tuple[bytes, list[bytes]]], body: list[bytes]
) -> None:
    head = b"".join(name + b": " + b"".join(values) + b"\r\n" for name, values in fields)
    message = parse(HEAD + head + b"\r\n" + b"".join(body))

    assert decode(encode(message)) == message


ORDINARY = (
    HEAD
    + multi(
        "mixed",
        multi("alternative", part("text/plain", "hi"), part("text/html", "<p>hi"), boundary="b2"),
        part("application/pdf; name=a.pdf", "eA==", "Content-Transfer-Encoding: base64"),
    ).encode()
)


@given(st.integers(0, len(ORDINARY) - 1), st.binary(max_size=4), st.integers(0, 9))
def test_a_mutated_mail_is_a_message_or_unreadable(at: int, new: bytes, cut: int) -> None:
    try:
        parse(ORDINARY[:at] + new + ORDINARY[at + cut :])
    except UnreadableError as error:
        assert "header field" in str(error)  # noqa: PT017  # the only reason there may be


TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters="\xad"),
    min_size=1,
    max_size=300,
)


@given(TEXTS, st.sampled_from(["base64", "quoted-printable", "8bit"]), st.binary(max_size=60))
@example("\u2028", "base64", b"")
def test_reads_what_the_standard_library_writes(text: str, cte: str, data: bytes) -> None:
    made = EmailMessage()
    made["From"] = "jo@client.example"
    made.set_content(text, cte=cte)
    made.add_attachment(data, maintype="image", subtype="png", filename="é.png")
    raw = made.as_bytes()
    stdlib = [one for one in email.message_from_bytes(raw).walk() if not one.is_multipart()]

    message = parse(raw)

    assert message.full_text.split() == text.replace("\u200b", "").split()
    assert [(one.name, one.size) for one in message.attachments] == [("é.png", len(data))]
    assert len(stdlib) == 2
    assert message.faults == ()
