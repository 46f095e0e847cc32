"""``guard record``: verify, show and export what was filed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from guard.commands import record_backup, record_keys, wiring
from guard.commands.record_access import access
from guard.commands.record_due import due
from guard.commands.record_erase import erase
from guard.commands.record_export import export
from guard.commands.record_hold import hold, mark, release
from guard.commands.record_search import search
from guard.commands.review import minutes_of_item
from guard.config import load
from guard.errors import RecordBrokenError
from guard.record import verify as record_verify

_PASSPHRASE = click.option(
    "--passphrase-file", type=click.Path(path_type=Path), envvar="GUARD_PASSPHRASE_FILE"
)


@click.group()
def record() -> None:
    """Verify, show and export the legal record."""


record.add_command(record_backup.backup)
record.add_command(record_backup.restore)
record.add_command(record_backup.drill)
record.add_command(search)
record.add_command(record_keys.passphrase)
record.add_command(record_keys.sheet)
record.add_command(record_keys.recover)
record.add_command(record_keys.executor)
record.add_command(record_keys.rekey)


@record.command()
@click.option("--with-content", is_flag=True, help="Open every message too; needs the passphrase.")
@_PASSPHRASE
@click.pass_obj
def verify(config: Path, *, with_content: bool, passphrase_file: Path | None) -> None:
    """Check that nothing in the record was changed, dropped or moved.

    Needs no key. Prints the signed head: keep it somewhere else, because a record cut short at
    the end is still whole in itself. Exit status 65 when something is wrong.
    """
    settings = load(config)
    identity = None
    if with_content:
        with wiring.open_record(settings, readonly=True) as opened:
            identity = opened.keys.unlock(wiring.ask_passphrase(passphrase_file))
    findings = list(record_verify.examine(wiring.record_folder(settings), identity=identity))
    for finding in findings:
        click.echo(str(finding))
    if findings:
        raise RecordBrokenError(f"the record does not verify: {len(findings)} findings")
    with wiring.open_record(settings, readonly=True) as opened:
        click.echo(f"{opened.size()} entries verified.")
        click.echo(opened.head(), nl=False)


@record.command()
@click.argument("item", type=int, required=False)
@_PASSPHRASE
@click.pass_obj
def show(config: Path, item: int | None, passphrase_file: Path | None) -> None:
    """List what was filed; or print the exact bytes of ITEM. Needs the passphrase."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as opened:
        reader = wiring.unlock(opened, passphrase_file)
        if item is not None:
            sys.stdout.buffer.write(reader.raw(item))
            return
        for entry in opened.entries():
            if entry.kind != "filed":
                continue
            minutes = minutes_of_item(opened, reader, entry.seq)
            when = datetime.fromtimestamp(entry.fields["received"] / 1000, tz=UTC)
            about = f"{minutes.verdict.label.value:10}  {minutes.sender}" if minutes else ""
            direction = entry.fields["direction"]
            click.echo(f"{entry.seq:>7}  {when:%Y-%m-%d %H:%M}  {direction:4}  {about}".rstrip())


for command in (access, due, erase, export, hold, mark, release):
    record.add_command(command)
