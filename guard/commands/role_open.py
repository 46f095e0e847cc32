"""``guard role open``: what is open to a receptionist or a supervisor, as a page or a list."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from guard.clinic.person import FILE, Person, read
from guard.commands import asking, page, wiring
from guard.commands.options import PASSPHRASE
from guard.review import plain
from guard.review.role_desk import Letter, RoleDesk, RoleEdges, Table
from guard.review.session import Session


@click.command("open")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=FILE)
@click.option("--list", "as_list", is_flag=True, help="Print the list, and open no page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a message.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 is any free one.")
@click.option("--no-browser", is_flag=True, help="Print the link, and open no browser.")
@PASSPHRASE
def open_(
    file: Path,
    *,
    as_list: bool,
    as_json: bool,
    port: int,
    no_browser: bool,
    passphrase_file: Path | None,
) -> None:
    """Open the page of a receptionist or a supervisor; FILE is their role.toml.

    It shows what is sealed to their key, and nothing else: new words only, of every practice that
    added them. The page runs on this computer only and asks for their passphrase.
    """
    person = read(file)
    person.sealed_key()
    at = RoleEdges(sealed_key=person.sealed_key, table=partial(_table, person), clock=wiring.clock)
    desk = RoleDesk(at, Session(lambda: secrets.token_hex(24)))
    if as_list or as_json:
        _list(desk, passphrase_file, as_json=as_json)
        return
    with page.installed():
        from guard.review.web_role import create_role_app  # noqa: PLC0415  # an extra
    # Better now than when they have typed their passphrase.
    with _table(person, readonly=True) as table:
        table.mine()
    page.answer(
        lambda host: create_role_app(desk, host=host), desk, port=port, browser=not no_browser
    )


def _list(desk: RoleDesk, passphrase_file: Path | None, *, as_json: bool) -> None:
    desk.unlock(asking.ask_passphrase(passphrase_file))
    letters = desk.letters()
    for one in letters:
        click.echo(json.dumps(_fields(one), ensure_ascii=False) if as_json else _shown(one))
    if not letters and not as_json:
        click.echo("Nothing is open to you now.")


@contextlib.contextmanager
def _table(person: Person, *, readonly: bool = False) -> Iterator[Table]:
    from guard.record.postgres_connection import connect  # noqa: PLC0415  # an extra
    from guard.record.postgres_shares import Shares  # noqa: PLC0415  # an extra
    from guard.record.postgres_store import PostgresStore  # noqa: PLC0415  # an extra

    # No practice: what is shown to this login is shown whichever it is.
    store = PostgresStore(connect(person.database, "", readonly=readonly, bare=True))
    with contextlib.closing(store):
        yield Shares(store)


def _shown(letter: Letter) -> str:
    row, extract = letter.row, letter.extract
    urgent = "  NOT SEEN YET" if letter.urgent else ""
    head = f"{row.item:>6}  {plain.moment(row.received)}  {row.practice}{urgent}"
    if extract is None:
        return f"{head}\n        (sealed to another key than yours)\n"
    who, subject = (plain.one_line(one) for one in (extract.sender, extract.subject))
    return f"{head}\n        {who}\n        {subject or '(no subject)'}\n"


def _fields(letter: Letter) -> dict[str, object]:
    row, extract = letter.row, letter.extract
    return {
        "practice": row.practice,
        "item": row.item,
        "role": row.role,
        "received": plain.iso(row.received),
        "seen": plain.iso(row.seen) if row.seen is not None else "",
        "sender": extract.sender if extract else "",
        "subject": extract.subject if extract else "",
        "text": extract.text if extract else "",
    }
