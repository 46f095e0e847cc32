"""The members of a model, fitted: classifiers that see the whole mail, or one sentence of it.

Deterministic, and imports scikit-learn; only training does. What is learned of a client's own
mail is decided here: words that enough different people use, and nothing that could be a name.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from threadpoolctl import threadpool_limits

from guard.verdict import features
from guard.verdict.corpus import PASSED
from guard.verdict.counting import Counts, Floats, Ints, count, weigh
from guard.verdict.crisis import crisis_signs
from guard.verdict.cutoffs import OWN, SAMPLED
from guard.verdict.preparing import HARMLESS, UNMARKED, Extra, Prepared
from guard.verdict.scorer import CLASSES, linear, signals
from guard.verdict.segments import split
from guard.verdict.vocabulary import Vocabulary

WRITERS = 3
"""A feature is learned only if so many different writers use it: names of people drop out."""

_MAIL_C = 8.0
_PART_C = 4.0
_BINARY_C = 2.0
_SMOOTHING = 0.3
_PART_SMOOTHING = 0.5
_NEUTRAL = 0.3
"""Weight of the harmless sentences in a sensitive mail: most are harmless, some are not."""

CLAUSE = 0.5
"""Weight of a single labelled sentence among whole mails."""

RULING = 2.0
"""Weight of a mail that the therapist ruled on: it is the very mail that will come again."""

ITERATIONS = 3000
"""Steps after which a fit is given up; none needs so many."""


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """The fitted members, without the last stage."""

    names: tuple[str, ...]
    mail_idf: Floats
    part_idf: Floats
    mail_weights: Floats
    mail_bias: Floats
    part_weights: Floats
    part_bias: Floats


def fit(prepared: Prepared, more: Extra, *, without: str = "") -> Members:
    """Fit the members, without the last stage.

    Args:
        prepared: Mails.
        more: Sentences.
        without: Kinds of features to leave out, by their first letters (`features.names`).
    """
    learned = _learned(prepared, more)
    vocabulary = Vocabulary([name for name in learned if name[0] not in without])
    batch = count((*prepared.texts, *more.texts), vocabulary)
    label = np.concatenate([prepared.label, more.label])
    weight = np.concatenate(
        [
            [RULING if one.ruled else 1.0 for one in prepared.examples],
            np.full(len(more.label), CLAUSE),
        ]
    )
    width = len(vocabulary.names)
    mail_idf, part_idf = _idf(batch.mails, width), _idf(batch.parts, width)
    mails = _sparse(batch.mails, weigh(batch.mails, mail_idf, vocabulary.part), width)
    parts = _sparse(batch.parts, weigh(batch.parts, part_idf, vocabulary.part), width)
    whole = vocabulary.part == 0
    with one_core():
        mail_weights, mail_bias = _mail_members(mails, whole, label, weight)
    # Every segment of a clause has the clause's label.
    labels = np.concatenate(
        [*prepared.parts, label[batch.owner[batch.owner >= len(prepared.label)]]]
    )
    share = np.where(labels == HARMLESS, _NEUTRAL, 1.0) * (labels != UNMARKED)
    with one_core():
        part_weights, part_bias = _part_members(
            parts, whole, np.maximum(labels, 0), share * weight[batch.owner]
        )
    return Members(
        names=vocabulary.names,
        mail_idf=mail_idf,
        part_idf=part_idf,
        mail_weights=mail_weights,
        mail_bias=mail_bias,
        part_weights=part_weights,
        part_bias=part_bias,
    )


def tell(members: Members, texts: Sequence[str]) -> Floats:
    """Return what the members say of each text, N x SIGNALS."""
    vocabulary = Vocabulary(members.names)
    batch = count(texts, vocabulary)
    mail = linear(
        batch.mails,
        weigh(batch.mails, members.mail_idf, vocabulary.part),
        members.mail_weights,
    )
    part = linear(
        batch.parts,
        weigh(batch.parts, members.part_idf, vocabulary.part),
        members.part_weights,
    )
    signs = [crisis_signs(text) for text in texts]
    return signals(batch, mail + members.mail_bias, part + members.part_bias, signs)


def weights(prepared: Prepared) -> Floats:
    """How much each mail counts when the cut-offs are chosen."""
    heavy = {True: SAMPLED, False: OWN}
    return np.array([heavy[PASSED in one.tags] if one.ruled else 1.0 for one in prepared.examples])


def one_core() -> AbstractContextManager[object]:
    """So small matrices gain nothing from more cores, and sums come out the same everywhere."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def _mail_members(
    rows: csr_matrix, whole: NDArray[np.bool_], label: Ints, weight: Floats
) -> tuple[Floats, Floats]:
    """Fit the members that see a whole mail; `whole` marks the features that are no word parts."""
    regression = _regression(_MAIL_C).fit(rows, label, sample_weight=weight)
    bayes = ComplementNB(alpha=_SMOOTHING).fit(rows, label, sample_weight=weight)
    on_words = _regression(_MAIL_C).fit(rows[:, whole], label, sample_weight=weight)
    words = np.zeros((rows.shape[1], len(CLASSES)))
    words[whole] = on_words.coef_.T
    silent = np.zeros(len(CLASSES))
    return (
        np.hstack([regression.coef_.T, bayes.feature_log_prob_.T, words]),
        np.concatenate([regression.intercept_, silent, on_words.intercept_]),
    )


