"""Whether somebody may come to harm: signs of danger in a text, by a list of patterns.

Pure: the list beside this file is read once, nothing else is touched. Total and linear in the
text: a sieve (RE2) tells which patterns can stand there at all, and only those are tried.
A sign can only raise a verdict. Source: `crisis.toml`, written by hand, rules at its head.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec
import re2

from guard.verdict.folding import bare
from guard.verdict.lookalikes import unveiled
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
_PATTERN_BYTES = 2 * 1024**2

Strength = Literal["strong", "hint"]


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One place in a mail that speaks of danger."""

    strength: Strength
    """``strong`` means danger on its own; ``hint`` counts only beside a doubt of the model."""

    why: str
    """What it says, in a few words of ours, never of the mail."""


def crisis_signs(text: str) -> tuple[Sign, ...]:
    """Return the signs of danger in a text, strong ones first, each kind once.

    Args:
        text: Anything. Of more than `MOST_CHARACTERS`, only the beginning and the end are read.
    """
    if len(text) <= MOST_CHARACTERS:
        hits = _hits(text)
    else:
        hits = _hits(text[: MOST_CHARACTERS - _TAIL]) + _hits(text[-_TAIL:])
    best: dict[str, Sign] = {}
    for strength, why, _start in sorted(hits, key=lambda one: one[0] == "hint"):
        best.setdefault(why, Sign(strength=strength, why=why))
    return tuple(best.values())


class _Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the crisis lexicon. It is compiled when a text may hold it, which is rare."""

    words: str
    strength: Strength
    why: str


class _Crisis(msgspec.Struct, frozen=True, kw_only=True):
    """The compiled crisis lexicon."""

    patterns: tuple[_Pattern, ...]
    sieve: re2.Filter
    """Tells which patterns a text can hold at all: nearly always none of them."""

    cancels: tuple[str, ...]
    """Harmless phrases."""

    past: tuple[str, ...]
    present: str
    latin: Phrases
    latin_sieve: Any
    """Finds whether any of these can stand in a text: walking its words costs far more."""

    other_scripts: tuple[tuple[str, str], ...]
    """Folded phrase and language, for scripts where a word's edge is not to be seen."""


_Hit = tuple[Strength, str, int]
"""Strength, what it says, and where it begins in the folded text."""


class _Search:
    """One text, folded, with the places where a sign does not count."""

    def __init__(self, folded: str, lexicon: _Crisis) -> None:
        self.text = folded
        self._lexicon = lexicon
        self._cancelled: list[tuple[int, int]] | None = None
        self._starts: list[int] = []
        self._ends: list[int] | None = None
        self._is_past: dict[int, bool] = {}

    def cancelled(self, start: int, end: int) -> bool:
        """Whether a harmless phrase overlaps this span."""
        if self._cancelled is None:
            # Only asked when there is a sign, which is rare.
            found = _sieve(self._lexicon.cancels).Match(self.text) or ()
            cancels = [_compiled(self._lexicon.cancels[at]) for at in found]
            spans = sorted(m.span() for one in cancels for m in one.finditer(self.text))
            self._cancelled = _merged(spans)
            self._starts = [start for start, _end in self._cancelled]
        at = bisect_right(self._starts, end - 1) - 1
        return at >= 0 and self._cancelled[at][1] > start

    def past(self, start: int) -> bool:
        """Whether the sentence at this place tells of something long over. Asked once each."""
        if self._ends is None:
            self._ends = [m.start() for m in _SENTENCE_END.finditer(self.text)]
        ends = self._ends
        at = bisect_right(ends, start)
        if at not in self._is_past:
            begin = ends[at - 1] if at else 0
            sentence = self.text[begin : ends[at] if at < len(ends) else None]
            told = any(_compiled(one).search(sentence) for one in self._lexicon.past)
            self._is_past[at] = told and not _compiled(self._lexicon.present).search(sentence)
        return self._is_past[at]

    def possible(self) -> list[_Pattern]:
        """Return the patterns that can stand here, in their order; at least those that do."""
        found = self._lexicon.sieve.Match(self.text) or ()
        return [self._lexicon.patterns[at] for at in sorted(found)]

    def first(self, pattern: _Pattern) -> _Hit | None:
        """Return the strongest, then first, place of a pattern that counts."""
        weaker: _Hit | None = None
        for match in _compiled(pattern.words).finditer(self.text):
            start, end = match.span()
            if self.cancelled(start, end):
                continue
            if pattern.strength == "hint" or not self.past(start):
                return pattern.strength, pattern.why, start
            weaker = weaker or ("hint", pattern.why, start)
        return weaker

    def foreign(self) -> Iterator[_Hit]:
        """Yield what is said in other languages."""
        if self._lexicon.latin_sieve.search(self.text):
            places = [*_PLAIN_WORD.finditer(self.text)]
            for at, _last, language in self._lexicon.latin.find([one[0] for one in places]):
                yield "strong", _said_in(language), places[at].start()
        if not self.text.isascii():
            for phrase, language in self._lexicon.other_scripts:
                start = self.text.find(phrase)
                if start >= 0:
                    yield "strong", _said_in(language), start


def _hits(text: str) -> list[_Hit]:
    """Return the signs of a text, first places first."""
    latin = unveiled(text)
    # As well, not instead: the same letters may be somebody's own alphabet.
    hits = [*_hits_in(text), *(_hits_in(latin) if latin != text else ())]
    return sorted(hits, key=lambda one: one[2])


def _hits_in(text: str) -> Iterator[_Hit]:
    search = _Search(bare(text), _crisis())
    yield from (hit for pattern in search.possible() if (hit := search.first(pattern)))
    yield from search.foreign()


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
    patterns, latin = data["pattern"], [one for one in told if one[0].isascii()]
    return _Crisis(
        patterns=tuple(
            _Pattern(words=one["words"], strength=one["strength"], why=one["why"])
            for one in patterns
        ),
        sieve=_sieve(tuple(one["words"] for one in patterns)),
        cancels=tuple(one["words"] for one in data["not"]),
        past=tuple(data["past"]["words"]),
        present=data["present"]["words"],
        latin=Phrases(latin),
        latin_sieve=_any_of(phrase for phrase, _language in latin),
        other_scripts=tuple(one for one in told if not one[0].isascii()),
    )


@cache
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(_BEFORE + words + _AFTER)


@cache
def _sieve(patterns: tuple[str, ...]) -> re2.Filter:
    """Return a sieve of patterns, without what RE2 cannot look around for.

    It walks a text once for the letters that some pattern cannot do without, and then once for
    each pattern whose letters are all there; hostile text cannot slow it. One automaton of all
    patterns walks once, but is made state by state as texts need them: a fifth of a second.
    """
    options = re2.Options()
    options.max_mem = _PATTERN_BYTES
    sieve = re2.Filter()
    for words in patterns:
        sieve.Add(_LOOKAHEAD.sub("", words), options)
    sieve.Compile()
    return sieve


def _any_of(phrases: Iterable[str]) -> Any:  # noqa: ANN401  # re2 has no type hints
    """Return one automaton that finds whatever `Phrases` finds in a text's plain words."""
    options = re2.Options()
    options.max_mem = _SIEVE_BYTES
    told = "|".join(_in_plain_words(one) for one in phrases)
    return re2.compile(f"(?:^|[^a-z0-9])(?:{told})(?:[^a-z0-9]|$)", options)


def _in_plain_words(phrase: str) -> str:
    words = phrase.replace("*", "[a-z0-9]*").split()
    return "[^a-z0-9]+".join(words)
