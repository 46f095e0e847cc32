"""What the record needs, kept by PostgreSQL, with sealed messages in it or in an object store.

Edge: one connection, one thread; messages go to the object store from a few more. The log
is one line because every writer locks the practice's row in `head`. An object is durable
before its row is. Source: postgresql.org/docs/current/explicit-locking.
"""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from hashlib import sha256
from mmap import mmap
from typing import TYPE_CHECKING, Any

from guard.errors import RecordError, TransientError
from guard.record.derive import Cell, Change
from guard.record.postgres_connection import translated
from guard.record.s3 import FIRST_MS, KEPT_MS, Objects
from guard.record.schema import COLUMNS_OF, DERIVED
from guard.record.seal import seal

if TYPE_CHECKING:
    import psycopg

_UPLOADS = 8
"""Objects on their way at a time."""

_PAGE = 1000
"""Rows of a long answer that are fetched at a time."""


def _put(table: str) -> str:
    columns, key = COLUMNS_OF[table], DERIVED[table][1]
    rest = [column for column in columns if column not in key]
    row = ", ".join(["%s"] * len(columns))
    replaced = ", ".join(f"{column} = excluded.{column}" for column in rest)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({row})"  # noqa: S608 - names of our own tables
        f" ON CONFLICT (practice, {', '.join(key)}) DO UPDATE SET {replaced}"
    )


def _remove(table: str) -> str:
    where = " AND ".join(f"{column} = %s" for column in DERIVED[table][1])
    return f"DELETE FROM {table} WHERE {where}"  # noqa: S608 - as above


_PUT = {table: _put(table) for table in DERIVED}
_REMOVE = {table: _remove(table) for table in DERIVED}


@lru_cache
def _query(text: str) -> str:
    """Ours, in psycopg's words: only `?` differs, and no text of ours holds one."""
    return text.replace("?", "%s")


