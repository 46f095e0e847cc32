"""``guard train``: a new model from corpus and rulings, tested before it is relied on."""

import hashlib
import itertools
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from guard import shipped
from guard.commands import asking, judges, wiring
from guard.commands.model import put_in_use
from guard.commands.options import PASSPHRASE
from guard.commands.review import minutes_of_item
from guard.config import Settings, load
from guard.errors import ConfigError, ModelError
from guard.policy.decision import Action
from guard.record.entry import JSON, Fact
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.review.rulings import rulings
from guard.verdict import cabinet
from guard.verdict import model as model_file
from guard.verdict.card import encode
from guard.verdict.chosen import CARD, MODEL, Chosen, chosen
from guard.verdict.corpus import PASSED, RULED, Example, whole
from guard.verdict.curve import SHARES, learning_curve
from guard.verdict.judge import Judge
from guard.verdict.modelcard import markdown, tables, whole_page
from guard.verdict.training import Spread, Trained, steps
from guard.verdict.training import train as fit
from guard.verdict.trial import forgotten, not_worse, put_to_test

TRAINED = "trained"
"""Kind of the entry that says from whose mail a model learned."""

_GROUPS = 6
"""Clients are left out together, in so many groups, when the new model is tested on itself."""


@click.command()
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="For makers: write a model from the corpus alone into this folder.",
)
@click.option("--anyway", is_flag=True, help="Use it even if it is worse than the one in use.")
@click.option(
    "--cluster",
    default="",
    metavar="ADDRESS",
    help="Fit on a dask cluster of your own, which sees the mail: tls://host:port.",
)
@PASSPHRASE
@click.pass_obj
def train(
    config: Path,
    into: Path | None,
    *,
    anyway: bool,
    cluster: str,
    passphrase_file: Path | None,
) -> None:
    """Teach the classifier what you ruled on the review page. Needs the passphrase.

    The new model is tested on mail that no model learns from and on all your past rulings. It
    is used from the next scan on only if it is not worse than the one in use; that one is
    kept, and "guard model rollback" goes back. The same mail gives the same model, byte for
    byte. Nothing is copied out of the record but words that three different clients use.
    """
    if into is not None:
        _ship(into, anyway=anyway, cluster=cluster)
        return
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        ruled = ruled_examples(settings, record, asking.unlock(record, passphrase_file))
    if not ruled:
        raise ConfigError(
            "there is no ruling to learn from yet", hint="Rule on some mail first: guard review"
        )
    champion = judges.chosen_model(settings)
    click.echo(f"Fitting a new model; {len(ruled)} rulings were read. Minutes.", err=True)
    fresh = _fresh(ruled, cluster)
    click.echo("Putting it to the test against the one in use.", err=True)
    worse = fresh.worse_than(champion, ruled)
    kept = keep(settings, fresh, ruled)
    click.echo(f"Made {kept.name} from the corpus and {len(ruled)} rulings.")
    click.echo(f"How good it is: {kept.folder / 'report.html'}")
    if worse and not anyway:
        click.echo("It is not used, because it " + "; it ".join(worse) + ".")
        click.echo(f"To use it anyway: guard model adopt {kept.name}")
        return
    put_in_use(settings, kept.name, why="not worse" if not worse else "adopted although worse")
    click.echo("It judges from the next scan on. To go back: guard model rollback")


class Fresh:
    """A new model, its test and its papers."""

    def __init__(self, corpus: Path, ruled: list[Example], spread: Spread = map) -> None:
        examples, clauses, self._frozen = whole(corpus)
        with _phases(steps() + len(SHARES)) as say:
            trained = fit([*examples, *ruled], clauses, say=say, spread=spread)
            self.data = model_file.dump(trained.arrays, trained.cutoffs)
            self.digest = model_file.digest(self.data)
            self.judge = Judge(trained.arrays, trained.cutoffs, model=self.digest)
            self.test = put_to_test(self.judge, self._frozen)
            curve = learning_curve(trained, self.test, self._frozen, say=say)
        facts = _facts(trained, corpus)
        self.card = encode(tables(self.digest, trained, self.test, facts))
        self.papers = {
            "card.md": markdown(trained, self.test, facts),
            "report.html": whole_page(self.digest, trained, self.test, curve, self._frozen),
        }

    def worse_than(self, champion: Chosen, ruled: list[Example]) -> list[str]:
        """In what it is worse than a model in use, in words."""
        try:
            old = model_file.load(champion.file, champion.digest)
        except ModelError:
            return []
        worse = not_worse(self.test.evaluation, put_to_test(old, self._frozen).evaluation)
        if lost := forgotten(self.judge, old, ruled):
            worse.append(f"would no longer flag {lost} mails that you ruled sensitive")
        return worse


