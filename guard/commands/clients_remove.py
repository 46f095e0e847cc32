"""``guard clients remove``: somebody who was added by mistake is no client any more."""

from collections.abc import Iterable
from pathlib import Path

import click

from guard.clients import directory, rights
from guard.clients.directory import Client
from guard.clients.register import everyone, the_one
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.config import load
from guard.errors import ConfigError
from guard.record.ledger import Record
from guard.review.shelf import Shelf


@click.command()
@click.argument("client")
@PASSPHRASE
@click.pass_obj
def remove(config: Path, client: str, passphrase_file: Path | None) -> None:
    """Take CLIENT, who was added by mistake, off the directory. Needs the passphrase.

    Refused while any mail is theirs: give it to whom it belongs on the review page first. Who
    was a client is never removed: guard clients end, and years later guard record erase. The
    record keeps, sealed, that they were entered.
    """
    settings = load(config)
    with wiring.locked(settings), wiring.open_record(settings) as record:
        everybody = everyone(record, asking.unlock(record, passphrase_file))
        who = the_one(everybody, client)
        if why := _obstacle(record, everybody, who):
            raise ConfigError(f"{who.id} stays a client: {why[0]}", hint=why[1])
        record.append([directory.strike(who)], now=wiring.milliseconds())
    click.echo(f"{who.id} is no client any more, and nothing leads to them.")


def _obstacle(record: Record, everybody: Iterable[Client], who: Client) -> tuple[str, str] | None:
    """Return what stands in the way, and what to do about it."""
    shelf = Shelf()
    shelf.take(record.entries())
    filed = sum(row.client == who.id for row in shelf.of_client(who.id))
    if filed:
        return f"{filed} letters are theirs", "Say whose they are first: guard review"
    if record.held(who.id):
        return "they are under a legal hold", "Did you mean another one? guard clients list"
    if any(one.open for one in rights.asked(record, who.id)):
        return "they asked for a copy of their record", "See: guard record access list"
    if any(who.id in one.about for one in everybody):
        return "the mail of somebody else goes into their record", "See: guard clients list"
    return None
