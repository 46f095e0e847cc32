"""Bringing an older record to the format of today, step by step; or reading it as it is.

Pure but for the connection it is given. Each step is one transaction that also moves the
version on, so a crash leaves one format or the next, and opening again carries on.
Source: FORMAT.md, "Versions"; sqlite.org/pragma.html, user_version.
"""

import sqlite3
from collections.abc import Mapping

import msgspec

from guard.record.schema import FORMAT, STATEMENTS


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What changes in the tables from one format to the next."""

    gone: tuple[str, ...]
    """Statements of the older format that are no longer in the newer one."""

    new: tuple[str, ...]
    """Statements of the newer format that are not in the older one."""


def _new(*names: str) -> tuple[str, ...]:
    found = tuple(text for text in STATEMENTS if text.split(" ", 3)[2] in names)
    assert len(found) == len(names)
    return found


STEPS: Mapping[int, Step] = {
    # Erase orders: sealed parts and messages can go, by an order of hers.
    1: Step(
        gone=(
            (
                "CREATE TRIGGER entry_update BEFORE UPDATE ON entry"
                " BEGIN SELECT RAISE(ABORT, 'the record only grows'); END"
            ),
            (
                "CREATE TRIGGER blob_delete BEFORE DELETE ON blob"
                " BEGIN SELECT RAISE(ABORT, 'the record only grows'); END"
            ),
        ),
        new=_new("entry_update", "blob_delete"),
    ),
    # The salt of a message is sealed with the message, not beside it.
    2: Step(gone=(), new=()),
}
"""Format to what leads from it to the next one. What has been released is never edited."""


def statements(
    version: int, *, steps: Mapping[int, Step] = STEPS, newest: int = FORMAT
) -> frozenset[str] | None:
    """The statements that make a database of a format; None for one that is not known.

    Args:
        version: The format.
        steps: What leads from each format to the next.
        newest: The format of `STATEMENTS`.
    """
    if version > newest or not all(number in steps for number in range(version, newest)):
        return None
    found = set(STATEMENTS)
    for number in range(newest - 1, version - 1, -1):
        found -= set(steps[number].new)
        found |= set(steps[number].gone)
    return frozenset(found)


def migrate(
    db: sqlite3.Connection, *, steps: Mapping[int, Step] = STEPS, newest: int = FORMAT
) -> None:
    """Take every step that is left.

    Args:
        db: A record's database of a known format, outside a transaction.
        steps: What leads from each format to the next.
        newest: Where to stop.

    Raises:
        sqlite3.Error: The disk would not; the steps that were taken stay taken.
    """
    while (version := version_of(db)) < newest:
        db.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been quicker.
            if version_of(db) == version:
                _take(db, steps[version], version + 1)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def version_of(db: sqlite3.Connection) -> int:
    """The format that a database says it has."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


def _take(db: sqlite3.Connection, step: Step, version: int) -> None:
    for statement in step.gone:
        _, what, name, _ = statement.split(" ", 3)
        db.execute(f"DROP {what} {name}")
    for statement in step.new:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {version}")
