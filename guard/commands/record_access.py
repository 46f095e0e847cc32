"""``guard record access``: the clock that runs when a client asks for a copy."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

import click

from guard.clients import directory, rights
from guard.clients.access import Step, obstacle, told
from guard.commands import wiring
from guard.commands.options import PASSPHRASE, REASON
from guard.commands.record_hold import owner_of
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.record.ledger import Record


class _Options(TypedDict):
    on: str
    reason: str
    passphrase_file: Path | None


_PRESSING_DAYS = 7
_ON = click.option("--on", default="", help="The day, such as 2026-11-22; today if left out.")


@click.group()
def access() -> None:
    """Keep the clock of a client who asks for a copy of what you keep."""


def _step(entered: Callable[..., None]) -> click.Command:
    """Make a command of what enters one step for a client."""
    for given in (click.pass_obj, PASSPHRASE, REASON, _ON, click.argument("client")):
        entered = given(entered)
    return access.command()(entered)


@_step
def start(config: Path, client: str, **options: Unpack[_Options]) -> None:
    """Start the clock on the day on which CLIENT asked, or let a stopped one go on.

    An answer is due within one month: the same date of the next month, or that month's last
    day, moved on to a working day. CLIENT is an id, a name or an address.
    """
    _enter(config, client, "start", options)


@_step
def stop(config: Path, client: str, **options: Unpack[_Options]) -> None:
    """Stop the clock while you wait for what you need from CLIENT: who they are, what of."""
    _enter(config, client, "stop", options)


@_step
def extend(config: Path, client: str, **options: Unpack[_Options]) -> None:
    """Take two more months, because the request is complex. Tell CLIENT so, and why.

    Only within the first month; what you tell them must reach them by then.
    """
    _enter(config, client, "extend", options)


@_step
def done(config: Path, client: str, **options: Unpack[_Options]) -> None:
    """Say that the answer to CLIENT went out, or that the request was withdrawn."""
    _enter(config, client, "done", options)


@access.command("list")
@click.argument("client", required=False)
@PASSPHRASE
@click.pass_obj
def list_(config: Path, client: str | None, passphrase_file: Path | None) -> None:
    """List every request, or those of CLIENT, and when an answer is due."""
    settings = load(config)
    today = wiring.today()
    with wiring.open_record(settings, readonly=True) as record:
        everybody = _askers(record)
        owners = [owner_of(record, client, passphrase_file)] if client else everybody
        found = {owner: rights.asked(record, owner) for owner in owners}
    nation = settings.practice.nation
    lines = [
        f"{owner}  {told(one, nation, today)}" for owner, all_ in found.items() for one in all_
    ]
    click.echo("\n".join(lines) or "Nobody asked for a copy.")


def _askers(record: Record) -> list[str]:
    return sorted({one.owner or "" for one in record.of_kind(rights.ACCESS)})


def owed(settings: Settings) -> Iterator[str]:
    """Tell of requests that are owed an answer; needs no passphrase.

    Raises:
        ConfigError: One is due within a week, or late.
    """
    today, nation = wiring.today(), settings.practice.nation
    with wiring.open_record(settings, readonly=True) as record:
        owners = _askers(record)
        found = [
            (owner, one) for owner in owners for one in rights.asked(record, owner) if one.open
        ]
    if not found:
        yield "nobody waits for one"
    yield from (f"{owner} {told(one, nation, today)}" for owner, one in found)
    pressing = [
        owner
        for owner, one in found
        if one.stopped is None and (one.due(nation) - today).days < _PRESSING_DAYS
    ]
    if pressing:
        raise ConfigError(
            f"a copy is owed within a week, or late, to: {', '.join(pressing)}",
            hint="Run: guard record export FOLDER --client ID   Then: guard record access done ID",
        )


def _enter(config: Path, client: str, step: str, options: _Options) -> None:
    settings = load(config)
    today = wiring.today()
    entered = Step(step=step, on=_day(options["on"], today))
    with wiring.locked(settings), wiring.open_record(settings) as record:
        owner = owner_of(record, client, options["passphrase_file"])
        reason = obstacle(rights.asked(record, owner), entered, settings.practice.nation)
        if reason:
            raise ConfigError(f"that cannot be entered: {reason}", hint="Nothing was changed.")
        record.append(
            [rights.access(owner, entered, options["reason"])], now=wiring.milliseconds()
        )
        newest = rights.asked(record, owner)[-1]
    click.echo(f"{owner}  {told(newest, settings.practice.nation, today)}")


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(directory.day(text)) if text else today
    except ValueError as error:
        raise ConfigError(str(error), hint="Such as: --on 2026-11-22") from None
    if day > today:
        raise ConfigError("this day has not come yet", hint="Nothing was changed.")
    return day
