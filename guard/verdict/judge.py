"""Texts to verdicts: scores, cut-offs, evidence, and when not to say anything.

Pure, but for py3langid's own table of languages, which it loads once.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from guard.verdict.counting import Batch
from guard.verdict.cutoffs import Cutoffs
from guard.verdict.label import Label, Scores, Verdict
from guard.verdict.language import is_foreign
from guard.verdict.scorer import CLASSES, Arrays, Scored, Scorer
from guard.verdict.segments import sentence_around

KNOWN_SHARE = 0.35
"""Below this share of known words a text is unlike anything in training."""

JUDGED_WORDS = 8
"""Fewer words are too few to say that a text is foreign or new."""

_EVIDENCE = 3
_SPEAKS = -1.0
"""Log-odds from which a segment counts as evidence of a sensitive mail."""


class Judge:
    """Gives verdicts."""

    def __init__(self, arrays: Arrays, cutoffs: Cutoffs, *, model: str) -> None:
        """Take a model apart.

        Args:
            arrays: What was learned.
            cutoffs: Where a probability becomes an action.
            model: SHA-256 of the file, for the record.
        """
        self._scorer = Scorer(arrays)
        self.cutoffs = cutoffs
        self.model = model

    def judge(self, texts: Sequence[str]) -> list[Verdict]:
        """Return a verdict for each text (subject and new text)."""
        scored = self._scorer.score(texts)
        ends = np.cumsum(scored.batch.sizes).tolist()
        abstained = _abstained(scored.batch, ends)
        # Of so few numbers at a time, numpy would be the slower one.
        return [
            self._verdict(scored, at, row, abstained[at], slice(start, end))
            for at, (row, (start, end)) in enumerate(
                zip(scored.probabilities.tolist(), pairwise([0, *ends]), strict=True)
            )
        ]

    def _verdict(
        self, scored: Scored, at: int, row: list[float], abstained: str, mine: slice
    ) -> Verdict:
        signs = scored.signs[at]
        strong = any(sign.strength == "strong" for sign in signs)
        crisis, sensitive = row[2], row[1] + row[2]
        alarmed = strong or crisis >= self.cutoffs.crisis
        flagged = alarmed or (abstained != "empty" and sensitive >= self.cutoffs.flag)
        label = Label.CRISIS if strong else Label(CLASSES[row.index(max(row))])
        return Verdict(
            label=label,
            scores=_scores(row),
            flagged=flagged,
            # The lexicon can only raise: one sign of danger, and no machine answers.
            remind=sensitive >= self.cutoffs.remind and crisis < self.cutoffs.calm and not signs,
            crisis=alarmed,
            abstained=abstained,
            evidence=_evidence(scored, at, mine, label, flagged=flagged),
            model=self.model,
        )


def _abstained(batch: Batch, ends: Sequence[int]) -> list[str]:
    """Return why nothing is said of each text; empty where something is."""
    shares = (batch.known / np.maximum(batch.words, 1)).tolist()
    words, known = batch.of_text(batch.words).tolist(), batch.of_text(batch.known).tolist()
    return [
        _why_not(batch, at, words[at], known[at], shares[start:end])
        for at, (start, end) in enumerate(pairwise([0, *ends]))
    ]


def _why_not(batch: Batch, at: int, words: int, known: int, shares: Sequence[float]) -> str:
    if not words:
        return "empty"
    if words < JUDGED_WORDS:
        return ""
    if is_foreign(batch.texts[at], batch.segments[at], known / words, shares):
        return "foreign"
    return "novel" if known < KNOWN_SHARE * words else ""


def _scores(row: Sequence[float]) -> Scores:
    clipped = [min(max(one, 0.0), 1.0) for one in row]
    return Scores(**dict(zip(CLASSES, clipped, strict=True)))


def _evidence(
    scored: Scored, at: int, mine: slice, label: Label, *, flagged: bool
) -> tuple[str, ...]:
    """Sentences that speak for the verdict, strongest first."""
    pieces = scored.batch.segments[at]
    if not pieces:
        return ()
    if flagged:
        weight = scored.sensitive[mine].tolist()
        strongest = sorted(range(len(pieces)), key=weight.__getitem__, reverse=True)
        chosen = [one for one in strongest if weight[one] >= _SPEAKS] or strongest[:1]
    else:
        chosen = [int(scored.parts[mine, CLASSES.index(label.value)].argmax())]
    sentences = dict.fromkeys(sentence_around(pieces[one]) for one in chosen[:_EVIDENCE])
    return tuple(sentences)
