"""One message as the page shows it: its text cut into plain and marked pieces, its files.

Pure. Everything that comes out is text, which the templates escape, but for `html`. What reads
raw bytes here is run in a process apart, never by the page itself (see `letters`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from guard.mail import header, parts
from guard.mail.charset import decode
from guard.mail.message import Message

MOST_SHOWN = 60_000
"""Characters of a text that one page shows; the whole is in the download."""

MOST_HTML = 500_000
"""Bytes of an HTML mail that are shown as HTML."""

_WORD = re.compile(r"\S+")
_OVERRIDE = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text."""

    text: str
    """As written."""

    marked: bool
    """Whether it is a sentence that spoke for the verdict."""


def shown(text: str) -> str:
    """Return a text as the page shows it: cut where too long, without overrides of direction."""
    return _OVERRIDE.sub("", text[:MOST_SHOWN])


def marked(text: str, sentences: Sequence[str]) -> list[Piece]:
    """Cut a text at the sentences that spoke for the verdict, wherever they stand."""
    spans: list[tuple[int, int]] = []
    for found in _found(text, sentences):
        if not any(start < found[1] and found[0] < end for start, end in spans):
            spans.append(found)
    pieces, at = [], 0
    for start, end in sorted(spans):
        pieces.append(Piece(text=text[at:start], marked=False))
        pieces.append(Piece(text=text[start:end], marked=True))
        at = end
    pieces.append(Piece(text=text[at:], marked=False))
    return [one for one in pieces if one.text]


def _found(text: str, sentences: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where sentences stand in a text; their spaces may be any others, as lines break anywhere.

    No pattern is made of a sentence: a stranger could write one that takes minutes to look for.
    """
    words = list(_WORD.finditer(text)) if sentences else []
    flat = " ".join(word[0] for word in words)
    begins = list(accumulate((len(word[0]) + 1 for word in words), initial=0))

    def place(at: int) -> int:
        number = bisect_right(begins, at) - 1
        return words[number].start() + at - begins[number]

    for sentence in sentences:
        wanted = " ".join(shown(sentence).split())
        start = flat.find(wanted) if wanted else -1
        if start >= 0:
            yield place(start), place(start + len(wanted) - 1) + 1


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
        part.data
        for part in parts.Walk().parts(fields, raw, start)
        if (part.name, part.content_type[:255], len(part.data))
        == (wanted.name, wanted.content_type, wanted.size)
    ]
    place = same.index(number)
    return found[place] if place < len(found) else None


def html(raw: bytes) -> str:
    """Return the HTML of a message as it came, unsafe; empty when it has none."""
    fields, start, _ = header.split(raw)
    for part in parts.Walk().parts(fields, raw, start):
        if part.content_type == "text/html" and part.disposition != "attachment":
            return decode(part.data[:MOST_HTML], part.params.get("charset", ""))[0]
    return ""
