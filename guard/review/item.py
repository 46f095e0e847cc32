"""One message's text as the page shows it: cut into plain and marked pieces.

Pure. Everything that comes out is text; the templates escape it, and nothing of a mail is
ever given out as markup.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

MOST_SHOWN = 60_000
"""Characters of a text that one page shows; the whole is in the download."""

_WORD = re.compile(r"\S+")
_OVERRIDE = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
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
