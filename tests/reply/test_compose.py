import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import SendRefusedError
from guard.mail.message import Address, Message
from guard.mail.parse import parse
from guard.mail.text import new_text
from guard.reply import compose
from guard.reply.compose import Letter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
US = "andrea@practice.example"
WORDS = compose.text("reminder.en")


def a_message(**changes: Any) -> Message:
    usual: dict[str, Any] = {
        "subject": "",
        "new_text": "",
        "full_text": "",
        "sender": (Address(name="", email="jo@client.example"),),
        "message_id": "<1@client.example>",
    }
    return Message(**usual | changes)


def reminder(message: Message | None = None, *, words: str = WORDS, sender: str = US) -> Letter:
    return compose.reminder(
        message or a_message(), words=words, sender=sender, token="guard.0123", now=NOON
    )


def alert(count: int = 1, to: str = "andrea@home.example") -> Letter:
    return compose.alert(count=count, sender=US, to=to, token="guard.0123", now=NOON)


def opened(letter: Letter) -> EmailMessage:
    found = message_from_bytes(letter.raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_reminder_is_these_bytes() -> None:
    message = a_message(references=("<0@practice.example>", "<1@client.example>"))

    assert reminder(message, words="Hello,\n\nE-mail is for appointments. £5 = é.\n").raw == (
        b"From: andrea@practice.example\r\n"
        b"To: jo@client.example\r\n"
        b"Subject: Automatic reply: about your e-mail\r\n"
        b"Date: Mon, 02 Mar 2026 12:00:00 +0000\r\n"
        b"Message-ID: <guard.0123@practice.example>\r\n"
        b"In-Reply-To: <1@client.example>\r\n"
        b"References: <0@practice.example>\r\n"
        b" <1@client.example>\r\n"
        b"Auto-Submitted: auto-replied\r\n"
        b"X-Auto-Response-Suppress: All\r\n"
        b"Precedence: bulk\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Hello,\r\n"
        b"\r\n"
        b"E-mail is for appointments. =C2=A35 =3D =C3=A9.\r\n"
    )


def test_an_alert_is_these_bytes() -> None:
    assert alert(count=2).raw == (
        b"From: andrea@practice.example\r\n"
        b"To: andrea@home.example\r\n"
        b"Subject: guard: please look\r\n"
        b"Date: Mon, 02 Mar 2026 12:00:00 +0000\r\n"
        b"Message-ID: <guard.0123@practice.example>\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"X-Auto-Response-Suppress: All\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"guard: 2 messages are waiting that should not wait.\r\n"
        b"\r\n"
        b"Please open the review page on your computer: guard review\r\n"
        b"\r\n"
        b"This message says no more on purpose.\r\n"
    )


def test_an_alert_can_count_to_one() -> None:
    assert b"guard: 1 message is waiting that should not wait.\r\n" in alert(count=1).raw


# --- RFC 3834 and RFC 5230 ------------------------------------------------------------------


def test_a_reminder_says_that_a_machine_replied() -> None:
    letter = opened(reminder())

    assert letter["Auto-Submitted"] == "auto-replied"
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["Precedence"] == "bulk"
    assert letter["Subject"].startswith("Automatic reply: ")
    assert letter["Reply-To"] is None
    assert letter["Cc"] is None


def test_an_alert_is_no_reply() -> None:
    assert opened(alert())["Auto-Submitted"] == "auto-generated"


def test_the_reply_names_what_it_answers_and_the_thread() -> None:
    message = a_message(references=("<a@x.example>", "<b@x.example>"))
    letter = opened(reminder(message))

    assert letter["In-Reply-To"] == "<1@client.example>"
    assert letter["References"].split() == ["<a@x.example>", "<b@x.example>", "<1@client.example>"]


def test_a_long_thread_keeps_its_last_twenty() -> None:
    message = a_message(references=tuple(f"<{i}@x.example>" for i in range(500)))
    found = opened(reminder(message))["References"].split()

    assert found == [*(f"<{i}@x.example>" for i in range(480, 500)), "<1@client.example>"]


def test_a_mail_without_an_id_is_answered_without_a_thread() -> None:
    letter = opened(reminder(a_message(message_id=None, references=("<a@x.example>",))))

    assert letter["In-Reply-To"] is None
    assert letter["References"] is None


def test_the_date_keeps_its_zone() -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    letter = compose.reminder(a_message(), words=WORDS, sender=US, token="guard.1", now=summer)

    assert b"Date: Wed, 01 Jul 2026 12:00:00 +0100\r\n" in letter.raw


# --- nothing is smuggled in -----------------------------------------------------------------

BAD_IDS = [
    "<1@client.example>\r\nBcc: evil@x.example",
    "<1@client.example>\nBcc: evil@x.example",
    "<1@client.example\r\n >",
    "<1 2@client.example>",
    "<1@client.example",
    "1@client.example",
    "<=?utf-8?q?=0D=0ABcc:?=@x.example> <b@x.example>",
    "<é@client.example>",
    "<\x00@client.example>",
    f"<{'x' * 300}@client.example>",
    f"<x@{'x' * 300}>",
    "<>",
    "",
]


@pytest.mark.parametrize("bad", BAD_IDS)
def test_an_id_that_is_none_is_left_out(bad: str) -> None:
    letter = reminder(a_message(message_id=bad, references=(bad,)))

    assert letter.raw == reminder(a_message(message_id=None)).raw


@pytest.mark.parametrize("bad", BAD_IDS)
def test_a_reference_that_is_none_is_left_out(bad: str) -> None:
    assert reminder(a_message(references=(bad,))).raw == reminder().raw


BAD_ADDRESSES = [
    "",
    "jo",
    "jo@client.example\r\nBcc: evil@x.example",
    "jo@client.example, evil@x.example",
    "jo@client.example>",
    "<jo@client.example",
    '"jo doe"@client.example',
    "jo@[192.0.2.1]",
    "jö@client.example",
    "jo@müller.example",
    "jo@client.example ",
    f"{'x' * 65}@client.example",
    f"jo@{'x' * 256}",
]


@pytest.mark.parametrize("bad", BAD_ADDRESSES)
def test_an_address_that_is_not_plain_is_refused(bad: str) -> None:
    with pytest.raises(SendRefusedError) as caught:
        reminder(a_message(sender=(Address(name="", email=bad),)))

    assert bad == "" or bad not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("bad", BAD_ADDRESSES)
def test_an_alert_to_such_an_address_is_refused(bad: str) -> None:
    with pytest.raises(SendRefusedError):
        alert(to=bad)


def test_a_mail_from_nobody_is_refused() -> None:
    with pytest.raises(SendRefusedError):
        reminder(a_message(sender=()))


HEADS = st.text(alphabet="\r\n <>@:=?ab.é\x00\u2028\x85", max_size=40)


@given(HEADS, st.lists(HEADS, max_size=4), HEADS)
def test_no_header_can_be_smuggled_in(identity: str, references: list[str], address: str) -> None:
    message = a_message(
        sender=(Address(name="", email=address),),
        message_id=identity,
        references=tuple(references),
    )
    try:
        letter = reminder(message)
    except SendRefusedError:
        return
    assert {name.lower() for name in opened(letter)} <= {
        *("from", "to", "subject", "date", "message-id", "in-reply-to", "references"),
        *("auto-submitted", "x-auto-response-suppress", "precedence", "mime-version"),
        *("content-type", "content-transfer-encoding"),
    }


SECRETS = ["Zebrasubject", "Zebraname", "Zebrabody", "zebrafile"]


def test_no_word_of_the_mail_is_in_the_reply() -> None:
    raw = (
        b"From: Zebraname <jo@client.example>\r\nReply-To: Zebraname <z@x.example>\r\n"
        b"Subject: Zebrasubject\r\nMessage-ID: <1@client.example>\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nZebrabody\r\n--b\r\n"
        b'Content-Disposition: attachment; filename="zebrafile"\r\n\r\nZebrabody\r\n--b--\r\n'
    )
    letter = reminder(parse(raw))

    assert not [one for one in SECRETS if one.encode().lower() in letter.raw.lower()]


@given(st.text(), st.text(), st.text())
def test_the_reply_is_the_same_whatever_was_written(name: str, subject: str, body: str) -> None:
    message = a_message(
        subject=subject,
        new_text=body,
        full_text=body,
        sender=(Address(name=name, email="jo@client.example"),),
    )

    assert reminder(message).raw == reminder().raw


# --- the form -------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", [reminder(), alert(), alert(count=10**6)])
def test_is_ascii_with_short_lines_and_whole_line_ends(letter: Letter) -> None:
    assert letter.raw.isascii()
    assert letter.raw.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", letter.raw)
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 78


def test_the_longest_thread_still_fits_the_lines_of_smtp() -> None:
    longest = f"<{'x' * 200}@{'y' * 200}>"
    references = tuple(f"<{i:0200}@{'y' * 200}>" for i in range(100))
    letter = reminder(a_message(message_id=longest, references=references))

    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=300))
