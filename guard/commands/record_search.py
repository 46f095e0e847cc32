"""``guard record search``: messages by words, client, direction, label and time."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from guard.clients.register import everyone, the_one
from guard.clients.workdays import zone
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.review import minutes_of_item
from guard.config import load
from guard.errors import GuardError
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.record.times import from_ms
from guard.review import plain
from guard.review.index import Index
from guard.review.letters import Letters
from guard.review.search import Wanted
from guard.review.search import search as look
from guard.verdict.label import Label

_DAY = click.DateTime(["%Y-%m-%d"])
_MANY = 200
"""Messages that are read for the first time, from which on a line says so."""


class _Options(TypedDict):
    words: tuple[str, ...]
    client: str | None
    since: datetime | None
    until: datetime | None
    direction: str | None
    label: str | None
    most: int
    as_json: bool
    passphrase_file: Path | None


@click.command()
@click.argument("words", nargs=-1)
@click.option("--client", help="An id, a name or an address.")
@click.option("--since", type=_DAY, help="First day, such as 2026-01-31.")
@click.option("--until", type=_DAY, help="Last day.")
@click.option("--direction", type=click.Choice(["in", "out", "junk"]))
@click.option("--label", type=click.Choice([one.value for one in Label]))
@click.option("--most", type=click.IntRange(1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a message.")
@PASSPHRASE
@click.pass_obj
def search(config: Path, **options: Unpack[_Options]) -> None:
    """Find messages in which each of WORDS begins a word, newest first. Needs the passphrase.

    Sender, recipients, subject, names of attachments and the whole text are searched. The
    first search reads every message once; what it learns is kept sealed, client by client.
    """
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record, Letters() as letters:
        reader = asking.unlock(record, options["passphrase_file"])
        wanted, most = _wanted(record, reader, options), options["most"]
        found = look(
            Index(letters),
            record,
            reader,
            wanted,
            most_read=None,
            most_found=most,
            progress=_progress,
        )
        for item in found.items:
            fields = _fields(record, reader, letters, item)
            click.echo(_json(fields) if options["as_json"] else _line(fields))
    if not found.items:
        click.echo("Nothing was found.", err=True)
    elif found.more:
        click.echo(f"There are older ones, too; the newest {most} are shown.", err=True)


def _wanted(record: Record, reader: Reader, options: _Options) -> Wanted:
    label, named = options["label"], options["client"]
    return Wanted(
        words=" ".join(options["words"]),
        client=the_one(everyone(record, reader), named).id if named else "",
        direction=options["direction"] or "",
        label=Label(label) if label else None,
        since=_aware(options["since"]),
        until=_aware(options["until"]),
    )


def _json(fields: dict[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _fields(record: Record, reader: Reader, letters: Letters, item: int) -> dict[str, object]:
    entry = record.entry(item).fields
    about = minutes_of_item(record, reader, item)
    sender, subject = (about.sender, about.subject) if about else _headers(reader, letters, item)
    received = from_ms(entry["received"])
    return {
        "item": item,
        "received": received.isoformat(timespec="seconds"),
        "direction": entry["direction"],
        "label": about.verdict.label.value if about else "",
        "people": sender,
        "subject": subject,
    }


def _headers(reader: Reader, letters: Letters, item: int) -> tuple[str, str]:
    """To whom, and the subject, of a message that was not judged: mostly mail of hers."""
    try:
        message, _ = letters.message(reader.raw(item), own=())
    except GuardError:
        return "", ""
    return ", ".join(f"to {one.email}" for one in message.recipients), message.subject


def _line(fields: dict[str, object]) -> str:
    when = str(fields["received"])[:16].replace("T", " ")
    return (
        f"{fields['item']:>7}  {when}  {fields['direction']:4}  {fields['label']:10}  "
        f"{plain.one_line(str(fields['people']))}  {plain.one_line(str(fields['subject']))}"
    ).rstrip()


def _aware(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=zone())


def _progress(done: int, every: int) -> None:
    if every >= _MANY and sys.stderr.isatty() and (done % 50 == 0 or done == every):
        end = "\n" if done == every else ""
        click.echo(f"\rreading {done} of {every}, this once{end}", nl=False, err=True)
