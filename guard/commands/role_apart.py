"""``guard role apart``: a client whom one receptionist or supervisor is never shown."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands import wiring
from guard.commands.options import PASSPHRASE
from guard.commands.record_hold import owner_of
from guard.config import load
from guard.errors import ConfigError
from guard.policy.sharing import keep_apart
from guard.record.grant import nowhere
from guard.record.ledger import Record

if TYPE_CHECKING:
    from guard.record.postgres import PostgresRecord


@click.command()
@click.argument("login")
@click.argument("client")
@click.option(
    "--end", is_flag=True, help="From now on they may be shown this client's mail again."
)
@PASSPHRASE
@click.pass_obj
def apart(
    config: Path, *, login: str, client: str, end: bool, passphrase_file: Path | None
) -> None:
    """Never show LOGIN any mail of CLIENT's: a neighbour, a sister, a colleague of theirs.

    CLIENT is an id, a name or an address; an id needs no passphrase. What is open to LOGIN now is
    closed at once; what they read they have read. Of a client kept apart from the only supervisor
    nobody but the therapist is told.
    """
    settings = load(config)
    with wiring.locked(settings), wiring.open_record(settings) as record:
        clinics = of_a_clinic(record)
        if login not in clinics.erasures().grants:
            raise ConfigError(f"nothing is open to {login}", hint="See: guard role list")
        owner = owner_of(record, client, passphrase_file)
        closed = (
            []
            if end
            else [one for one in clinics.shares().items(login) if _is(record, one, owner)]
        )
        clinics.share(
            [keep_apart(owner, login, apart=not end)],
            withdrawn=[(item, login) for item in closed],
            shares=(),
            now=wiring.milliseconds(),
        )
    if end:
        click.echo(f"{login} may be shown mail of {owner} that comes from now on.")
    else:
        click.echo(
            f"{login} is shown nothing of {owner}; {len(closed)} that were open are closed."
        )


def _is(record: Record, item: int, owner: str) -> bool:
    """Whether a letter is a client's: as it was filed, or by the therapist's word."""
    return any(owner in (one.owner, *one.fields.get("owners", ())) for one in record.about(item))


def of_a_clinic(record: Record) -> "PostgresRecord":
    """Return a record of which a part can be opened to somebody.

    Raises:
        RecordError: It lies in a file, or its database has no place for that yet.
    """
    if not record.keys.place.together:
        raise nowhere()
    from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

    assert isinstance(record, PostgresRecord)
    # So that a database without a place for it is told of before anything is asked.
    record.shares()
    return record
