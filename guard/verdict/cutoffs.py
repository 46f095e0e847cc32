"""Where a probability becomes an action: chosen on mail of left-out writers. Pure.

Conformal risk control: with n cases, the share missed on new ones of the same kind is at most
alpha if (missed + 1) / (n + 1) is. Source: Angelopoulos et al., Conformal Risk Control, 2022.
With weights it holds for the weighted mixture of cases. Source: Tibshirani et al., Conformal
Prediction Under Covariate Shift, 2019.
"""

import msgspec
import numpy as np

from guard.verdict.counting import Floats, Ints

MISSED = 0.05
"""Largest share of therapy and crisis mail that may pass unseen."""

CRISIS_MISSED = 0.02
"""Largest share of crisis mail that may pass unseen."""

CALMED = 0.015
"""Largest share of crisis mail that may be taken for calm, so that a machine may answer it.
Smaller: a reminder that is held costs her one key; one to somebody in danger, who knows what."""

ANSWERED = 0.01
"""Largest share of scheduling and other mail that may be answered with the reminder."""

ALARMED = 0.02
"""Largest share of scheduling and other mail that may raise an alert."""

OWN = 10.0
"""Weight of a mail that the therapist ruled on, when cut-offs are chosen: it is of the practice
that they are for. Measured by `tests/bench/practice.py`."""

SAMPLED = 20.0
"""Weight of one that had been passed, and was drawn by the sample of one in twenty: it stands
for all of those that nobody looked at."""

ENOUGH = 45
"""Positives below which no claim of recall is made: with 45 and no miss, 0.95 at 90 %."""


class Cutoffs(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities at which something is done."""

    flag: float
    """P(therapy) + P(crisis) from here on: to her eyes."""

    remind: float
    """P(therapy) + P(crisis) from here on: sure enough to be answered without her."""

    crisis: float
    """P(crisis) from here on: an alert."""

    calm: float
    """P(crisis) below this: no crisis, so that a reminder may go out."""


def choose(label: Ints, probabilities: Floats, weight: Floats | None = None) -> Cutoffs:
    """Choose the cut-offs from left-out predictions.

    Args:
        label: True class of each mail, 0 to 3 as in `scorer.CLASSES`.
        probabilities: N x 4.
        weight: How much each counts among the missed, N; None: all the same.
    """
    sensitive = probabilities[:, 1] + probabilities[:, 2]
    positive = (label == 1) | (label == 2)  # noqa: PLR2004  # therapy, crisis
    crisis = label == 2  # noqa: PLR2004  # crisis
    weight = np.ones(len(label)) if weight is None else weight
    return Cutoffs(
        flag=min(
            recall_cutoff(sensitive[positive], MISSED, weight[positive]),
            recall_cutoff(sensitive[crisis], CRISIS_MISSED, weight[crisis]),
        ),
        remind=precision_cutoff(sensitive[~positive], ANSWERED),
        crisis=precision_cutoff(probabilities[~positive, 2], ALARMED),
        calm=recall_cutoff(probabilities[crisis, 2], CALMED, weight[crisis]),
    )


def recall_cutoff(scores: Floats, missed: float, weight: Floats | None = None) -> float:
    """Largest cut-off that misses at most this share of such cases; 0 when there are too few.

    Args:
        scores: Of the cases, N.
        missed: Largest share, 0 to 1.
        weight: Of each case, N; None: all 1. The next case is taken to be as heavy as the
            heaviest.
    """
    weight = np.ones(len(scores)) if weight is None else weight
    order = np.argsort(scores, kind="stable")
    next_one = weight.max(initial=1.0)
    lost = np.concatenate([[0.0], np.cumsum(weight[order])])[:-1] + next_one
    kept = np.flatnonzero(lost <= missed * (weight.sum() + next_one))
    return float(scores[order[kept[-1]]]) if len(kept) else 0.0


def precision_cutoff(scores: Floats, passed: float) -> float:
    """Smallest cut-off that lets at most this share of such cases pass; above 1 when too few."""
    ordered = np.sort(scores)[::-1]
    allowed = int(np.floor(passed * (len(ordered) + 1))) - 1
    if allowed < 0 or not len(ordered):
        return 2.0
    return float(np.nextafter(ordered[min(allowed, len(ordered) - 1)], 2.0))
