"""``guard record migrate`` and ``sweep``: a clinic's record in a database, and back in a file."""

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import click

from guard import config
from guard.commands import wiring
from guard.config import Settings
from guard.errors import ConfigError
from guard.record.ledger import Record
from guard.record.moving import move
from guard.record.sqlite import SqliteRecord

_FILE = "file"


@click.command()
@click.argument("to", metavar="postgresql://...|file")
@click.option("--practice", default="practice", help="Name of the record in the database.")
@click.option("--blobs", default="", help="s3://bucket/prefix for the sealed messages.")
@click.option("--endpoint", default="", help="Address of that store, if it is not AWS.")
@click.option("--role", default="", help="Database role, or group, that may open it as well.")
@click.pass_obj
def migrate(file: Path, *, to: str, practice: str, blobs: str, endpoint: str, role: str) -> None:
    """Copy the record to PostgreSQL, with its messages there or in S3; or back into a file.

    Same entries, same signatures, same root. Stopped anywhere, it goes on where it was when it
    is run again. The record that is in use stays as it is until guard.toml names the other.
    With the address where it is already, tables that an older guard made are brought up to date.
    """
    settings = config.load(file)
    given = {"database": to, "practice": practice, "blobs": blobs, "endpoint": endpoint}
    if to == settings.record.database and _renewed(settings):
        click.echo("The tables are of today's format. Now run: guard record verify")
        return
    with ExitStack() as stack:
        stack.enter_context(wiring.locked(settings))
        source = stack.enter_context(wiring.open_record(settings))
        if to == _FILE:
            target = _file(settings)
            given = {}
        else:
            target = _database(stack, settings, given, role)
        stack.enter_context(target)
        count = move(source, target, now=wiring.milliseconds())
        size = target.size()
    click.echo(f"{count} entries copied; {size} are there, with the same root.")
    click.echo("Set this in guard.toml, then run: guard record verify")
    click.echo("\n[record]\n" + f'path = "{settings.record.path}"')
    for key, value in given.items():
        if value:
            click.echo(f'{key} = "{value}"')
    click.echo(
        "\nWhat you leave behind is a copy from today: delete it when the other one verifies,"
        "\nor whom you erase from now on can still be read there."
    )


@click.command()
@click.pass_obj
def sweep(file: Path) -> None:
    """Keep the messages of a clinic's record locked in S3; delete what belongs to nothing.

    To be run once a week by cron. What an order erased goes when its lock ends, 35 days later
    at most; its key went at once. Whatever a crash left behind goes, too.
    """
    settings = config.load(file)
    where = wiring.clinic(settings)
    if where is None or not where.blobs:
        raise ConfigError("there is no object store to sweep", hint="See blobs under [record].")
    from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

    with PostgresRecord.open(settings.record_folder, where) as record:
        kept, gone = record.sweep(wiring.milliseconds())
    click.echo(f"{kept} messages locked for longer, {gone} leftovers deleted.")


def _renewed(settings: Settings) -> bool:
    """Bring tables of an older guard to today's format, where the record lies in them."""
    from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

    where = wiring.clinic(settings)
    return where is not None and PostgresRecord.renew(where)


def _file(settings: Settings) -> Record:
    if not settings.record.database:
        raise ConfigError("the record is in a file already")
    return SqliteRecord.blank(settings.record_folder)


def _database(stack: ExitStack, settings: Settings, given: dict[str, str], role: str) -> Record:
    if not urlsplit(given["database"]).scheme.startswith("postgres"):
        raise ConfigError("say postgresql://user@host/name, or file")
    there = config.with_record(settings, **given)
    if wiring.clinic(there) == wiring.clinic(settings):
        raise ConfigError("the record is there already")
    from guard.record.postgres import PostgresRecord, only_one  # noqa: PLC0415  # an extra

    where = wiring.clinic(there)
    assert where is not None
    target = PostgresRecord.blank(settings.record_folder, where, role=role)
    if not settings.record.database:
        stack.enter_context(only_one(where))
    return target
