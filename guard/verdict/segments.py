"""Text to segments: sentences, and clauses of long sentences.

Pure, linear. A message is as sensitive as its most sensitive sentence, and people who hardly
use full stops write as well: long runs are cut at commas, brackets, dashes and conjunctions.
"""

import re

import msgspec

LONGEST = 22
"""Words in a segment before it is cut at a softer mark."""

HARD_LONGEST = 30
"""Words in a segment before it is cut anywhere."""

MOST = 400
"""Segments that are looked at in one message; the first and the last half of them."""

# A dot between digits is a time, a date or a price: half past five is written 5.30 here.
_SENTENCE = re.compile(
    r"[^\n.!?…]*(?:(?<=\d)\.(?=\d)[^\n.!?…]*)*"
    r"(?:[.!?…]+(?=[\s)\"”’']|$)[)\"”’']*|\n|[.!?…]+|$)"
)
_WRAPPED = re.compile(r"\n(?<=[^\n]{45}\n)(?<![.!?:…]\n)(?=[a-z0-9(\u2019'\u201c\"I])")
"""A line end behind a long line, with the sentence going on. The line end is written first, for
which the pattern can be searched fast."""

_SOFT = re.compile(
    r"[,;:](?=\s)|\s[-\u2013\u2014]+(?=\s)|\s(?=[(\[])|[)\]]|"
    r"\s(?=(?:but|because|cos|coz|since|so|although|though|and|then|which|who)\s)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")


class Segment(msgspec.Struct, frozen=True):
    """A piece of a text."""

    text: str
    """Without surrounding white space; never empty."""

    start: int
    """Offset in the text, in characters."""

    sentence: str
    """The whole sentence that it stands in, as it stands there."""

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.text)


def split(text: str) -> list[Segment]:
    """Split a text into segments, in order. None for a text without a word."""
    found: list[Segment] = []
    at = 0
    for sentence in _SENTENCE.findall(_unwrapped(text)):
        found += _clauses(sentence, at)
        at += len(sentence)
    if len(found) > MOST:
        found = found[: MOST // 2] + found[-MOST // 2 :]
    return found


def sentence_around(segment: Segment) -> str:
    """Return the whole sentence that a segment stands in, on one line."""
    return " ".join(segment.sentence.split())


def _unwrapped(text: str) -> str:
    """Turn the line ends that a mail program put in into spaces; offsets stay as they are."""
    return _WRAPPED.sub(" ", text)


def _clauses(sentence: str, offset: int) -> list[Segment]:
    if len(sentence.split()) <= LONGEST:
        return _trimmed(sentence, offset, sentence)
    found: list[Segment] = []
    start = 0
    words = 0
    last = 0
    for cut in [*(match.end() for match in _SOFT.finditer(sentence)), len(sentence)]:
        more = len(sentence[last:cut].split())
        if words and words + more > LONGEST:
            found += _hard(sentence[start:last], offset + start, sentence)
            start, words = last, 0
        words += more
        last = cut
    return found + _hard(sentence[start:], offset + start, sentence)


def _hard(clause: str, offset: int, sentence: str) -> list[Segment]:
    words = list(_WORD.finditer(clause))
    if len(words) <= HARD_LONGEST:
        return _trimmed(clause, offset, sentence)
    found: list[Segment] = []
    for at in range(0, len(words), LONGEST):
        run = words[at : at + LONGEST]
        start = run[0].start()
        found += _trimmed(clause[start : run[-1].end()], offset + start, sentence)
    return found


def _trimmed(text: str, offset: int, sentence: str) -> list[Segment]:
    stripped = text.strip()
    # Nearly always the first character tells.
    if not stripped[:1].isalnum() and not any(map(str.isalnum, stripped)):
        return []
    return [Segment(stripped, offset + text.index(stripped), sentence)]
