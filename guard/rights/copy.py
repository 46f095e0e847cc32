"""A copy of what is kept of one client, for the client: letters, notes, papers, proofs.

Touches the world only through the book, the reader and the function that takes each file.
Letters are unsealed one by one; only their texts are kept in memory for the papers.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import msgspec

from guard import __version__
from guard.clients import rights
from guard.clients.directory import Client
from guard.clients.rights import Mark, Why
from guard.errors import ConfigError, GuardError
from guard.mail.message import Message
from guard.record.verify import verify
from guard.review import plain, sharing
from guard.review.book import Book
from guard.review.shelf import Row
from guard.rights.bag import Bag, Put
from guard.rights.erasing import letters_of
from guard.rights.letter import Letter, letter, noted, opened, unread
from guard.rights.papers import Papers, index_csv, page, redacted_txt, withheld_csv
from guard.rights.typst_pdf import pdf

_BATCH = 50
_MOST_BATCH = 32_000_000
"""Letters, and bytes of them, that are in memory at once."""

Read = Callable[[Sequence[bytes]], list[Message | None]]
"""Parses letters, apart from this process; None for one that cannot be read."""

_CHECK = """\
How to check this copy. Nothing of it needs guard.

1. That no file was changed since it was made. In the folder above this one (on a Mac with
   shasum -a 256 in the place of sha256sum):

       sha256sum -c manifest-sha256.txt
       sha256sum -c tagmanifest-sha256.txt

2. Each letter in mail/ is byte for byte as the mail server delivered it. verification.txt says
   what was checked in the sealed record when this copy was made, and holds its signed head.

index.html and correspondence.pdf are for reading, index.csv is for a spreadsheet. withheld.csv
says what was held back, and why. notes.json is what was noted of each letter, for a machine.
"""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy holds."""

    letters: int
    """Letters that were given, redacted ones among them."""

    withheld: int
    """Letters that were withheld."""

    redacted: int
    """Letters that were redacted."""

    lost: int
    """Letters that can no longer be opened."""

    shared: tuple[int, ...]
    """Given letters that belong to another client too: she may want to look again."""

    unfound: tuple[int, ...]
    """Redacted letters in which some of the words to be taken out stand nowhere."""

    without_pdf: str
    """Why there is no PDF; empty when there is one."""

    manifest: str
    """SHA-256 of the manifest, which names every file of the copy."""


def copy(book: Book, client: Client, *, practice: str, read: Read, put: Put) -> Copied:
    """Make a client's copy as a BagIt bag.

    Args:
        book: The record, unlocked.
        client: Whose.
        practice: Its name, for the papers.
        read: Parses letters.
        put: Takes each file of the bag.

    Raises:
        LockedError: The identity does not open this record.
        OSError: `put` could not.
    """
    bag = Bag(put)
    rows = letters_of(book.shelf, client.id)
    letters = list(_letters(book, rows, read, bag))
    papers = Papers(
        practice=practice,
        name=client.name,
        made=book.now,
        known=_known(client),
        letters=letters,
    )
    bag.add("index.csv", index_csv(papers))
    bag.add("index.html", page(papers))
    bag.add("withheld.csv", withheld_csv(papers))
    bag.add("notes.json", _notes(book, client, letters))
    without_pdf = ""
    try:
        bag.add("correspondence.pdf", pdf(papers))
    except ConfigError as error:
        without_pdf = f"{error}. {error.hint}"
    bag.add("verification.txt", _verification(book, letters))
    bag.add("how-to-check.txt", _CHECK.encode())
    manifest = bag.close(
        {
            "Source-Organization": plain.one_line(practice) or "(a practice)",
            "Bagging-Date": plain.iso(book.now)[:10],
            "External-Description": "Copy of the record of one client's e-mail",
            "Bag-Software-Agent": f"guard {__version__}",
        }
    )
    shared = {row.item for row in rows if len(row.owners) > 1}
    return Copied(
        letters=sum(bool(one.file) for one in letters),
        withheld=sum(one.mark is Mark.WITHHOLD for one in letters),
        redacted=sum(one.mark is Mark.REDACT for one in letters),
        lost=sum(bool(one.problem) and not one.file for one in letters),
        shared=tuple(one.number for one in letters if one.file and one.number in shared),
        unfound=tuple(one.number for one in letters if one.unfound),
        without_pdf=without_pdf,
        manifest=manifest,
    )


