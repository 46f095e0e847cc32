"""``guard clients``: the directory."""

import secrets
from collections import Counter
from pathlib import Path
from typing import TypedDict, Unpack

import click

from guard.clients import directory
from guard.clients.directory import Client, Relation
from guard.clients.register import everyone
from guard.commands import asking, wiring
from guard.commands.clients_change import (
    a_language,
    a_name,
    about_ids,
    address,
    birthday,
    change,
    end,
    refuse_namesake,
    refuse_own,
)
from guard.commands.clients_import import import_
from guard.commands.clients_remove import remove
from guard.commands.clients_suggest import suggest
from guard.commands.options import PASSPHRASE
from guard.config import load
from guard.errors import ConfigError


class _Options(TypedDict):
    kind: str
    about: tuple[str, ...]
    born: str
    language: str
    no_automatic_mail: bool
    shared: bool
    passphrase_file: Path | None


@click.group()
def clients() -> None:
    """Say who your clients are, so that guard can tell them from strangers."""


@clients.command()
@click.argument("name")
@click.argument("addresses", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice([one.value for one in Relation]),
    default=Relation.CLIENT.value,
    show_default=True,
    help="Only a client or a couple ever gets the reminder without you.",
)
@click.option(
    "--about",
    multiple=True,
    help="Id of the client in whose record their mail belongs: a parent's child.",
)
@click.option("--born", default="", help="Birthday, as in 2012-05-31; for a minor's record.")
@click.option(
    "--language",
    default="",
    help="In which language guard writes to them, such as cy; see: guard policy show",
)
@click.option(
    "--no-automatic-mail",
    is_flag=True,
    help="Never send this client a reminder (a shared mailbox, an unsafe home).",
)
@click.option("--shared", is_flag=True, help="The address may belong to another client too.")
@click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GUARD_PASSPHRASE_FILE",
    help="File (mode 0600) with the passphrase; with it a name that is taken is refused.",
)
@click.pass_obj
def add(config: Path, name: str, addresses: tuple[str, ...], **options: Unpack[_Options]) -> None:
    """Add a client NAME with one or more e-mail ADDRESSES.

    Name and addresses are sealed; only your passphrase shows them again. An address is one
    mailbox: jo@x.example is not jo+shop@x.example. Where every such form is the client's, say
    so: guard clients add Jo jo@x.example jo+*@x.example

    What others are called is sealed, too: guard clients list shows who has one name.
    """
    settings = load(config)
    known = tuple(dict.fromkeys(address(one) for one in addresses))
    refuse_own(settings, known)
    relation = Relation(options["kind"])
    if relation is Relation.PARENT and not options["about"]:
        raise ConfigError(
            "a parent's mail belongs in the record of a child",
            hint="Add the child first, then give its id: --about ID",
        )
    with wiring.locked(settings), wiring.open_record(settings) as record:
        if not options["shared"] and any(record.owners_named(one) for one in known):
            raise ConfigError(
                "one of these addresses belongs to a client already",
                hint="See: guard clients list   If two clients share it, add: --shared",
            )
        if (file := options["passphrase_file"]) is not None:
            refuse_namesake(everyone(record, asking.unlock(record, file)), name)
        client = Client(
            id=f"c{secrets.token_hex(5)}",
            name=a_name(name),
            addresses=known,
            automatic=not options["no_automatic_mail"],
            kind=relation,
            born=birthday(options["born"]),
            about=about_ids(record, options["about"]),
            language=a_language(settings, options["language"]),
        )
        record.append([directory.enrol(client)], now=wiring.milliseconds())
    click.echo(f"Added as {client.id}, with {len(known)} address{'es' * (len(known) > 1)}.")


@clients.command("list")
@PASSPHRASE
@click.pass_obj
def list_(config: Path, passphrase_file: Path | None) -> None:
    """Show every client. Needs the passphrase."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        found = everyone(record, asking.unlock(record, passphrase_file))
    if not found:
        click.echo("No client yet. Add one: guard clients add NAME ADDRESS")
    named = Counter(one.name.casefold() for one in found)
    for client in found:
        known = [client.id, client.name, ", ".join(client.addresses), *_told(client)]
        if named[client.name.casefold()] > 1:
            known.append("another one has this name (guard clients change, or remove)")
        click.echo("  ".join(known))


def _told(client: Client) -> list[str]:
    """What is out of the ordinary of a client, in words."""
    said = {
        client.kind.value: client.kind is not Relation.CLIENT,
        f"about {', '.join(client.about)}": bool(client.about),
        f"born {client.born}": bool(client.born),
        f"therapy ended {client.ended}": bool(client.ended),
        f"in {client.language}": bool(client.language),
        "no automatic mail": not client.automatic,
    }
    return [words for words, holds in said.items() if holds]


clients.add_command(change)
clients.add_command(end)
clients.add_command(import_)
clients.add_command(remove)
clients.add_command(suggest)
