"""Labels and verdicts: the model's opinion of one message. Pure."""

from enum import Enum

import msgspec


class Label(Enum):
    """What a message is about. The values are filed, so they never change meaning."""

    SCHEDULING = "scheduling"
    THERAPY = "therapy"
    CRISIS = "crisis"
    OTHER = "other"


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Calibrated probability of each label, 0 to 1; they sum to 1."""

    scheduling: float
    therapy: float
    crisis: float
    other: float

    def __post_init__(self) -> None:
        # Also catches NaN, which compares false with everything.
        for name in ("scheduling", "therapy", "crisis", "other"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"probability of {name} must lie in 0..1")

    @property
    def sensitive(self) -> float:
        """Probability of therapy or crisis."""
        return min(1.0, self.therapy + self.crisis)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The model's opinion. Evidence only: `guard.policy` decides."""

    label: Label
    """The most probable label."""

    scores: Scores
    """Probability of every label."""

    flagged: bool
    """Above the low cut-off: goes to her eyes."""

    remind: bool
    """Above the high cut-off: sure enough to be answered without her."""

    crisis: bool
    """Above the crisis cut-off, or named by the crisis lexicon."""

    abstained: str = ""
    """Why it will not say: ``empty``, ``unreadable``, ``foreign``, ``novel``; else empty."""

    aside: bool = False
    """Whether danger is spoken of only beside what was judged: in quoted history, in hidden
    words, in an alternative that was not read."""

    evidence: tuple[str, ...] = ()
    """The sentences that speak for it, strongest first, at most three."""

    model: str = ""
    """SHA-256 of the model file, lower-case hex; empty when no model could be used."""
