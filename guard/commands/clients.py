"""``guard clients``: the directory."""

import secrets
from pathlib import Path

import click

from guard.clients import directory
from guard.commands import wiring
from guard.config import load
from guard.errors import ConfigError


@click.group()
def clients() -> None:
    """Say who your clients are, so that guard can tell them from strangers."""


@clients.command()
@click.argument("name")
@click.argument("addresses", nargs=-1, required=True)
@click.option(
    "--no-automatic-mail",
    is_flag=True,
    help="Never send this client a reminder (a shared mailbox, an unsafe home).",
)
@click.option("--shared", is_flag=True, help="The address may belong to another client too.")
@click.pass_obj
def add(
    config: Path, name: str, addresses: tuple[str, ...], *, no_automatic_mail: bool, shared: bool
) -> None:
    """Add a client NAME with one or more e-mail ADDRESSES.

    Name and addresses are sealed; only your passphrase shows them again.
    """
    settings = load(config)
    known = tuple(dict.fromkeys(_address(one) for one in addresses))
    own = {directory.normalise(one) for one in settings.practice.addresses}
    if own & set(known):
        raise ConfigError("this is one of your own addresses (practice.addresses)")
    with wiring.locked(settings), wiring.open_record(settings) as record:
        if not shared and any(record.owners_named(one) for one in known):
            raise ConfigError(
                "one of these addresses belongs to a client already",
                hint="See: guard clients list   If two clients share it, add: --shared",
            )
        client = directory.Client(
            id=f"c{secrets.token_hex(5)}",
            name=name,
            addresses=known,
            automatic=not no_automatic_mail,
        )
        record.append([directory.enrol(client)], now=wiring.milliseconds())
    click.echo(f"Added as {client.id}, with {len(known)} address{'es' * (len(known) > 1)}.")


@clients.command("list")
@click.option("--passphrase-file", type=click.Path(path_type=Path), envvar="GUARD_PASSPHRASE_FILE")
@click.pass_obj
def list_(config: Path, passphrase_file: Path | None) -> None:
    """Show every client. Needs the passphrase."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        reader = wiring.unlock(record, passphrase_file)
        found = [
            directory.read(reader.secret(entry.seq))
            for owner in record.keys.owners()
            if (entry := record.latest(directory.KIND, owner=owner)) is not None
            # A client whom she took back on the review page has no sealed part.
            and not entry.data.get("taken-back")
        ]
    if not found:
        click.echo("No client yet. Add one: guard clients add NAME ADDRESS")
    for client in sorted(found, key=lambda one: one.name.casefold()):
        quiet = "" if client.automatic else "  no automatic mail"
        click.echo(f"{client.id}  {client.name}  {', '.join(client.addresses)}{quiet}")


def _address(text: str) -> str:
    try:
        return directory.normalise(text)
    except ValueError as error:
        raise ConfigError(str(error), hint="Such as: guard clients add NAME x@y.example") from None