def test_what_is_written_is_what_arrives(words: str) -> None:
    body = opened(reminder(words=words)).get_content()

    assert body.splitlines() == (words.splitlines() or [""])


# --- the words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "only to arrange or change appointments",
        "not completely secure or confidential",
        "part of your record",
        "and the replies to them",
        "automatic reply",
        "not for emergencies",
        "999",
        "NHS 111",
        "option 2",
        "Samaritans on 116 123",
        "SHOUT to 85258",
        "You have done nothing wrong",
    ],
)
def test_the_reminder_says_what_the_policy_says_and_where_help_is(said: str) -> None:
    assert said in WORDS


TELLTALES = """therap counsel psych client session patient diagnos encrypt received crisis suicid
judged classif detected must should policy violat http www""".split()  # noqa: SIM905  # shorter


@pytest.mark.parametrize("word", TELLTALES)
def test_neither_text_nor_subject_tells_a_bystander_anything(word: str) -> None:
    assert word not in (WORDS + compose.REMINDER_SUBJECT).lower()


def test_the_alert_tells_a_bystander_nothing() -> None:
    told = (compose.text("alert.en") + compose.ALERT_SUBJECT).lower()

    assert not [one for one in ("client", "therap", "crisis", "suicid", "mail") if one in told]


def test_the_version_of_a_text_changes_with_every_letter() -> None:
    assert compose.version(WORDS) == compose.version(WORDS)
    assert compose.version(WORDS) != compose.version(WORDS + " ")
    assert re.fullmatch("[0-9a-f]{64}", compose.version(WORDS))


# --- when it comes back ---------------------------------------------------------------------


def quoted(text: str) -> str:
    return "".join(f"> {line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "back",
    [
        f"OK, sorry.\n\nOn Mon, 2 Mar 2026 at 12:00, Andrea wrote:\n{quoted(WORDS)}",
        f"OK, sorry.\n\n{quoted(WORDS)}",
        f"OK, sorry.\n\n{WORDS}",
        f"{quoted(WORDS)}\nOK, sorry.\n",
        f"OK, sorry.\n\n{WORDS.upper()}",
        f"OK, sorry.\n\n{quoted(quoted(WORDS))}",
    ],
    ids=["attributed", "quoted", "bare", "below", "in capitals", "twice quoted"],
)
def test_our_own_words_are_not_taken_for_the_writers(back: str) -> None:
    assert new_text(back, WORDS.splitlines()) == "OK, sorry."


def test_the_reminder_alone_leaves_nothing_to_judge() -> None:
    message = parse(reminder().raw, own=WORDS.splitlines())

    assert message.new_text == ""
