"""The shipped model is the one that its card tells of, made from the corpus that lies here."""

import hashlib
import tomllib
from pathlib import Path

from guard.verdict.chosen import chosen
from guard.verdict.corpus import read
from guard.verdict.model import load
from guard.verdict.trial import put_to_test

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "data" / "corpus"
MODELS = ROOT / "models"
CARD = tomllib.loads((MODELS / "card.toml").read_text(encoding="utf-8"))


def test_the_file_has_the_digest_of_its_card() -> None:
    assert hashlib.sha256((MODELS / "model.joblib").read_bytes()).hexdigest() == CARD["sha256"]


def test_it_was_made_from_the_corpus_that_lies_here() -> None:
    files = sorted([*CORPUS.glob("*.jsonl"), *CORPUS.glob("clauses/*.jsonl")])
    together = hashlib.sha256(b"".join(file.read_bytes() for file in files))

    assert together.hexdigest() == CARD["made_from"]["corpus"]


def test_it_does_on_the_frozen_mail_what_its_card_claims() -> None:
    found = chosen(MODELS)
    trial = put_to_test(
        load(found.file, found.digest), list(read(sorted(CORPUS.glob("t*.jsonl"))))
    )

    told = CARD["frozen_test"]
    assert round(trial.evaluation.auroc, 3) == round(told["auroc"], 3)
    assert str(trial.evaluation.flagged) == told["flagged"]
    assert str(trial.evaluation.crisis_flagged) == told["crisis_flagged"]
    assert str(trial.evidence) == told["evidence_right"]


def test_it_is_small() -> None:
    assert (MODELS / "model.joblib").stat().st_size < 5_000_000
