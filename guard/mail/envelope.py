"""The head of a message to the addresses in it, before it is filed.

Pure, total, bounded and cheap: it runs on untrusted bytes in the scan itself, only to choose
whose key seals the item. It reads by the same two files as `parse`, so both agree.
Source: RFC 5322 section 3.6.
"""

from mmap import mmap

import msgspec

from guard.mail import header
from guard.mail.address import mailboxes

MOST_BYTES = 65_536
"""Bytes of the head that are looked at."""

_LONGEST = 16_384


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Who a message says it is from and to."""

    sender: tuple[str, ...] = ()
    """Bare addresses of From."""

    recipients: tuple[str, ...] = ()
    """Bare addresses of To, Cc and Bcc, in that order."""

    message_id: str | None = None
    """With angle brackets, only if well formed."""

    automatic: bool = False
    """Whether it says that a machine sent it (RFC 3834 section 5)."""


def peek(raw: bytes | mmap) -> Envelope:
    """Read the addresses of a message.

    Args:
        raw: The message as the server gave it.

    Returns:
        What was found; empty on bytes that are no message.
    """
    fields, _, _ = header.split(raw[:MOST_BYTES], most=MOST_BYTES)
    found: dict[str, list[str]] = {"from": [], "to": [], "cc": [], "bcc": []}
    message_id, automatic = None, False
    for name, value in fields:
        if name in found:
            found[name] += [one.email for one in mailboxes(value[:_LONGEST])[0]]
        elif name == "message-id" and message_id is None:
            message_id = header.message_id(value)
        elif name == "auto-submitted":
            keyword = value.partition(";")[0].strip().casefold()
            automatic = automatic or keyword != "no"
    return Envelope(
        sender=tuple(found["from"]),
        recipients=tuple(found["to"] + found["cc"] + found["bcc"]),
        message_id=message_id,
        automatic=automatic,
    )
