"""``guard record prove``: the proof of one message, for somebody who has no guard."""

from pathlib import Path

import click

from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.config import load
from guard.record import proof, witness


@click.command()
@click.argument("item", type=click.IntRange(min=0))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The new folder; without it: proof-ITEM.",
)
@PASSPHRASE
@click.pass_obj
def prove(config: Path, item: int, out: Path | None, passphrase_file: Path | None) -> None:
    """Prove to somebody without guard that ITEM stood in the record, unchanged.

    Writes a folder with the e-mail, its entry, the path from there to the signed head, and a
    small program that checks them; with the time stamp, where there is one. It shows nothing
    of any other entry. Give the record's vkey.txt on another way. Needs the passphrase.
    """
    settings = load(config)
    folder = out or Path(f"proof-{item}")
    with wiring.open_record(settings, readonly=True) as record:
        reader = asking.unlock(record, passphrase_file)
        head = witness.earliest_stamped(record, item) or proof.Head(note=record.head())
        proof.write(proof.prove(record, reader, item, head=head), folder)
    click.echo(f"{folder}: the e-mail itself is in it, not sealed. README.txt says what to do.")
