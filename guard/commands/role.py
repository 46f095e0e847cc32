"""``guard role``: opening scheduling to a receptionist, and crises to a supervisor."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.clinic.person import FILE, KEY, insist_on_address
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.role_apart import apart, of_a_clinic
from guard.commands.role_open import open_
from guard.commands.sheets import refuse_used
from guard.config import Settings, load
from guard.errors import ConfigError, GuardError
from guard.policy.minutes import KIND, Minutes, read
from guard.policy.roles import Role, extract, role_of
from guard.policy.sharing import Opened, Sharing
from guard.record import durable
from guard.record.grant import Grant
from guard.record.keys import sealed_identity
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.reply.wording import wordings
from guard.review.letters import Letters

if TYPE_CHECKING:
    from guard.record.postgres_shares import Shares

_NEW = click.option(
    "--new-passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File (mode 0600) with the passphrase for the new key.",
)


@click.group()
def role() -> None:
    """Let a clinic's receptionist read scheduling, or a supervisor crises, and nothing else.

    Each needs a login of their own in the database (guard/clinic/OPERATE.md) and a key of their
    own (guard role key); then the therapist adds them, by her passphrase.
    """


@role.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--database", required=True, help="postgresql://LOGIN@host/name, as they come.")
@_NEW
def key(folder: Path, *, database: str, new_passphrase_file: Path | None) -> None:
    """Make a receptionist's or supervisor's own key, in FOLDER, on their own machine.

    Nobody else ever has it. If the passphrase is forgotten, make another one and be added anew.
    """
    login = insist_on_address(database)
    file, sealed = folder / FILE, folder / KEY
    refuse_used(file, sealed)
    words = asking.ask_passphrase(
        new_passphrase_file,
        confirm=True,
        prompt="New passphrase",
        option="--new-passphrase-file",
    )
    identity = Identity.make()
    try:
        locked = sealed_identity(identity, words, random=secrets.token_bytes)
    except ValueError as error:
        raise ConfigError(str(error), hint="Nothing was made. Choose six words, say.") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make {folder}: {error.strerror}") from None
    durable.write(sealed, locked)
    # A JSON string is a TOML one, too.
    told = {"database": database, "key": KEY}
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in told.items())
    wiring.write_private(file, "".join(lines))
    click.echo(f"Written: {file} and {sealed}. Your key, for the therapist to add you by:\n")
    click.echo(f"guard role add receptionist|supervisor {login} --key {identity.recipient}\n")
    click.echo(f"Read that line to her, or hand it over. Then: guard role open {file}")


@role.command()
@click.argument(
    "what", metavar="receptionist|supervisor", type=click.Choice([one.value for one in Role])
)
@click.argument("login")
@click.option("--key", "recipient", required=True, help="Their public key (age1...).")
@PASSPHRASE
@click.pass_obj
def add(
    config: Path, *, what: str, login: str, recipient: str, passphrase_file: Path | None
) -> None:
    """Open scheduling, or crises, to somebody, from now on. Needs the passphrase.

    Make sure that the key is theirs: what is shared is sealed to it. Adding a login again
    replaces its key. A supervisor is also shown the crises that wait now.
    """
    settings = load(config)
    try:
        grant = Grant(role=what, login=login, recipient=recipient)
    except ValueError as error:
        raise ConfigError(str(error), hint="Nothing was changed.") from None
    with wiring.locked(settings), wiring.open_record(settings) as record:
        clinics = of_a_clinic(record)
        reader = asking.unlock(record, passphrase_file)
        clinics.grant(grant, reader.identity, now=wiring.milliseconds())
        count = 0
        if grant.role == Role.SUPERVISOR.value:
            count = _share_what_waits(settings, record, reader)
        doubts = list(_doubts(clinics.shares(), grant, settings.record.practice))
    click.echo(f"{login} can read {_SHOWN[Role(what)]} from now on.")
    if count:
        click.echo(f"{count} that wait for you now can be read, too.")
    for line in doubts:
        click.echo(line)


@role.command("list")
@click.pass_obj
def list_(config: Path) -> None:
    """List those to whom a part of the record is open, with their keys."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        clinics = of_a_clinic(record)
        grants, shares = clinics.erasures().grants, clinics.shares()
        for one in sorted(grants.values(), key=lambda grant: (grant.role, grant.login)):
            click.echo(f"{one.role:<12}  {one.login}  {one.recipient}")
            for line in _doubts(shares, one, settings.record.practice):
                click.echo(f"              {line}")
    if not grants:
        click.echo("No part of this record is open to anybody but its readers.")


@role.command()
@click.argument("login")
@click.pass_obj
def remove(config: Path, login: str) -> None:
    """Close what was open to somebody, at once. What they read they have read."""
    settings = load(config)
    # Without the scan's lock: it holds at once.
    with wiring.open_record(settings) as record:
        clinics = of_a_clinic(record)
        if login not in clinics.erasures().grants:
            raise ConfigError(f"nothing is open to {login}", hint="See: guard role list")
        clinics.revoke(login, now=wiring.milliseconds())
    click.echo(f"{login} can read nothing from now on. What was read before, was read.")


@role.command()
def tables() -> None:
    """Print the SQL that a database from an earlier release needs, for its tables' owner.

    A database made by this release has it already. Run it again when the groups of roles came
    after the tables.
    """
    from guard.record.postgres_connection import roles_sql  # noqa: PLC0415  # only here

    click.echo(roles_sql(), nl=False)


role.add_command(open_)
role.add_command(apart)


def _doubts(shares: "Shares", grant: Grant, practice: str) -> Iterator[str]:
    """What whoever runs the database still has to do, or did too much."""
    if not shares.admits(grant):
        yield (
            f"The database shows {grant.login} nothing yet: put the login into guard_{grant.role},"
            f" and into guard.member: ('{practice}', '{grant.login}')."
        )
    if shares.reads_more(grant):
        yield (
            f"The database shows {grant.login} more than that: sealed letters, who wrote when."
            " Take away its other rights."
        )


_SHOWN = {
    Role.RECEPTIONIST: "mail that is about appointments, and nothing else,",
    Role.SUPERVISOR: "mail by which somebody may be in danger, and nothing else,",
}


def _share_what_waits(settings: Settings, record: Record, reader: Reader) -> int:
    sharing = wiring.sharing(record)
    assert sharing is not None
    own = wordings(settings).lines
    with Letters() as letters:
        return sum(
            _share(sharing, record, reader, letters, item, own) for item in record.tasks("review")
        )


def _share(  # one item of a loop
    sharing: Sharing,
    record: Record,
    reader: Reader,
    letters: Letters,
    item: int,
    own: list[str],
) -> bool:
    try:
        minutes = _minutes(record, reader, item)
        if minutes is None or role_of(minutes, None) is not Role.SUPERVISOR:
            return False
        message, _ = letters.message(reader.raw(item), own)
    except (GuardError, ValueError):
        # What cannot be opened is hers to look at.
        return False
    filed = record.entry(item).fields
    opened = Opened(
        item=item,
        owners=tuple(filed["owners"]),
        received=filed["received"],
        role=Role.SUPERVISOR,
        extract=extract(minutes, message),
    )
    sharing.file([], [opened], now=wiring.milliseconds())
    return True


def _minutes(record: Record, reader: Reader, item: int) -> Minutes | None:
    entry = record.latest(KIND, item=item)
    return None if entry is None else read(reader.secret(entry.seq))
