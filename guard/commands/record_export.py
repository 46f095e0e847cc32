"""``guard record export``: the whole record as files, or one client's copy for that client."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from guard.clients.directory import Client
from guard.clients.register import everyone, the_one
from guard.commands import asking, judges, wiring
from guard.commands.options import PASSPHRASE
from guard.config import Settings, load
from guard.errors import RecordBrokenError
from guard.mail.message import Message
from guard.record import export as record_export
from guard.record.entry import JSON, Fact
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.reply.wording import wordings
from guard.review.book import Book, Memory
from guard.review.letters import Letters
from guard.review.shelf import Row, Shelf
from guard.rights.copy import Copied, copy

EXPORTED = "exported"
"""Kind of the entry that says that a copy was made."""

_NAMED = 20
"""Items that a warning names."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--client", "who", default="", help="Only the letters of one: id, name, address.")
@PASSPHRASE
@click.pass_obj
def export(config: Path, folder: Path, who: str, passphrase_file: Path | None) -> None:
    """Write every item into FOLDER as its exact .eml, with an index. Needs the passphrase.

    With --client, a copy that can be handed to that client: a BagIt bag of the letters, an
    index for people and for spreadsheets, the correspondence as a PDF, what was noted, what
    was checked, and a list of what you held back and why (guard record mark). An entry in the
    record says that it was made.
    """
    settings = load(config)
    if who:
        _one(settings, folder, who, passphrase_file)
        return
    with wiring.open_record(settings, readonly=True) as opened:
        reader = asking.unlock(opened, passphrase_file)
        done = record_export.export(opened, reader, folder)
    click.echo(f"{done.items} messages in {folder}. They are not sealed there: keep them safe.")
    if done.destroyed:
        click.echo(f"{len(done.destroyed)} were erased; they stand in the index without content.")
    if done.broken:
        raise RecordBrokenError(f"{len(done.broken)} messages are not what was filed")


def _one(settings: Settings, folder: Path, who: str, passphrase_file: Path | None) -> None:
    with wiring.open_record(settings) as opened, Letters() as letters:
        reader = asking.unlock(opened, passphrase_file)
        client = the_one(everyone(opened, reader), who)
        book = book_of(settings, opened, reader, letters)
        with record_export.new_folder(folder) as staging:
            done = make_copy(settings, book, client, partial(record_export.put, staging))
        before = book.earlier(client, most_read=None)
    click.echo(f"{done.letters} letters of {client.id} in {folder}, as a bag that can be checked.")
    click.echo("They are not sealed there: hand them over safely, then delete the folder.")
    for line in (*told(done), *left_out(before)):
        click.echo(line)


def book_of(settings: Settings, record: Record, reader: Reader, letters: Letters) -> Book:
    """Open the record as the review page reads it."""
    shelf = Shelf()
    shelf.take(record.entries())
    return Book(
        record,
        reader,
        shelf,
        Memory(letters),
        now=wiring.milliseconds(),
        can_send=False,
        wordings=wordings(settings),
    )


def make_copy(
    settings: Settings, book: Book, client: Client, put: Callable[[str, bytes], None]
) -> Copied:
    """Make a client's copy, and file that it was made.

    Raises:
        OSError: `put` could not.
        RecordError: The entry could not be filed.
    """
    with judges.reader(settings) as child:

        def read(raws: Sequence[bytes]) -> list[Message | None]:
            return [one.message for one in child.start(raws)()]

        done = copy(book, client, practice=settings.practice.name, read=read, put=put)
    body: dict[str, JSON] = {
        "letters": done.letters,
        "withheld": done.withheld,
        "redacted": done.redacted,
        "manifest": done.manifest,
    }
    fact = Fact(kind=EXPORTED, owner=client.id, body=body)
    book.record.append([fact], now=wiring.milliseconds())
    return done


def left_out(rows: list[Row]) -> list[str]:
    """Return what she should know of letters from before somebody was a client."""
    items = ", ".join(str(row.item) for row in rows[:_NAMED])
    said = [
        f"Mind: {len(rows)} letters with this client's addresses were filed before you entered",
        f"the client, and are in nobody's record: {items}{', ...' if len(rows) > _NAMED else ''}",
        "Look at them, and add them on the client's page: guard review",
    ]
    return said if rows else []


def told(done: Copied) -> list[str]:
    """Return what she should know of a copy before she hands it over."""
    shared, unfound = (", ".join(map(str, some[:20])) for some in (done.shared, done.unfound))
    said = {
        f"{done.withheld} were withheld and {done.redacted} redacted; withheld.csv says why.": (
            done.withheld or done.redacted
        ),
        f"Words that you named to be taken out stand nowhere in {unfound}: look first.": (
            done.unfound
        ),
        f"{done.lost} can no longer be opened; the index names them.": done.lost,
        f"{len(done.shared)} belong to another client too: look at {shared} first.": done.shared,
        f"No PDF: {done.without_pdf}": done.without_pdf,
    }
    return [words for words, holds in said.items() if holds]
