"""How far a model can be trusted: figures with their counts and intervals. Pure.

A figure from fewer than `ENOUGH` positives is not a claim, and says so.
Intervals are Wilson's, 95 %. Source: Brown, Cai, DasGupta, Interval Estimation for a
Binomial Proportion, Statistical Science 16 (2001).
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from guard.verdict.counting import Floats, Ints
from guard.verdict.cutoffs import ENOUGH, Cutoffs
from guard.verdict.scorer import CLASSES

Mask = NDArray[np.bool_]

_Z = 1.959964
"""Normal quantile of a 95 % interval."""

_BINS = 10


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        if not self.of:
            return (0.0, 1.0)
        n, p = self.of, self.value
        middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
        half = _Z * np.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
        return (max(0.0, float(middle - half)), min(1.0, float(middle + half)))

    def __str__(self) -> str:
        """Return such as ``0.953 [0.921, 0.972] (243 of 255)``."""
        low, high = self.interval
        note = "" if self.of >= ENOUGH else ", not enough cases"
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] ({self.hits} of {self.of}{note})"


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Mails whose probability of being sensitive is alike."""

    predicted: float
    """Mean probability."""

    observed: float
    """Share that really is sensitive."""

    count: int


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one model on one set of mail."""

    mails: int
    confusion: tuple[tuple[int, ...], ...]
    """Rows: true label, columns: most probable label, both in the order of `CLASSES`."""

    macro_f1: float
    auroc: float
    """Of flagged-or-not: therapy and crisis against the rest, by their probability."""

    recall_at_5: Share
    """Therapy and crisis above the cut-off where 5 % of scheduling is flagged."""

    mixed_at_5: Share
    """The same for mixed mail: a booking with one sensitive clause."""

    crisis_at_5: Share
    """The same for crisis."""

    ece: float
    """Expected calibration error of the probability of being sensitive, ten equal bins."""

    flagged: Share
    """Therapy and crisis above the model's own cut-off."""

    crisis_flagged: Share
    """Crisis above it."""

    crisis_alarmed: Share
    """Crisis that raises an alert."""

    false_flags: Share
    """Scheduling and other above it."""

    false_alarms: Share
    """Scheduling and other that raise an alert."""

    reminded: Share
    """Therapy that would be answered without her."""

    false_reminders: Share
    """Scheduling and other that would be."""

    crisis_reminded: Share
    """Crisis that would be: the one that must not happen."""

    bins: tuple[Bin, ...]


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said of labelled mail."""

    label: Ints
    """True labels, places in `CLASSES`."""

    probabilities: Floats
    """N x 4."""

    flagged: Mask
    alarmed: Mask
    reminded: Mask
    mixed: Mask
    """Which mails are mixed: sensitive, and about an appointment too."""


def outcomes(
    label: Ints, probabilities: Floats, mixed: Mask, cutoffs: Cutoffs, strong: Mask, signs: Mask
) -> Outcomes:
    """Apply cut-offs and the crisis lexicon as a verdict does.

    Args:
        label: True labels.
        probabilities: N x 4.
        mixed: Which mails are mixed.
        cutoffs: The model's.
        strong: Where the lexicon finds a strong sign.
        signs: Where it finds any.
    """
    sensitive = probabilities[:, 1] + probabilities[:, 2]
    alarmed = strong | (probabilities[:, 2] >= cutoffs.crisis)
    calm = (probabilities[:, 2] < cutoffs.calm) & ~signs
    return Outcomes(
        label=label,
        probabilities=probabilities,
        flagged=alarmed | (sensitive >= cutoffs.flag),
        alarmed=alarmed,
        reminded=(sensitive >= cutoffs.remind) & calm & ~alarmed,
        mixed=mixed,
    )


def evaluate(seen: Outcomes) -> Evaluation:
    """Return the figures."""
    sensitive = seen.probabilities[:, 1] + seen.probabilities[:, 2]
    positive = np.isin(seen.label, (1, 2))
    crisis, therapy = seen.label == 2, seen.label == 1  # noqa: PLR2004  # places in CLASSES
    scheduling = seen.label == 0
    cutoff = np.quantile(sensitive[scheduling], 0.95) if scheduling.any() else 1.0
    above = sensitive > cutoff
    confusion = confusion_of(seen.label, seen.probabilities.argmax(axis=1))
    bins = reliability(sensitive, positive)
    return Evaluation(
        mails=len(seen.label),
        confusion=tuple(tuple(int(cell) for cell in row) for row in confusion),
        macro_f1=macro_f1(confusion),
        auroc=auroc(sensitive, positive),
        recall_at_5=_share(above, positive),
        mixed_at_5=_share(above, seen.mixed & positive),
        crisis_at_5=_share(above, crisis),
        ece=sum(one.count * abs(one.predicted - one.observed) for one in bins) / len(seen.label),
        flagged=_share(seen.flagged, positive),
        crisis_flagged=_share(seen.flagged, crisis),
        crisis_alarmed=_share(seen.alarmed, crisis),
        false_flags=_share(seen.flagged, ~positive),
        false_alarms=_share(seen.alarmed, ~positive),
        reminded=_share(seen.reminded, therapy),
        false_reminders=_share(seen.reminded, ~positive),
        crisis_reminded=_share(seen.reminded, crisis),
        bins=bins,
    )


def auroc(scores: Floats, positive: Mask) -> float:
    """Return the probability that a positive scores above a negative; ties count half."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ordered = scores[order]
    _, first, inverse, counts = np.unique(
        ordered, return_index=True, return_inverse=True, return_counts=True
    )
    ranks[order] = first[inverse] + (counts[inverse] + 1) / 2
    high, low = int(positive.sum()), int((~positive).sum())
    if not high or not low:
        return float("nan")
    return float((ranks[positive].sum() - high * (high + 1) / 2) / (high * low))


def confusion_of(label: Ints, guess: Ints) -> Ints:
    """Return counts, rows true, columns guessed."""
    found = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
    np.add.at(found, (label, guess), 1)
    return found


def macro_f1(confusion: Ints) -> float:
    """Return the mean over labels of the harmonic mean of precision and recall."""
    hits = np.diag(confusion).astype(float)
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(np.divide(2 * hits, total, out=np.zeros(len(hits)), where=total > 0)))


def reliability(scores: Floats, positive: Mask, bins: int = _BINS) -> tuple[Bin, ...]:
    """Return equal-width bins of probability that hold a mail."""
    place = np.minimum((scores * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            predicted=float(scores[place == at].mean()),
            observed=float(positive[place == at].mean()),
            count=int((place == at).sum()),
        )
        for at in range(bins)
        if (place == at).any()
    )


def evidence_right(evidence: Sequence[Sequence[str]], sensitive: Sequence[Sequence[str]]) -> Share:
    """Of true flags, in how many the first evidence sentence is one of the marked ones."""
    hits = sum(
        bool(found) and _same(found[0], marked)
        for found, marked in zip(evidence, sensitive, strict=True)
    )
    return Share(hits=hits, of=len(evidence))


def _same(found: str, marked: Sequence[str]) -> bool:
    here = " ".join(found.split())
    wanted = [" ".join(one.split()) for one in marked]
    words = set(here.lower().split())
    return any(
        one in here or here in one or len(words & set(one.lower().split())) >= len(words) / 2
        for one in wanted
    )


def _share(hit: Mask, of: Mask) -> Share:
    return Share(hits=int((hit & of).sum()), of=int(of.sum()))
