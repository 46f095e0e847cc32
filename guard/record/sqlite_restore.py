"""Making a database anew from rows of a backup: bodies are believed, the rest follows.

Edge. Columns and derived tables are computed from the bodies, so that nothing but what was
signed comes back. Source: FORMAT.md, "Backup", "Derived tables".
"""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from guard.errors import RecordBrokenError
from guard.record import sqlite_file
from guard.record.batch import ADD_CHECKPOINT, ADD_ENTRY
from guard.record.derive import changes
from guard.record.entry import Entry
from guard.record.log import leaf_hash
from guard.record.sqlite_file import translated
from guard.record.sqlite_segment import Row
from guard.record.sqlite_store import SqliteStore
from guard.record.store import Store


def write(path: Path, pieces: Iterable[Iterable[Row]]) -> None:
    """Write a new database.

    Args:
        path: Must not exist.
        pieces: Rows in order; each piece is one transaction.

    Raises:
        RecordBrokenError: A body cannot be read.
        RecordError: The disk would not.
    """
    with translated(), contextlib.closing(sqlite_file.create(path)) as db:
        db.execute("COMMIT")
        store = SqliteStore(db, path.parent)
        for piece in pieces:
            with store.transaction(0):
                for row in piece:
                    add(store, row)


def add(store: Store, row: Row) -> None:
    """Add one row to a store, inside a transaction.

    Raises:
        RecordBrokenError: Its body cannot be read.
    """
    try:
        _insert(store, row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _changed(row) from None


def _insert(store: Store, row: Row) -> None:
    fields = json.loads(row.body)
    copies = (row.seq, fields["kind"], fields.get("item"), fields.get("owner"), fields["at"])
    values = (*copies, row.body, row.sealed, leaf_hash(row.body))
    store.do(ADD_ENTRY, *values)
    if row.ct is not None:
        store.put_sealed(row.seq, row.ct)
    if row.checkpoint is not None:
        store.do(ADD_CHECKPOINT, row.seq + 1, *row.checkpoint)
    for change in changes(fields):
        store.change(change)


def entry_of(row: Row) -> Entry:
    """The entry that a row tells of.

    Raises:
        RecordBrokenError: Its body cannot be read.
    """
    try:
        fields = json.loads(row.body)
        kind, at = str(fields["kind"]), int(fields["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _changed(row) from None
    return Entry(
        seq=row.seq,
        kind=kind,
        item=fields.get("item"),
        owner=fields.get("owner"),
        at=at,
        body=row.body,
        sealed=row.sealed,
    )


def _changed(row: Row) -> RecordBrokenError:
    return RecordBrokenError(f"entry {row.seq} of the backup was changed")
