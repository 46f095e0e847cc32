"""``guard clients change`` and ``end``: what has become different of a client."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypedDict, Unpack

import click
from msgspec.structs import replace

from guard.clients import directory
from guard.clients.directory import Client, Relation
from guard.clients.register import everyone, the_one
from guard.clients.retention import plausible
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.record.ledger import Record

MOST_OF_A_LIFE = 120
"""Years; whatever lies further back is a slip of the pen."""


class _Changes(TypedDict):
    name: str | None
    add_address: tuple[str, ...]
    drop_address: tuple[str, ...]
    kind: str | None
    about: tuple[str, ...]
    born: str | None
    language: str | None
    automatic_mail: bool | None
    shared: bool
    passphrase_file: Path | None


@click.command()
@click.argument("client")
@click.option("--name", help="What you call them from now on.")
@click.option("--add-address", multiple=True, help="They write from this one too.")
@click.option("--drop-address", multiple=True, help="They write from this one no more.")
@click.option("--kind", type=click.Choice([one.value for one in Relation]))
@click.option("--about", multiple=True, help="Id of the client whose record their mail is.")
@click.option("--born", help="Birthday, as in 2012-05-31; empty takes it away.")
@click.option("--language", help="In which guard writes to them; empty: the practice's.")
@click.option("--automatic-mail/--no-automatic-mail", default=None, help="Whether guard reminds.")
@click.option("--shared", is_flag=True, help="A new address may belong to another client too.")
@PASSPHRASE
@click.pass_obj
def change(config: Path, client: str, **changes: Unpack[_Changes]) -> None:
    """Change what is known of CLIENT: an id, a name or an address. Needs the passphrase.

    What is not given stays as it is. Nothing is forgotten: the record shows what was known when.
    """
    settings = load(config)
    rewrite(
        settings,
        client,
        lambda record, was: _changed(settings, record, was, changes),
        changes["passphrase_file"],
    )


@click.command()
@click.argument("client")
@click.argument("date", required=False, default="")
@click.option("--goes-on", is_flag=True, help="Therapy has not ended, or began again.")
@PASSPHRASE
@click.pass_obj
def end(
    config: Path, client: str, date: str, *, goes_on: bool, passphrase_file: Path | None
) -> None:
    """Say that therapy with CLIENT ended on DATE, such as 2026-07-31. Needs the passphrase.

    The date may lie up to a year ahead. From that day on they are a former client: no reminder
    goes out without you, and the years for which the record is kept begin to count.
    """
    settings, when = load(config), last_day(date)
    if bool(when) == goes_on:
        raise ConfigError(
            "say when therapy ended, or that it goes on",
            hint="guard clients end CLIENT 2026-07-31   or: guard clients end CLIENT --goes-on",
        )
    rewrite(settings, client, lambda _record, was: replace(was, ended=when), passphrase_file)


def address(text: str) -> str:
    """Return an address as it is compared.

    Raises:
        ConfigError: It is not an address.
    """
    try:
        return directory.normalise(text)
    except ValueError as error:
        raise ConfigError(str(error), hint="Such as: guard clients add NAME x@y.example") from None


def a_name(text: str) -> str:
    """Return a name without the space around it.

    Raises:
        ConfigError: Nothing is left.
    """
    if not text.strip():
        raise ConfigError("the name is empty", hint='Such as: guard clients add "Kim Lee" ADDRESS')
    return text.strip()


def day(text: str) -> str:
    """Return a date as it is kept.

    Raises:
        ConfigError: It is not a date.
    """
    try:
        return directory.day(text)
    except ValueError as error:
        raise ConfigError(str(error), hint="Year, month, day.") from None


def birthday(text: str) -> str:
    """Return a birthday as it is kept.

    Raises:
        ConfigError: It is not a date, or nobody's who lives.
    """
    found = day(text)
    if not plausible(found, wiring.today(), back=MOST_OF_A_LIFE, ahead=0):
        raise ConfigError("nobody was born then", hint="Year, month, day: is the year right?")
    return found


def last_day(text: str) -> str:
    """Return the end of a therapy as it is kept.

    Raises:
        ConfigError: It is not a date, or a slip of the pen.
    """
    found = day(text)
    if not plausible(found, wiring.today(), back=MOST_OF_A_LIFE, ahead=1):
        raise ConfigError(
            "therapy cannot be known to end then: it is more than a year ahead, or long past",
            hint="Is the year right? Nothing needs to be said while therapy goes on.",
        )
    return found


def a_language(settings: Settings, text: str) -> str:
    """Return a language in which guard has words; empty stays empty.

    Raises:
        ConfigError: There are no words in it.
    """
    if text and text not in {"en", *settings.reminders.texts}:
        raise ConfigError(
            "there are no words in this language",
            hint='Name a file of them in guard.toml first: [reminders] texts = { cy = "..." }',
        )
    return text


def refuse_own(settings: Settings, addresses: tuple[str, ...]) -> None:
    """Refuse the practice's own addresses.

    Raises:
        ConfigError: One of them is.
    """
    own = {directory.normalise(one) for one in settings.practice.addresses}
    if own & set(addresses):
        raise ConfigError(
            "this is one of your own addresses (practice.addresses)",
            hint="Only other people's addresses belong into the directory.",
        )


def refuse_namesake(clients: Iterable[Client], name: str) -> None:
    """Refuse a name that somebody has already.

    Raises:
        ConfigError: Somebody has.
    """
    wanted = name.strip().casefold()
    if any(one.name.casefold() == wanted for one in clients):
        raise ConfigError(
            "another client is called so",
            hint="Make the names differ, or one gets the other's mail some day.",
        )


def about_ids(record: Record, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of clients, if each is one.

    Raises:
        ConfigError: There is no such client.
    """
    if any(record.latest(directory.KIND, owner=one) is None for one in ids):
        raise ConfigError("there is no client with this id", hint="See: guard clients list")
    return tuple(dict.fromkeys(ids))


