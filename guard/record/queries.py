"""What the record can be asked.

Pure but for the store and the keys it is given; reads only. One store, one thread. Nothing
here opens anything that is sealed.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from mmap import mmap
from pathlib import Path
from typing import Any

from guard.errors import RecordBrokenError, RecordError
from guard.record import durable
from guard.record.derive import Cell
from guard.record.entry import Cursor, Entry, Location
from guard.record.erasures import KINDS, Erasures
from guard.record.keys import Keys
from guard.record.note import Verifier
from guard.record.scanner import ScannerKey
from guard.record.store import Store

PAGE = 256
"""Rows read at a time: enough to be quick, few enough to be small and to let a writer in."""

COLUMNS = "seq, kind, item, owner, at, body, sealed, leaf"
"""Of an entry, as `entry_of` takes them."""


class Queries:
    """The half of the record that asks."""

    def __init__(self, store: Store, keys: Keys, folder: Path, scanner: ScannerKey | None) -> None:
        self._store = store
        self._scanner = scanner
        self.folder = folder
        self.keys = keys
        self._erasures: tuple[Any, Erasures] | None = None

    def moment(self) -> AbstractContextManager[None]:
        """Answer all that is asked meanwhile as of now, in a third of the time; nothing is added.

        Raises:
            RecordError: The disk would not.
        """
        return self._store.moment()

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """How far a folder has been filed; None when it never was."""
        # Read from the entry, not the table: a planted row would make mail be skipped.
        # One that fits no entry only means that the folder is gone through again.
        row = self._one(
            "SELECT body FROM entry JOIN cursor USING (seq)"
            " WHERE kind = 'cursor' AND account = ? AND folder = ?",
            account,
            folder,
        )
        fields = {} if row is None else json.loads(row[0])
        if (fields.get("account"), fields.get("folder")) != (account, folder):
            return None
        return Cursor(
            account=account,
            folder=folder,
            validity=fields["validity"],
            uid=fields["uid"],
            missing=tuple(fields["missing"]),
        )

    def tasks(self, name: str) -> list[int]:
        """Items that a task waits on, oldest first."""
        rows = self._all("SELECT item FROM task WHERE name = ? ORDER BY item", name)
        return [item for (item,) in rows]

    def locations(self, item: int) -> list[Location]:
        """Where a message has been seen, in order of filing, then of name and number."""
        rows = self._all(
            "SELECT account, folder, validity, uid FROM location WHERE item = ?"
            " ORDER BY seq, account, folder, validity, uid",
            item,
        )
        return [
            Location(account=account, folder=folder, validity=validity, uid=uid)
            for account, folder, validity, uid in rows
        ]

    def shown(self, account: str, folder: str, validity: int) -> dict[int, int]:
        """UID to item of everything that was ever filed from a folder."""
        rows = self._all(
            "SELECT uid, item FROM location WHERE account = ? AND folder = ? AND validity = ?",
            account,
            folder,
            validity,
        )
        return dict(rows)

    def item_at(self, place: Location) -> int | None:
        """The item that was filed from a place; None when none was."""
        where = (place.account, place.folder, place.validity, place.uid)
        rows = self._all(
            "SELECT location.item, body FROM location JOIN entry USING (seq)"
            " WHERE account = ? AND folder = ? AND validity = ? AND uid = ?",
            *where,
        )
        # A planted row would make a letter be skipped, so the entry itself must say so.
        for item, body in rows:
            fields = json.loads(body)
            if fields.get("item") == item and list(where) in fields.get("locations", ()):
                return int(item)
        return None

    def holding(self, account: str, raw: bytes | mmap) -> int | None:
        """The item that holds these very bytes; None when they were never filed.

        Raises:
            RecordError: `scanner.key` is missing, which alone knows content again.
        """
        if self._scanner is None:
            raise RecordError("content cannot be looked up without scanner.key")
        return self._holder(self._scanner.content(account, raw))

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """The newest entry of a kind, about an item or an owner if given; None if none is."""
        asked = [("kind", kind), ("item", item), ("owner", owner)]
        given = [(column, value) for column, value in asked if value is not None]
        where = " AND ".join(f"{column} = ?" for column, _ in given)
        row = self._one(
            f"SELECT {COLUMNS} FROM entry WHERE {where} ORDER BY seq DESC LIMIT 1",  # noqa: S608 - names of our own columns
            *(value for _, value in given),
        )
        return None if row is None else entry_of(row)

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Every entry of a kind, oldest first: for kinds of few.

        Args:
            kind: One word.
            owner: Only what is about this owner; None: about anybody.
            since: Only those filed at this time or later, milliseconds since 1970-01-01 UTC.
        """
        where = "kind = ?" + ("" if owner is None else " AND owner = ?")
        given = (kind,) if owner is None else (kind, owner)
        if since:
            # Time never runs back, so the last one before it is soon found from the end; to
            # compare every time there is would take longer with every year.
            before = f"SELECT seq FROM entry WHERE {where} AND at < ? ORDER BY seq DESC LIMIT 1"  # noqa: S608 - as below
            where += f" AND seq > COALESCE(({before}), -1)"
            given = (*given, *given, since)
        query = f"SELECT {COLUMNS} FROM entry WHERE {where} ORDER BY seq"  # noqa: S608 - our own columns
        return [entry_of(row) for row in self._all(query, *given)]

    def about(self, item: int) -> list[Entry]:
        """Everything the record says about an item, oldest first."""
        query = f"SELECT {COLUMNS} FROM entry WHERE item = ? ORDER BY seq"  # noqa: S608 - our own columns
        return [entry_of(row) for row in self._all(query, item)]

    def erasures(self) -> Erasures:
        """What her orders say; read anew only when there is a new one."""
        # Subqueries, because MAX over a list of kinds would walk all of them.
        [row] = self._all(
            "SELECT (SELECT MAX(seq) FROM entry WHERE kind = 'shredded'),"
            " (SELECT MAX(seq) FROM entry WHERE kind = 'orderer'),"
            " (SELECT MAX(seq) FROM entry WHERE kind = 'rekeyed'),"
            " (SELECT MAX(seq) FROM entry WHERE kind = 'granted'),"
            " (SELECT MAX(seq) FROM entry WHERE kind = 'revoked')"
        )
        if self._erasures is None or self._erasures[0] != row:
            query = f"SELECT {COLUMNS} FROM entry WHERE kind IN (?, ?, ?, ?, ?, ?) ORDER BY seq"  # noqa: S608 - our own columns
            self._erasures = (row, Erasures(map(entry_of, self._all(query, *KINDS))))
        return self._erasures[1]

    def held(self, owner: str) -> bool:
        """Whether nothing of an owner may be destroyed: a legal hold stands."""
        held, released = self.latest("held", owner=owner), self.latest("released", owner=owner)
        return held is not None and (released is None or released.seq < held.seq)

    def owners_named(self, text: str) -> tuple[str, ...]:
        """Owners that a text leads to, sorted.

        Raises:
            RecordError: `scanner.key` is missing, which alone knows names again.
        """
        rows = self._all("SELECT owner FROM name WHERE mac = ? ORDER BY owner", self.code(text))
        return tuple(owner for (owner,) in rows)

    def code(self, text: str) -> bytes:
        """Identity of a text, 32 bytes, that nobody can test a guess against without our key.

        Raises:
            RecordError: `scanner.key` is missing, which alone knows names again.
        """
        if self._scanner is None:
            raise RecordError("names cannot be looked up without scanner.key")
        return self._scanner.name(text)

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """All entries from number `since` on, in order. Memory stays flat, no lock is held."""
        query = f"SELECT {COLUMNS} FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?"  # noqa: S608 - our own columns
        while rows := self._all(query, since, PAGE):
            for row in rows:
                yield entry_of(row)
            since = after(rows[-1][0], since)

    def entry(self, seq: int) -> Entry:
        """One entry.

        Raises:
            RecordError: There is no such entry.
        """
        row = self._one(f"SELECT {COLUMNS} FROM entry WHERE seq = ?", seq)  # noqa: S608 - our own columns
        if row is None:
            raise RecordError(f"there is no entry {seq}", hint="Numbers: guard record show")
        return entry_of(row)

    def blob(self, seq: int) -> bytes:
        """The sealed message of a `filed` entry, an age file.

        Raises:
            RecordBrokenError: It is missing.
        """
        ct = self._store.message(seq)
        if ct is None:
            raise RecordBrokenError(f"entry {seq} holds no message")
        return ct

    def head(self) -> str:
        """The newest checkpoint, a signed note: what a witness keeps."""
        note: str = self._newest()[2]
        return note

    def size(self) -> int:
        """Number of entries."""
        size: int = self._newest()[0]
        return size

    def keyed_owners(self) -> list[str]:
        """Every owner that ever had keys, sorted."""
        rows = self._all("SELECT DISTINCT owner FROM entry WHERE kind = 'keyed' ORDER BY owner")
        return [owner for (owner,) in rows]

    def active_owners(self) -> tuple[str, ...]:
        """Owners whose keys are in use: keyed, and not erased since; sorted."""
        end = self.erasures().end
        keyed = ((owner, self.latest("keyed", owner=owner)) for owner in self.keyed_owners())
        return tuple(owner for owner, one in keyed if one and one.seq >= end(owner))

    def verifier(self) -> Verifier:
        """The public key that checkpoints are checked with, from `vkey.txt`.

        Raises:
            RecordError: The file is missing or damaged.
        """
        try:
            return Verifier.decode(durable.read(self.folder / "vkey.txt").decode())
        except (OSError, ValueError):
            raise RecordError(
                "vkey.txt is missing or damaged", hint="Restore it from the last backup."
            ) from None

    def _holder(self, mac: bytes) -> int | None:
        """The item that holds a content; None when it is not in the record."""
        row = self._one("SELECT item FROM content WHERE mac = ?", mac)
        if row is None:
            return None
        # A planted row would keep a mail out of the record for ever.
        kept = self._one("SELECT body FROM entry WHERE seq = ? AND kind = 'filed'", row[0])
        return row[0] if kept is not None and mac.hex().encode() in kept[0] else None

    def _newest(self) -> Any:  # noqa: ANN401 - a row of (int, bytes, str)
        row = self._one("SELECT size, frontier, note FROM checkpoint ORDER BY size DESC LIMIT 1")
        if row is None:
            raise RecordBrokenError("the record has no checkpoint")
        return row

    def _one(self, query: str, *values: Cell | None) -> Any:  # noqa: ANN401 - a row, or None
        rows = self._store.ask(query, *values)
        return rows[0] if rows else None

    def _all(self, query: str, *values: Cell | None) -> list[Any]:
        return self._store.ask(query, *values)


def after(last: int, asked: int) -> int:
    """Where to read on, after a page that began at `asked` and ended with `last`.

    Raises:
        RecordError: The rows are not in the order that was asked for.
    """
    # A damaged tree can give rows that were not asked for, again and again.
    if last < asked:
        raise RecordError("the database is damaged", hint="Restore the last backup.")
    return last + 1


def entry_of(row: tuple[Any, ...]) -> Entry:
    """The entry that a row of `COLUMNS` tells of."""
    seq, kind, item, owner, at, body, sealed, leaf = row
    return Entry(
        seq=seq, kind=kind, item=item, owner=owner, at=at, body=body, sealed=sealed, leaf=leaf
    )
