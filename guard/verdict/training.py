"""Labelled mail to a model: fit the members, let the last stage weigh them, set the cut-offs.

Deterministic: the same examples in the same order give the same arrays. Imports
scikit-learn; only training does. What each stage learns from is never what it was fitted on:
the last stage and the cut-offs see predictions for writers that were left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from threadpoolctl import threadpool_limits

from guard.verdict import features
from guard.verdict.corpus import LABELS, PASSED, Clause, Example
from guard.verdict.counting import Counts, Floats, Ints, Vocabulary, count, weigh
from guard.verdict.crisis import crisis_signs
from guard.verdict.cutoffs import OWN, SAMPLED, Cutoffs, choose
from guard.verdict.preparing import HARMLESS, UNMARKED, Extra, Prepared, extra, only, prepare
from guard.verdict.scorer import CLASSES, SIGNALS, Arrays, linear, paired, signals, softmax
from guard.verdict.segments import split

Progress = Callable[[str], None]

Spread = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Does some work to each of many, here or elsewhere, and gives the results in order: `map`."""

WRITERS = 3
"""A feature is learned only if so many different writers use it: names of people drop out."""

FOLDS = 6
"""Groups of batches, each left out in turn."""

_MAIL_C = 8.0
_PART_C = 4.0
_BINARY_C = 2.0
_STACK_C = 0.03
_SMOOTHING = 0.3
_PART_SMOOTHING = 0.5
_NEUTRAL = 0.3
"""Weight of the harmless sentences in a sensitive mail: most are harmless, some are not."""

CLAUSE = 0.5
"""Weight of a single labelled sentence among whole mails."""

RULING = 2.0
"""Weight of a mail that the therapist ruled on: it is the very mail that will come again."""

_ITERATIONS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model, and what is known of it from left-out writers."""

    arrays: Arrays
    cutoffs: Cutoffs
    prepared: Prepared
    extra: Extra
    left_out: Floats
    """Probabilities of every training mail by models that saw none of its batch, N x 4."""


def train(
    examples: Sequence[Example],
    clauses: Sequence[Clause] = (),
    *,
    say: Progress = lambda _words: None,
    spread: Spread = map,
) -> Trained:
    """Fit a model.

    Args:
        examples: Mails, in any order; sorted by id first.
        clauses: Sentences, in any order; sorted by id first.
        say: Told what is being done.
        spread: Does the fits that do not need each other; the result is the same.

    Raises:
        ValueError: There are fewer than two batches, or a label is missing.
    """
    assert CLASSES == LABELS
    prepared = prepare(sorted(examples, key=lambda one: one.id))
    if len(set(prepared.group)) < 2 or len(set(prepared.label)) < len(CLASSES):  # noqa: PLR2004  # to leave one out, there must be two
        raise ValueError("training needs at least two batches and every label")
    more = extra(clauses)
    told = np.zeros((len(prepared.texts), SIGNALS))
    folds = folds_of(prepared.group)
    results = iter(spread(partial(_told, prepared, more), folds))
    for at, fold in enumerate(folds, start=1):
        say(f"left-out writers, {at} of {len(folds)}")
        told[fold] = next(results)
    say("the whole corpus")
    members = fit(prepared, more)
    stack, left_out = stacked(told, prepared)
    arrays = Arrays(**_parts(members), **_parts(stack))
    return Trained(
        arrays=arrays,
        cutoffs=choose(prepared.label, left_out, _weights(prepared)),
        prepared=prepared,
        extra=more,
        left_out=left_out,
    )


def _told(prepared: Prepared, more: Extra, fold: NDArray[np.bool_]) -> Floats:
    """What members that saw nothing of a fold say of it."""
    members = fit(only(prepared, ~fold), more)
    return tell(members, only(prepared, fold).texts)


def steps() -> int:
    """Return how often `train` says that it has begun something."""
    return FOLDS + 1


def folds_of(group: NDArray[np.str_], folds: int = FOLDS) -> list[NDArray[np.bool_]]:
    """Return masks that put whole batches into each of so many folds."""
    names = sorted(set(group))
    masks = [np.isin(group, names[at::folds]) for at in range(min(folds, len(names)))]
    return [mask for mask in masks if mask.any()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The fitted members, without the last stage."""

    names: tuple[str, ...]
    mail_idf: Floats
    part_idf: Floats
    mail_weights: Floats
    mail_bias: Floats
    part_weights: Floats
    part_bias: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stack:
    centre: Floats
    spread: Floats
    pair_centre: Floats
    pair_spread: Floats
    stack_weights: Floats
    stack_bias: Floats


def with_members(arrays: Arrays, members: Members) -> Arrays:
    """Return a model with other members under the same last stage."""
    return replace(arrays, **_parts(members))


def _parts(value: Members | _Stack) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


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
    with _one_core():
        mail_weights, mail_bias = _mail_members(mails, whole, label, weight)
    # Every segment of a clause has the clause's label.
    labels = np.concatenate(
        [*prepared.parts, label[batch.owner[batch.owner >= len(prepared.label)]]]
    )
    share = np.where(labels == HARMLESS, _NEUTRAL, 1.0) * (labels != UNMARKED)
    with _one_core():
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


def _weights(prepared: Prepared) -> Floats:
    """How much each mail counts when the cut-offs are chosen."""
    heavy = {True: SAMPLED, False: OWN}
    return np.array([heavy[PASSED in one.tags] if one.ruled else 1.0 for one in prepared.examples])


def _one_core() -> AbstractContextManager[object]:
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


def stacked(told: Floats, prepared: Prepared) -> tuple[_Stack, Floats]:
    """Fit the last stage; also its predictions for each group when that was left out, N x 4."""
    left_out = np.zeros((len(told), len(CLASSES)))
    for fold in folds_of(prepared.group):
        stack = _last_stage(told[~fold], prepared.label[~fold])
        pairs = paired((told[fold] - stack.centre) / stack.spread)
        standard = (pairs - stack.pair_centre) / stack.pair_spread
        left_out[fold] = softmax(standard @ stack.stack_weights + stack.stack_bias)
    return _last_stage(told, prepared.label), left_out


def _last_stage(told: Floats, label: Ints) -> _Stack:
    centre, spread = _standard(told)
    pairs = paired((told - centre) / spread)
    pair_centre, pair_spread = _standard(pairs)
    with _one_core():
        fitted = LogisticRegression(C=_STACK_C, max_iter=_ITERATIONS).fit(
            (pairs - pair_centre) / pair_spread, label
        )
    return _Stack(
        centre=centre,
        spread=spread,
        pair_centre=pair_centre,
        pair_spread=pair_spread,
        stack_weights=fitted.coef_.T,
        stack_bias=fitted.intercept_,
    )


def _standard(values: Floats) -> tuple[Floats, Floats]:
    spread = values.std(axis=0)
    return values.mean(axis=0), np.where(spread > 0, spread, 1.0)


def _regression(strength: float) -> LogisticRegression:
    # Balanced, because crisis is rare in the corpus and must not be for the model.
    return LogisticRegression(C=strength, max_iter=_ITERATIONS, class_weight="balanced")


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