class PostgresStore:
    """One practice's rows. Keeps the promises of `guard.record.store.Store`."""

    sizes = "size"
    contains = "guard.instr"

    def __init__(self, db: "psycopg.Connection", objects: Objects | None = None) -> None:
        """Use an open connection.

        Args:
            db: In autocommit mode, with the practice set.
            objects: Where sealed messages lie; None for the row itself.
        """
        self.db = db
        self._objects = objects
        self._pool = ThreadPoolExecutor(_UPLOADS) if objects else None
        self._waiting: list[Future[None]] = []
        self._fresh: list[tuple[int, str]] = []
        self._now = 0

    @property
    def writing(self) -> bool:
        """Whether a transaction of ours is open."""
        return self.db.info.transaction_status.name != "IDLE"

    def ask(self, query: str, *values: Cell | None) -> list[Any]:
        """All rows. See `Store.ask`."""
        with translated():
            return self.db.execute(_query(query), values).fetchall()

    def stream(self, query: str) -> Iterator[Any]:
        """All rows, page by page. See `Store.stream`."""
        # Outside a transaction the server must keep the answer for itself.
        cursor = self.db.cursor("guard_stream", withhold=not self.writing)
        with translated(), cursor:
            cursor.itersize = _PAGE
            cursor.execute(_query(query))
            yield from cursor

    def do(self, statement: str, *values: Cell | None) -> None:
        """Carry out. See `Store.do`."""
        with translated():
            self.db.execute(_query(statement), values)

    def change(self, change: Change) -> None:
        """Put or remove. See `Store.change`."""
        with translated():
            if change.rest is None:
                self.db.execute(_REMOVE[change.table], change.key)
            else:
                self.db.execute(_PUT[change.table], (*change.key, *change.rest))

    @contextlib.contextmanager
    def transaction(self, now: int) -> Iterator[None]:
        """Write alone. See `Store.transaction`."""
        self._now, self._waiting, self._fresh = now, [], []
        with translated():
            self.db.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        try:
            # Every other writer of this practice waits here.
            with translated():
                self.db.execute("SELECT 1 FROM head FOR UPDATE")
            # What need not be answered is sent without waiting: a letter costs one round trip.
            with translated(), self.db.pipeline():
                yield
            for upload in self._waiting:
                upload.result()
            with translated():
                self.db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):
                self.db.execute("ROLLBACK")
            raise
        finally:
            for upload in self._waiting:
                upload.cancel()
        # It is filed, so whoever asked is told so: `sweep` does what is left to do.
        with contextlib.suppress(TransientError):
            self._keep_locked()

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        """Read as of now. See `Store.moment`."""
        with translated():
            self.db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            with contextlib.suppress(Exception):
                self.db.execute("ROLLBACK")

    def put(self, seq: int, raw: bytes | mmap, salt: bytes, recipients: Sequence[str]) -> str:
        """Seal and keep. See `Store.put`."""
        ct = seal(raw, recipients, tail=salt)
        self.put_sealed(seq, ct)
        return sha256(ct).hexdigest()

    def put_sealed(self, seq: int, ct: bytes) -> None:
        """Keep. See `Store.put_sealed`."""
        digest = sha256(ct).digest()
        if self._objects is None or self._pool is None:
            self._add_blob(seq, ct, digest, len(ct), None)
            return
        until = self._now + FIRST_MS
        self._waiting.append(self._pool.submit(self._objects.put, digest.hex(), ct, locked=until))
        self._fresh.append((seq, digest.hex()))
        self._add_blob(seq, None, digest, len(ct), until)

    def message(self, seq: int) -> bytes | None:
        """The sealed message. See `Store.message`."""
        rows = self.ask("SELECT ct, digest FROM blob WHERE seq = ?", seq)
        if not rows:
            return None
        ct, digest = rows[0]
        if ct is not None:
            return bytes(ct)
        if self._objects is None:
            raise RecordError(
                "a message lies in an object store that is not named",
                hint="Set blobs under [record] in guard.toml.",
            )
        return self._objects.get(digest.hex())

    def digest(self, seq: int) -> bytes:
        """SHA-256 of it. See `Store.digest`."""
        ct = self.message(seq)
        if ct is None:
            raise RecordError("a message is gone from its store")
        return sha256(ct).digest()

    def shred(self, seqs: Sequence[int]) -> None:
        """Destroy. See `Store.shred`. An object goes when its lock ends: `sweep`."""
        with translated():
            self.db.execute("UPDATE entry SET sealed = NULL WHERE seq = ANY(%s)", (list(seqs),))
            self.db.execute("DELETE FROM blob WHERE seq = ANY(%s)", (list(seqs),))

    def structure_faults(self) -> int:
        """None that guard looks for: pages are the business of the server's own checksums."""
        return 0

    def close(self) -> None:
        """Hang up."""
        if self._pool is not None:
            self._pool.shutdown()
        self.db.close()

    def claim(self, owner: str) -> None:
        """Make sure that the objects' place is nobody else's. See `Objects.claim`."""
        if self._objects is not None:
            self._objects.claim(owner)

    def sweep(self, now: int) -> tuple[int, int]:
        """Lengthen locks that end soon, and delete objects that belong to no row.

        Args:
            now: Milliseconds since 1970-01-01 UTC.

        Returns:
            How many were locked anew, and how many were deleted.

        Raises:
            BusyError: Another process is writing. Nothing was done.
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        if self._objects is None:
            return 0, 0
        soon = self.ask(
            "SELECT seq, digest FROM blob WHERE locked < ? ORDER BY seq", now + KEPT_MS - FIRST_MS
        )
        self._now, self._fresh = now, [(seq, digest.hex()) for seq, digest in soon]
        self._keep_locked()
        # Listed first: an object that is put meanwhile is not among them.
        listed = list(self._objects.loose(now))
        known = {digest.hex() for (digest,) in self.ask("SELECT digest FROM blob")}
        loose = [one for one in listed if one.name not in known]
        for one in loose:
            self._objects.delete(one)
        return len(soon), len(loose)

    def _add_blob(
        self, seq: int, ct: bytes | None, digest: bytes, size: int, locked: int | None
    ) -> None:
        with translated():
            self.db.execute(
                "INSERT INTO blob VALUES (%s, %s, %s, %s, %s)", (seq, ct, digest, size, locked)
            )

    def _keep_locked(self) -> None:
        """Lock what was just put for as long as it is to stay; a crash before is swept up."""
        fresh, self._fresh, self._waiting = self._fresh, [], []
        if not fresh or self._objects is None or self._pool is None:
            return
        until = self._now + KEPT_MS
        extend = self._objects.extend
        for done in [self._pool.submit(extend, name, locked=until) for _, name in fresh]:
            done.result()
        with translated():
            self.db.execute(
                "UPDATE blob SET locked = %s WHERE seq = ANY(%s)",
                (until, [seq for seq, _ in fresh]),
            )
