"""Segments to feature names: words, pairs of words, parts of words, themes and shape.

Pure. Dates, times, numbers, money and addresses are masked, so that the model can learn no
person's calendar; what a word adds is looked up once and remembered, which is what makes
reading fast.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter

from guard.verdict.folding import normalise_lines
from guard.verdict.lexicon import themes

_URL = re.compile(r"https?://\S+|www\.\S+")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{1,64}")
_NUMBERS = (
    (re.compile(r"[£$€] ?\d[\d.,]*"), " _money "),
    (re.compile(r"\b\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|a\.m|p\.m)\b|\b\d{1,2}[:.]\d\d\b"), " _time "),
    (re.compile(r"\d[\d,./:-]*(?:st|nd|rd|th)?"), " _num "),
)
_DIGIT = re.compile(r"\d")
_DAYS_WORDS = (
    "mon tue tues wed weds thu thur thurs fri sat sun monday tuesday wednesday thursday friday "
    "saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays"
)
_DAYS = frozenset(_DAYS_WORDS.split())
_MONTHS_WORDS = (
    "january february march april june july august september october november december "
    "jan feb apr jun jul aug sep sept oct nov dec"
)
_MONTHS = frozenset(_MONTHS_WORDS.split())
# A first letter comes before the question whether it is one: so it is searched twice as fast.
_CALENDAR = re.compile(
    "|".join(
        rf"{first}(?<!\w.)(?:{'|'.join(sorted(one[1:] for one in named))})\b"
        for first, named in groupby(sorted(_DAYS | _MONTHS), key=itemgetter(0))
    )
)
_TOKEN = re.compile(r"_?[a-z]+(?:'[a-z]+)?|[!?]+|£|[\U0001f300-\U0001faff☀-➿]")
_PARTS = (4,)
_SHORT, _LONG = 4, 12


def words(segment: str) -> list[str]:
    """Return the words of a segment: lower case, masked, punctuation gone but for ! and ?."""
    return words_of_each([segment])[0]


def words_of_each(segments: Sequence[str]) -> list[list[str]]:
    """Return the words of each segment of a mail: together they cost half as much."""
    lines = _masked(normalise_lines(segments).lower()).split("\n")
    return [_TOKEN.findall(line) for line in lines] if segments else []


def _masked(lowered: str) -> str:
    """Return normalised lines with numbers and names masked; no pattern sees beyond its line."""
    # Most mails hold none of these, and a search is cheaper than a replacement.
    if "http" in lowered or "www." in lowered:
        lowered = _URL.sub(" _url ", lowered)
    if "@" in lowered:
        lowered = _MAIL.sub(" _mail ", lowered)
    if _DIGIT.search(lowered):
        for pattern, mask in _NUMBERS:
            lowered = pattern.sub(mask, lowered)
    return _CALENDAR.sub(lambda found: " _day " if found[0] in _DAYS else " _month ", lowered)


def names(tokens: Sequence[str]) -> Iterator[str]:
    """Yield the feature names of one segment's words, one for each occurrence.

    ``w`` words, ``c`` parts of words, ``b`` pairs, ``t`` themes, ``s`` shape.
    """
    for token in tokens:
        yield from of_word(token)
    yield from around(tokens)


def around(tokens: Sequence[str]) -> Iterator[str]:
    """Yield the features that hang on more than one word: pairs, themes, shape."""
    for left, right in pairwise(tokens):
        yield of_pair(left, right)
    for theme, _ in themes(tokens):
        yield of_theme(theme)
    yield of_shape(len(tokens))


def of_pair(left: str, right: str) -> str:
    """Return the feature of two words in a row."""
    return f"b{left} {right}"


def of_theme(theme: str) -> str:
    """Return the feature of a theme that is spoken of."""
    return f"t{theme}"


def of_shape(count: int) -> str:
    """Return the feature of so many words in a segment."""
    return "sshort" if count <= _SHORT else "slong" if count > _LONG else "smiddle"


@lru_cache(maxsize=50_000)
def of_word(word: str) -> tuple[str, ...]:
    """Return the features that one word gives whatever stands around it."""
    if word[0] == "_" or not word[0].isalpha():
        return (f"w{word}",)
    padded = f" {word} "
    parts = {padded[at : at + n] for n in _PARTS for at in range(len(padded) - n + 1)}
    return (f"w{word}", *(f"c{part}" for part in sorted(parts)))


def is_part(name: str) -> bool:
    """Whether a feature is a part of a word: those are weighed apart from all others."""
    return name[0] == "c"
