"""``guard record verify``: nothing was changed, dropped, moved or rolled back."""

from collections import Counter
from functools import partial
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

_MENDED = "derived"
"""The finding that the log itself can mend."""

_ONLY_INDEXES = "The log is whole, its indexes are not. Run: guard record verify --mend"


@click.command()
@click.option("--full", is_flag=True, help="Read everything, however large the record is.")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with a head that somebody kept: a witness's mail, a checkpoint, a .tsr.",
)
@click.option("--with-content", is_flag=True, help="Open the messages too; needs the passphrase.")
@click.option("--mend", is_flag=True, help="Make the indexes anew, if they alone are wrong.")
@PASSPHRASE
@click.pass_obj
def verify(
    config: Path,
    *,
    full: bool,
    against: tuple[Path, ...],
    with_content: bool,
    mend: bool,
    passphrase_file: Path | None,
) -> None:
    """Check that nothing in the record was changed, dropped or moved.

    Needs no key. Reads what is new since the last time, and 100,000 older entries or 512 MB, by
    turns; with --full everything. Prints the signed head: keep it somewhere else, because a
    record cut short at the end, or rewritten by a thief of scanner.key, is whole in itself, and
    only --against shows it. Exit status 65 when something is wrong; --mend reads everything, and
    if only the tables that follow from the log are wrong, makes them anew from it.
    """
    settings = load(config)
    identity = None
    if with_content:
        with wiring.open_record(settings, readonly=True) as opened:
            identity = opened.keys.unlock(asking.ask_passphrase(passphrase_file))
    folder = wiring.record_folder(settings)
    heads = [note for file in against for note in heads_in(file, settings)]
    examined = partial(
        Examination,
        folder,
        identity=identity,
        witnessed=heads,
        full=full or mend,
        opener=wiring.opener(settings),
    )
    look = examined()
    found = _shown(look)
    if mend and {*found} == {_MENDED}:
        with wiring.locked(settings), wiring.open_record(settings) as record:
            record.rebuild()
        click.echo("The indexes were made anew from the log.")
        look = examined()
        found = _shown(look)
    if found:
        raise RecordBrokenError(
            f"the record does not verify: {found.total()} findings",
            hint=_ONLY_INDEXES if {*found} == {_MENDED} else "",
        )
    look.remember()
    click.echo(_told(look))
    if heads:
        click.echo(f"It holds {len(heads)} kept heads: nothing was rolled back since.")
    click.echo(look.extent.note, nl=False)


def _shown(look: Examination) -> Counter[str]:
    """Print what is wrong; returns how often each kind of it was found."""
    found: Counter[str] = Counter()
    for finding in look.findings():
        found[finding.what] += 1
        if found.total() <= _SHOWN:
            click.echo(str(finding))
    return found


def _told(look: Examination) -> str:
    if look.whole:
        return f"{look.extent.size} entries verified."
    fresh = look.extent.size - look.since
    again = look.read - fresh
    return (
        f"{fresh} new entries verified, and {again} of the {look.since} before once more;"
        " all of them: --full"
    )
