"""Raw bytes to a message: headers, the text as shown, what is new in it, and the rest.

Pure and total: any bytes give a `Message` or `UnreadableError`. Time and memory are bounded
by caps on headers, parts, depth, mailboxes and text; what was cut or broken is named in
`Message.faults`. Source: RFC 5322, RFC 2045 to 2049, RFC 2047, RFC 2231.
"""

from collections.abc import Sequence

from guard.errors import UnreadableError
from guard.mail import header
from guard.mail.address import bare, mailboxes
from guard.mail.body import read
from guard.mail.charset import clean
from guard.mail.message import Address, Message
from guard.mail.parts import content_type
from guard.mail.text import is_forward, new_text

MOST_FIELDS = 500
"""Header fields that are kept."""

LONGEST_VALUE = 4_000
"""Characters of a header value that are kept; address lists are read in full."""

_RECIPIENTS = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")


def parse(raw: bytes, *, own: Sequence[str] = ()) -> Message:
    """Parse one e-mail.

    Args:
        raw: The message as the server gave it.
        own: Lines of our own reminder, so that a quotation of it is not taken for new text.

    Raises:
        UnreadableError: The bytes hold no header field, so they are no message.
    """
    try:
        return _parse(raw, own)
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001  # hostile bytes must never stop a scan
        # Only the kind of failure is told: its text could quote the mail.
        raise UnreadableError(f"the message cannot be read: {type(error).__name__}") from None


def _parse(raw: bytes, own: Sequence[str]) -> Message:
    fields, at, sound = header.split(raw)
    if not fields:
        raise UnreadableError("the bytes do not begin with a header field")
    faults: list[str] = [] if sound else ["headers"]
    if len(fields) > MOST_FIELDS:
        faults.append("headers")
        del fields[MOST_FIELDS:]
    body = read(fields, raw, at)
    lists = _address_lists(fields, faults)
    one = dict(reversed(fields))
    date = header.iso_date(one["date"]) if "date" in one else ""
    if date is None:
        faults.append("date")
    subject = header.words(one.get("subject", "")[:LONGEST_VALUE])
    return Message(
        subject=subject,
        new_text=new_text(body.text, own, forwarded=is_forward(subject)),
        full_text=body.text,
        sender=lists.get("from", ()),
        on_behalf=lists.get("sender", ()),
        recipients=tuple(box for name in _RECIPIENTS for box in lists.get(name, ())),
        return_path=_return_path(one.get("return-path")),
        message_id=header.message_id(one.get("message-id", "")[:LONGEST_VALUE]),
        references=header.message_ids(one.get("references", "")[-LONGEST_VALUE:])
        + header.message_ids(one.get("in-reply-to", "")[:LONGEST_VALUE]),
        date=date or "",
        content_type=content_type(fields)[0],
        headers=tuple((name, _value(value)) for name, value in fields),
        attachments=body.attachments,
        calendar=body.calendar,
        aside="\n".join(
            [body.aside, *_beside(fields), *(one.name for one in lists.get("from", ()))]
        ),
        encrypted=body.encrypted,
        faults=tuple(dict.fromkeys([*faults, *body.faults])),
    )


def _beside(fields: list[tuple[str, str]]) -> list[str]:
    # Mail programs show one subject; which one is theirs to choose.
    return [
        header.words(value[:LONGEST_VALUE])
        for name, value in fields
        if name in {"subject", "comments", "keywords"}
    ]


def _address_lists(
    fields: list[tuple[str, str]], faults: list[str]
) -> dict[str, tuple[Address, ...]]:
    found: dict[str, tuple[Address, ...]] = {}
    for name, value in fields:
        if name in _RECIPIENTS or name in {"from", "sender"}:
            boxes, sound = mailboxes(value)
            found[name] = found.get(name, ()) + boxes
            if not sound:
                faults.append("addresses")
    return found


def _return_path(value: str | None) -> str | None:
    # A path that cannot be read counts as empty: nothing is ever sent to it.
    if value is None:
        return None
    return bare(value.strip().removeprefix("<").removesuffix(">")) or ""


def _value(value: str) -> str:
    value = value[:LONGEST_VALUE]
    if value.isascii() and value.isprintable():
        return value
    return clean(value.replace("\t", " ")).replace("\n", " ")
