"""One letter to each client that the policy has changed, with a copy of it.

Pure. A letter is made of what was fixed when the announcement began, so that after a crash the
same bytes are written again and the record knows them: nobody gets it twice, nobody is left
out. One recipient a letter, never a copy to several: that would show clients to each other.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime
from email.utils import format_datetime
from pathlib import PurePath

import msgspec

from guard.clients.directory import Client, Relation
from guard.reply import compose
from guard.reply.compose import Letter, assembled, encoded, quoted
from guard.reply.wording import Wording

KINDS = {
    ".txt": "",
    ".md": "",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".odt": "application/vnd.oasis.opendocument.text",
}
"""What a copy may be; a plain text stands in the letter itself."""

LARGEST = 5_000_000
"""Bytes of a copy: many providers refuse letters above ten million once they are encoded."""

_LINE = 76
"""Characters of a line of base64 (RFC 2045 section 6.8)."""


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What is told to everybody."""

    cover: Wording
    """Subject and words of the letter."""

    name: str
    """File name of the copy."""

    copy: bytes
    """The copy, byte for byte."""

    def __post_init__(self) -> None:
        if PurePath(self.name).suffix.lower() not in KINDS:
            raise ValueError(f"a copy is one of {', '.join(KINDS)}")
        if not self.copy or len(self.copy) > LARGEST:
            raise ValueError(f"a copy has 1 to {LARGEST} bytes")
        if not self._kind:
            self.copy.decode("utf-8")

    @property
    def version(self) -> str:
        """SHA-256 of all that is told, hex: the same announcement is told once."""
        told = f"{self.cover.version}\n{self.name}\n{hashlib.sha256(self.copy).hexdigest()}"
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def inline(self) -> bool:
        """Whether the copy stands in the letter itself."""
        return not self._kind

    @property
    def _kind(self) -> str:
        return KINDS[PurePath(self.name).suffix.lower()]

    def body(self) -> tuple[list[tuple[str, str]], bytes]:
        """Return the headers that say what the body is, and the body."""
        if not self._kind:
            text = self.copy.decode("utf-8-sig")
            whole = f"{self.cover.words.rstrip()}\n\n{'-' * 40}\n\n{text}"
            kind = ("Content-Type", 'text/plain; charset="utf-8"')
            return [*compose.MIME, kind, compose.QUOTED], quoted(whole)
        # A hyphen after letters stands in no base64, and the hash in no words of hers.
        edge = f"guard-{self.version[:32]}"
        name = re.sub(r"[^A-Za-z0-9._-]", "_", PurePath(self.name).name)
        coded = base64.b64encode(self.copy).decode("ascii")
        lines = "\r\n".join(coded[at : at + _LINE] for at in range(0, len(coded), _LINE))
        parts = (
            f"--{edge}\r\n"
            'Content-Type: text/plain; charset="utf-8"\r\n'
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        parts += quoted(self.cover.words)
        parts += (
            f"--{edge}\r\n"
            f"Content-Type: {self._kind}\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
            f"{lines}\r\n--{edge}--\r\n"
        ).encode("ascii")
        return [*compose.MIME, ("Content-Type", f'multipart/mixed; boundary="{edge}"')], parts


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One letter's worth: an address, and whose it is."""

    address: str
    """Where the letter goes."""

    clients: tuple[Client, ...]
    """Who reads it there; several who share it get one letter."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of these clients."""
        return tuple(one.id for one in self.clients)

    @property
    def owners(self) -> tuple[str, ...]:
        """In whose records the letter belongs: a parent's in the child's."""
        return tuple(
            dict.fromkeys(owner for one in self.clients for owner in one.about or (one.id,))
        )

    @property
    def names(self) -> str:
        """As she calls them."""
        return " and ".join(one.name for one in self.clients)


def recipients(clients: Iterable[Client], *, today: date) -> tuple[list[Recipient], list[Client]]:
    """Return who gets a letter, and whom she tells in person.

    Not told at all: whoever is no client any more, and professionals. In person: who gets no
    automatic mail, everybody at such an address, and who has no plain address.
    """
    current = [
        one
        for one in clients
        if one.kind is not Relation.PROFESSIONAL and not one.known.former(today)
    ]
    unsafe = {address for one in current if not one.automatic for address in one.addresses}
    found: dict[str, list[Client]] = {}
    personal: list[Client] = []
    for one in current:
        plain = next((each for each in one.addresses if compose.ADDRESS.fullmatch(each)), "")
        safe = one.automatic and plain and "*" not in plain and not unsafe & {*one.addresses}
        if safe:
            found.setdefault(plain, []).append(one)
        else:
            personal.append(one)
    return [Recipient(address=at, clients=tuple(who)) for at, who in found.items()], personal


def letter(
    announcement: Announcement, recipient: Recipient, *, sender: str, began: datetime
) -> Letter:
    """Compose the letter for one recipient; the same arguments give the same bytes.

    Args:
        announcement: What is told.
        recipient: To whom.
        sender: Our address for the From header.
        began: When the announcement began, aware.

    Raises:
        SendRefusedError: An address cannot stand in a header safely.

    Source: RFC 3834 section 5 (auto-generated), so that no absence notice comes back.
    """
    to = recipient.address
    seed = f"{announcement.version}\n{to}\n{began.isoformat()}".encode()
    token = f"guard.{hashlib.sha256(seed).hexdigest()[:32]}"
    kind, body = announcement.body()
    headers = [
        ("From", sender),
        ("To", to),
        ("Subject", encoded(announcement.cover.subject)),
        ("Date", format_datetime(began)),
        ("Message-ID", f"<{token}@{sender.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    return Letter(to=to, raw=assembled([*headers, *kind], body, addresses=(sender, to)))
