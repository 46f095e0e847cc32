"""The model as plain arrays, and how it scores: unlike linear members, and one stage over them.

Pure; needs numpy and nothing else, so a scan does not import scikit-learn. `training` fits the
members with scikit-learn; a test holds both to the same probabilities.

Members on the whole mail: logistic regression on all features and on words alone, complement
naive Bayes. Members on each segment, of which the most sensitive count (a message is as
sensitive as its most sensitive sentence): logistic regression for the labels and for
sensitive-or-not, naive Bayes. The last stage sees what they say, and each two together.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from guard.verdict.counting import Batch, Counts, Floats, count, weigh
from guard.verdict.crisis import Sign, crisis_signs
from guard.verdict.vocabulary import Vocabulary

CLASSES = ("scheduling", "therapy", "crisis", "other")
"""Order of the columns everywhere."""

SIGNALS = 26
"""Columns of what the members tell the last stage; see `signals`."""

_FLOOR = 1e-5
_FAR = 4.0
"""Standard deviations beyond which a signal says no more than that it is far out."""

_MAIL_SHARPNESS, _PART_SHARPNESS = 5.0, 8.0
"""Naive Bayes on unit vectors is timid; these bring it to the scale of the others."""

_SILENT = -5.0
"""Log-odds of what is not there."""


class Arrays(msgspec.Struct, frozen=True, kw_only=True):
    """All that was learned: F features, 4 classes, S signals, P of them alone and in pairs."""

    names: tuple[str, ...]
    """Feature names, F of them."""

    mail_idf: Floats
    """Inverse frequency of each feature among mails, F."""

    part_idf: Floats
    """The same among segments, F."""

    mail_weights: Floats
    """F x 12: regression, naive Bayes, regression on words; a column a class each."""

    mail_bias: Floats
    """12."""

    part_weights: Floats
    """F x 9: regression 4, sensitive or not 1, naive Bayes 4."""

    part_bias: Floats
    """9."""

    centre: Floats
    """Mean of each signal in training, S."""

    spread: Floats
    """Standard deviation of each signal in training, S."""

    pair_centre: Floats
    """Mean of each signal and of each product of two, P."""

    pair_spread: Floats
    """Standard deviation of the same, P."""

    stack_weights: Floats
    """P x 4."""

    stack_bias: Floats
    """4."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
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
        part += arrays.part_bias
        signs = tuple(map(crisis_signs, texts))
        told = signals(batch, mail + arrays.mail_bias, part, signs)
        pairs = paired((told - arrays.centre) / arrays.spread)
        standard = (pairs - arrays.pair_centre) / arrays.pair_spread
        parts = softmax(part[:, :4])
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
    # All columns at once: the weights of a feature lie together, and are fetched once.
    products = weights[counts.feature]
    products *= values[:, np.newaxis]
    found = np.zeros((counts.rows, weights.shape[1]))
    filled, first = np.unique(counts.row, return_index=True)
    if len(filled):
        found[filled] = np.add.reduceat(products, first)
    return found


def signals(batch: Batch, mail: Floats, part: Floats, signs: Sequence[Sequence[Sign]]) -> Floats:
    """Return what the members tell the last stage, N x SIGNALS.

    Columns: 0-3 regression, 4-7 naive Bayes, 8-11 regression on words; of the segments most,
    second most and mean, each for regression, sensitive-or-not and naive Bayes: 12-20; the most
    alarming: 21 regression, 22 naive Bayes; 23 how many segments, 24 words, 25 lexicon.

    Args:
        batch: What was counted, N texts.
        mail: N x 12, bias included.
        part: Segments x 9, bias included.
        signs: What the crisis lexicon found in each text.
    """
    regression, bayes = softmax(part[:, :4]), softmax(_PART_SHARPNESS * part[:, 5:9])
    sensitive = np.column_stack(
        [
            log_odds(regression[:, 1] + regression[:, 2]),
            part[:, 4],
            log_odds(bayes[:, 1] + bayes[:, 2]),
        ]
    )
    crisis = np.column_stack([log_odds(regression[:, 2]), log_odds(bayes[:, 2])])
    starts = np.searchsorted(batch.owner, np.arange(len(batch.texts) + 1))
    centred = mail[:, 4:8] - mail[:, 4:8].mean(axis=1, keepdims=True)
    found = np.empty((len(batch.texts), SIGNALS))
    found[:, :12] = np.hstack([mail[:, :4], _MAIL_SHARPNESS * centred, mail[:, 8:]])
    for at, (start, end) in enumerate(pairwise(starts)):
        found[at, 12:21] = _most(sensitive[start:end])
        found[at, 21:23] = crisis[start:end].max(axis=0) if end > start else _SILENT
        found[at, 23] = np.log1p(end - start)
        found[at, 25] = _alarm(signs[at])
    found[:, 24] = np.log1p(batch.of_text(batch.words))
    return found


def paired(standard: Floats) -> Floats:
    """Return standardised signals, and behind them the product of each two, squares included."""
    near = np.clip(standard, -_FAR, _FAR)
    left, right = np.triu_indices(near.shape[1])
    return np.hstack([near, near[:, left] * near[:, right]])


def _most(odds: Floats) -> Floats:
    """Return most, second most and mean, each of every column."""
    if not len(odds):
        return np.full(3 * odds.shape[1], _SILENT)
    ordered = np.sort(odds, axis=0)[::-1]
    second = ordered[1] if len(ordered) > 1 else np.full(odds.shape[1], _SILENT)
    return np.concatenate([ordered[0], second, odds.mean(axis=0)])


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
