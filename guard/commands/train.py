"""``guard train``: a new model from the corpus, tested before anybody relies on it."""

import hashlib
from pathlib import Path

import click

from guard import shipped
from guard.verdict import model as model_file
from guard.verdict.card import encode
from guard.verdict.chosen import CARD, MODEL, chosen
from guard.verdict.corpus import Clause, Example, read, read_clauses
from guard.verdict.judge import Judge
from guard.verdict.modelcard import markdown, tables
from guard.verdict.training import Trained
from guard.verdict.training import train as fit
from guard.verdict.trial import not_worse, put_to_test


@click.command()
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Labelled mail; the shipped corpus if not given.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the new model and its card.",
)
@click.option("--anyway", is_flag=True, help="Write it even if it is worse than the one there.")
def train(corpus: Path | None, into: Path, *, anyway: bool) -> None:
    """Make a model from labelled mail, test it, and write it with its card.

    The same corpus gives the same model, byte for byte. A model in the folder is replaced only
    by one that is not worse on the frozen test mail, which no model learns from.
    """
    folder = corpus or shipped.folder("corpus")
    examples, clauses, frozen = corpus_of(folder)
    trained = fit(examples, clauses, say=lambda words: click.echo(f"fitting: {words}", err=True))
    data = model_file.dump(trained.arrays, trained.cutoffs)
    digest = model_file.digest(data)
    judge = Judge(trained.arrays, trained.cutoffs, model=digest)
    test = put_to_test(judge, frozen)
    worse = _compared(into, frozen, judge)
    click.echo("\n".join(worse) or "Not worse than the model that is there.")
    if worse and not anyway:
        raise SystemExit("guard: the new model was not written\nguard: hint: add --anyway")
    into.mkdir(parents=True, exist_ok=True)
    facts = _facts(trained, folder)
    (into / MODEL).write_bytes(data)
    (into / CARD).write_text(encode(tables(digest, trained, test, facts)), encoding="utf-8")
    (into / "card.md").write_text(markdown(trained, test, facts), encoding="utf-8")
    click.echo(f"{into / MODEL}: {len(data) / 1e6:.1f} MB, {digest[:12]}")


def corpus_of(folder: Path) -> tuple[list[Example], list[Clause], list[Example]]:
    """Return the mail to learn from, the clauses, and the frozen test mail (batches t...)."""
    return (
        list(read(sorted(folder.glob("b*.jsonl")))),
        list(read_clauses(sorted(folder.glob("clauses/*.jsonl")))),
        list(read(sorted(folder.glob("t*.jsonl")))),
    )


def _compared(into: Path, frozen: list[Example], challenger: Judge) -> list[str]:
    if not (into / CARD).exists():
        return []
    there = chosen(into)
    champion = model_file.load(there.file, there.digest)
    new, old = put_to_test(challenger, frozen), put_to_test(champion, frozen)
    return not_worse(new.evaluation, old.evaluation)


def _facts(trained: Trained, folder: Path) -> dict[str, str | int]:
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("clauses/*.jsonl")])
    together = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return {
        "corpus": together.hexdigest(),
        "writers": len({one.author for one in trained.prepared.examples}),
        "batches": len(set(trained.prepared.group)),
    }
