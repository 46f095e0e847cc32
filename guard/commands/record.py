"""``guard record``: verify, show and export what was filed."""

import sys
from pathlib import Path

import click

from guard.commands import asking, record_backup, record_keys, record_migrate, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.record_access import access
from guard.commands.record_due import due
from guard.commands.record_erase import erase
from guard.commands.record_export import export
from guard.commands.record_hold import hold, mark, release
from guard.commands.record_prove import prove
from guard.commands.record_search import search
from guard.commands.record_verify import verify
from guard.commands.record_witness import witness
from guard.commands.review import minutes_of_item
from guard.config import load
from guard.record.times import from_ms
from guard.review import plain


@click.group()
def record() -> None:
    """Verify, show and export the legal record."""


record.add_command(record_backup.backup)
record.add_command(record_backup.restore)
record.add_command(record_backup.drill)
record.add_command(record_migrate.migrate)
record.add_command(record_migrate.sweep)
record.add_command(search)
record.add_command(record_keys.passphrase)
record.add_command(record_keys.sheet)
record.add_command(record_keys.recover)
record.add_command(record_keys.executor)
record.add_command(record_keys.rekey)
record.add_command(verify)
record.add_command(prove)
record.add_command(witness)


@record.command()
@click.argument("item", type=int, required=False)
@PASSPHRASE
@click.pass_obj
def show(config: Path, item: int | None, passphrase_file: Path | None) -> None:
    """List what was filed; or print the exact bytes of ITEM. Needs the passphrase."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as opened:
        reader = asking.unlock(opened, passphrase_file)
        if item is not None:
            sys.stdout.buffer.write(reader.raw(item))
            return
        for entry in opened.entries():
            if entry.kind != "filed":
                continue
            minutes = minutes_of_item(opened, reader, entry.seq)
            when = from_ms(entry.fields["received"])
            about = (
                f"{minutes.verdict.label.value:10}  {plain.one_line(minutes.sender)}"
                if minutes
                else ""
            )
            direction = entry.fields["direction"]
            click.echo(f"{entry.seq:>7}  {when:%Y-%m-%d %H:%M}  {direction:4}  {about}".rstrip())


for command in (access, due, erase, export, hold, mark, release):
    record.add_command(command)
