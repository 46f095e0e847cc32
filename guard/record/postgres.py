"""The record of one practice among others in a PostgreSQL database.

Edge. The folder on each machine holds `scanner.key`, `vkey.txt` and `checkpoints/`; entries,
keys and messages are shared. Source: FORMAT.md, "PostgreSQL and S3".
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from guard.errors import BusyError
from guard.record.batch import Random
from guard.record.keys import Keys
from guard.record.ledger import Record
from guard.record.postgres_connection import connect, insist_whole, translated, upgrade
from guard.record.postgres_keys import KeyTables
from guard.record.postgres_store import PostgresStore
from guard.record.s3 import Objects
from guard.record.scanner import ScannerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a clinic's record lies."""

    database: str
    """``postgresql://...`` as libpq takes it, without a password."""

    practice: str
    """Whose record in this database."""

    blobs: str = ""
    """``s3://bucket/prefix`` of the sealed messages; empty: in the database."""

    endpoint: str = ""
    """Address of the object store; empty: AWS, or what boto3's own settings say."""


class PostgresRecord(Record):
    """The legal record of one practice, in a database."""

    @classmethod
    def blank(
        cls,
        folder: Path,
        where: Where,
        *,
        role: str = "",
        random: Random = secrets.token_bytes,
    ) -> Self:
        """Open a record that entries are moved to; tables and practice are made if need be.

        Args:
            folder: Holds `scanner.key` and `vkey.txt`.
            where: Where everything else is to lie.
            role: A role, or group of roles, that may open it, beside this one.
            random: Source of the salts and nonces.

        Raises:
            RecordError: This role may not make tables, or `scanner.key` is missing.
            UnreachableError: The database cannot be reached.
        """
        ScannerKey.read(folder, needed=True)
        with contextlib.closing(connect(where.database, where.practice, bare=True)) as db:
            upgrade(db, where.practice, role)
        return cls.open(folder, where, random=random)

    @classmethod
    def open(
        cls,
        folder: Path,
        where: Where,
        *,
        readonly: bool = False,
        random: Random = secrets.token_bytes,
        strict: bool = True,
    ) -> Self:
        """Open a record.

        Args:
            folder: Holds `scanner.key`, unless only read, and `vkey.txt`.
            where: Where everything else lies.
            readonly: Nothing can be added.
            random: Source of the salts and nonces.
            strict: Refuse changed tables; `verify` alone looks at them all the same.

        Raises:
            RecordError: It is missing, or newer than this guard.
            RecordBrokenError: Its tables are not those of a record.
            UnreachableError: The database cannot be reached.
        """
        scanner = ScannerKey.read(folder, needed=not readonly)
        objects = Objects.at(where.blobs, where.endpoint) if where.blobs else None
        db = connect(where.database, where.practice, readonly=readonly)
        try:
            if strict:
                insist_whole(db)
        except BaseException:
            db.close()
            raise
        store = PostgresStore(db, objects)
        keys = Keys(KeyTables(store))
        return cls(store, keys, folder, scanner=scanner, random=random, readonly=readonly)

    def sweep(self, now: int) -> tuple[int, int]:
        """Look after the objects. See `PostgresStore.sweep`."""
        assert isinstance(self._store, PostgresStore)
        return self._store.sweep(now)


@contextlib.contextmanager
def only_one(where: Where) -> Iterator[None]:
    """Be the only one on any machine who scans or rules in this practice.

    Freed when the process ends, however it ends.

    Raises:
        BusyError: Somebody else is.
        UnreachableError: The database cannot be reached.
    """
    name = sha256(f"guard scan {where.practice}".encode()).digest()[:8]
    with contextlib.closing(connect(where.database, where.practice)) as db:
        with translated():
            key = int.from_bytes(name, signed=True)
            [(mine,)] = db.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchall()
        if not mine:
            raise BusyError("another scan of this practice is running, on another machine maybe")
        yield
