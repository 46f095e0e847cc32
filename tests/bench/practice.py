"""What a practice would see: the share that goes to review, and the share that slips through.

    python tests/bench/practice.py [--draws N]

Everything is of writers that the model had not seen. The corpus is harder than an inbox; here its
mails are weighed to a practice's mix of labels, not to its ease. Then two batches at a time play
a practice: 200 mails of half of its writers are ruled on, the cut-offs are chosen anew, and the
other half's mail is counted.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guard.verdict.corpus import whole
from guard.verdict.cutoffs import OWN, choose, recall_cutoff
from guard.verdict.scorer import CLASSES
from guard.verdict.training import Trained, train

ROOT = Path(__file__).parents[2]
MIXES = {
    "one mail in eight sensitive": (0.64, 0.11, 0.015, 0.235),
    "one mail in twenty sensitive": (0.70, 0.045, 0.005, 0.25),
}
"""Shares of the labels, in the order of `CLASSES`."""

RULINGS = 200

Floats = NDArray[np.float64]


def shares(chosen: NDArray[np.int64], label: NDArray[np.int64], mix: Floats) -> Floats:
    """Return the weight of each chosen mail, so that the labels stand in the mix."""
    here = label[chosen]
    weight = mix[here] / np.bincount(here, minlength=len(CLASSES))[here]
    found: Floats = weight / weight.sum()
    return found


def seen(trained: Trained, cutoff: float, mix: Floats, chosen: NDArray[np.int64]) -> list[float]:
    """Return the share that goes to review, and the share of sensitive mail that does not."""
    label = trained.prepared.label[chosen]
    sensitive = trained.left_out[chosen, 1] + trained.left_out[chosen, 2]
    weight = shares(chosen, trained.prepared.label, mix)
    positive = np.isin(label, (1, 2))
    flagged = sensitive >= cutoff
    missed = weight[positive & ~flagged].sum() / weight[positive].sum()
    return [float(weight[flagged].sum()), float(missed)]


def after_rulings(trained: Trained, mix: Floats, own: float, draws: int) -> Floats:
    """Return review share and missed share of each simulated practice, with its own cut-off."""
    random = np.random.default_rng(1)
    label, group = trained.prepared.label, trained.prepared.group
    author = np.array([one.author for one in trained.prepared.examples])
    sensitive = trained.left_out[:, 1] + trained.left_out[:, 2]
    positive = np.isin(label, (1, 2))
    batches = sorted(set(group))
    found = []
    for pair in zip(batches[::2], batches[1::2], strict=False):
        mine = np.isin(group, pair)
        for _ in range(draws):
            writers = random.permutation(sorted(set(author[mine])))
            known = mine & np.isin(author, writers[: len(writers) // 2])
            drawn = np.flatnonzero(known)
            ruled = random.choice(drawn, RULINGS, p=shares(drawn, label, mix))
            ruled = ruled[positive[ruled]]
            scores = np.concatenate([sensitive[~mine & positive], sensitive[ruled]])
            ones = np.ones(len(scores) - len(ruled))
            weight = np.concatenate([ones, np.full(len(ruled), own)])
            cutoff = recall_cutoff(scores, 0.05, weight)
            found.append(seen(trained, cutoff, mix, np.flatnonzero(mine & ~known)))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    draws = parser.parse_args().draws
    examples, clauses, _ = whole(ROOT / "data" / "corpus")
    trained = train(examples, clauses)
    everybody = np.arange(len(trained.prepared.label))
    flag = choose(trained.prepared.label, trained.left_out).flag
    print("| mix | cut-offs | to review | sensitive passed unseen | nine in ten practices |")
    print("|---|---|---|---|---|")
    for name, mix in MIXES.items():
        review, missed = seen(trained, flag, np.array(mix), everybody)
        print(f"| {name} | as shipped | {review:.3f} | {missed:.3f} | |")
        for own in (1.0, OWN, 50.0):
            found = after_rulings(trained, np.array(mix), own, draws)
            review, missed = found.mean(axis=0)
            most = np.quantile(found[:, 1], 0.9)
            words = f"{RULINGS} rulings, weight {own:g}"
            print(f"| {name} | {words} | {review:.3f} | {missed:.3f} | <= {most:.3f} |")


if __name__ == "__main__":
    main()
