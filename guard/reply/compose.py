"""The reminder and the alerts, as exact bytes ready to be filed and sent.

Pure. The texts are constants in `texts/`; the only thing that is taken from a client's
message is its Message-ID, and that only if it is well formed (RFC 3834 section 3.1).
"""

import hashlib
import quopri
import re
from datetime import datetime
from email import message_from_bytes
from email.utils import format_datetime
from importlib.resources import files

import msgspec

from guard.errors import SendRefusedError
from guard.mail.message import Message
from guard.reply.numbers import filled

REMINDER_SUBJECT = "Automatic reply: about your e-mail"
ALERT_SUBJECT = "guard: please look"
CHECKPOINT_SUBJECT = "guard: please keep this"
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_MESSAGE_ID = re.compile(r"<[!#-'*+\-/-9=?A-Z^-~.]{1,200}@[!#-'*+\-/-9=?A-Z^-~.\[\]:]{1,200}>")
_MOST_REFERENCES = 20


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One outgoing message. What is filed is what is sent, byte for byte."""

    to: str
    """Bare address."""

    raw: bytes
    """The whole message, with CRLF line ends."""


def text(name: str, *, nation: str = "england") -> str:
    """Return a shipped text, such as ``reminder.en``, with the nation's numbers in their place."""
    told = (files("guard.reply") / "texts" / f"{name}.txt").read_text(encoding="utf-8")
    return filled(told, nation)


def version(words: str) -> str:
    """Return the id of a text's version: SHA-256 of its UTF-8 bytes, hex."""
    return hashlib.sha256(words.encode()).hexdigest()


def reminder(
    message: Message,
    *,
    words: str,
    sender: str,
    token: str,
    now: datetime,
    subject: str = REMINDER_SUBJECT,
) -> Letter:
    """Compose the reminder that answers one message.

    Args:
        message: What the client wrote; only its sender and its Message-IDs are used.
        words: The reminder's text.
        sender: Our address for the From header.
        token: Makes our Message-ID unique; letters and digits only.
        now: Time for the Date header, aware.
        subject: The fixed subject; nothing of the client's own.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.

    Source: RFC 3834 section 3.1, RFC 5230 section 5.
    """
    to = message.sender[0].email if message.sender else ""
    headers = [
        ("From", sender),
        ("To", to),
        ("Subject", encoded(subject)),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{token}@{sender.rpartition('@')[2]}>"),
    ]
    if message.message_id is not None and _MESSAGE_ID.fullmatch(message.message_id):
        known = [one for one in message.references if _MESSAGE_ID.fullmatch(one)]
        chain = [one for one in known if one != message.message_id][-_MOST_REFERENCES:]
        headers.append(("In-Reply-To", message.message_id))
        headers.append(("References", "\r\n ".join([*chain, message.message_id])))
    headers += [
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
    ]
    return Letter(to=to, raw=_assemble(headers, words, addresses=(sender, to)))


def alert(*, count: int, sender: str, to: str, token: str, now: datetime) -> Letter:
    """Compose the therapist's alert: how many wait, and nothing else.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.
    """
    waiting = "1 message is" if count == 1 else f"{count} messages are"
    words = text("alert.en").format(count=waiting)
    return _generated(ALERT_SUBJECT, words, sender=sender, to=to, token=token, now=now)


def second_alert(*, times: int, sender: str, to: str, token: str, now: datetime) -> Letter:
    """Compose the alert to the second person: how often the first was told, and nothing else.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.
    """
    often = "once" if times == 1 else f"{times} times"
    words = text("alert-second.en").format(times=often)
    return _generated(ALERT_SUBJECT, words, sender=sender, to=to, token=token, now=now)


def trouble(*, what: str, sender: str, to: str, token: str, now: datetime) -> Letter:
    """Compose the letter that says what of guard itself does not work.

    Args:
        what: Lines of guard's own, without a word of anybody's mail.
        sender: Address for the From header.
        to: The therapist.
        token: Makes our Message-ID unique; letters and digits only.
        now: Time for the Date header, aware.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.
    """
    words = text("trouble.en").format(what=what)
    return _generated(ALERT_SUBJECT, words, sender=sender, to=to, token=token, now=now)


def checkpoint(*, note: str, sender: str, to: str, token: str, now: datetime) -> Letter:
    """Compose the letter that takes the record's signed head to a witness: numbers only.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.
    """
    words = text("checkpoint.en").format(note=note)
    return _generated(CHECKPOINT_SUBJECT, words, sender=sender, to=to, token=token, now=now)


def encoded(subject: str) -> str:
    """Return a subject of ours as a header carries it (RFC 2047), folded with CRLF."""
    if subject.isascii():
        return subject
    from email.header import Header  # noqa: PLC0415  # ours are ASCII, but for Welsh and the like

    return "\r\n".join(Header(subject, "utf-8", maxlinelen=70).encode().splitlines())


def _generated(
    subject: str, words: str, *, sender: str, to: str, token: str, now: datetime
) -> Letter:
    """A letter that answers nobody. Source: RFC 3834 section 5.2 (auto-generated)."""
    headers = [
        ("From", sender),
        ("To", to),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{token}@{sender.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    return Letter(to=to, raw=_assemble(headers, words, addresses=(sender, to)))


def _assemble(headers: list[tuple[str, str]], words: str, *, addresses: tuple[str, ...]) -> bytes:
    kind = [("Content-Type", 'text/plain; charset="utf-8"')]
    return assembled([*headers, *MIME, *kind, QUOTED], quoted(words), addresses=addresses)


MIME = (("MIME-Version", "1.0"),)
QUOTED = ("Content-Transfer-Encoding", "quoted-printable")


def quoted(words: str) -> bytes:
    """Return a text as quoted-printable with CRLF line ends (RFC 2045 section 6.7)."""
    body = quopri.encodestring("\r\n".join(words.splitlines()).encode() + b"\r\n")
    return body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def assembled(headers: list[tuple[str, str]], body: bytes, *, addresses: tuple[str, ...]) -> bytes:
    """Return a whole letter.

    Args:
        headers: In order; folded with CRLF where they are long.
        body: With CRLF line ends.
        addresses: Those that stand in the headers.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.
    """
    if not all(ADDRESS.fullmatch(one) for one in addresses):
        raise SendRefusedError("an address is not one that guard can write to safely")
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
    raw = head + b"\r\n" + body
    # Read back as a stranger's parser would: if a value had smuggled a header in, it shows here.
    again = [
        (name, "\r\n".join(value.splitlines())) for name, value in message_from_bytes(raw).items()
    ]
    if again != headers:
        raise SendRefusedError("a header would not survive the journey unchanged")
    return raw