def _letters(book: Book, rows: Sequence[Row], read: Read, bag: Bag) -> Iterator[Letter]:
    """Every letter in time, its file put into the bag."""
    batch: list[tuple[Row, Letter, Why, bytes]] = []
    for row in rows:
        told, why, raw = _begun(book, row)
        batch.append((row, told, why, raw))
        if len(batch) >= _BATCH or sum(len(one[3]) for one in batch) > _MOST_BATCH:
            yield from _batch(book, batch, read, bag)
            batch = []
    yield from _batch(book, batch, read, bag)


def _begun(book: Book, row: Row) -> tuple[Letter, Why, bytes]:
    """What may be told of a letter, and its bytes if they are to be given."""
    entry = book.record.latest(rights.MARKED, item=row.item)
    mark, why = rights.marked(entry), Why()
    try:
        if entry is not None:
            why = rights.why(book.reader.secret(entry.seq))
        raw = b"" if mark is Mark.WITHHOLD else book.raw(row.item)
    except (GuardError, ValueError):
        return letter(row, mark, why, problem="it can no longer be opened"), why, b""
    return letter(row, mark, why), why, raw


def _batch(
    book: Book, batch: list[tuple[Row, Letter, Why, bytes]], read: Read, bag: Bag
) -> Iterator[Letter]:
    messages = iter(read([raw for _, told, _, raw in batch if told.shown]))
    for row, told, why, raw in batch:
        if not told.shown:
            yield told
            continue
        message, digest = next(messages), sha256(raw).hexdigest()
        if message is None:
            done = unread(told, digest=digest)
        else:
            done = opened(told, message, noted=noted(book, row), digest=digest, why=why)
        if done.file:
            bag.add(done.file, raw if done.mark is Mark.INCLUDE else redacted_txt(done))
        yield done


def _known(client: Client) -> tuple[tuple[str, str], ...]:
    told = [
        ("Name", client.name),
        ("In the record as", client.id),
        ("Addresses", ", ".join(client.addresses)),
        ("Automatic mail", "may get the reminder" if client.automatic else "none"),
        ("End of therapy", client.ended),
        ("Born", client.born),
    ]
    return tuple((word, it) for word, it in told if it)


def _notes(book: Book, client: Client, letters: Sequence[Letter]) -> bytes:
    """What was noted, for a machine; nothing about letters that were held back."""
    found: dict[int, dict[str, object]] = {}
    for one in letters:
        row = book.row(one.number)
        if one.mark is not Mark.INCLUDE or row is None or one.problem:
            continue
        minutes = book.minutes(row)
        answers = [book.answer(standing.seq) for standing in row.standing]
        found[one.number] = {
            "decided": msgspec.to_builtins(minutes) if minutes else None,
            "ruled": [msgspec.to_builtins(answer) for answer in answers if answer],
            "reminders": [{"ended": kind, "at": plain.iso(at)} for kind, at in row.outcomes],
        }
        if opened := sharing.history(book, row):
            found[one.number]["opened"] = opened
    told = {"client": msgspec.to_builtins(client), "letters": found}
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode(errors="replace")


def _verification(book: Book, letters: Sequence[Letter]) -> bytes:
    """What was checked when the copy was made."""
    findings = [str(one) for one in verify(book.record)]
    whole = sum(bool(one.digest) for one in letters)
    said = "The whole record verifies: nothing was changed, dropped or moved."
    if findings:
        said = f"The record does not verify, {len(findings)} findings:"
    lines = [
        f"Checked by guard {__version__} on {plain.iso(book.now)}.",
        "",
        f"{whole} letters of this copy were opened; each is, bit for bit, the one that was filed",
        "(its salted commitment in the signed log fits).",
        said,
        *(f"  {one}" for one in findings),
        "",
        "The signed head of the record (C2SP checkpoint), and the key that it is checked with:",
        "",
        book.record.head(),
        book.record.verifier().encode(),
        "",
    ]
    return "\n".join(lines).encode()
