"""Verdicts a second, start-up and size of the model, and what its peers make of the same mail.

Peers learn from the same training mail and are tested on the same frozen mail, in the same run:
bogofilter (Debian; flagged or not) and scikit-learn's plain TF-IDF and logistic regression.
Each is compared where it flags the same share of scheduling: 5 %.

    python tests/bench/classify.py
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from guard.verdict.chosen import chosen
from guard.verdict.corpus import Example, read
from guard.verdict.evaluation import auroc
from guard.verdict.model import load
from guard.verdict.preparing import text_of

ROOT = Path(__file__).parents[2]
RUNS = 3


def main() -> None:
    training = list(read(sorted((ROOT / "data/corpus").glob("b*.jsonl"))))
    frozen = list(read(sorted((ROOT / "data/corpus").glob("t*.jsonl"))))
    texts = [text_of(one) for one in frozen]
    found = chosen(ROOT / "models")
    judge = load(found.file, found.digest)
    judge.judge(texts[:50])
    print(f"model {found.digest[:12]}, {found.file.stat().st_size / 1e6:.2f} MB")
    batch = median(lambda: judge.judge(texts)) / len(texts)
    alone = median(lambda: [judge.judge([one]) for one in texts[:200]]) / 200
    print(f"a message: {batch * 1e3:.2f} ms in a batch, {alone * 1e3:.2f} ms alone")
    print(f"start-up, import and load: {median(start_up):.2f} s (whole process)")
    print(f"{'':34}{'AUROC':>7}{'recall':>8}{'mixed':>8}{'crisis':>8}   (5 % of scheduling)")
    ours = np.array([one.scores.sensitive for one in judge.judge(texts)])
    tell("guard", ours, frozen)
    tell("scikit-learn TF-IDF, LR", plain(training, frozen), frozen)
    scores = bogofilter(training, frozen)
    if scores is None:
        print("bogofilter is not installed (Debian: apt-get install bogofilter-bdb)")
    else:
        tell("bogofilter", scores, frozen)


def median(work: Callable[[], object]) -> float:
    """Seconds of the middle run."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def start_up() -> None:
    found = chosen(ROOT / "models")
    code = (
        "from pathlib import Path; from guard.verdict.model import load;"
        f"load(Path({str(found.file)!r}), {found.digest!r}).judge(['Is 4 on Tuesday fine?'])"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def tell(name: str, scores: np.ndarray, mails: list[Example]) -> None:
    positive = np.array([one.flagged for one in mails])
    cutoff = np.quantile(scores[[one.label == "scheduling" for one in mails]], 0.95)
    above = scores > cutoff
    mixed = positive & np.array(["mixed" in one.tags for one in mails])
    crisis = np.array([one.label == "crisis" for one in mails])
    cells = [auroc(scores, positive), *(above[one].mean() for one in (positive, mixed, crisis))]
    print(f"{name:<34}" + "".join(f"{one:>8.3f}" for one in cells))


def plain(training: list[Example], frozen: list[Example]) -> np.ndarray:
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=8, max_iter=2000, class_weight="balanced"),
    )
    pipeline.fit([text_of(one) for one in training], [one.flagged for one in training])
    texts = [text_of(one) for one in frozen]
    pipeline.predict_proba(texts)
    taken = median(lambda: pipeline.predict_proba(texts)) / len(texts)
    print(f"(scikit-learn's plain pipeline: {taken * 1e3:.2f} ms a message)")
    return np.asarray(pipeline.predict_proba(texts)[:, 1])


def bogofilter(training: list[Example], frozen: list[Example]) -> np.ndarray | None:
    try:
        subprocess.run(["bogofilter", "-V"], check=True, capture_output=True)
    except FileNotFoundError:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for flag, kind in (("-s", True), ("-n", False)):
            files = [as_mail(folder, one) for one in training if one.flagged is kind]
            _bogofilter(folder, [flag], files)
        files = [as_mail(folder, one) for one in frozen]
        lines = _bogofilter(folder, ["-T", "-T"], files)
        taken = median(lambda: _bogofilter(folder, ["-T", "-T"], files)) / len(files)
        print(f"(bogofilter: {taken * 1e3:.2f} ms a message, its start-up included)")
    return np.array([float(line.split()[-1]) for line in lines])


def _bogofilter(folder: Path, flags: list[str], files: list[Path]) -> list[str]:
    done = subprocess.run(
        ["bogofilter", "-d", str(folder), *flags, "-b"],
        input="".join(f"{file}\n" for file in files),
        capture_output=True,
        text=True,
        check=False,  # its exit status tells the last verdict
    )
    return done.stdout.splitlines()


def as_mail(folder: Path, mail: Example) -> Path:
    file = folder / f"{mail.id}.eml"
    head = (
        "From: a@client.example\nTo: b@practice.example\nContent-Type: text/plain; charset=utf-8\n"
    )
    subject, _, body = text_of(mail).partition("\n")
    file.write_text(f"{head}Subject: {subject}\n\n{body}\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    main()
