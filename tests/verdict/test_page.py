"""The report of a model: its figures add up, and no word of any mail stands in it."""

import re
from html.parser import HTMLParser

import numpy as np

from guard.verdict.evaluation import Outcomes, evaluate
from guard.verdict.page import Known, Step, page, precision_recall, worst
from guard.verdict.plot import Plot

SAID = np.array(
    [[0.9, 0.1, 0.0, 0.0], [0.1, 0.7, 0.1, 0.1], [0.6, 0.3, 0.1, 0.0], [0.1, 0.8, 0.0, 0.1]]
)
KNOWN = Known(ids=("a-1", "a-2", "a-3", "a-4"), label=np.array([0, 1, 2, 3]), probabilities=SAID)
FIGURES = evaluate(
    Outcomes(
        label=KNOWN.label,
        probabilities=SAID,
        flagged=KNOWN.sensitive > 0.5,
        alarmed=np.zeros(4, dtype=bool),
        reminded=np.zeros(4, dtype=bool),
        mixed=np.zeros(4, dtype=bool),
    )
)


class Tags(HTMLParser):
    """Collects what a page would load or run, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "circle", "rect", "polyline"}:
            self.open.append(tag)
        self.outside += [name for name, _ in attrs if name in {"src", "href", "onload"}]

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"circle", "rect", "polyline"}:
            assert self.open.pop() == tag


def made() -> str:
    return page(
        "Model <abc>",
        sets={"left-out writers": FIGURES, "frozen test": FIGURES},
        left_out=KNOWN,
        frozen=KNOWN,
        curve=[Step(mails=10, evaluation=FIGURES), Step(mails=20, evaluation=FIGURES)],
        facts={"learned from": "4 mails"},
    )


def test_the_page_is_whole_and_loads_and_runs_nothing() -> None:
    tags = Tags()
    tags.feed(made())
    assert (tags.open, tags.outside) == ([], [])
    assert "<script" not in made()
    assert "Model &lt;abc&gt;" in made()


def test_the_page_has_a_picture_and_a_table_of_each_curve() -> None:
    assert made().count("<svg") == 3
    assert all(f"<td>{mails}</td>" in made() for mails in (10, 20))


def test_the_worst_misses_come_first_and_by_id_alone() -> None:
    assert worst(KNOWN, missed=True)[0] == ("a-3", "crisis", 0.4)
    assert worst(KNOWN, missed=False, count=1) == [("a-4", "other", 0.8)]


def test_precision_and_recall_end_where_everything_is_flagged() -> None:
    points = precision_recall(KNOWN)
    assert points[-1] == (1.0, 0.5)
    assert [recall for recall, _ in points] == sorted(recall for recall, _ in points)


def test_a_plot_keeps_its_points_inside_its_frame() -> None:
    plot = Plot(title="t", across="x", up="y", points=((0, 0.5), (40, 1.0)), most=(40, 1))
    places = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', plot.svg)
    assert [(float(x), float(y)) for x, y in places] == [(46.0, 176.0), (306.0, 46.0)]
