"""``guard mailboxes``: how a clinic's mailboxes stand, for operators and their monitors."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.clinic.roster import Clinic
from guard.clinic.state import LATE_S, State, openmetrics, wrong
from guard.commands.clinics import clinic_of
from guard.errors import ConfigError, TransientError, UnreachableError

if TYPE_CHECKING:
    from guard.clinic.postgres_leases import Leases


@click.group()
def mailboxes() -> None:
    """See how a clinic's mailboxes stand: list, health, metrics.

    The list is the folder that clinic.toml names: put a mailbox's settings there, and guard scan
    --all scans it; take them away, and it is scanned no more. Nothing here reads a record, needs
    a passphrase or shows a word of anybody's mail.
    """


@mailboxes.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a mailbox.")
@click.pass_obj
def list_(config: Path, *, as_json: bool) -> None:
    """Show every mailbox: its last good scan, what waits, who scans it, its last error."""
    clinic = clinic_of(config)
    here = clinic.files()
    for one in _states(clinic):
        if as_json:
            told = {name: getattr(one, name) for name in State.__struct_fields__}
            click.echo(json.dumps(told | {"here": one.mailbox in here}))
        else:
            click.echo(_shown(one, here=one.mailbox in here))


@mailboxes.command()
@click.option(
    "--late",
    type=click.IntRange(0),
    default=LATE_S,
    show_default=True,
    help="Seconds without a good scan that are too many.",
)
@click.pass_obj
def health(config: Path, *, late: int) -> None:
    """Say what is wrong, a line a mailbox; exit status 75 if anything is.

    Silent when all is well. A mailbox with settings here that was never enrolled is wrong, too.
    """
    clinic = clinic_of(config)
    states = _states(clinic)
    found = list(wrong(states, late=late))
    known = {one.mailbox for one in states}
    found += [f"{name}: never scanned" for name in clinic.files() if name not in known]
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(TransientError.exit_code)


@mailboxes.command()
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a file at one stroke, as node_exporter's textfile collector wants it.",
)
@click.pass_obj
def metrics(config: Path, *, target: Path | None) -> None:
    """Print figures as OpenMetrics text: lag, queue, failures, what is held; no content."""
    clinic = clinic_of(config)
    text = openmetrics(_states(clinic))
    if target is None:
        click.echo(text, nl=False)
        return
    fresh = target.with_name(f"{target.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(target)
    except OSError as error:
        raise ConfigError(f"cannot write {target}: {error.strerror}") from None


@mailboxes.command()
@click.argument("name")
@click.pass_obj
def retry(config: Path, name: str) -> None:
    """Scan a mailbox at once, however often it failed; for when its fault is mended."""
    clinic = clinic_of(config)
    with _leases(clinic) as leases:
        found = leases.retry(name)
    if not found:
        raise ConfigError(f"there is no mailbox {name}", hint="Names: guard mailboxes list")


@mailboxes.command()
@click.argument("name")
@click.pass_obj
def forget(config: Path, name: str) -> None:
    """Take a mailbox off the list once its settings are gone. Its record stays as it is."""
    clinic = clinic_of(config)
    if name in clinic.files():
        raise ConfigError(
            f"the settings of {name} are still there", hint="Move them away first, everywhere."
        )
    with _leases(clinic) as leases:
        found = leases.forget(name)
    if not found:
        raise UnreachableError(
            f"{name} is scanned at this moment, or not known", hint="See: guard mailboxes list"
        )


def _states(clinic: Clinic) -> list[State]:
    with _leases(clinic) as leases:
        return leases.states()


def _leases(clinic: Clinic) -> "Leases":
    from guard.clinic.postgres_leases import Leases  # noqa: PLC0415  # an extra

    return Leases(clinic.database)


def _shown(one: State, *, here: bool) -> str:
    if one.held:
        now = f"scanned by {one.worker}"
    elif not here:
        now = "no settings on this machine"
    elif one.overdue > 0:
        now = f"due for {one.overdue:.0f} s"
    else:
        now = f"due in {-one.overdue:.0f} s"
    last = f"good {one.lag:.0f} s ago" if one.ever else "never scanned well"
    wait = f", {one.waiting} waiting" if one.waiting else ""
    error = f", {one.failures} times {one.error}" if one.status and one.error else ""
    return f"{one.mailbox:<24} {last}{wait}; {now}{error}"
