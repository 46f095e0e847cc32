"""Whether somebody may come to harm: signs of danger in a text, by a list of patterns.

Pure: the list beside this file is read once, nothing else is touched. Total and linear in the
text: one automaton (RE2) tells which patterns can stand there at all, and only those are tried.
A sign can only raise a verdict. Source: `crisis.toml`, written by hand, rules at its head.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import re2

from guard.verdict.folding import bare, origins
from guard.verdict.phrases import Phrases

MOST_CHARACTERS = 20_000
"""Characters of one mail that are searched for crisis signs: its beginning and its end."""

_TAIL = 6_000
# Whoever writes more than anybody reads puts what matters at the end, or hides it there.

_PLAIN_WORD = re.compile(r"[a-z0-9]+")
_SENTENCE_END = re.compile(r"[.!?]")
_BEFORE, _AFTER = r"(?<![a-z0-9])(?:", r")(?![a-z0-9])"
_LOOKAHEAD = re.compile(r"\(\?![^()]*\)")
_SIEVE_BYTES = 64 * 1024**2

Strength = Literal["strong", "hint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One place in a mail that speaks of danger."""

    strength: Strength
    """``strong`` means danger on its own; ``hint`` counts only beside a doubt of the model."""

    why: str
    """What it says, in a few words of ours, never of the mail."""

    span: tuple[int, int]
    """Where it stands in the text as given, start and end in characters."""


def crisis_signs(text: str) -> tuple[Sign, ...]:
    """Return the signs of danger in a text, strong ones first, each kind once.

    Args:
        text: Anything. Of more than `MOST_CHARACTERS`, only the beginning and the end are read.
    """
    if len(text) <= MOST_CHARACTERS:
        signs = _signs(text, 0)
    else:
        head, tail = text[: MOST_CHARACTERS - _TAIL], len(text) - _TAIL
        signs = _signs(head, 0) + _signs(text[tail:], tail)
    best: dict[str, Sign] = {}
    for sign in sorted(signs, key=lambda one: (one.strength == "hint", one.span)):
        best.setdefault(sign.why, sign)
    return tuple(best.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    """One compiled entry of the crisis lexicon."""

    find: re.Pattern[str]
    strength: Strength
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crisis:
    """The compiled crisis lexicon."""

    patterns: tuple[_Pattern, ...]
    sieve: re2.Set
    """Tells in one walk which patterns a text can hold at all: nearly always none of them."""

    cancels: tuple[re.Pattern[str], ...]
    cancel_sieve: re2.Set
    """The same of the harmless phrases."""

    past: tuple[re.Pattern[str], ...]
    present: re.Pattern[str]
    latin: Phrases
    other_scripts: tuple[tuple[str, str], ...]
    """Folded phrase and language, for scripts where a word's edge is not to be seen."""


class _Search:
    """One text, folded, with the places where a sign does not count."""

    def __init__(self, folded: str, lexicon: _Crisis) -> None:
        self.text = folded
        self._lexicon = lexicon
        self._cancelled: list[tuple[int, int]] | None = None
        self._starts: list[int] = []
        self._ends = [m.start() for m in _SENTENCE_END.finditer(folded)]
        self._is_past: dict[int, bool] = {}

    def cancelled(self, start: int, end: int) -> bool:
        """Whether a harmless phrase overlaps this span."""
        if self._cancelled is None:
            # Only asked when there is a sign, which is rare.
            found = self._lexicon.cancel_sieve.Match(self.text) or ()
            cancels = [self._lexicon.cancels[at] for at in found]
            spans = sorted(m.span() for one in cancels for m in one.finditer(self.text))
            self._cancelled = _merged(spans)
            self._starts = [start for start, _end in self._cancelled]
        at = bisect_right(self._starts, end - 1) - 1
        return at >= 0 and self._cancelled[at][1] > start

    def past(self, start: int) -> bool:
        """Whether the sentence at this place tells of something long over. Asked once each."""
        at = bisect_right(self._ends, start)
        if at not in self._is_past:
            begin = self._ends[at - 1] if at else 0
            sentence = self.text[begin : self._ends[at] if at < len(self._ends) else None]
            told = any(one.search(sentence) for one in self._lexicon.past)
            self._is_past[at] = told and not self._lexicon.present.search(sentence)
        return self._is_past[at]

    def possible(self) -> list[_Pattern]:
        """Return the patterns that can stand here, in their order; at least those that do."""
        found = self._lexicon.sieve.Match(self.text) or ()
        return [self._lexicon.patterns[at] for at in sorted(found)]

    def first(self, pattern: _Pattern) -> tuple[Strength, str, int, int] | None:
        """Return the strongest, then first, place of a pattern that counts."""
        weaker: tuple[Strength, str, int, int] | None = None
        for match in pattern.find.finditer(self.text):
            start, end = match.span()
            if self.cancelled(start, end):
                continue
            if pattern.strength == "hint" or not self.past(start):
                return pattern.strength, pattern.why, start, end
            weaker = weaker or ("hint", pattern.why, start, end)
        return weaker

    def foreign(self) -> Iterator[tuple[Strength, str, int, int]]:
        """Yield what is said in other languages."""
        places = [match.span() for match in _PLAIN_WORD.finditer(self.text)]
        words = [self.text[start:end] for start, end in places]
        for at, last, language in self._lexicon.latin.find(words):
            yield "strong", _said_in(language), places[at][0], places[last - 1][1]
        if not self.text.isascii():
            for phrase, language in self._lexicon.other_scripts:
                start = self.text.find(phrase)
                if start >= 0:
                    yield "strong", _said_in(language), start, start + len(phrase)


def _signs(text: str, offset: int) -> list[Sign]:
    folded = bare(text)
    search = _Search(folded, _crisis())
    hits = [hit for pattern in search.possible() if (hit := search.first(pattern))]
    hits += search.foreign()
    if not hits:
        return []
    origin = origins(text)
    return [
        Sign(
            strength=strength,
            why=why,
            span=(offset + origin[start], offset + origin[end - 1] + 1),
        )
        for strength, why, start, end in hits
    ]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return sorted spans with overlapping ones made one."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _read() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("guard.verdict").joinpath("crisis.toml").read_text("utf-8")
    )


