"""Labelled mail to a model: fit the members, let the last stage weigh them, set the cut-offs.

Deterministic: the same examples in the same order give the same arrays. Imports
scikit-learn; only training does. What each stage learns from is never what it was fitted on:
the last stage and the cut-offs see predictions for writers that were left out.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import fields, replace
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from guard.verdict.corpus import LABELS, Clause, Example
from guard.verdict.counting import Floats, Ints
from guard.verdict.cutoffs import Cutoffs, choose
from guard.verdict.members import ITERATIONS, Members, fit, one_core, tell, weights
from guard.verdict.preparing import Extra, Prepared, extra, only, prepare
from guard.verdict.scorer import CLASSES, SIGNALS, Arrays, paired, softmax

Progress = Callable[[str], None]

Spread = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Does some work to each of many, here or elsewhere, and gives the results in order: `map`."""

FOLDS = 6
"""Groups of batches, each left out in turn."""

_STACK_C = 0.03


class Trained(msgspec.Struct, frozen=True, kw_only=True):
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
        cutoffs=choose(prepared.label, left_out, weights(prepared)),
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


class _Stack(msgspec.Struct, frozen=True, kw_only=True):
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
    with one_core():
        fitted = LogisticRegression(C=_STACK_C, max_iter=ITERATIONS).fit(
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
