"""The record of one practice among others in a PostgreSQL database.

Edge. The folder on each machine holds `scanner.key`, `vkey.txt` and `checkpoints/`; entries,
keys and messages are shared. Source: FORMAT.md, "PostgreSQL and S3".
"""

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self

import msgspec

from guard.errors import BusyError, RecordError
from guard.record.batch import Random
from guard.record.entry import Fact, canonical
from guard.record.eraser import insist_orderer
from guard.record.grant import GRANTED, REVOKED, SHARED, Grant, Share
from guard.record.keys import Keys
from guard.record.ledger import Record
from guard.record.order import signer
from guard.record.postgres_connection import (
    connect,
    has_roles,
    insist_whole,
    renew,
    translated,
    upgrade,
)
from guard.record.postgres_keys import KeyTables
from guard.record.postgres_shares import Shares
from guard.record.postgres_store import PostgresStore
from guard.record.s3 import Objects
from guard.record.scanner import ScannerKey
from guard.record.seal import Identity


class Where(msgspec.Struct, frozen=True, kw_only=True):
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
            RecordError: This role may not make tables, `scanner.key` is missing, or the
                objects' place is another record's.
            UnreachableError: The database cannot be reached.
        """
        ScannerKey.read(folder, needed=True)
        with contextlib.closing(connect(where.database, where.practice, bare=True)) as db:
            upgrade(db, where.practice, role)
        record = cls.open(folder, where, random=random)
        try:
            record.claim()
        except BaseException:
            record.close()
            raise
        return record

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

    @staticmethod
    def renew(where: Where) -> bool:
        """Bring the tables to today's format. See `postgres_connection.renew`."""
        with contextlib.closing(connect(where.database, where.practice, bare=True)) as db:
            return renew(db)

    def claim(self) -> None:
        """Make sure that the objects' place is this record's alone. See `Objects.claim`."""
        assert isinstance(self._store, PostgresStore)
        self._store.claim(self.verifier().name)

    def sweep(self, now: int) -> tuple[int, int]:
        """Look after the objects. See `PostgresStore.sweep`."""
        assert isinstance(self._store, PostgresStore)
        self.claim()
        return self._store.sweep(now)

    def grant(self, grant: Grant, identity: Identity, *, now: int) -> None:
        """Open a part of the record to somebody, from now on, by an order that she signs.

        Whoever had this login before is shown nothing any longer.

        Args:
            grant: Who, and as what.
            identity: Hers.
            now: Milliseconds since 1970-01-01 UTC.

        Raises:
            LockedError: The identity may not order it. Nothing was done.
            RecordError: The database has no place for it. Nothing was done.
        """
        shares = self.shares()
        with self.writing(now) as batch:
            origin = insist_orderer(self, batch, identity)
            note = signer(identity, origin).sign(grant.text(origin, batch.size))
            batch.add(GRANTED, {"body": {**grant.body, "order": note}})
            shares.close(grant.login)

    def revoke(self, login: str, *, now: int) -> None:
        """Close what was opened to somebody; what they read they have read.

        Raises:
            RecordError: Nothing was done.
        """
        shares = self.shares()
        with self.writing(now) as batch:
            batch.add(REVOKED, {"body": {"login": login}})
            shares.close(login)

    def share(
        self,
        facts: Sequence[Fact],
        *,
        withdrawn: Sequence[tuple[int, str]],
        shares: Sequence[Share],
        now: int,
    ) -> list[int]:
        """Append facts and change what is shared, in one transaction; durable on return.

        Args:
            facts: As `append` takes them.
            withdrawn: Items, and the logins that are no longer shown them.
            shares: What is shown from now on, as far as she granted it.
            now: Milliseconds since 1970-01-01 UTC.

        Returns:
            The number of each fact's entry.

        Raises:
            BusyError: Another process is writing. Nothing was done.
            RecordError: Nothing was done.
        """
        table = self.shares()
        with self._batch(now) as batch:
            seqs = [self._append(batch, fact) for fact in facts]
            for item, login in withdrawn:
                table.withdraw(item, login)
            # Somebody may have been removed since the caller looked.
            grants = self.erasures().grants
            for share in shares:
                if grants.get(share.to.login) == share.to:
                    table.put(share)
        return seqs

    def shared_with(self, items: Sequence[int]) -> dict[int, set[str]]:
        """Item to the logins that may open it now."""
        return self.shares().logins(items)

    def catch_up(self, *, oldest: Mapping[str, int], now: int) -> None:
        """File who has seen what, and show no role what came before a time.

        Args:
            oldest: Role to milliseconds since 1970-01-01 UTC.
            now: As above.

        Raises:
            BusyError: Another process is writing. Nothing was filed.
            RecordError: Nothing was filed.
        """
        table = self.shares()
        for role, before in oldest.items():
            table.expire(role, before)
        news = table.news()
        if not news:
            return
        with self._batch(now) as batch:
            for item, login, seen in news:
                owners = tuple(self.entry(item).fields["owners"])
                secret = canonical({"by": login, "seen": seen})
                fact = Fact(kind=SHARED, item=item, owner=owners[0], secret=secret, owners=owners)
                self._append(batch, fact)
                table.note(item, login)

    @property
    def shareable(self) -> bool:
        """Whether a part of it is open to anybody, and the database has a place for it."""
        assert isinstance(self._store, PostgresStore)
        return bool(self.erasures().grants) and has_roles(self._store.db)

    def shares(self) -> Shares:
        """The table of what is shared.

        Raises:
            RecordError: There is none in this database yet.
            RecordBrokenError: Somebody changed what protects it.
        """
        assert isinstance(self._store, PostgresStore)
        if not has_roles(self._store.db):
            raise RecordError(
                "this database has no place yet for what is shared",
                hint="Whoever owns its tables runs: guard role tables | psql -1 DATABASE",
            )
        return Shares(self._store)


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
