"""Which letters were filed before their writer became a client, and so lie in nobody's record.

A letter is sealed to whoever is known when it comes. Later nothing is sealed anew: she gives
the letter to the client, as on an item's page, and from then on it counts as theirs.
Touches the world only through the record, the reader and the index that it is given.
"""

import re

from guard.clients import directory
from guard.clients.directory import Client
from guard.errors import GuardError
from guard.mail.envelope import peek
from guard.record.entry import UNSORTED, Fact
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.review import rulings
from guard.review.index import Index
from guard.review.rulings import Answer, Sender
from guard.review.search import MOST_READ, Wanted, search
from guard.review.shelf import Row, Shelf

_MOST = 10_000
"""Letters to or from one address that are looked at."""

_BREAKS = re.compile(r"[\W_]+")


def earlier(  # each is another part of the record
    shelf: Shelf,
    record: Record,
    reader: Reader,
    index: Index,
    client: Client,
    *,
    parents: tuple[Client, ...] = (),
    most_read: int | None = MOST_READ,
) -> list[Row]:
    """Return the letters that would be a client's if they came today, oldest first.

    Whoever she named for a letter keeps it; that she said "not a client" counts too.

    Args:
        shelf: Every item.
        record: Open.
        reader: For the same record, unlocked.
        index: What is known from earlier searches; brought up to date.
        client: Whose.
        parents: Others whose mail belongs in this client's record.
        most_read: Messages to read for the first time; None for all.

    Raises:
        RecordError: The record cannot be read.
    """
    people = (client, *(one for one in parents if client.id in one.about))
    found: dict[int, Row] = {}
    for address in (address for one in people for address in one.addresses):
        wanted = Wanted(words=_BREAKS.sub(" ", address), only=UNSORTED)
        hits = search(index, record, reader, wanted, most_read=most_read, most_found=_MOST)
        for item in hits.items:
            row = shelf.rows.get(item)
            if row is not None and _nobodys(row) and client.id in _owners(record, reader, row):
                found[item] = row
    return sorted(found.values(), key=lambda row: (row.received, row.item))


def given(rows: list[Row], client: Client) -> list[Fact]:
    """Return her word that letters are a client's, one entry for each."""
    answer = Answer(sender=Sender.CLIENT, client=client.id)
    return [rulings.ruled(row.item, row.owners, answer, ()) for row in rows]


def _nobodys(row: Row) -> bool:
    said = any("sender" in one.actions for one in row.standing)
    return row.owners == (UNSORTED,) and not said


def _owners(record: Record, reader: Reader, row: Row) -> set[str]:
    """Whose a letter would be if it came today; nobody's if it can no longer be opened."""
    try:
        envelope = peek(reader.raw(row.item))
    except GuardError:
        return set()
    addresses = envelope.recipients if row.direction == "out" else envelope.sender
    return {owner for one in addresses for owner in directory.owners(record, one)}