def _part_members(
    rows: csr_matrix, whole: NDArray[np.bool_], label: Ints, weight: Floats
) -> tuple[Floats, Floats]:
    """Fit the members that see one segment."""
    regression = _regression(_PART_C).fit(rows, label, sample_weight=weight)
    sensitive = _regression(_BINARY_C).fit(rows, np.isin(label, (1, 2)), sample_weight=weight)
    bayes = ComplementNB(alpha=_PART_SMOOTHING).fit(rows[:, whole], label, sample_weight=weight)
    words = np.zeros((rows.shape[1], len(CLASSES)))
    words[whole] = bayes.feature_log_prob_.T
    silent = np.zeros(len(CLASSES))
    return (
        np.hstack([regression.coef_.T, sensitive.coef_.T, words]),
        np.concatenate([regression.intercept_, sensitive.intercept_, silent]),
    )


def _regression(strength: float) -> LogisticRegression:
    # Balanced, because crisis is rare in the corpus and must not be for the model.
    return LogisticRegression(C=strength, max_iter=ITERATIONS, class_weight="balanced")


def _learned(prepared: Prepared, more: Extra) -> list[str]:
    """Names of the features that enough different writers use, sorted.

    Of clients' own mail only whole words and pairs that three different clients use: a part of
    a word or a rarer word could tell a name. Source: a trial with 151 planted
    names, of which none was found.
    """
    invented: dict[str, set[str]] = {}
    clients: dict[str, set[str]] = {}
    for example, text in zip(prepared.examples, prepared.texts, strict=True):
        used = clients if example.ruled else invented
        used.setdefault(example.author, set()).update(_features(text))
    for writer, text in zip(more.writers, more.texts, strict=True):
        invented.setdefault(writer, set()).update(_features(text))
    return sorted(_common(invented) | {one for one in _common(clients) if one[0] in "wb"})


def _features(text: str) -> Iterator[str]:
    return (name for piece in split(text) for name in features.names(features.words(piece.text)))


def _common(used: Mapping[str, set[str]]) -> set[str]:
    writers = Counter(name for own in used.values() for name in own)
    return {name for name, number in writers.items() if number >= WRITERS}


def _idf(counts: Counts, width: int) -> Floats:
    """Smoothed inverse frequency. Source: scikit-learn TfidfTransformer (smooth_idf=True)."""
    rows = np.bincount(counts.feature, minlength=width)
    found: Floats = np.log((1.0 + counts.rows) / (1.0 + rows)) + 1.0
    return found


def _sparse(counts: Counts, values: Floats, width: int) -> csr_matrix:
    return csr_matrix((values, (counts.row, counts.feature)), shape=(counts.rows, width))
