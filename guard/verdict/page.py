"""A model's whole report as one page of HTML: tables, plots, and its worst mistakes by id.

Pure. No script, nothing fetched, no word of any mail: mistakes are named by their id alone, so
that the page may be kept beside a model that learned from rulings.
"""

from collections.abc import Mapping, Sequence
from html import escape

import msgspec
import numpy as np

from guard.verdict import report
from guard.verdict.counting import Floats, Ints
from guard.verdict.evaluation import Evaluation, Mask
from guard.verdict.plot import Plot
from guard.verdict.scorer import CLASSES

WORST = 20
"""Mistakes that are named, of each kind."""

_LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Recalls at which precision is told in the table."""

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: right; vertical-align: top }
th:first-child, td:first-child { text-align: left }
svg { width: 22rem; max-width: 100%; font-size: 11px; fill: currentColor }
rect { fill: none; stroke: currentColor; opacity: .4 }
polyline { fill: none; stroke: currentColor; stroke-width: 1.5 }
.wanted { stroke-dasharray: 4; opacity: .5 }
"""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was predicted for mail whose label is known."""

    ids: tuple[str, ...]
    label: Ints
    probabilities: Floats
    """N x 4."""

    @property
    def sensitive(self) -> Floats:
        """Probability of therapy or crisis, N."""
        return self.probabilities[:, 1] + self.probabilities[:, 2]

    @property
    def positive(self) -> Mask:
        """Whether it is therapy or crisis, N."""
        return np.isin(self.label, (1, 2))


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the learning curve."""

    mails: int
    evaluation: Evaluation


def page(
    title: str,
    *,
    sets: Mapping[str, Evaluation],
    left_out: Known,
    frozen: Known,
    curve: Sequence[Step],
    facts: Mapping[str, str],
) -> str:
    """Return the page.

    Args:
        title: Which model it is about.
        sets: Figures by the name of the set, the frozen test last.
        left_out: Predictions for writers that were left out; mistakes are taken from these,
            because nobody should look at the frozen test.
        frozen: Predictions for the frozen test.
        curve: What less mail would have given, on the frozen test.
        facts: What the model was made from, by name.
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        _table([], [[escape(key), escape(value)] for key, value in facts.items()]),
        "<h2>Figures</h2><p>Each with its 95 % interval and its count.</p>",
        _from_markdown(report.shares(sets)),
    ]
    for name, one in sets.items():
        parts.append(f"<h2>Confusion, {escape(name)}</h2><p>Rows: what it is.</p>")
        parts.append(_from_markdown(report.confusion(one)))
    parts += [
        "<h2>Reliability, frozen test</h2>",
        _reliability(list(sets.values())[-1]),
        "<h2>Precision and recall, frozen test</h2>",
        _precision_recall(frozen),
        "<h2>Learning curve, frozen test</h2>",
        _curve(curve),
        "<h2>Worst mistakes, left-out writers</h2>",
        "<p>By id alone. The mail stands in the corpus, or in the record (r...).</p>",
        _worst(left_out),
    ]
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def precision_recall(known: Known) -> list[tuple[float, float]]:
    """Return recall and precision at every cut-off, recall ascending."""
    order = np.argsort(-known.sensitive, kind="stable")
    hits = np.cumsum(known.positive[order])
    total = max(1, int(known.positive.sum()))
    precision = hits / np.arange(1, len(order) + 1)
    return [(float(hit / total), float(one)) for hit, one in zip(hits, precision, strict=True)]


def worst(known: Known, *, missed: bool, count: int = WORST) -> list[tuple[str, str, float]]:
    """Return the most confident mistakes: id, true label, probability of being sensitive.

    Args:
        known: Predictions.
        missed: Sensitive mail that was thought harmless; else the other way round.
        count: How many at most.
    """
    wrong = np.flatnonzero(known.positive if missed else ~known.positive)
    ordered = sorted(wrong, key=lambda at: (known.sensitive[at] * (1 if missed else -1), at))
    return [
        (known.ids[at], CLASSES[int(known.label[at])], float(known.sensitive[at]))
        for at in ordered[:count]
    ]


def _reliability(evaluation: Evaluation) -> str:
    bins = evaluation.bins
    plot = Plot(
        title=f"What was said against what was; ECE {evaluation.ece:.3f}",
        across="said",
        up="was",
        points=tuple((one.predicted, one.observed) for one in bins),
        diagonal=True,
    )
    return plot.svg + _from_markdown(report.reliability(bins))


def _precision_recall(known: Known) -> str:
    points = precision_recall(known)
    plot = Plot(
        title="Precision at each recall",
        across="recall",
        up="precision",
        points=tuple(points[:: max(1, len(points) // 100)]),
    )
    rows = []
    for level in _LEVELS:
        reached = [precision for recall, precision in points if recall >= level]
        rows.append([f"{level:.2f}", f"{max(reached, default=0.0):.3f}"])
    return plot.svg + _table(["recall", "precision"], rows)


def _curve(curve: Sequence[Step]) -> str:
    if not curve:
        return "<p>Not measured.</p>"
    rows = [
        [
            str(one.mails),
            f"{one.evaluation.auroc:.3f}",
            f"{one.evaluation.recall_at_5.value:.3f}",
            f"{one.evaluation.mixed_at_5.value:.3f}",
            f"{one.evaluation.crisis_at_5.value:.3f}",
        ]
        for one in curve
    ]
    most = max(one.mails for one in curve)
    plot = Plot(
        title="Recall where 5 % of scheduling is flagged, by the mails learned from",
        across="mails",
        up="recall",
        points=tuple((one.mails, one.evaluation.recall_at_5.value) for one in curve),
        least=(0.0, 0.5),
        most=(float(most), 1.0),
    )
    head = ["mails", "AUROC", "recall at 5 %", "mixed", "crisis"]
    note = "<p>The members learned from a part of the batches; the last stage is the model's.</p>"
    return plot.svg + note + _table(head, rows)


def _worst(known: Known) -> str:
    found = ""
    for missed, words in ((True, "Thought harmless"), (False, "Thought sensitive")):
        rows = [
            [escape(name), label, f"{probability:.3f}"]
            for name, label, probability in worst(known, missed=missed)
        ]
        found += f"<h3>{words}</h3>" + _table(["id", "is", "P(therapy or crisis)"], rows)
    return found


def _from_markdown(table: str) -> str:
    lines = [line.strip("|").split("|") for line in table.splitlines()]
    head, _, *rows = [[escape(cell.strip().strip("*")) for cell in line] for line in lines]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<table>{f'<thead><tr>{top}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
    )
