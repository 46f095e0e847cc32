"""Opening the SQLite file, and what SQLite's errors mean.

Edge. No other module but `sqlite` sees an sqlite3 error. Source: sqlite.org/pragma.html,
sqlite.org/rescode.html; why TRUNCATE and FULL: FORMAT.md, "record.db".
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from guard.errors import BusyError, GuardError, RecordBrokenError, RecordError
from guard.record import durable
from guard.record.migrate import migrate, statements, version_of
from guard.record.schema import APPLICATION_ID, FORMAT, STATEMENTS, TRUTH

_WAIT_S = 20.0
"""How long another writer is waited for, seconds; a batch takes well under one."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_MISSING = "Name its folder in guard.toml: [record] path. If there was none yet: guard init"
_MEANINGS = {
    sqlite3.SQLITE_FULL: (
        "the disk is full",
        "Free some space. Nothing is lost: mail waits on the server.",
    ),
    sqlite3.SQLITE_READONLY: (
        "the record cannot be written",
        "The folder is read-only for the user that runs guard. Give it the right.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "record.db is not an SQLite database",
        "Check record.path; if it is right, restore the last backup.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "Keep a copy of it, then restore the last backup: guard record restore",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk failed",
        "Check disk and folder before the next scan. Nothing is lost: mail waits on the server.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the database or its journal cannot be opened",
        "Check that the user that runs guard may read and write the record's folder.",
    ),
}
"""SQLite's primary result code to message and hint."""


def create(path: Path) -> sqlite3.Connection:
    """Make a new database of mode 0600, inside an open transaction.

    Raises:
        RecordError: There is one already, or the disk would not.
    """
    with translated():
        path.touch(mode=0o600, exist_ok=False)
        db = _connect(path, readonly=False)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("BEGIN IMMEDIATE")
        for statement in STATEMENTS:
            db.execute(statement)
    return db


def connect(path: Path, *, readonly: bool, strict: bool = True) -> sqlite3.Connection:
    """Open a record's database; one of an older format is brought to today's, unless only read.

    Args:
        path: The file.
        readonly: Nothing can be written.
        strict: Refuse changed tables and triggers; else only what is no record at all.

    Raises:
        RecordError: It is missing, foreign, newer than this guard, or cannot be read.
        RecordBrokenError: Its tables or triggers are not those of a record.
    """
    with translated():
        # Not a pipe either, which would be waited for.
        if not path.is_file():
            raise RecordError("there is no record here", hint=_MISSING)
        db = _connect(path, readonly=readonly)
        try:
            _check(db, strict=strict)
            if not readonly:
                migrate(db)
        except BaseException:
            db.close()
            raise
    return db


def beside(folder: Path) -> sqlite3.Connection:
    """Another connection to a record that is open already, to ask only."""
    return _connect(folder / "record.db", readonly=True)


def scratch() -> sqlite3.Connection:
    """A private database that lives in a temporary file and is gone when closed."""
    return sqlite3.connect("", isolation_level=None)


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    db = sqlite3.connect(
        # Not mode=ro, which could not undo what a crashed scan left half done.
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=_WAIT_S,
    )
    # A flipped byte in a text must become a finding, not an exception.
    db.text_factory = _text
    # WAL has a corruption race before SQLite 3.51.3, DELETE loses acknowledged commits on
    # power loss; TRUNCATE with FULL lost none in 1,992 simulated power cuts.
    if readonly:
        db.execute("PRAGMA query_only = ON")
    else:
        db.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    # The keys of `content` are random; SQLite's own 2 MB hold them up to some 40,000 items.
    db.execute("PRAGMA cache_size = -16384")
    return db


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _check(db: sqlite3.Connection, *, strict: bool) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    version = version_of(db)
    known = statements(version)
    if application != APPLICATION_ID:
        raise RecordError("this database is not a guard record", hint="Check record.path.")
    if known is None:
        raise RecordError(
            f"the record has format {version}; this guard knows formats up to {FORMAT}",
            hint="Install the newest guard. Nothing was changed.",
        )
    # A planted trigger could drop mail silently, and a missing one lets entries be edited.
    found = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    if strict and {sql for (sql,) in found} != known:
        raise RecordBrokenError("the tables or triggers of the record were changed")
    for table in TRUTH:
        # A view or a computed column could do anything when it is asked, or go on for ever.
        kinds = db.execute("SELECT type FROM sqlite_schema WHERE name = ?", (table,)).fetchall()
        hidden = db.execute("SELECT hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
        if kinds != [("table",)] or any(kind for (kind,) in hidden):
            raise RecordBrokenError(f"the table {table} of the record is gone or changed")


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite and the disk raise into guard's errors.

    Raises:
        BusyError: Another process writes for longer than we wait.
        RecordError: Everything else.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(error) from error
    except UnicodeDecodeError:
        # sqlite3 fails so on its own message when that quotes a damaged schema.
        raise _error(sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT") from None
    except OSError as error:
        raise durable.disk_error(error) from error


def _meaning(error: sqlite3.Error) -> GuardError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _BUSY:
        return BusyError("the record is being written by another program")
    return _error(code, name)


def _error(code: int, name: str) -> RecordError:
    unknown = ("the record cannot be used", "Run: guard record verify")
    message, hint = _MEANINGS.get(code, unknown)
    return RecordError(f"{message} ({name})", hint=hint)
