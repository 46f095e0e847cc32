"""Texts to counted features, as arrays that both training and scoring use.

Pure; needs numpy and nothing else. One walk over the words serves every member of the model:
a message's counts are the sums of its segments' counts.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from guard.verdict import features
from guard.verdict.segments import Segment, split

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How often each feature stands in each row; rows are segments or messages."""

    rows: int
    """Number of rows, empty ones included."""

    row: Ints
    """Row of each count, ascending."""

    feature: Ints
    """Feature of each count."""

    count: Floats
    """The counts, at least 1."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Counted texts."""

    texts: tuple[str, ...]
    """As given."""

    segments: tuple[tuple[Segment, ...], ...]
    """Each text's segments."""

    owner: Ints
    """Which text each segment belongs to."""

    parts: Counts
    """One row a segment."""

    mails: Counts
    """One row a text."""

    words: Ints
    """Words in each segment."""

    known: Ints
    """Those of them that the model knows."""

    def of_text(self, counts: Ints) -> Ints:
        """Return the sum for each text of a number for each segment."""
        summed: Ints = np.bincount(self.owner, counts, minlength=len(self.texts)).astype(np.int64)
        return summed


class Vocabulary:
    """Feature names and their numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        self.part = np.array([features.is_part(name) for name in self.names], dtype=np.int64)
        """1 for parts of words, 0 for all others: two blocks, each of unit length."""
        self._of_word: dict[str, tuple[int, ...]] = {}

    def of_words(self, words: Sequence[str]) -> list[int]:
        """Return the numbers of the known features of one segment's words."""
        known = self._of_word
        found: list[int] = []
        for word in words:
            numbers = known.get(word)
            if numbers is None:
                numbers = tuple(self._known(features.of_word(word)))
                if len(known) < _REMEMBERED:
                    known[word] = numbers
            found += numbers
        found += self._known(features.around(words))
        return found

    def knows(self, word: str) -> bool:
        """Whether a word stood in the training mail."""
        return f"w{word}" in self.number

    def _known(self, names: Iterable[str]) -> list[int]:
        number = self.number
        return [number[name] for name in names if name in number]


_REMEMBERED = 100_000
"""Words whose features are kept, so that hostile mail cannot fill the memory."""


def count(texts: Sequence[str], vocabulary: Vocabulary) -> Batch:
    """Count the features of every segment and of every text."""
    segments = tuple(tuple(split(text)) for text in texts)
    owner: list[int] = []
    rows: list[int] = []
    found: list[int] = []
    words: list[int] = []
    known: list[int] = []
    for at, pieces in enumerate(segments):
        for piece in pieces:
            tokens = features.words(piece.text)
            numbers = vocabulary.of_words(tokens)
            found += numbers
            rows += [len(owner)] * len(numbers)
            owner.append(at)
            real = [token for token in tokens if token[0].isalpha()]
            words.append(len(real))
            known.append(sum(map(vocabulary.knows, real)))
    owners = np.array(owner, dtype=np.int64)
    row, feature = np.array(rows, dtype=np.int64), np.array(found, dtype=np.int64)
    return Batch(
        texts=tuple(texts),
        segments=segments,
        owner=owners,
        parts=_summed(row, feature, len(owner), len(vocabulary.names)),
        mails=_summed(
            owners[row] if len(row) else row, feature, len(texts), len(vocabulary.names)
        ),
        words=np.array(words, dtype=np.int64),
        known=np.array(known, dtype=np.int64),
    )


def weigh(counts: Counts, idf: Floats, part: Ints) -> Floats:
    """Return tf-idf values: sublinear, and each block of each row of unit length.

    Source: scikit-learn TfidfTransformer (sublinear_tf=True, norm="l2"), block by block.
    """
    values: Floats = (1.0 + np.log(counts.count)) * idf[counts.feature]
    block = counts.row * 2 + part[counts.feature]
    length = np.sqrt(np.bincount(block, values * values, minlength=2 * counts.rows))
    weighed: Floats = values / length[block]
    return weighed


def _summed(row: Ints, feature: Ints, rows: int, width: int) -> Counts:
    key, count_ = np.unique(row * width + feature, return_counts=True)
    return Counts(
        rows=rows, row=key // width, feature=key % width, count=count_.astype(np.float64)
    )
