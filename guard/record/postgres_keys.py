"""The key files in two tables of their own schema: public ones, and sealed ones.

Edge, through the store's connection: a key belongs to the transaction that files it, so that
no crash leaves one without the other. The scanner's role may add sealed files and not read
them. Source: FORMAT.md, "PostgreSQL and S3".
"""

import contextlib
from collections.abc import Iterator
from typing import Self

from guard.errors import RecordError
from guard.record.key_folder import STAGING
from guard.record.postgres_store import PostgresStore

_KEYS = "keys"
_BOTH = (
    "(SELECT place, name FROM guard_keys.public UNION ALL"
    " SELECT place, name FROM guard_keys.sealed) AS files"
)


class KeyTables:
    """Keeps the promises of `guard.record.key_folder.KeyPlace`."""

    together = True

    def __init__(self, store: PostgresStore, place: str = _KEYS) -> None:
        self._store = store
        self._place = place

    def read(self, name: str) -> bytes | None:
        """A file. See `KeyPlace.read`."""
        query = f"SELECT data FROM {_table(name)} WHERE place = ? AND name = ?"  # noqa: S608 - our own names
        rows = self._store.ask(query, self._place, name)
        return bytes(rows[0][0]) if rows else None

    def write(self, name: str, data: bytes) -> None:
        """Put it in place. See `KeyPlace.write`."""
        table, where = _table(name), "WHERE place = ? AND name = ?"
        if self.has(name):
            self._store.do(
                f"UPDATE {table} SET data = ? {where}",  # noqa: S608 - our own names
                *(data, self._place, name),
            )
        else:
            # Not an upsert, for which the scanner's role would need the right to replace.
            self._store.do(
                f"INSERT INTO {table} VALUES (?, ?, ?)",  # noqa: S608 - our own names
                *(self._place, name, data),
            )

    def remove(self, *names: str) -> None:
        """Destroy. See `KeyPlace.remove`."""
        for name in names:
            if self.has(name):
                self._store.do(
                    f"DELETE FROM {_table(name)} WHERE place = ? AND name = ?",  # noqa: S608 - our own names
                    *(self._place, name),
                )

    def names(self) -> list[str]:
        """All names. See `KeyPlace.names`."""
        query = f"SELECT name FROM {_BOTH} WHERE place = ? ORDER BY name"  # noqa: S608 - our own names
        return [name for (name,) in self._store.ask(query, self._place)]

    def has(self, *names: str) -> bool:
        """Whether any is there. See `KeyPlace.has`."""
        query = f"SELECT 1 FROM {_BOTH} WHERE place = ? AND name = ?"  # noqa: S608 - our own names
        return any(self._store.ask(query, self._place, name) for name in names)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others out. See `KeyPlace.alone`."""
        if self._store.writing:
            yield
        else:
            with self._store.transaction(0):
                yield

    def staging(self) -> Self:
        """The second set. See `KeyPlace.staging`."""
        return type(self)(self._store, STAGING)

    def exists(self) -> bool:
        """Whether it is there. See `KeyPlace.exists`."""
        return bool(self.names())

    def make(self) -> None:
        """Nothing to do but to make sure. See `KeyPlace.make`."""
        if self.exists():
            raise RecordError("there are keys here already")

    def prepare(self) -> None:
        """Nothing to do. See `KeyPlace.prepare`."""

    def discard(self) -> None:
        """Destroy it. See `KeyPlace.discard`."""
        self.remove(*self.names())

    def take_over(self, *names: str) -> None:
        """Move files here. See `KeyPlace.take_over`."""
        self.remove(*names)
        for name in names:
            self._store.do(
                f"UPDATE {_table(name)} SET place = ? WHERE place = ? AND name = ?",  # noqa: S608 - our own names
                *(self._place, STAGING, name),
            )


def _table(name: str) -> str:
    return "guard_keys.sealed" if name.endswith(".age") else "guard_keys.public"
