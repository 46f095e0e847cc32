"""Who is a client: what the record is told when one is added.

Pure. Name and addresses are sealed to the client's own key; the unattended scan finds a
client by keyed digests of the addresses only (FORMAT.md says what that does not hide).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

import msgspec

from guard.record.entry import Fact

KIND = "client"
_ADDRESS = re.compile(r"[^\s@<>\",;:]{1,64}@[^\s@<>\",;:]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A person in therapy, as the therapist knows them; sealed in the record."""

    id: str
    """Pseudonymous; stands in the record in clear."""

    name: str
    """As she calls them."""

    addresses: tuple[str, ...]
    """Every address they write from, normalised."""

    automatic: bool = True
    """False: no automatic mail, ever (a shared mailbox, an unsafe home)."""

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("a client has at least one address")


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


class Names(Protocol):
    """Whatever knows the clients by their addresses."""

    def owners_named(self, text: str) -> tuple[str, ...]:
        """Ids of the clients that have this address, normalised."""


def find(names: Names, address: str) -> tuple[str, ...]:
    """Return the ids of the clients that have an address, in whatever form a mail writes it.

    Never raises for an address: what cannot be one belongs to no client.
    """
    try:
        return names.owners_named(normalise(address))
    except ValueError:
        return ()


def enrol(client: Client) -> Fact:
    """Return the entry that adds a client, or changes what is known of one."""
    return Fact(
        kind=KIND,
        owner=client.id,
        body={"automatic": client.automatic},
        secret=msgspec.json.encode(client),
        owners=(client.id,),
        names=client.addresses,
    )


def read(secret: bytes) -> Client:
    """Read the sealed part of a client's entry.

    Raises:
        ValueError: The bytes are not a client.
    """
    return msgspec.json.decode(secret, type=Client)
