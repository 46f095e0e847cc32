"""Words to the numbers of the features that a model knows, as fast as a table can tell them.

Pure, but that it remembers: what `features.names` says of a word, and of it and the one behind
it, is looked up once. Only phrases of three words or more are looked for anew.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from guard.verdict import features
from guard.verdict.lexicon import thesaurus
from guard.verdict.phrases import Node, longer

_REMEMBERED = 100_000
"""Words that are kept, and pairs of them, so that hostile mail cannot fill the memory."""


class _Pair(NamedTuple):
    """What begins with two words in a row."""

    numbers: "array[int]"
    """Of the pair, and of the themes of one or two words."""

    told: tuple[str, ...]
    """Those themes."""

    beyond: tuple[Node, ...]
    """Where longer phrases go on."""


_NOTHING = _Pair(array("q"), (), ())


class _Word(NamedTuple):
    """What a word gives wherever it stands."""

    numbers: "array[int]"
    """Of the word and of its parts."""

    real: bool
    """Whether it is a word at all, not a mark or a mask."""

    familiar: bool
    """Whether it is one, and stood in the training mail."""

    pairs: dict[str, _Pair]
    """By the word behind it; empty for none."""


class Vocabulary:
    """Feature names and their numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        self.part = np.array([features.is_part(name) for name in self.names], dtype=np.int64)
        """1 for parts of words, 0 for all others: two blocks, each of unit length."""
        self._known: dict[str, _Word] = {}
        self._pairs = 0

    def look_up(self, words: Sequence[str], found: "array[int]") -> tuple[int, int]:
        """Look up the features of one segment's words, as `features.names` tells them.

        Args:
            words: The words.
            found: The numbers of the known features are put behind what it holds.

        Returns:
            How many real words there are, and how many of these the model knows.
        """
        known = self._known
        real = familiar = 0
        for at, (word, behind) in enumerate(zip(words, [*words, ""][1:], strict=True)):
            numbers, is_real, is_familiar, pairs = known.get(word) or self._word(word)
            found += numbers
            real += is_real
            familiar += is_familiar
            pair = pairs.get(behind) or self._pair(word, behind, pairs)
            if pair is _NOTHING:
                continue
            found += pair.numbers
            if pair.beyond and (more := longer(pair.beyond, words, at)):
                new = dict.fromkeys(one for one in more if one not in pair.told)
                found += self._numbers(map(features.of_theme, new))
        found += self._numbers([features.of_shape(len(words))])
        return real, familiar

    def _word(self, word: str) -> _Word:
        real = word[0].isalpha()
        made = _Word(
            numbers=self._numbers(features.of_word(word)),
            real=real,
            familiar=real and f"w{word}" in self.number,
            pairs={},
        )
        if len(self._known) < _REMEMBERED:
            self._known[word] = made
        return made

    def _pair(self, word: str, behind: str, pairs: dict[str, _Pair]) -> _Pair:
        told, beyond = thesaurus().two(word, behind)
        # A theme counts once at each place.
        themes = map(features.of_theme, dict.fromkeys(told))
        numbers = self._numbers([features.of_pair(word, behind), *themes])
        made = _Pair(numbers, told, beyond) if numbers or beyond else _NOTHING
        if self._pairs < _REMEMBERED:
            self._pairs += 1
            pairs[behind] = made
        return made

    def _numbers(self, names: Iterable[str]) -> "array[int]":
        number = self.number
        return array("q", [number[name] for name in names if name in number])
