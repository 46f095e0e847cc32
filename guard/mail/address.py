"""An address list to mailboxes: ``"Doe, J." <j@x.example>, team: a@b.example;``.

Pure, total and linear: one pass over tokens. The standard library takes seconds for 20,000
mailboxes and raises on some real headers. Anything ambiguous gives no mailbox rather than
a guess, because answers are decided by it. Source: RFC 5322 sections 3.4 and 4.4.
"""

import re

import msgspec

from guard.mail.header import words
from guard.mail.message import Address

MOST = 2_000
"""Mailboxes read of one header."""

_TOKEN = re.compile(
    r"""("(?:[^"\\]+|\\.)*+(?:"|\\?\Z))|(\\.)|(\[[^\[\]]*\]?)|([,;:<>()])|([^"\\\[,;:<>()]+|.)""",
    re.DOTALL,
)
_PLAIN = re.compile(r"([\w .'-]*)<([\w.+'-]+@[A-Za-z0-9.-]+)>", re.ASCII)
_EMAIL = re.compile(
    r"""(?:[^\s<>()\[\]:;,"\\@\x00-\x20\x7f]+|"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*+")"""
    r"@(?:[^\s<>()\[\]:;,\"\\@\x00-\x20\x7f]+|\[[0-9A-Za-z.:]+\])"
)
_LONGEST = 320
_LONGEST_NAME = 1_000


def bare(text: str) -> str | None:
    """Return an address with its domain in lower case; None when it is none."""
    text = text.strip()
    if len(text) > _LONGEST or not _EMAIL.fullmatch(text):
        return None
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def mailboxes(value: str) -> tuple[tuple[Address, ...], bool]:
    """Read an address list.

    Args:
        value: The unfolded value, encoded words still encoded.

    Returns:
        The mailboxes in order, and whether every one could be read.
    """
    if match := _PLAIN.fullmatch(value):
        email = bare(match[2])
        if email is not None:
            return (Address(name=match[1].strip(), email=email),), True
    reader = _Reader()
    for match in _TOKEN.finditer(value):
        reader.take(match.lastindex or 0, match[0])
        if len(reader.found) >= MOST:
            return tuple(reader.found), False
    reader.finish()
    return tuple(reader.found), reader.sound


class _Reader(msgspec.Struct):
    """The state of one pass."""

    found: list[Address] = msgspec.field(default_factory=list)
    sound: bool = True
    odd: bool = False
    depth: int = 0
    angle: list[str] | None = None
    open: bool = False
    phrase: list[str] = msgspec.field(default_factory=list)
    comment: list[str] = msgspec.field(default_factory=list)

    def take(self, kind: int, piece: str) -> None:
        """Take one piece; kinds are the groups of the token pattern."""
        if kind == 4 and piece in "()":  # noqa: PLR2004  # the fourth group: specials
            self.depth = max(0, self.depth + (1 if piece == "(" else -1))
        elif self.depth:
            self.comment.append(piece)
        elif kind == 4:  # noqa: PLR2004  # see above
            self._special(piece)
        elif self.open and self.angle is not None:
            self.angle.append(piece)
        elif self.angle is not None:
            # Words after the closing bracket: whose address is it? Nobody can say.
            self.odd = self.odd or bool(piece.strip())
        else:
            self.phrase.append(piece)

    def _special(self, piece: str) -> None:
        if piece == "<":
            self.odd = self.odd or self.angle is not None
            self.angle, self.open = [], True
        elif piece == ">":
            self.open = False
        elif self.open and self.angle and self.angle[0].lstrip().startswith("@"):
            # An obsolete route, <@a,@b:joe@c>: only what follows the colon counts.
            self.angle = [] if piece == ":" else self.angle
        elif piece == ":":
            if self.open and self.angle is not None:
                self.angle.append(piece)
            else:
                self.phrase.clear()
        else:
            self.finish()

    def finish(self) -> None:
        """End one mailbox."""
        text = "".join(self.phrase).strip() if self.angle is None else "".join(self.angle)
        name = self.comment if self.angle is None else self.phrase
        if text or self.phrase or self.angle is not None:
            email = None if self.odd else bare(text)
            if email is None:
                self.sound = False
            else:
                self.found.append(Address(name=_name(name), email=email))
        self.angle, self.open, self.odd, self.depth = None, False, False, 0
        self.phrase.clear()
        self.comment.clear()


def _name(pieces: list[str]) -> str:
    parts = [
        re.sub(r"\\(.)", r"\1", piece[1:].removesuffix('"')) if piece[:1] == '"' else piece
        for piece in pieces
    ]
    return words("".join(parts).strip()[:_LONGEST_NAME])
