"""Who else may open a part of the record: what she signs so that nobody else can say so.

Pure. Whoever holds `scanner.key` can add to the log; without her signature no added line makes
the scan seal anything to anybody. Source: FORMAT.md, "Roles that read a part".
"""

import re
from typing import Any, Self

import msgspec

from guard.errors import RecordError
from guard.record.entry import JSON
from guard.record.seal import check_recipient

GRANTED, REVOKED = "granted", "revoked"
"""Kinds of the entries that open a part to somebody, and close it."""

SHARED, UNSHARED = "shared", "unshared"
"""Kinds of the entries that say: somebody else may open this message, or has seen it; or may open
it no longer. Who is sealed, because the role alone would tell what the message is about."""

_FIRST_LINE = "guard grant v1"
_LOGIN = re.compile(r"[a-z_][a-z0-9_.-]{0,62}")
"""As PostgreSQL takes it without quotes, nearly. It is public: it need not be anybody's name."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One person who may open what is shared with their role."""

    role: str
    """One word, such as ``receptionist``: what is shared with them."""

    login: str
    """The database role by which they come."""

    recipient: str
    """Their own age public key: what is shared is sealed to it."""

    def __post_init__(self) -> None:
        if not _LOGIN.fullmatch(self.role) or not _LOGIN.fullmatch(self.login):
            raise ValueError("a login is up to 63 of a-z, 0-9, _, . and -, led by a letter")
        check_recipient(self.recipient)

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """Read what stands in the body of an entry.

        Raises:
            ValueError: It is no grant.
            KeyError: As above.
        """
        return cls(**{name: str(body[name]) for name in ("role", "login", "recipient")})

    @property
    def body(self) -> dict[str, JSON]:
        """As it stands in the body of an entry, but for her signature."""
        return {"role": self.role, "login": self.login, "recipient": self.recipient}

    def text(self, origin: str, seq: int) -> str:
        """The text to sign.

        Args:
            origin: The log that it is for.
            seq: Number of its entry, so that nobody can file an older one again.
        """
        lines = (_FIRST_LINE, origin, str(seq), self.role, self.login, self.recipient, "")
        return "\n".join(lines)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One message, sealed to one person."""

    item: int
    """As the record numbers it."""

    to: Grant
    """Who may open it."""

    received: int
    """INTERNALDATE, milliseconds since 1970-01-01 UTC."""

    sealed: bytes
    """An age file of what they are shown."""


def nowhere() -> RecordError:
    """Return the error of a record that cannot be shared in part."""
    return RecordError(
        "only a clinic's record, in PostgreSQL, can be opened in part to somebody else",
        hint="A record in a file is hers alone. See guard/clinic/OPERATE.md.",
    )
