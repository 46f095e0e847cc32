"""Who is a client: what the record is told when one is added or changed.

Pure. Name, addresses and birthday are sealed to the client's own key; the unattended scan finds
a client by keyed digests of the addresses only, and knows of them what `Known` says (FORMAT.md
says what that does not hide).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Protocol

import msgspec
from msgspec.structs import replace

from guard.record.entry import JSON, Entry, Fact

KIND = "client"
GONE = "taken-back"
"""Stands in the newest entry about whoever is no client after all."""

_ADDRESS = re.compile(r"[^\s@<>\",;:]{1,64}@[^\s@<>\",;:]{1,255}")


class Relation(Enum):
    """What somebody is to the practice. The values are filed, so they never change meaning."""

    CLIENT = "client"
    COUPLE = "couple"
    """Two people in therapy together: one record."""

    PARENT = "parent"
    """Writes about a minor, whose record it is."""

    PROFESSIONAL = "professional"
    """A doctor, a school, a solicitor, a colleague."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What stands of a client in clear, because the unattended scan must act on it."""

    automatic: bool = True
    """False: no automatic mail, ever."""

    kind: Relation = Relation.CLIENT
    """What they are to the practice."""

    ended: str = ""
    """Last day of therapy, ISO 8601; it may lie ahead. Empty: it goes on."""

    about: tuple[str, ...] = ()
    """Ids of the clients in whose record their mail belongs; empty: their own."""

    together: bool = False
    """A couple with a single address: both read it."""

    language: str = ""
    """In which language guard writes to them, such as ``cy``; empty: the practice's."""

    def former(self, today: date) -> bool:
        """Whether therapy has ended by this day."""
        return bool(self.ended) and self.ended <= today.isoformat()


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the practice writes with, as the therapist knows them; sealed."""

    id: str
    """Pseudonymous; stands in the record in clear."""

    name: str
    """As she calls them."""

    addresses: tuple[str, ...]
    """Every address they write from, normalised."""

    automatic: bool = True
    """False: no automatic mail, ever (a shared mailbox, an unsafe home)."""

    kind: Relation = Relation.CLIENT
    """What they are to the practice. A former client is one whose therapy has `ended`."""

    ended: str = ""
    """Last day of therapy, ISO 8601; it may lie ahead. Empty: it goes on."""

    born: str = ""
    """Birthday, ISO 8601, for how long a minor's record is kept; empty if it does not matter."""

    about: tuple[str, ...] = ()
    """Ids of the clients in whose record their mail belongs: a parent's child."""

    language: str = ""
    """In which language guard writes to them, such as ``cy``; empty: the practice's."""

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("a client has at least one address")

    @property
    def known(self) -> Known:
        """What of it stands in clear."""
        return Known(
            automatic=self.automatic,
            kind=self.kind,
            ended=self.ended,
            about=self.about,
            together=self.kind is Relation.COUPLE and len(self.addresses) == 1,
            language=self.language,
        )


def normalise(address: str) -> str:
    """Return an address as it is compared: lower case, the domain in its ASCII form.

    Local parts are case-sensitive by RFC 5321 section 2.4, but no mailbox provider keeps two
    people apart by case alone, and a client's telephone capitalises the first letter.

    Raises:
        ValueError: It is not an address.
    """
    text = unicodedata.normalize("NFC", address.strip())
    if not _ADDRESS.fullmatch(text):
        raise ValueError("this is not an e-mail address")
    local, _, domain = text.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = domain
    return f"{local}@{ascii_domain}".lower()


def day(text: str) -> str:
    """Return a date as it is kept, ISO 8601 such as ``2026-07-31``; empty stays empty.

    Raises:
        ValueError: It is not a date.
    """
    text = text.strip()
    try:
        plain = not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        plain = False
    if not plain:
        # Python also takes 20260731 and 2026-W31-5, which others would not read.
        raise ValueError("a date is written as in 2026-07-31")
    return text


class Names(Protocol):
    """Whatever knows the clients by their addresses."""

    def owners_named(self, text: str) -> tuple[str, ...]:
        """Ids of the clients that have this address, normalised."""


class Directory(Names, Protocol):
    """The clients, as far as the unattended scan may know them."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""


def find(names: Names, address: str) -> tuple[str, ...]:
    """Return the ids of the clients that have an address, in whatever form a mail writes it.

    Whoever has ``jo+*@x.example`` has every address of that form that nobody else has. Never
    raises for an address: what cannot be one belongs to no client.
    """
    try:
        text = normalise(address)
    except ValueError:
        return ()
    found = names.owners_named(text)
    local, _, domain = text.rpartition("@")
    base, plus, _ = local.partition("+")
    if found or not (base and plus):
        return found
    return names.owners_named(f"{base}+*@{domain}")


def known_of(directory: Directory, client: str) -> Known:
    """Return what stands of a client in clear."""
    entry = directory.latest(KIND, owner=client)
    return Known() if entry is None else known(entry.data)


def owners(directory: Directory, address: str) -> tuple[str, ...]:
    """Return in whose record a mail from or to an address belongs: a parent's, in the child's."""
    found = [known_of(directory, one).about or (one,) for one in find(directory, address)]
    return tuple(dict.fromkeys(owner for ids in found for owner in ids))


def enrol(client: Client, *, before: Client | None = None) -> Fact:
    """Return the entry that adds a client, or changes what is known of one.

    Args:
        client: As they are from now on.
        before: As they were; addresses that they no longer have lead to them no more.
    """
    gone = () if before is None else before.addresses
    return Fact(
        kind=KIND,
        owner=client.id,
        body=_public(client.known),
        secret=msgspec.json.encode(client),
        owners=(client.id,),
        names=client.addresses,
        unnames=tuple(one for one in gone if one not in client.addresses),
    )


def strike(client: Client) -> Fact:
    """Return the entry by which somebody who was added by mistake is no client."""
    # The sealed part stays, so that every reader of the directory can open the entry.
    return replace(enrol(client), body={GONE: True}, names=(), unnames=client.addresses)


def is_client(entry: Entry | None) -> bool:
    """Whether the newest entry about somebody says that they are one."""
    return entry is not None and not entry.data.get(GONE)


def _public(known: Known) -> dict[str, JSON]:
    """Say no more in clear than what differs from an ordinary client."""
    body: dict[str, JSON] = msgspec.to_builtins(known)
    usual: dict[str, JSON] = msgspec.to_builtins(Known())
    return {key: body[key] for key in body if key == "automatic" or body[key] != usual[key]}


def known(data: Mapping[str, JSON]) -> Known:
    """Read what the public body of a client's newest entry says.

    What cannot be understood (a newer guard wrote it) is treated with most care: never a
    word without her.
    """
    try:
        return msgspec.convert(data, Known)
    except msgspec.ValidationError:
        return Known(automatic=False)


def read(secret: bytes) -> Client:
    """Read the sealed part of a client's entry.

    Raises:
        ValueError: The bytes are not a client.
    """
    return msgspec.json.decode(secret, type=Client)
