"""The values of the record: what goes in, what comes out, and their canonical bytes.

Pure. The record knows bytes, not mail: a mail is `Incoming`, anything learned or done
later is a `Fact`, and both become an `Entry`. Source of the byte rules: FORMAT.md.
"""

import json
import re
from collections.abc import Mapping, Sequence
from mmap import mmap
from typing import Any, TypeAlias

import msgspec

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""What may stand in a body. Floats only where a reader need not recompute them exactly."""

UNSORTED = "unsorted"
"""Owner of every message whose client is not known (yet). Its key is made by init."""

DIRECTIONS = ("in", "out", "junk")
"""Received, sent by the practice, found in Junk. Filed, so the words never change meaning."""

RESERVED = frozenset(
    {
        *("created", "rekeyed", "keyed", "filed", "again", "cursor", "shredded", "orderer"),
        *("dropped", "granted", "revoked"),
    }
)
"""Kinds that only the record itself writes."""

SALT_BYTES = 32
"""Length of what the commitment to a message is salted with."""

_OWNER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_INTEGER_END = 2**63


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(value: Mapping[str, JSON]) -> bytes:
    """Encode as the record's canonical JSON: sorted keys, no spaces, ASCII only.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    # ASCII, so that no reader's idea of Unicode, its order or its forms can matter.
    return _encode(value).encode()


def check_owner(owner: str) -> None:
    """Refuse a name that cannot be an owner: it becomes a file name.

    Raises:
        ValueError: Not 1 to 64 of a-z, 0-9, ``_``, ``-``, or not led by a letter or digit.
    """
    if not _OWNER.fullmatch(owner):
        raise ValueError("an owner is 1 to 64 of a-z, 0-9, _ and -")


def _check_words(words: Sequence[str]) -> None:
    if not all(_WORD.fullmatch(word) for word in words):
        raise ValueError("kinds and tasks are words of a-z, 0-9, _, . and -")


def _check_integers(*numbers: int) -> None:
    if not all(0 <= number < _INTEGER_END for number in numbers):
        raise ValueError("numbers of the record lie in 0..2^63-1")


def _check_texts(*texts: str) -> None:
    # `encode` would raise an error that quotes the text.
    if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
        raise ValueError("account and folder are whole Unicode, without lone surrogates")


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server showed a message (RFC 9051 section 2.3.1.1)."""

    account: str
    """Name of the mailbox account, as the settings have it."""

    folder: str
    """Folder name, decoded; empty where `uid` is the provider's number for the whole account."""

    validity: int
    """UIDVALIDITY."""

    uid: int
    """UID; in the whole account Gmail's X-GM-MSGID."""

    def __post_init__(self) -> None:
        _check_integers(self.validity, self.uid)
        _check_texts(self.account, self.folder)


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One message to file, byte for byte."""

    raw: bytes | mmap
    """Exactly what the server delivered; a map when it is huge."""

    locations: tuple[Location, ...]
    """Where it was seen, all of one account; none for a letter of ours not yet sent."""

    owners: tuple[str, ...]
    """Whose keys seal it; at least one. ``unsorted`` when unknown."""

    direction: str
    """``in``, ``out`` or ``junk``."""

    received: int
    """INTERNALDATE, milliseconds since 1970-01-01 UTC."""

    opens: tuple[str, ...] = ()
    """Tasks that wait on this item from now on, such as ``judge``."""

    account: str = ""
    """The account that all locations share; needed only where there is none."""

    def __post_init__(self) -> None:
        accounts = {location.account for location in self.locations} | {self.account} - {""}
        if len(accounts) != 1:
            raise ValueError("a mail belongs to one account")
        msgspec.structs.force_setattr(self, "account", accounts.pop())
        if not self.owners or len(set(self.owners)) != len(self.owners):
            raise ValueError("a mail has at least one owner, each named once")
        for owner in self.owners:
            check_owner(owner)
        if self.direction not in DIRECTIONS:
            raise ValueError("a direction is in, out or junk")
        _check_words(self.opens)


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is in the record already, shown somewhere else by the server."""

    item: int
    """As the record numbers it."""

    locations: tuple[Location, ...]
    """Where it was seen."""

    direction: str
    """``in``, ``out`` or ``junk``."""

    received: int
    """INTERNALDATE, milliseconds since 1970-01-01 UTC."""

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise ValueError("a direction is in, out or junk")


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one `Incoming`."""

    item: int
    """Number of the `filed` entry that holds the content."""

    new: bool
    """False when the same content was already in the record for this account."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a folder has been filed."""

    account: str
    """As in `Location`."""

    folder: str
    """As in `Location`."""

    validity: int
    """UIDVALIDITY that `uid` belongs to."""

    uid: int
    """Highest UID that has been dealt with."""

    missing: tuple[int, ...] = ()
    """UIDs up to `uid` that the server listed and did not deliver; tried again."""

    def __post_init__(self) -> None:
        _check_integers(self.validity, self.uid, *self.missing)
        _check_texts(self.account, self.folder)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something learned, decided or done, to be added to the record."""

    kind: str
    """One word, such as ``judged``; none of `RESERVED`."""

    item: int | None = None
    """The message it is about."""

    owner: str | None = None
    """The owner it is about."""

    body: Mapping[str, JSON] = msgspec.field(default_factory=dict)
    """Public: no name, address, subject or sentence may stand here."""

    secret: bytes | None = None
    """Sealed to `owners`; anything personal."""

    owners: tuple[str, ...] = ()
    """Whose keys seal `secret`."""

    opens: tuple[str, ...] = ()
    """Tasks that wait on `item` from now on."""

    closes: tuple[str, ...] = ()
    """Tasks that no longer wait on `item`."""

    names: tuple[str, ...] = ()
    """Texts (addresses, normalised by the caller) by which `owner` is found from now on."""

    unnames: tuple[str, ...] = ()
    """Texts by which `owner` is no longer found."""

    def __post_init__(self) -> None:
        _check_words((self.kind, *self.opens, *self.closes))
        if self.kind in RESERVED:
            raise ValueError("this kind is written by the record alone")
        if (self.opens or self.closes) and self.item is None:
            raise ValueError("tasks wait on an item")
        if (self.names or self.unnames) and self.owner is None:
            raise ValueError("names lead to an owner")
        if (self.secret is None) != (not self.owners):
            raise ValueError("a secret has owners, and owners have a secret")
        for owner in (*self.owners, *((self.owner,) if self.owner is not None else ())):
            check_owner(owner)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as the record holds it. Nothing here is checked: that is `verify`'s work."""

    seq: int
    """Position in the log, from 0."""

    kind: str
    """Copy of the body's ``kind``."""

    item: int | None
    """Copy of the body's ``item``; of a `filed` entry its own number."""

    owner: str | None
    """Copy of the body's ``owner``; of a `filed` entry its first owner."""

    at: int
    """Milliseconds since 1970-01-01 UTC; never less than that of the entry before."""

    body: bytes
    """Canonical JSON; public; what the log hashes."""

    sealed: bytes | None
    """age file of the secret part."""

    leaf: bytes = b""
    """SHA-256(0x00 || body) as stored beside it, 32 bytes."""

    @property
    def fields(self) -> dict[str, Any]:
        """The whole body, decoded."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def data(self) -> dict[str, Any]:
        """What the `Fact` had as its `body`; empty for the record's own kinds."""
        inner: dict[str, Any] = self.fields.get("body", {})
        return inner
