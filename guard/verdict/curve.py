"""The learning curve: what a model would be worth had it seen fewer batches of mail. Pure.

Deterministic. Whole batches are added, in an order that no name decides; the last stage and
the cut-offs stay those of the whole model, so that a point costs one fit and not seven.
"""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from guard.verdict.corpus import Example
from guard.verdict.judge import Judge
from guard.verdict.members import fit
from guard.verdict.page import Step
from guard.verdict.preparing import only
from guard.verdict.training import Progress, Trained, with_members
from guard.verdict.trial import Trial, put_to_test

SHARES = (0.25, 0.5, 0.75)
"""Of the batches."""


def learning_curve(
    trained: Trained,
    whole: Trial,
    frozen: Sequence[Example],
    *,
    say: Progress = lambda _words: None,
) -> list[Step]:
    """Return the points, fewest mails first; the last is the model itself.

    Args:
        trained: The model, and what it was trained from.
        whole: What the model did on the frozen test.
        frozen: The frozen test.
        say: Told what is being done.
    """
    prepared = trained.prepared
    batches = sorted(set(prepared.group), key=lambda name: sha256(name.encode()).digest())
    found = []
    for share in SHARES:
        say(f"learning curve, {share:.0%} of the batches")
        chosen = np.isin(prepared.group, batches[: max(2, round(share * len(batches)))])
        arrays = with_members(trained.arrays, fit(only(prepared, chosen), trained.extra))
        judge = Judge(arrays, trained.cutoffs, model="")
        mails = int(chosen.sum())
        found.append(Step(mails=mails, evaluation=put_to_test(judge, frozen).evaluation))
    return [*found, Step(mails=len(prepared.texts), evaluation=whole.evaluation)]
