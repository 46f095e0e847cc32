"""Opening what is sealed, with her identity, and checking that it is what was filed.

Pure over the record and its keys: reads, never writes, keeps nothing on disk.
Source: FORMAT.md, "Sealed parts".
"""

import json
from hashlib import sha256
from typing import Any

from guard.errors import LockedError, RecordBrokenError, RecordError
from guard.record.entry import SALT_BYTES, Entry
from guard.record.queries import Queries
from guard.record.seal import Identity, unseal


class Reader:
    """Reads one record for somebody who has unlocked it."""

    def __init__(self, record: Queries, identity: Identity) -> None:
        self._record = record
        self._identity = identity
        self._known: dict[str, tuple[Identity, ...]] = {}

    def of(self, record: Queries) -> "Reader":
        """Return a reader of the same record, opened anew."""
        return Reader(record, self._identity)

    @property
    def identity(self) -> Identity:
        """Hers, as it was unlocked."""
        return self._identity

    def raw(self, item: int) -> bytes:
        """The message, byte for byte as the server delivered it.

        Raises:
            RecordError: As `salted`.
            RecordBrokenError: As `salted`.
            LockedError: As `salted`.
        """
        return self.salted(item)[0]

    def salted(self, item: int) -> tuple[bytes, bytes]:
        """A message, and what its commitment is salted with; with both a guess can be tested.

        Raises:
            RecordError: There is no such item, or its keys were destroyed.
            RecordBrokenError: It is not what was filed.
            LockedError: This identity does not open this record.
        """
        entry = self._record.entry(item)
        if entry.kind != "filed":
            raise RecordError(f"entry {item} is not a message", hint="Numbers: guard record show")
        fields = _fields(entry)
        if self._record.erasures().covers(fields):
            raise RecordError(f"the message of entry {item} was erased by your order")
        ct = self._record.blob(item)
        if sha256(ct).hexdigest() != fields.get("blob"):
            raise RecordBrokenError(f"the message of entry {item} was changed")
        opened = self._open(entry, ct)
        del ct
        if "sealed" in fields:
            # Until format 2 the salt was sealed beside the message.
            raw, salt = opened, _salt(self.secret(item), item)
        else:
            raw, salt = opened[:-SALT_BYTES], opened[-SALT_BYTES:]
        commitment = sha256(salt)
        commitment.update(raw)
        if len(salt) != SALT_BYTES or commitment.hexdigest() != fields.get("commitment"):
            raise RecordBrokenError(f"the message of entry {item} is not the one committed to")
        return raw, salt

    def secret(self, seq: int) -> bytes:
        """The sealed part of an entry.

        Raises:
            RecordError: It has none, or its keys were destroyed.
            RecordBrokenError: It is not what was filed.
            LockedError: This identity does not open this record.
        """
        entry = self._record.entry(seq)
        if entry.sealed is None:
            gone = self._record.erasures().covers(_fields(entry))
            why = "was erased by your order" if gone else "has no sealed part"
            raise RecordError(f"entry {seq} {why}")
        if sha256(entry.sealed).hexdigest() != _fields(entry).get("sealed"):
            raise RecordBrokenError(f"the sealed part of entry {seq} was changed")
        return self._open(entry, entry.sealed)

    def readable(self, entry: Entry) -> bool:
        """Whether any key that opens the entry still exists.

        Raises:
            LockedError: This identity does not open this record.
            RecordError: A key file cannot be read.
        """
        return bool(self._keys(entry))

    def _open(self, entry: Entry, sealed: bytes) -> bytes:
        keys = self._keys(entry)
        if not keys:
            raise RecordError(
                f"the keys of entry {entry.seq} were destroyed, or are not in keys/",
                hint="If nobody asked for erasure, restore keys/ from its backup.",
            )
        try:
            return unseal(sealed, keys)
        except LockedError:
            # The keys are the owner's and the digest fits, so it was sealed to others.
            raise RecordBrokenError(f"entry {entry.seq} is sealed to foreign keys") from None

    def _keys(self, entry: Entry) -> list[Identity]:
        owners = [str(owner) for owner in _fields(entry).get("owners", ())]
        # The key of today came after the order that destroyed the one before.
        ends = self._record.erasures().end
        alive = [owner for owner in owners if entry.seq >= ends(owner)]
        return [key for owner in alive for key in self._secrets(owner)]

    def _secrets(self, owner: str) -> tuple[Identity, ...]:
        if owner not in self._known:
            self._known[owner] = self._record.keys.secrets(owner, self._identity)
        return self._known[owner]


def _fields(entry: Entry) -> dict[str, Any]:
    try:
        fields = entry.fields
    except (ValueError, RecursionError):
        fields = {}
    if not isinstance(fields, dict) or not isinstance(fields.get("owners", []), list):
        raise RecordBrokenError(f"the body of entry {entry.seq} was changed")
    return fields


def _salt(secret: bytes, item: int) -> bytes:
    try:
        return bytes.fromhex(json.loads(secret)["salt"])
    except (ValueError, KeyError, TypeError):
        raise RecordBrokenError(f"the sealed part of entry {item} holds no salt") from None
