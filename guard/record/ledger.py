"""Adding to the record: content, entries and signed checkpoint, in one transaction.

Pure but for the store and the keys that it is given. It can add and cannot read: it holds
public keys only. One store, one thread. Source: FORMAT.md.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from guard.errors import RecordBrokenError, RecordError
from guard.record import rekey
from guard.record.batch import Batch, Random
from guard.record.copying import Copying
from guard.record.derive import changes
from guard.record.entry import (
    JSON,
    SALT_BYTES,
    Cursor,
    Fact,
    Filed,
    Incoming,
    Location,
    Sighting,
)
from guard.record.keys import Keys
from guard.record.log import Frontier
from guard.record.note import Verifier
from guard.record.scanner import ScannerKey
from guard.record.schema import DERIVED, FORMAT
from guard.record.seal import seal
from guard.record.store import Store


class Record(Copying):
    """The legal record of one practice."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        folder: Path,
        *,
        scanner: ScannerKey | None,
        random: Random,
        readonly: bool = False,
    ) -> None:
        """Use an open store.

        Args:
            store: Holds the rows and the sealed messages.
            keys: Of the owners.
            folder: What else belongs to the record on this machine.
            scanner: Signs; None when the record is only read.
            random: Source of the salts.
            readonly: Nothing can be added.
        """
        super().__init__(store, keys, folder, scanner)
        self._random = random
        self._readonly = readonly

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, now: int, orderer: Callable[[str], Verifier] | None) -> None:
        """File the first entry, which says whose record it is."""
        assert self._scanner is not None
        vkey = self._scanner.verifier.encode()
        masters = self.keys.masters()
        fields: dict[str, JSON] = {"format": FORMAT, "recipients": masters, "vkey": vkey}
        if orderer is not None:
            fields["orders"] = orderer(self._scanner.verifier.name).encode()
        batch = Batch(
            self._store,
            self._scanner,
            frontier=Frontier(),
            now=now,
            last=now,
            random=self._random,
        )
        batch.add("created", fields)
        batch.sign()

    def file(self, mails: Sequence[Incoming], *, cursor: Cursor | None, now: int) -> list[Filed]:
        """File messages and move the cursor, in one transaction; durable on return.

        Filing the same again changes nothing, or adds an `again` entry for a new location.

        Args:
            mails: Any number; some hundreds of them at a time are quickest.
            cursor: Where the folder stands once they are filed.
            now: Milliseconds since 1970-01-01 UTC.

        Returns:
            What became of each, in order.

        Raises:
            BusyError: Another process is writing. Nothing was filed.
            RecordError: Nothing was filed.
            RecordBrokenError: A key in `keys/` is not the one in the record.
        """
        with self._batch(now) as batch:
            filed = [self._file(batch, mail) for mail in mails]
            if cursor is not None and cursor != self.cursor(cursor.account, cursor.folder):
                fields: dict[str, JSON] = {
                    "account": cursor.account,
                    "folder": cursor.folder,
                    "validity": cursor.validity,
                    "uid": cursor.uid,
                    "missing": cursor.missing,
                }
                batch.add("cursor", fields)
        return filed

    def sight(self, sightings: Sequence[Sighting], *, now: int) -> None:
        """Note where else messages of the record are shown, in one transaction.

        Args:
            sightings: Places that are known already add nothing.
            now: Milliseconds since 1970-01-01 UTC.

        Raises:
            BusyError: Another process is writing. Nothing was added.
            RecordError: Nothing was added.
        """
        with self._batch(now) as batch:
            for one in sightings:
                self._again(batch, one)

    def append(self, facts: Sequence[Fact], *, now: int) -> list[int]:
        """Add facts, in one transaction; durable on return.

        Args:
            facts: Any number, in order.
            now: Milliseconds since 1970-01-01 UTC.

        Returns:
            The number of each entry.

        Raises:
            ValueError: A fact is about an item that is not in the record.
            BusyError: Another process is writing. Nothing was added.
            RecordError: Nothing was added.
        """
        with self._batch(now) as batch:
            return [self._append(batch, fact) for fact in facts]

    def key_owner(self, owner: str, *, now: int) -> None:
        """Make an owner's keys, unless there are some; `file` and `append` do it by themselves.

        Raises:
            BusyError: Another process is writing. Nothing was done.
            RecordError: The disk would not.
        """
        with self._batch(now) as batch:
            self._recipients(batch, [owner])

    def writing(self, now: int) -> AbstractContextManager[Batch]:
        """Open one transaction; it is signed and durable when the context ends well.

        Raises:
            BusyError: Another process is writing. Nothing was added.
            RecordError: Nothing was added.
        """
        return self._batch(now)

    def rebuild(self) -> None:
        """Make the derived tables anew from the entries, in one transaction.

        Raises:
            BusyError: Another process is writing. Nothing was changed.
            RecordError: Nothing was changed.
        """
        with self._batch(0):
            for table in DERIVED:
                self._store.do(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
            for entry in self.entries():
                for change in changes(entry.fields):
                    self._store.change(change)

    def _file(self, batch: Batch, mail: Incoming) -> Filed:
        mac = batch.scanner.content(mail.account, mail.raw)
        item = self._holder(mac)
        if item is None:
            return Filed(item=self._file_new(batch, mail, mac), new=True)
        seen = Sighting(
            item=item,
            locations=mail.locations,
            direction=mail.direction,
            received=mail.received,
        )
        self._again(batch, seen)
        return Filed(item=item, new=False)

    def _again(self, batch: Batch, seen: Sighting) -> None:
        known = set(self.locations(seen.item))
        where = [place for place in dict.fromkeys(seen.locations) if place not in known]
        if where:
            batch.add("again", _seen(seen, where) | {"item": seen.item})

    def _file_new(self, batch: Batch, mail: Incoming, mac: bytes) -> int:
        recipients = self._recipients(batch, mail.owners)
        salt = self._random(SALT_BYTES)
        item = batch.size
        blob = self._store.put(item, mail.raw, salt, recipients)
        commitment = sha256(salt)
        commitment.update(mail.raw)
        fields = _seen(mail, list(dict.fromkeys(mail.locations))) | {
            "item": item,
            "owner": mail.owners[0],
            "owners": mail.owners,
            "size": len(mail.raw),
            "content": mac.hex(),
            "blob": blob,
            "commitment": commitment.hexdigest(),
        }
        if mail.opens:
            fields["opens"] = mail.opens
        return batch.add("filed", fields)

    def _append(self, batch: Batch, fact: Fact) -> int:
        if fact.item is not None and not self._one(
            "SELECT 1 FROM entry WHERE seq = ? AND kind = 'filed'", fact.item
        ):
            raise ValueError("there is no such item")
        sealed = None
        if fact.secret is not None:
            sealed = seal(fact.secret, self._recipients(batch, fact.owners))
        fields: dict[str, JSON] = {
            "item": fact.item,
            "owner": fact.owner,
            "body": fact.body,
            "owners": fact.owners,
            "opens": fact.opens,
            "closes": fact.closes,
            "names": [batch.scanner.name(text).hex() for text in fact.names],
            "unnames": [batch.scanner.name(text).hex() for text in fact.unnames],
        }
        given = {name: value for name, value in fields.items() if value not in (None, (), [], {})}
        return batch.add(fact.kind, given, sealed)

    def _recipients(self, batch: Batch, owners: Sequence[str]) -> list[str]:
        for owner in owners:
            if owner not in batch.recipients:
                batch.recipients[owner] = self._recipient(batch, owner)
        return [batch.recipients[owner] for owner in owners]

    def _recipient(self, batch: Batch, owner: str) -> str:
        keyed = self.latest("keyed", owner=owner)
        found = self.keys.recipient(owner)
        if keyed is not None and keyed.seq >= self.erasures().end(owner):
            if found is None:
                # Making a new one silently would hide that the folder was lost.
                raise RecordError(
                    "a key that the record knows is not in keys/",
                    hint="Restore the folder keys/ from its backup.",
                )
            if found != keyed.fields["recipient"]:
                raise RecordBrokenError("a public key in keys/ is not the one in the record")
            return found
        if keyed is not None and found == keyed.fields["recipient"]:
            # A crash came between the `shredded` entry and the destruction.
            self.keys.destroy(owner)
        recipient = self.keys.create_owner(owner)
        batch.add("keyed", {"owner": owner, "recipient": recipient})
        return recipient

    def settle(self) -> None:
        """Finish a change of readers that is filed; `open` does it too.

        Raises:
            RecordError: The disk would not.
        """
        self._settle(writing=False)

    def _settle(self, *, writing: bool) -> None:
        if rekey.pending(self.keys):
            rekey.settle(self.keys, self.erasures().readers, writing=writing)

    @contextlib.contextmanager
    def _batch(self, now: int) -> Iterator[Batch]:
        if self._scanner is None or self._readonly:
            raise RecordError("this record was opened to be read only")
        try:
            with self._store.transaction(now):
                self._settle(writing=True)
                batch = self._batch_at(self._scanner, now)
                yield batch
                batch.sign()
        except BaseException:
            # It may have been read from entries that now never were.
            self._erasures = None
            raise

    def _batch_at(self, scanner: ScannerKey, now: int) -> Batch:
        size, peaks, _ = self._newest()
        last = self._one("SELECT at FROM entry WHERE seq = ?", size - 1)
        try:
            frontier = Frontier.decode(size, peaks)
            return Batch(
                self._store,
                scanner,
                frontier=frontier,
                now=now,
                last=last[0],
                random=self._random,
            )
        except (ValueError, TypeError):
            raise RecordBrokenError("the head of the record is damaged") from None


def _seen(mail: Incoming | Sighting, where: Sequence[Location]) -> dict[str, JSON]:
    return {
        "direction": mail.direction,
        "received": mail.received,
        "locations": [(at.account, at.folder, at.validity, at.uid) for at in where],
    }
