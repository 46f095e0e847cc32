"""The model as plain arrays, and how it scores: three unlike members, and one to weigh them.

Pure; needs numpy and nothing else, so a scan does not import scikit-learn. `training` fits the
members with scikit-learn; a test holds both to the same probabilities.

Members: logistic regression on the whole mail, complement naive Bayes on the whole mail, and
logistic regression on each segment, of which the most sensitive counts (a message is as
sensitive as its most sensitive sentence). Source of the design: SOURCES.md in `models`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guard.verdict.counting import Batch, Counts, Floats, Vocabulary, count, weigh
from guard.verdict.lexicon import Sign, crisis_signs

CLASSES = ("scheduling", "therapy", "crisis", "other")
"""Order of the columns everywhere."""

SIGNALS = 15
"""Columns of what the members tell the last stage; see `signals`."""

_FLOOR = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """All that was learned. F features, 4 classes, S signals."""

    names: tuple[str, ...]
    """Feature names, F of them."""

    mail_idf: Floats
    """Inverse frequency of each feature among mails, F."""

    part_idf: Floats
    """The same among segments, F."""

    mail_weights: Floats
    """F x 8: four columns of the logistic regression, four of naive Bayes."""

    mail_bias: Floats
    """8."""

    part_weights: Floats
    """F x 4: the segments' logistic regression."""

    part_bias: Floats
    """4."""

    centre: Floats
    """Mean of each signal in training, S."""

    spread: Floats
    """Standard deviation of each signal in training, S."""

    stack_weights: Floats
    """S x 4."""

    stack_bias: Floats
    """4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores of a batch of N texts."""

    batch: Batch
    """What was counted."""

    probabilities: Floats
    """N x 4, calibrated, rows sum to 1."""

    sensitive: Floats
    """Log-odds that each segment is therapy or crisis."""

    parts: Floats
    """Log-probability of each class for each segment, segments x 4."""

    signs: tuple[tuple[Sign, ...], ...]
    """What the crisis lexicon found in each text."""


class Scorer:
    """Scores texts."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.vocabulary = Vocabulary(arrays.names)

    def score(self, texts: Sequence[str]) -> Scored:
        """Return the probabilities of each text, and what each segment adds."""
        arrays = self.arrays
        batch = count(texts, self.vocabulary)
        mail = linear(
            batch.mails, self._weighed(batch.mails, arrays.mail_idf), arrays.mail_weights
        )
        part = linear(
            batch.parts, self._weighed(batch.parts, arrays.part_idf), arrays.part_weights
        )
        parts = softmax(part + arrays.part_bias)
        signs = tuple(map(crisis_signs, texts))
        told = signals(batch, mail + arrays.mail_bias, parts, signs)
        standard = (told - arrays.centre) / arrays.spread
        return Scored(
            batch=batch,
            probabilities=softmax(standard @ arrays.stack_weights + arrays.stack_bias),
            sensitive=log_odds(parts[:, 1] + parts[:, 2]),
            parts=np.log(np.maximum(parts, _FLOOR)),
            signs=signs,
        )

    def _weighed(self, counts: Counts, idf: Floats) -> Floats:
        return weigh(counts, idf, self.vocabulary.part)


def linear(counts: Counts, values: Floats, weights: Floats) -> Floats:
    """Return the rows' weighted sums, rows x columns of `weights`."""
    found = np.empty((counts.rows, weights.shape[1]))
    for column in range(weights.shape[1]):
        products = values * weights[counts.feature, column]
        found[:, column] = np.bincount(counts.row, products, minlength=counts.rows)
    return found


def signals(batch: Batch, mail: Floats, parts: Floats, signs: Sequence[Sequence[Sign]]) -> Floats:
    """Return what the members tell the last stage, N x SIGNALS.

    Columns: 0-3 logistic regression, 4-7 naive Bayes, 8-10 most, second most and mean
    sensitive segment, 11 most alarming segment, 12-13 how many segments and words, 14 signs
    of the crisis lexicon.
    """
    texts = len(batch.texts)
    found = np.zeros((texts, SIGNALS))
    found[:, 0:4] = mail[:, 0:4]
    bayes = mail[:, 4:8]
    found[:, 4:8] = 5.0 * (bayes - bayes.mean(axis=1, keepdims=True))
    found[:, 8:12] = -5.0
    sensitive = log_odds(parts[:, 1] + parts[:, 2])
    crisis = log_odds(parts[:, 2])
    for at in range(texts):
        mine = slice(*np.searchsorted(batch.owner, [at, at + 1]))
        own = np.sort(sensitive[mine])[::-1]
        if len(own):
            found[at, 8] = own[0]
            found[at, 9] = own[1] if len(own) > 1 else -5.0
            found[at, 10] = own.mean()
            found[at, 11] = crisis[mine].max()
            found[at, 12] = np.log1p(len(own))
        found[at, 14] = _alarm(signs[at])
    found[:, 13] = np.log1p(batch.words)
    return found


def softmax(values: Floats) -> Floats:
    """Return rows of probabilities."""
    raised: Floats = np.exp(values - values.max(axis=1, keepdims=True)) if len(values) else values
    return raised / raised.sum(axis=1, keepdims=True) if len(values) else values


def log_odds(probability: Floats) -> Floats:
    """Return log(p / (1 - p)), finite."""
    return np.log(np.maximum(probability, _FLOOR) / np.maximum(1.0 - probability, _FLOOR))


def _alarm(signs: Sequence[Sign]) -> float:
    if any(sign.strength == "strong" for sign in signs):
        return 2.0
    return 1.0 if signs else 0.0
