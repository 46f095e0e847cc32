"""Texts to counted features, as arrays that both training and scoring use.

Pure; needs numpy and nothing else. One walk over the words serves every member of the model:
a message's counts are the sums of its segments' counts.
"""

from array import array
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from guard.verdict import features
from guard.verdict.segments import Segment, split
from guard.verdict.vocabulary import Vocabulary

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

    sizes: Ints
    """How many segments each text has."""

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


def count(texts: Sequence[str], vocabulary: Vocabulary) -> Batch:
    """Count the features of every segment and of every text."""
    segments = tuple(tuple(split(text)) for text in texts)
    found, ends, words, known = (array("q") for _ in range(4))
    for pieces in segments:
        for tokens in features.words_of_each([piece.text for piece in pieces]):
            real, familiar = vocabulary.look_up(tokens, found)
            ends.append(len(found))
            words.append(real)
            known.append(familiar)
    sizes = np.array([*map(len, segments)], dtype=np.int64)
    owners = np.repeat(np.arange(len(texts)), sizes)
    row = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    feature = np.array(found)
    return Batch(
        texts=tuple(texts),
        segments=segments,
        sizes=sizes,
        owner=owners,
        parts=_summed(row, feature, len(ends), len(vocabulary.names)),
        mails=_summed(owners[row], feature, len(texts), len(vocabulary.names)),
        words=np.array(words),
        known=np.array(known),
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
