"""What lies inside a message's bytes: its attachments, and its HTML as it came.

Pure, and run in a process apart alone (see `opening`): whatever reads a stranger's bytes may be
hurt by them.
"""

from guard.mail import header, parts
from guard.mail.charset import decode
from guard.mail.message import Message

MOST_HTML = 500_000
"""Bytes of an HTML mail that are shown as HTML."""


def attachment(raw: bytes, message: Message, number: int) -> bytes | None:
    """Return the content of the attachment with a number, counted from 0; None if none has it."""
    if not 0 <= number < len(message.attachments):
        return None
    wanted = message.attachments[number]
    same = [
        at
        for at, one in enumerate(message.attachments)
        if (one.name, one.content_type, one.size)
        == (wanted.name, wanted.content_type, wanted.size)
    ]
    fields, start, _ = header.split(raw)
    found = [
        part.content
        for part in parts.Walk().parts(fields, raw, start)
        if (part.name, part.content_type[:255], part.content.size)
        == (wanted.name, wanted.content_type, wanted.size)
    ]
    place = same.index(number)
    return found[place].data if place < len(found) else None


def html(raw: bytes) -> str:
    """Return the HTML of a message as it came, unsafe; empty when it has none."""
    fields, start, _ = header.split(raw)
    for part in parts.Walk().parts(fields, raw, start):
        if part.content_type == "text/html" and part.disposition != "attachment":
            return decode(part.content.head(MOST_HTML), part.params.get("charset", ""))[0]
    return ""
