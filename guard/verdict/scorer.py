"""The model as plain arrays, and how it scores: unlike linear members, and one stage over them.

Pure; needs numpy and nothing else, so a scan does not import scikit-learn. `training` fits the
members with scikit-learn; a test holds both to the same probabilities.

Members on the whole mail: logistic regression on all features and on words alone, complement
naive Bayes. Members on each segment, of which the most sensitive count (a message is as
sensitive as its most sensitive sentence): logistic regression for the labels and for
sensitive-or-not, naive Bayes. The last stage sees what they say, and each two together.
"""

from collections.abc import Sequence

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
    first = np.flatnonzero(np.diff(counts.row, prepend=-1))
    if len(first):
        found[counts.row[first]] = np.add.reduceat(products, first)
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
    centred = mail[:, 4:8] - mail[:, 4:8].mean(axis=1, keepdims=True)
    found = np.empty((len(batch.texts), SIGNALS))
    found[:, :12] = np.hstack([mail[:, :4], _MAIL_SHARPNESS * centred, mail[:, 8:]])
    found[:, 12:18], found[:, 18:21] = _two_most(sensitive, batch), _mean(sensitive, batch)
    found[:, 21:23] = _two_most(crisis, batch)[:, :2]
    found[:, 23] = np.log1p(batch.sizes)
    found[:, 24] = np.log1p(batch.of_text(batch.words))
    found[:, 25] = [*map(_alarm, signs)]
    return found


def paired(standard: Floats) -> Floats:
    """Return standardised signals, and behind them the product of each two, squares included."""
    near = np.clip(standard, -_FAR, _FAR)
    left, right = np.triu_indices(near.shape[1])
    return np.hstack([near, near[:, left] * near[:, right]])


def _two_most(odds: Floats, batch: Batch) -> Floats:
    """Return for each text its segments' most, of every column, and then their second most."""
    columns = odds.shape[1]
    found = np.full((len(batch.texts), 2 * columns), _SILENT)
    ends = np.cumsum(batch.sizes)
    for column in range(columns):
        # A text's segments stand together, and now its most sensitive one last.
        ordered = odds[np.lexsort((odds[:, column], batch.owner)), column]
        for rank in (1, 2):
            has = batch.sizes >= rank
            found[has, column + (rank - 1) * columns] = ordered[ends[has] - rank]
    return found


def _mean(odds: Floats, batch: Batch) -> Floats:
    """Return for each text the mean of its segments, of every column."""
    found = np.full((len(batch.texts), odds.shape[1]), _SILENT)
    has = batch.sizes > 0
    for column in range(odds.shape[1]):
        summed = np.bincount(batch.owner, odds[:, column], minlength=len(batch.texts))
        found[has, column] = summed[has] / batch.sizes[has]
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
