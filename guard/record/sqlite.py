"""The record in one SQLite file, in a folder with its keys.

Edge. Source: FORMAT.md, "The folder"; facts on durability in `sqlite_file`.
"""

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Self

from guard.errors import RecordError
from guard.record import durable, sqlite_file
from guard.record.batch import Random
from guard.record.keys import Keys
from guard.record.ledger import Record
from guard.record.note import Verifier
from guard.record.scanner import ScannerKey
from guard.record.sqlite_file import translated
from guard.record.sqlite_store import SqliteStore


class SqliteRecord(Record):
    """The legal record of one practice, in one folder."""

    def __init__(
        self,
        store: SqliteStore,
        folder: Path,
        scanner: ScannerKey | None,
        random: Random,
        *,
        readonly: bool = False,
    ) -> None:
        keys = Keys(folder / "keys")
        super().__init__(store, keys, folder, scanner=scanner, random=random, readonly=readonly)
        self._db = store.db

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        random: Random,
        now: int = 0,
        orderer: Callable[[str], Verifier] | None = None,
    ) -> Self:
        """Make database and scanner keys in a folder that has its `keys/` already.

        `guard.record.init.create` makes the whole folder, and is what callers want.

        Args:
            folder: Holds `keys/recipients.txt`.
            random: Source of the scanner's keys.
            now: Milliseconds since 1970-01-01 UTC.
            orderer: Gives the key that checks erase orders for a log, by its origin.

        Raises:
            RecordError: There is a record already, `keys/` is missing, or the disk would not.
        """
        Keys(folder / "keys").masters()
        if (folder / "record.db").exists():
            raise RecordError("there is a record here already", hint="Choose another folder.")
        scanner = ScannerKey.make(random(72))
        durable.write(folder / "scanner.key", scanner.encode().encode())
        durable.write(folder / "vkey.txt", f"{scanner.verifier.encode()}\n".encode())
        db = sqlite_file.create(folder / "record.db")
        record = cls(SqliteStore(db, folder), folder, scanner, random)
        with translated():
            record._begin(now, orderer)
            db.execute("COMMIT")
            durable.sync_folder(folder)
        return record

    @classmethod
    def blank(cls, folder: Path, *, random: Random = secrets.token_bytes) -> Self:
        """Open a record that entries are moved to; an empty database if there is none.

        Args:
            folder: Holds `scanner.key`.
            random: Source of the salts and nonces.

        Raises:
            RecordError: `scanner.key` is missing, or the disk would not.
        """
        ScannerKey.read(folder, needed=True)
        if not (folder / "record.db").exists():
            with translated(), contextlib.closing(sqlite_file.create(folder / "record.db")) as db:
                db.execute("COMMIT")
        return cls.open(folder, random=random)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        readonly: bool = False,
        random: Random = secrets.token_bytes,
        strict: bool = True,
    ) -> Self:
        """Open a record.

        Args:
            folder: Holds `record.db`, and `scanner.key` unless only read.
            readonly: Nothing can be added.
            random: Source of the salts and nonces.
            strict: Refuse changed tables and triggers; `verify` alone looks at them all the same.

        Raises:
            RecordError: It is missing, foreign, newer than this guard, or cannot be read.
            RecordBrokenError: Its tables or triggers are not those of a record.
        """
        db = sqlite_file.connect(folder / "record.db", readonly=readonly, strict=strict)
        try:
            scanner = ScannerKey.read(folder, needed=not readonly)
            store = SqliteStore(db, folder)
            record = cls(store, folder, scanner, random, readonly=readonly)
            record.settle()
        except BaseException:
            db.close()
            raise
        return record
