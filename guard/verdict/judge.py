"""Texts to verdicts: scores, cut-offs, evidence, and when not to say anything.

Pure, but for py3langid's own table of languages, which it loads once.
"""

from collections.abc import Sequence

import numpy as np

from guard.verdict.counting import Floats
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
        starts = np.searchsorted(scored.batch.owner, np.arange(len(texts) + 1))
        return [
            self._verdict(scored, at, slice(starts[at], starts[at + 1]))
            for at in range(len(texts))
        ]

    def _verdict(self, scored: Scored, at: int, mine: slice) -> Verdict:
        row = scored.probabilities[at]
        signs = scored.signs[at]
        strong = any(sign.strength == "strong" for sign in signs)
        crisis, sensitive = float(row[2]), float(row[1] + row[2])
        alarmed = strong or crisis >= self.cutoffs.crisis
        abstained = self._abstained(scored, at, mine)
        flagged = alarmed or (abstained != "empty" and sensitive >= self.cutoffs.flag)
        label = Label.CRISIS if strong else Label(CLASSES[int(row.argmax())])
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

    def _abstained(self, scored: Scored, at: int, mine: slice) -> str:
        batch = scored.batch
        in_each, known_in_each = batch.words[mine], batch.known[mine]
        words, known = int(in_each.sum()), int(known_in_each.sum())
        if not words:
            return "empty"
        if words < JUDGED_WORDS:
            return ""
        known_shares = known_in_each / np.maximum(in_each, 1)
        if is_foreign(batch.texts[at], batch.segments[at], known / words, known_shares.tolist()):
            return "foreign"
        return "novel" if known < KNOWN_SHARE * words else ""


def _scores(row: Floats) -> Scores:
    values = np.clip(row, 0.0, 1.0)
    return Scores(**{name: float(value) for name, value in zip(CLASSES, values, strict=True)})


def _evidence(
    scored: Scored, at: int, mine: slice, label: Label, *, flagged: bool
) -> tuple[str, ...]:
    """Sentences that speak for the verdict, strongest first."""
    pieces = scored.batch.segments[at]
    if not pieces:
        return ()
    if flagged:
        weight = scored.sensitive[mine]
        chosen = [one for one in np.argsort(-weight, kind="stable") if weight[one] >= _SPEAKS]
        chosen = chosen or [int(weight.argmax())]
    else:
        chosen = [int(scored.parts[mine, CLASSES.index(label.value)].argmax())]
    sentences = dict.fromkeys(sentence_around(pieces[one]) for one in chosen[:_EVIDENCE])
    return tuple(sentences)
