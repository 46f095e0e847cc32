"""``guard record verify``: nothing was changed, dropped, moved or rolled back."""

from pathlib import Path

import click

from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.witnessing import heads_in
from guard.config import load
from guard.errors import RecordBrokenError
from guard.record.verify import Examination

_SHOWN = 100
"""Findings that are printed; after so many, the rest is only counted."""


@click.command()
@click.option("--full", is_flag=True, help="Read everything, however large the record is.")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with a head that somebody kept: a witness's mail, a checkpoint, a .tsr.",
)
@click.option("--with-content", is_flag=True, help="Open the messages too; needs the passphrase.")
@PASSPHRASE
@click.pass_obj
def verify(
    config: Path,
    *,
    full: bool,
    against: tuple[Path, ...],
    with_content: bool,
    passphrase_file: Path | None,
) -> None:
    """Check that nothing in the record was changed, dropped or moved.

    Needs no key. Reads what is new since the last time, and 100,000 older entries or 512 MB, by
    turns; with --full everything. Prints the signed head: keep it somewhere else, because a
    record cut short at the end, or rewritten by a thief of scanner.key, is whole in itself, and
    only --against shows it. Exit status 65 when something is wrong.
    """
    settings = load(config)
    identity = None
    if with_content:
        with wiring.open_record(settings, readonly=True) as opened:
            identity = opened.keys.unlock(asking.ask_passphrase(passphrase_file))
    folder = wiring.record_folder(settings)
    heads = [note for file in against for note in heads_in(file, settings)]
    look = Examination(
        folder,
        identity=identity,
        witnessed=heads,
        full=full,
        opener=wiring.opener(settings),
    )
    count = 0
    for count, finding in enumerate(look.findings(), start=1):
        if count <= _SHOWN:
            click.echo(str(finding))
    if count:
        raise RecordBrokenError(f"the record does not verify: {count} findings")
    look.remember()
    click.echo(_told(look))
    if heads:
        click.echo(f"It holds {len(heads)} kept heads: nothing was rolled back since.")
    click.echo(look.extent.note, nl=False)


def _told(look: Examination) -> str:
    if look.whole:
        return f"{look.extent.size} entries verified."
    fresh = look.extent.size - look.since
    again = look.read - fresh
    return (
        f"{fresh} new entries verified, and {again} of the {look.since} before once more;"
        " all of them: --full"
    )