def _said_in(language: str) -> str:
    return f"words of danger in {language.replace('_', ' ')}"


@cache
def _crisis() -> _Crisis:
    data = _read()
    told = [
        (bare(phrase), language)
        for language, phrases in data["foreign"].items()
        for phrase in phrases
    ]
    patterns = data["pattern"]
    return _Crisis(
        patterns=tuple(
            _Pattern(find=_compiled(one["words"]), strength=one["strength"], why=one["why"])
            for one in patterns
        ),
        sieve=_sieve(one["words"] for one in patterns),
        cancels=tuple(_compiled(one["words"]) for one in data["not"]),
        cancel_sieve=_sieve(one["words"] for one in data["not"]),
        past=tuple(_compiled(words) for words in data["past"]["words"]),
        present=_compiled(data["present"]["words"]),
        latin=Phrases(one for one in told if one[0].isascii()),
        other_scripts=tuple(one for one in told if not one[0].isascii()),
    )


def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(_BEFORE + words + _AFTER)


def _sieve(patterns: Iterable[str]) -> re2.Set:
    """Return all patterns as one automaton, without what RE2 cannot look around for.

    It walks a text once whatever the number of patterns, and hostile text cannot slow it.
    """
    options = re2.Options()
    options.max_mem = _SIEVE_BYTES
    sieve = re2.Set.SearchSet(options)
    for words in patterns:
        sieve.Add(_LOOKAHEAD.sub("", words))
    sieve.Compile()
    return sieve
