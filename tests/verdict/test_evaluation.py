"""Figures with their counts, checked against scikit-learn where it has the same."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from guard.verdict.evaluation import (
    Share,
    auroc,
    confusion_of,
    evidence_right,
    macro_f1,
    reliability,
)

RANDOM = np.random.default_rng(7)


def test_auroc_is_that_of_scikit_learn_ties_included() -> None:
    scores = RANDOM.integers(0, 12, 400) / 12
    positive = RANDOM.random(400) < scores

    assert auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_auroc_of_one_class_alone_is_no_number() -> None:
    assert np.isnan(auroc(np.array([0.1, 0.2]), np.array([True, True])))


def test_macro_f1_is_that_of_scikit_learn() -> None:
    label, guess = RANDOM.integers(0, 4, 300), RANDOM.integers(0, 4, 300)

    found = macro_f1(confusion_of(label, guess))

    assert found == pytest.approx(f1_score(label, guess, average="macro"))


def test_a_share_tells_its_interval_and_count() -> None:
    assert str(Share(hits=95, of=100)) == "0.950 [0.888, 0.978] (95 of 100)"


def test_a_share_of_too_few_is_no_claim() -> None:
    assert str(Share(hits=20, of=20)).endswith("(20 of 20, not enough cases)")


def test_a_share_of_nothing_says_nothing() -> None:
    assert Share(hits=0, of=0).interval == (0.0, 1.0)


def test_reliability_puts_certainty_into_the_last_bin() -> None:
    [low, high] = reliability(np.array([0.0, 1.0, 1.0]), np.array([False, True, False]))

    assert (low.count, high.count, high.observed) == (1, 2, 0.5)


def test_evidence_counts_the_first_sentence_only() -> None:
    evidence = [["It's back.", "See you."], ["See you.", "It's back."], []]

    assert evidence_right(evidence, [["It's back."]] * 3) == Share(hits=1, of=3)