@contextmanager
def _phases(count: int) -> Iterator[Callable[[str], None]]:
    """Give what says that a phase has begun: a line for each, on a terminal one bar."""
    if not sys.stderr.isatty():
        number = itertools.count(1)
        yield lambda words: click.echo(f"{next(number)} of {count}: {words}", err=True)
        return
    with click.progressbar(length=count, label="Fitting", file=sys.stderr, show_eta=True) as bar:
        yield lambda _words: bar.update(1)


def _fresh(ruled: list[Example], cluster: str) -> Fresh:
    corpus = shipped.folder("corpus")
    if not cluster:
        return Fresh(corpus, ruled)
    from guard.verdict.dask_cluster import spread_over  # noqa: PLC0415  # an extra

    with spread_over(cluster) as spread:
        return Fresh(corpus, ruled, spread)


def _ship(into: Path, *, anyway: bool, cluster: str) -> None:
    fresh = _fresh([], cluster)
    worse = fresh.worse_than(chosen(into), []) if (into / CARD).exists() else []
    if worse and not anyway:
        raise ModelError(
            f"the new model was not written: it {'; it '.join(worse)}", hint="Add --anyway."
        )
    into.mkdir(parents=True, exist_ok=True)
    (into / MODEL).write_bytes(fresh.data)
    (into / CARD).write_text(fresh.card, encoding="utf-8")
    for name, text in fresh.papers.items():
        (into / name).write_text(text, encoding="utf-8")
    click.echo(f"{into / MODEL}: {len(fresh.data) / 1e6:.1f} MB, {fresh.digest[:12]}")


def keep(settings: Settings, fresh: Fresh, ruled: list[Example]) -> cabinet.Kept:
    """Put a new model into the cabinet, and file from whose mail it learned.

    Filed first: no model may lie there of which nobody knows whom it must forget.
    """
    clients = sorted({one.author for one in ruled})
    body: dict[str, JSON] = {"sha256": fresh.digest, "clients": clients, "rulings": len(ruled)}
    with wiring.locked(settings), wiring.open_record(settings) as record:
        record.append([Fact(kind=TRAINED, body=body)], now=wiring.milliseconds())
    return cabinet.keep(
        judges.cabinet_of(settings),
        data=fresh.data,
        digest=fresh.digest,
        card=fresh.card,
        papers=fresh.papers,
    )


def ruled_examples(
    settings: Settings,
    record: Record,
    reader: Reader,
    *,
    without: frozenset[int] = frozenset(),
) -> list[Example]:
    """Return her rulings as examples; the text is read from the record and kept in memory alone.

    Args:
        settings: The practice's choices.
        record: Open.
        reader: For the same record, unlocked.
        without: Items that nothing may be learned from.
    """
    found = [one for one in rulings(record, reader) if one.item not in without]
    with judges.reader(settings) as child:
        readings = child.start([reader.raw(one.item) for one in found])()
    return [
        Example(
            id=f"r{zlib.crc32(one.client.encode()) % _GROUPS}-{one.item}",
            author=one.client,
            scenario=one.client,
            label=one.label.value,
            tags=_tags(record, reader, one.item),
            sensitive=(),
            subject="",
            body=reading.message.text,
        )
        for one, reading in zip(found, readings, strict=True)
        if reading.message is not None
    ]


def _tags(record: Record, reader: Reader, item: int) -> tuple[str, ...]:
    minutes = minutes_of_item(record, reader, item)
    passed = minutes is not None and Action.REVIEW not in minutes.decision.actions
    return (RULED, PASSED) if passed else (RULED,)


def _facts(trained: Trained, folder: Path) -> dict[str, str | int]:
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("clauses/*.jsonl")])
    together = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    examples = trained.prepared.examples
    return {
        "corpus": together.hexdigest(),
        "writers": len({one.author for one in examples if not one.ruled}),
        "batches": len({one.batch for one in examples if not one.ruled}),
        "rulings": sum(one.ruled for one in examples),
    }
