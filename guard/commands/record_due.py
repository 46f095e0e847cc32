"""``guard record due``: what need no longer be kept. It only tells; nothing here erases."""

from pathlib import Path

import click

from guard.clients.directory import Relation
from guard.clients.register import everyone
from guard.clients.retention import standing
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.config import load


@click.command()
@PASSPHRASE
@click.pass_obj
def due(config: Path, passphrase_file: Path | None) -> None:
    """List whose record need no longer be kept, and until when the others are.

    The years count from the end of therapy that you entered (guard clients end), never from a
    mail's date: without that, nothing is ever due. A legal hold beats everything. Needs the
    passphrase.
    """
    settings = load(config)
    today = wiring.today()
    with wiring.open_record(settings, readonly=True) as record:
        people = everyone(record, asking.unlock(record, passphrase_file))
        lines = [
            (*standing(one, settings.retention, today, held=record.held(one.id)), one)
            for one in people
            if one.kind in {Relation.CLIENT, Relation.COUPLE}
        ]
    lines.sort(key=lambda line: (line[0], line[2].name.casefold()))
    for _, words, one in lines:
        click.echo(f"{one.id}  {one.name}  {words}")
    over = sum(rank == 0 for rank, _, _ in lines)
    click.echo(f"{over} may be erased: guard record erase CLIENT" if over else "Nothing is due.")
