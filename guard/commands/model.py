"""``guard model``: which model judges, what is known of it, and the way back."""

from pathlib import Path

import click

from guard import shipped
from guard.commands import judges, wiring
from guard.config import Settings, load
from guard.errors import ConfigError, ModelError
from guard.record.entry import Fact
from guard.verdict import cabinet
from guard.verdict.chosen import chosen
from guard.verdict.corpus import whole


@click.group()
def model() -> None:
    """Say which model judges your mail, and change it or go back."""


@model.command("list")
@click.pass_obj
def list_(config: Path) -> None:
    """List the models; the one in use is marked."""
    settings = load(config)
    used = judges.chosen_model(settings)
    own = cabinet.kept(judges.cabinet_of(settings))
    shipped_one = chosen(shipped.folder("models"))
    for name, digest in [
        ("shipped", shipped_one.digest),
        *((one.name, chosen(one.folder).digest) for one in own),
    ]:
        mark = "in use" if digest == used.digest else ""
        click.echo(f"{name:<14}{digest[:12]:<14}{mark}".rstrip())


@model.command()
@click.argument("name", required=False)
@click.pass_obj
def show(config: Path, name: str | None) -> None:
    """Show what is known of the model in use, or of NAME ("shipped", or as listed)."""
    settings = load(config)
    folder = _folder(settings, name) if name else judges.chosen_model(settings).file.parent
    page = folder / "card.md"
    if not page.exists():
        raise ModelError(f"there is no card.md beside the model in {folder}")
    click.echo(page.read_text(encoding="utf-8"))


@model.command()
@click.argument("name", required=False)
@click.pass_obj
def evaluate(config: Path, name: str | None) -> None:
    """Test the model in use, or NAME, on the shipped frozen mail: figures with intervals."""
    # scikit-learn takes a second to import.
    from guard.verdict import model as model_file  # noqa: PLC0415
    from guard.verdict import report  # noqa: PLC0415
    from guard.verdict.trial import put_to_test  # noqa: PLC0415

    settings = load(config)
    found = chosen(_folder(settings, name)) if name else judges.chosen_model(settings)
    _, _, frozen = whole(shipped.folder("corpus"))
    trial = put_to_test(model_file.load(found.file, found.digest), frozen)
    click.echo(report.shares({found.digest[:12]: trial.evaluation}))
    click.echo(f"\nEvidence sentence right: {trial.evidence}\n")
    click.echo(report.confusion(trial.evaluation))


@model.command()
@click.argument("name")
@click.pass_obj
def adopt(config: Path, name: str) -> None:
    """Use the model NAME from the next scan on. An entry in the record says so."""
    settings = load(config)
    put_in_use(settings, None if name == "shipped" else name, why="adopted")
    click.echo(f"From the next scan on, {name} judges.")


@model.command()
@click.pass_obj
def rollback(config: Path) -> None:
    """Go back to the model that was in use before."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        used = [entry.data["name"] for entry in record.entries() if entry.kind == "model"]
    if not used:
        raise ConfigError("the shipped model is in use; there is nothing to go back to")
    before = used[-2] if len(used) > 1 else "shipped"
    put_in_use(settings, None if before == "shipped" else before, why="rolled back")
    click.echo(f"From the next scan on, {before} judges again.")


def put_in_use(settings: Settings, name: str | None, *, why: str) -> None:
    """File which model may judge from now on, then use it.

    Filed first: if the second step fails, the old file no longer fits the record, and every
    message is held until the command is run again.
    """
    folder = _folder(settings, name or "shipped")
    digest = chosen(folder).digest
    with (
        wiring.locked(settings),
        wiring.open_record(settings) as record,
    ):
        body = {"name": name or "shipped", "sha256": digest, "why": why}
        record.append([Fact(kind="model", body=body)], now=wiring.milliseconds())
        cabinet.use(judges.cabinet_of(settings), name)


def _folder(settings: Settings, name: str) -> Path:
    if name == "shipped":
        return shipped.folder("models")
    folder = judges.cabinet_of(settings) / name
    if not folder.is_dir():
        raise ModelError(f"there is no model {name}", hint="See: guard model list")
    return folder
