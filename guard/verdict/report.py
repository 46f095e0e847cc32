"""A model's figures as a page of Markdown: confusion matrix, reliability, shares, curve. Pure."""

from collections.abc import Mapping, Sequence

from guard.verdict.cutoffs import Cutoffs
from guard.verdict.evaluation import Bin, Evaluation, Share
from guard.verdict.scorer import CLASSES


def figures(evaluation: Evaluation, evidence: Share | None = None) -> dict[str, str | float | int]:
    """Return the figures for a card, by name."""
    found: dict[str, str | float | int] = {
        "mails": evaluation.mails,
        "auroc": round(evaluation.auroc, 4),
        "macro_f1": round(evaluation.macro_f1, 3),
        "ece": round(evaluation.ece, 3),
    }
    for name in _SHARES:
        found[name] = str(getattr(evaluation, name))
    if evidence is not None:
        found["evidence_right"] = str(evidence)
    return found


def confusion(evaluation: Evaluation) -> str:
    """Return the confusion matrix as a table: rows are true labels, columns what was said."""
    rows = [f"| | {' | '.join(CLASSES)} |", f"|---|{'---|' * len(CLASSES)}"]
    rows += [
        f"| **{name}** | {' | '.join(map(str, row))} |"
        for name, row in zip(CLASSES, evaluation.confusion, strict=True)
    ]
    return "\n".join(rows)


def shares(evaluations: Mapping[str, Evaluation]) -> str:
    """Return the figures of several sets side by side."""
    names = list(evaluations)
    rows = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for key, words in (
        ("auroc", "AUROC, flagged or not"),
        ("macro_f1", "macro F1"),
        ("ece", "ECE"),
    ):
        cells = [f"{getattr(one, key):.3f}" for one in evaluations.values()]
        rows.append(f"| {words} | {' | '.join(cells)} |")
    for key, words in _SHARES.items():
        cells = [str(getattr(one, key)) for one in evaluations.values()]
        rows.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(rows)


def reliability(bins: Sequence[Bin]) -> str:
    """Return a reliability table: what was promised, what came, of how many."""
    rows = ["| said | was | mails |", "|---|---|---|"]
    rows += [f"| {one.predicted:.2f} | {one.observed:.2f} | {one.count} |" for one in bins]
    return "\n".join(rows)


def cutoffs(chosen: Cutoffs) -> str:
    """Return the cut-offs in words."""
    return "\n".join(
        [
            f"- flag from P(therapy) + P(crisis) = {chosen.flag:.3f}",
            f"- remind from {chosen.remind:.3f}, and only if P(crisis) is below {chosen.calm:.3f}",
            f"- alert from P(crisis) = {chosen.crisis:.3f}, or at a strong sign of the lexicon",
        ]
    )


_SHARES = {
    "recall_at_5": "therapy or crisis above the cut-off that flags 5 % of scheduling",
    "mixed_at_5": "the same, mixed mail",
    "crisis_at_5": "the same, crisis",
    "flagged": "therapy or crisis flagged at the model's own cut-off",
    "crisis_flagged": "crisis flagged",
    "crisis_alarmed": "crisis that raises an alert",
    "false_flags": "scheduling and other flagged",
    "false_alarms": "scheduling and other that raise an alert",
    "reminded": "therapy that would be answered without her",
    "false_reminders": "scheduling and other that would be",
    "crisis_reminded": "crisis that would be",
}