def rewrite(
    settings: Settings,
    text: str,
    changed: Callable[[Record, Client], Client],
    passphrase_file: Path | None,
) -> None:
    """File a client as changed, and say so.

    Raises:
        ConfigError: The text means nobody, or several.
    """
    with wiring.locked(settings), wiring.open_record(settings) as record:
        reader = asking.unlock(record, passphrase_file)
        everybody = everyone(record, reader)
        was = the_one(everybody, text)
        now = changed(record, was)
        if now.name != was.name:
            refuse_namesake([one for one in everybody if one.id != was.id], now.name)
        if now != was:
            record.append([directory.enrol(now, before=was)], now=wiring.milliseconds())
    click.echo(f"{now.id} is as it was." if now == was else f"{now.id} is changed.")


def _changed(settings: Settings, record: Record, was: Client, changes: _Changes) -> Client:
    name, kind, born = changes["name"], changes["kind"], changes["born"]
    automatic, language = changes["automatic_mail"], changes["language"]
    return replace(
        was,
        name=was.name if name is None else a_name(name),
        addresses=_addresses(settings, record, was, changes),
        automatic=was.automatic if automatic is None else automatic,
        kind=was.kind if kind is None else Relation(kind),
        born=was.born if born is None else birthday(born),
        about=about_ids(record, changes["about"]) or was.about,
        language=was.language if language is None else a_language(settings, language),
    )


def _addresses(
    settings: Settings, record: Record, was: Client, changes: _Changes
) -> tuple[str, ...]:
    added = tuple(address(one) for one in changes["add_address"])
    dropped = {address(one) for one in changes["drop_address"]}
    refuse_own(settings, added)
    if not dropped <= {*was.addresses}:
        raise ConfigError("this client has no such address", hint="See: guard clients list")
    others = {one for text in added for one in record.owners_named(text)} - {was.id}
    if others and not changes["shared"]:
        raise ConfigError(
            "one of these addresses belongs to another client",
            hint="If both share it, add: --shared",
        )
    left = [one for one in dict.fromkeys((*was.addresses, *added)) if one not in dropped]
    if not left:
        raise ConfigError("a client has at least one address", hint="Add the new one first.")
    return tuple(left)
