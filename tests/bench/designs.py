"""Is each part of the model worth having: paired differences over repeated author-wise splits.

    python tests/bench/designs.py [--repeats N] [--only NAME ...]

In each repeat the writers (not the batches, not the mails) are dealt anew into six groups, and
each group is judged by a model that saw none of it. Every design gets the same splits. The
intervals are of the paired difference, by resampling writers. The frozen test is not touched.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from guard.verdict.corpus import Clause, whole
from guard.verdict.evaluation import auroc
from guard.verdict.members import fit, tell
from guard.verdict.preparing import Extra, Prepared, extra, only, prepare
from guard.verdict.scorer import SIGNALS
from guard.verdict.training import FOLDS, folds_of, stacked

ROOT = Path(__file__).parents[2]
RESAMPLES = 400

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A model with something left out."""

    without: str = ""
    """Kinds of features left out."""

    sentences: bool = True
    """Whether it learns from labelled sentences."""

    signals: tuple[int, ...] = tuple(range(SIGNALS))
    """What of the members' signals the last stage sees; see `scorer.signals`."""


DESIGNS = {
    "as shipped": Design(),
    "no labelled sentences": Design(sentences=False),
    "no themes": Design(without="t"),
    "no parts of words": Design(without="c"),
    "no pairs of words": Design(without="b"),
    "no members on sentences": Design(signals=(*range(12), 23, 24, 25)),
    "no members on whole mails": Design(signals=tuple(range(12, SIGNALS))),
    "no naive Bayes": Design(signals=(0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 15, 16, 18, 19, 21)),
    "no crisis lexicon": Design(signals=tuple(range(SIGNALS - 1))),
    "one regression on whole mails": Design(signals=(0, 1, 2, 3)),
}


class Bench:
    """Judges everything with each design; what two designs share is fitted once a repeat."""

    def __init__(self, prepared: Prepared, clauses: Sequence[Clause], repeat: int) -> None:
        author = np.array([one.author for one in prepared.examples])
        writers = np.random.default_rng(repeat).permutation(sorted(set(author)))
        dealt = {name: f"g{at % FOLDS}" for at, name in enumerate(writers)}
        self.prepared = replace(prepared, group=np.array([dealt[one] for one in author]))
        self._extra = extra(clauses)
        self._told: dict[tuple[str, bool], Floats] = {}

    def sensitive(self, design: Design) -> Floats:
        """Return the probability of therapy or crisis of each mail, by a model new to it."""
        key = design.without, design.sentences
        if key not in self._told:
            self._told[key] = self._tell(*key)
        _, left_out = stacked(self._told[key][:, design.signals], self.prepared)
        found: Floats = left_out[:, 1] + left_out[:, 2]
        return found

    def _tell(self, without: str, sentences: bool) -> Floats:  # noqa: FBT001  # a key's part
        more = self._extra if sentences else Extra()
        told = np.zeros((len(self.prepared.texts), SIGNALS))
        for fold in folds_of(self.prepared.group):
            members = fit(only(self.prepared, ~fold), more, without=without)
            told[fold] = tell(members, only(self.prepared, fold).texts)
        return told


def figures(sensitive: Floats, label: NDArray[np.int64], weight: NDArray[np.int64]) -> Floats:
    """Return AUROC and recall where 5 % of scheduling is flagged, each mail so many times."""
    chosen = np.repeat(np.arange(len(label)), weight)
    scores, here = sensitive[chosen], label[chosen]
    positive = np.isin(here, (1, 2))
    cutoff = np.quantile(scores[here == 0], 0.95)
    return np.array([auroc(scores, positive), (scores > cutoff)[positive].mean()])


def compare(found: dict[str, list[Floats]], prepared: Prepared) -> None:
    """Print each design's figures, and how far it is from the shipped one."""
    names = np.array([one.author for one in prepared.examples])
    writers, place = np.unique(names, return_inverse=True)
    label = prepared.label
    once = np.ones(len(label), dtype=np.int64)
    random = np.random.default_rng(7)
    drawn = [
        np.bincount(random.integers(len(writers), size=len(writers)), minlength=len(writers))
        for _ in range(RESAMPLES)
    ]
    first = found["as shipped"]
    print("| design | AUROC | R@5 | difference in AUROC | difference in R@5 |")
    print("|---|---|---|---|---|")
    for name, runs in found.items():
        mean = np.mean([figures(one, label, once) for one in runs], axis=0)
        cells = [name, *(f"{one:.4f}" for one in mean)]
        if name != "as shipped":
            spread = [
                np.mean(
                    [
                        figures(new, label, times[place]) - figures(old, label, times[place])
                        for new, old in zip(runs, first, strict=True)
                    ],
                    axis=0,
                )
                for times in drawn
            ]
            low, high = np.quantile(spread, [0.025, 0.975], axis=0)
            cells += [f"[{low[at]:+.4f}, {high[at]:+.4f}]" for at in range(2)]
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(DESIGNS), choices=list(DESIGNS))
    options = parser.parse_args()
    os.nice(5)
    examples, clauses, _ = whole(ROOT / "data" / "corpus")
    prepared = prepare(sorted(examples, key=lambda one: one.id))
    found: dict[str, list[Floats]] = {
        name: [] for name in {"as shipped": 0} | dict.fromkeys(options.only)
    }
    for repeat in range(options.repeats):
        bench = Bench(prepared, clauses, repeat)
        for name, runs in found.items():
            runs.append(bench.sensitive(DESIGNS[name]))
    compare(found, prepared)


if __name__ == "__main__":
    main()
