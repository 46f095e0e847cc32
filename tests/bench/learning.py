"""The learning curve: what more written mail bought, on the frozen test, and what it would buy.

python tests/bench/learning.py [--sizes 5 10 15 20]
"""

import argparse
from pathlib import Path

import numpy as np

from guard.verdict.corpus import whole
from guard.verdict.judge import Judge
from guard.verdict.training import train
from guard.verdict.trial import put_to_test

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 10, 15, 20])
    sizes = parser.parse_args().sizes
    examples, clauses, frozen = whole(ROOT / "data" / "corpus")
    batches = sorted({one.batch for one in examples})
    np.random.default_rng(1).shuffle(batches)
    head = ["batches", "mails", "sentences", "AUROC", "R@5", "mixed", "crisis"]
    print(f"| {' | '.join(head)} |")
    print(f"|{'---|' * len(head)}")
    for size in sizes:
        for sentences in ([], clauses):
            chosen = [one for one in examples if one.batch in batches[:size]]
            trained = train(chosen, sentences)
            judge = Judge(trained.arrays, trained.cutoffs, model="")
            seen = put_to_test(judge, frozen).evaluation
            cells = [size, len(chosen), len(sentences), f"{seen.auroc:.3f}"]
            cells += [
                f"{one.value:.3f}" for one in (seen.recall_at_5, seen.mixed_at_5, seen.crisis_at_5)
            ]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
