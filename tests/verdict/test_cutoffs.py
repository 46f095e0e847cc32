"""Cut-offs keep their promise on mail like that on which they were chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.verdict.cutoffs import choose, precision_cutoff, recall_cutoff

SCORES = st.lists(st.floats(0, 1), min_size=0, max_size=300)


@given(SCORES, st.sampled_from([0.01, 0.02, 0.05, 0.2]))
def test_never_misses_more_than_its_share(scores: list[float], missed: float) -> None:
    cutoff = recall_cutoff(np.array(scores), missed)

    assert sum(one < cutoff for one in scores) + 1 <= missed * (len(scores) + 1) or cutoff == 0.0


@given(SCORES, st.sampled_from([0.01, 0.02, 0.05, 0.2]))
def test_never_lets_more_than_its_share_pass(scores: list[float], passed: float) -> None:
    cutoff = precision_cutoff(np.array(scores), passed)

    assert sum(one >= cutoff for one in scores) <= passed * (len(scores) + 1)


def test_with_too_few_cases_everything_is_flagged_and_nothing_answered() -> None:
    few = np.linspace(0.4, 0.9, 18)

    assert recall_cutoff(few, 0.05) == 0.0
    assert precision_cutoff(few, 0.01) > 1.0


def test_nineteen_cases_are_enough_for_one_in_twenty() -> None:
    assert recall_cutoff(np.linspace(0.1, 0.9, 19), 0.05) == pytest.approx(0.1)


def test_crisis_pulls_the_flag_down() -> None:
    label = np.array([0] * 200 + [1] * 200 + [2] * 200)
    calm, hot = [0.9, 0.05, 0.02, 0.03], [0.1, 0.8, 0.05, 0.05]
    probabilities = np.array([calm] * 200 + [hot] * 200 + [[0.7, 0.1, 0.15, 0.05]] * 200)

    assert choose(label, probabilities).flag <= 0.25


@given(SCORES.filter(len), st.sampled_from([0.02, 0.05, 0.2]), st.data())
def test_weighted_cases_are_missed_by_weight(
    scores: list[float], missed: float, data: st.DataObject
) -> None:
    ones = st.lists(st.sampled_from([1.0, 20.0]), min_size=len(scores), max_size=len(scores))
    weight = data.draw(ones)
    cutoff = recall_cutoff(np.array(scores), missed, np.array(weight))
    lost = sum(heavy for one, heavy in zip(scores, weight, strict=True) if one < cutoff)

    assert lost <= missed * (sum(weight) + max(weight)) or cutoff == 0.0


def test_a_miss_of_the_practice_pulls_the_flag_down_more_than_one_of_the_corpus() -> None:
    corpus = np.linspace(0.3, 0.9, 200)
    own = np.full(5, 0.1)
    scores = np.concatenate([corpus, own])
    heavy = np.concatenate([np.ones(200), np.full(5, 10.0)])

    assert recall_cutoff(scores, 0.05, heavy) == pytest.approx(0.1)
    assert recall_cutoff(scores, 0.05) > 0.1
