"""``guard record hold``, ``release`` and ``mark``: what may not go, and what goes into a copy."""

from pathlib import Path

import click

from guard.clients import directory, rights
from guard.clients.register import everyone, the_one
from guard.clients.rights import Mark, Why
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE, REASON
from guard.config import load
from guard.errors import ConfigError
from guard.record.entry import Fact
from guard.record.ledger import Record


def owner_of(record: Record, text: str, passphrase_file: Path | None) -> str:
    """Return the id of the client whom a person means; an id needs no passphrase.

    Raises:
        ConfigError: There is no such client.
        LockedError: A name or an address was given, and the passphrase is wrong.
    """
    if record.keys.is_owner(text) and record.latest(directory.KIND, owner=text) is not None:
        return text
    return the_one(everyone(record, asking.unlock(record, passphrase_file)), text).id


@click.command()
@click.argument("client")
@REASON
@PASSPHRASE
@click.pass_obj
def hold(config: Path, client: str, *, reason: str, passphrase_file: Path | None) -> None:
    """Keep everything of CLIENT until you release it: a claim, a complaint, an inquest.

    A hold beats every other rule: nothing of this client is erased while it stands. CLIENT is
    an id, a name or an address; an id needs no passphrase.
    """
    settings = load(config)
    with wiring.locked(settings), wiring.open_record(settings) as record:
        owner = owner_of(record, client, passphrase_file)
        if record.held(owner):
            raise ConfigError("this client is under a hold already", hint="Nothing was changed.")
        record.append([rights.hold(owner, reason)], now=wiring.milliseconds())
    click.echo(f"Nothing of {owner} is erased until you say: guard record release {owner}")


@click.command()
@click.argument("client")
@REASON
@PASSPHRASE
@click.pass_obj
def release(config: Path, client: str, *, reason: str, passphrase_file: Path | None) -> None:
    """End the legal hold on CLIENT: an id, a name or an address."""
    settings = load(config)
    with wiring.locked(settings), wiring.open_record(settings) as record:
        owner = owner_of(record, client, passphrase_file)
        if not record.held(owner):
            raise ConfigError("this client is under no hold", hint="Nothing was changed.")
        record.append([rights.release(owner, reason)], now=wiring.milliseconds())
    click.echo(f"The hold on {owner} has ended. See: guard record due")


@click.command()
@click.argument("item", type=int)
@click.argument(
    "as_", metavar="include|withhold|redact", type=click.Choice([one.value for one in Mark])
)
@REASON
@click.option("--remove", multiple=True, help="For redact: words to be taken out; repeat it.")
@click.pass_obj
def mark(config: Path, item: int, as_: str, *, reason: str, remove: tuple[str, ...]) -> None:
    """Say what becomes of ITEM in a copy for its client: include, withhold or redact.

    A letter may tell of other people. Withheld, it stands in the list of what was withheld,
    with your reason. Redacted, its text is given without the words that you name, and without
    attachments. Later letters may quote what you hold back: look at them too. The record itself
    always keeps every byte.
    """
    if (as_ == Mark.REDACT.value) != bool([one for one in remove if one.strip()]):
        raise ConfigError(
            "to redact, name the words to be taken out; else leave --remove out",
            hint='Such as: guard record mark 12 redact --remove "Uncle Bob" --reason "his name"',
        )
    settings = load(config)
    with wiring.locked(settings), wiring.open_record(settings) as record:
        fact = _marked(record, item, Mark(as_), Why(reason=reason, remove=remove))
        record.append([fact], now=wiring.milliseconds())
    said = {"include": "is part of", "withhold": "is left out of", "redact": "is redacted in"}
    click.echo(f"Item {item} {said[as_]} every copy from now on.")


def _marked(record: Record, item: int, as_: Mark, why: Why) -> Fact:
    entries = record.about(item)
    if not entries or entries[0].kind != "filed":
        raise ConfigError(f"there is no item {item}", hint="Numbers: guard record show")
    if record.erasures().covers(entries[0].fields):
        raise ConfigError(f"item {item} was erased", hint="Nothing was changed.")
    return rights.mark(item, tuple(entries[0].fields["owners"]), as_, why)
