"""An order to erase: what she signs, so that nobody else can take anything out of the record.

Pure. The signing key follows from her identity, so that no further key has to be kept; its
public half stands in the record. Source: FORMAT.md, "Erasing"; C2SP signed-note.
"""

from collections.abc import Sequence
from typing import Self

import msgspec

from guard.record.note import Signer, Verifier
from guard.record.seal import Identity

_ORDER = "guard erase order v1"
_ORDERER = "guard orderer v1"
_READERS = "guard readers v1"
_NONE = "-"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be destroyed, of which record, as it stood when."""

    origin: str
    """The log that it is for."""

    size: int
    """Entries of the log when it was given; it covers none that came later."""

    owner: str
    """Whose keys, and all that is sealed to them alone."""

    items: tuple[int, ...] = ()
    """Further messages, whoever they are sealed to."""

    def encode(self) -> str:
        """The text to sign."""
        items = " ".join(map(str, self.items)) or _NONE
        return f"{_ORDER}\n{self.origin}\n{self.size}\n{self.owner}\n{items}\n"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read the text of an order.

        Raises:
            ValueError: It is not one.
        """
        lines = text.split("\n")
        if len(lines) != 6 or lines[0] != _ORDER:  # noqa: PLR2004  # five lines, each ended
            raise ValueError("not an erase order")
        _, origin, size, owner, items, _ = lines
        numbers = () if items == _NONE else tuple(map(int, items.split(" ")))
        order = cls(origin=origin, size=int(size), owner=owner, items=numbers)
        if order.encode() != text:
            raise ValueError("not an erase order")
        return order


def signer(identity: Identity, origin: str) -> Signer:
    """Return what signs her orders for one record."""
    # cron's scan orders nothing.
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # see above
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415  # as above

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"guard order key v1")
    return Signer(_name(origin), derived.derive(identity.secret.upper().encode()))


def verifier(identity: Identity, origin: str) -> Verifier:
    """Return the public half of `signer`."""
    return signer(identity, origin).verifier


def succession(origin: str, successor: Verifier) -> str:
    """Return the text by which an orderer, signing it, names the next one."""
    return f"{_ORDERER}\n{origin}\n{successor.encode()}\n"


def succeeded(note: str, origin: str, before: Verifier | None) -> Verifier:
    """Return the orderer that a note names.

    Args:
        note: Signed by the orderer before; by the named one itself when there was none.
        origin: The log that it is for.
        before: The orderer so far.

    Raises:
        ValueError: It names none, or was signed by somebody else.
    """
    lines = note.split("\n")
    if len(lines) < 3:  # noqa: PLR2004  # the three lines of its text
        raise ValueError("it names no orderer")
    named = Verifier.decode(lines[2])
    text = (before or named).text_of(note)
    if text != succession(origin, named) or named.name != _name(origin):
        raise ValueError("it names no orderer")
    return named


def readers(origin: str, seq: int, recipients: Sequence[str]) -> str:
    """Return the text by which an orderer says who reads everything from an entry on."""
    # Bound to its place, so that nobody can file an older one again.
    return "\n".join((_READERS, origin, str(seq), *recipients, ""))


def _name(origin: str) -> str:
    return f"{origin}/orders"
