"""Put a model to a test: labelled mail in, figures out, and which of two models is the better.

Pure over the judge that it is given.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from guard.verdict.corpus import LABELS, Example
from guard.verdict.evaluation import Evaluation, Outcomes, Share, evaluate, evidence_right
from guard.verdict.judge import Judge
from guard.verdict.label import Verdict
from guard.verdict.preparing import text_of

_SLACK = 0.01
"""A challenger may be so much worse in a share and still count as not worse: that is chance."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What one model did on one set of mail."""

    evaluation: Evaluation
    evidence: Share
    """True flags whose first evidence sentence is one that was marked."""

    verdicts: tuple[Verdict, ...]
    """In the order of the examples."""


def put_to_test(judge: Judge, examples: Sequence[Example]) -> Trial:
    """Judge every example and count."""
    verdicts = judge.judge([text_of(one) for one in examples])
    label = np.array([LABELS.index(one.label) for one in examples], dtype=np.int64)
    seen = Outcomes(
        label=label,
        probabilities=np.array(
            [[getattr(one.scores, name) for name in LABELS] for one in verdicts]
        ),
        flagged=np.array([one.flagged for one in verdicts]),
        alarmed=np.array([one.crisis for one in verdicts]),
        reminded=np.array([one.remind for one in verdicts]),
        mixed=np.array(["mixed" in one.tags for one in examples]),
    )
    hits = [
        (verdict.evidence, example.sensitive)
        for verdict, example in zip(verdicts, examples, strict=True)
        if verdict.flagged and example.sensitive
    ]
    return Trial(
        evaluation=evaluate(seen),
        evidence=evidence_right([one for one, _ in hits], [marked for _, marked in hits]),
        verdicts=tuple(verdicts),
    )


def not_worse(challenger: Evaluation, champion: Evaluation) -> list[str]:
    """Return in what the challenger is worse, in words; empty when it may be adopted."""
    worse = []
    if challenger.auroc < champion.auroc - _SLACK / 2:
        worse.append("tells sensitive mail from the rest less well")
    for name, words, sign in (
        ("flagged", "flags less therapy and crisis mail", 1),
        ("crisis_flagged", "flags less crisis mail", 1),
        ("false_flags", "flags more harmless mail", -1),
        ("false_reminders", "would answer more harmless mail", -1),
        ("crisis_reminded", "would answer more crisis mail", -1),
    ):
        new, old = getattr(challenger, name).value, getattr(champion, name).value
        if sign * (new - old) < -_SLACK:
            worse.append(words)
    return worse


def forgotten(challenger: Judge, champion: Judge, ruled: Sequence[Example]) -> int:
    """Return how many ruled-sensitive mails the champion flags and the challenger does not."""
    sensitive = [text_of(one) for one in ruled if one.flagged]
    return sum(
        old.flagged and not new.flagged
        for new, old in zip(challenger.judge(sensitive), champion.judge(sensitive), strict=True)
    )
