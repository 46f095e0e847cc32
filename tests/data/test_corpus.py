"""The corpus: well-formed, in proportion, written and not generated, the test kept apart."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.mail.text import new_text
from guard.verdict.corpus import LABELS, Example, check, read, read_clauses

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
RUN = 5
MOST_SHARED = 0.5
"""Largest share of a mail's five-word runs that another mail may hold too."""

MACHINE_MADE = {"robot", "notice"}
"""Bounces and notices do read alike, because machines write them."""


@pytest.fixture(scope="module")
def mails() -> list[Example]:
    return list(read(sorted(CORPUS.glob("*.jsonl"))))


@pytest.fixture(scope="module")
def training(mails: list[Example]) -> list[Example]:
    return [one for one in mails if one.batch.startswith("b")]


@pytest.fixture(scope="module")
def frozen(mails: list[Example]) -> list[Example]:
    return [one for one in mails if one.batch.startswith("t")]


def share(mails: list[Example], label: str) -> float:
    return sum(one.label == label for one in mails) / len(mails)


def words_of(mail: Example) -> list[str]:
    return re.findall(r"[a-z0-9']+", f"{mail.subject} {new_text(mail.body)}".lower())


def runs_of(mail: Example) -> set[tuple[str, ...]]:
    words = words_of(mail)
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def alike(mails: list[Example]) -> Iterator[tuple[float, str, str]]:
    """Share of each mail's runs that the most similar other mail holds too."""
    holders: dict[tuple[str, ...], list[str]] = {}
    runs = {one.id: runs_of(one) for one in mails}
    for name, own in runs.items():
        for run in own:
            holders.setdefault(run, []).append(name)
    for name, own in runs.items():
        others = Counter(other for run in own for other in holders[run] if other != name)
        for other, shared in others.most_common(1):
            yield shared / max(len(own), 2 * RUN), name, other


def test_every_line_is_well_formed_and_marked(mails: list[Example]) -> None:
    assert list(check(mails)) == []


def test_there_is_enough_to_learn_from_and_to_test_on(
    training: list[Example], frozen: list[Example]
) -> None:
    assert len(training) >= 3000
    assert len(frozen) >= 600


@pytest.mark.parametrize(
    ("label", "wanted"),
    [("scheduling", 0.35), ("therapy", 0.35), ("crisis", 0.12), ("other", 0.18)],
)
def test_labels_keep_their_proportions(
    training: list[Example], frozen: list[Example], label: str, wanted: float
) -> None:
    assert share(training, label) == pytest.approx(wanted, abs=0.03)
    assert share(frozen, label) == pytest.approx(wanted, abs=0.03)


def test_a_third_of_the_therapy_mails_are_mixed(training: list[Example]) -> None:
    therapy = [one for one in training if one.label == "therapy"]

    assert sum("mixed" in one.tags for one in therapy) >= len(therapy) / 3


def test_no_author_and_no_scenario_stands_on_both_sides(
    training: list[Example], frozen: list[Example]
) -> None:
    assert {one.author for one in training}.isdisjoint(one.author for one in frozen)
    assert {one.scenario for one in training}.isdisjoint(one.scenario for one in frozen)


def test_every_author_is_described(mails: list[Example]) -> None:
    lines = [
        json.loads(line)
        for file in sorted(CORPUS.glob("authors/*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]

    assert {one.author for one in mails} <= {line["author"] for line in lines}


def test_no_two_mails_are_near_copies(mails: list[Example]) -> None:
    people = [one for one in mails if MACHINE_MADE.isdisjoint(one.tags)]

    assert [found for found in alike(people) if found[0] > MOST_SHARED] == []


def test_no_label_hides_behind_a_greeting(mails: list[Example]) -> None:
    opening = Counter(tuple(words_of(one)[:4]) for one in mails)

    assert opening.most_common(1)[0][1] <= len(mails) / 50


def test_clauses_are_well_formed_and_each_written_once() -> None:
    clauses = list(read_clauses(sorted(CORPUS.glob("clauses/*.jsonl"))))

    assert all(one.label in LABELS and one.text.strip() for one in clauses)
    assert len({" ".join(one.text.lower().split()) for one in clauses}) == len(clauses)
    assert len({one.id for one in clauses}) == len(clauses)
