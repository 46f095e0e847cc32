"""Words to the numbers of the features that a model knows, as fast as a table can tell them.

Pure, but that it remembers. What `features.names` says of a word and of the one behind it is
looked up once for each such pair; only phrases of three words or more are looked for anew.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from guard.verdict import features
from guard.verdict.lexicon import thesaurus
from guard.verdict.phrases import Node, longer

_REMEMBERED = 100_000
"""Pairs of words that are kept, so that hostile mail cannot fill the memory."""


class _Pair(NamedTuple):
    """What a word gives before a certain other one."""

    numbers: "array[int]"
    """Of the word, of the pair, and of the themes of one or two words."""

    real: bool
    """Whether it is a word at all, not a mark or a mask."""

    familiar: bool
    """Whether it is one, and stood in the training mail."""

    told: tuple[str, ...]
    """The themes that are in `numbers`."""

    beyond: tuple[Node, ...]
    """Where longer phrases go on."""


class Vocabulary:
    """Feature names and their numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        self.part = np.array([features.is_part(name) for name in self.names], dtype=np.int64)
        """1 for parts of words, 0 for all others: two blocks, each of unit length."""
        self._known: dict[str, dict[str, _Pair]] = {}
        self._remembered = 0

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
            try:
                pair = known[word][behind]
            except KeyError:
                pair = self._learn(word, behind)
            numbers, is_real, is_familiar, told, beyond = pair
            found += numbers
            real += is_real
            familiar += is_familiar
            if beyond and (more := longer(beyond, words, at)):
                # A theme counts once at each place.
                new = dict.fromkeys(one for one in more if one not in told)
                found += self._numbers(map(features.of_theme, new))
        found += self._numbers([features.of_shape(len(words))])
        return real, familiar

    def _learn(self, word: str, behind: str) -> _Pair:
        told, beyond = thesaurus().two(word, behind)
        names = [*features.of_word(word), *map(features.of_theme, told)]
        names += [features.of_pair(word, behind)] if behind else []
        real = word[0].isalpha()
        pair = _Pair(
            numbers=self._numbers(names),
            real=real,
            familiar=real and f"w{word}" in self.number,
            told=told,
            beyond=beyond,
        )
        if self._remembered < _REMEMBERED:
            self._remembered += 1
            self._known.setdefault(word, {})[behind] = pair
        return pair

    def _numbers(self, names: Iterable[str]) -> "array[int]":
        number = self.number
        return array("q", [number[name] for name in names if name in number])
