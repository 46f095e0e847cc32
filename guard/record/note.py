"""Signed notes and checkpoints: a short text, and who vouches for it.

Pure. Source: C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0, Ed25519 keys only.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# cryptography is imported where it is used: what cron starts for nothing new signs nothing.

_ED25519 = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_NOTE = re.compile(
    r"^[^\s+]+\n[0-9]{1,19}\n[A-Za-z0-9+/]{43}=\n\n"
    r"(?:\u2014 \S+ [A-Za-z0-9+/=]+(?:\n(?=\u2014)|$))+",
    re.MULTILINE,
)
_SIGNATURE_BYTES = 64


def _key_id(name: str, public: bytes) -> bytes:
    """Source: signed-note, "Signatures": SHA-256(name || 0x0A || type || key), 4 bytes."""
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_ID_BYTES]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise ValueError("a key name has no space and no plus")


def _has_controls(text: str) -> bool:
    """Source: signed-note, "Format"."""
    return any(letter < " " and letter != "\n" for letter in text)


def _decode(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    # Two spellings of the same bytes (RFC 4648 section 3.5) would let a note be altered.
    if b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


class Verifier(msgspec.Struct, frozen=True):
    """A public key that notes are checked with."""

    name: str
    """Key name; for a checkpoint its origin."""

    public: bytes
    """Ed25519 public key, 32 bytes."""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != _KEY_BYTES:
            raise ValueError("an Ed25519 key has 32 bytes")

    @property
    def key_id(self) -> str:
        """Hash of name and key, 8 hex digits."""
        return _key_id(self.name, self.public).hex()

    @classmethod
    def decode(cls, vkey: str) -> Self:
        """Read a key in its text form, ``name+id+base64``.

        Raises:
            ValueError: It is not such a key, or its id does not fit.
        """
        name, _, rest = vkey.strip().partition("+")
        given, _, encoded = rest.partition("+")
        key = _decode(encoded)
        if key[:1] != _ED25519:
            raise ValueError("not an Ed25519 key")
        verifier = cls(name, key[1:])
        if given != verifier.key_id:
            raise ValueError("the key id does not fit the key")
        return verifier

    def encode(self) -> str:
        """The text form that `decode` reads."""
        encoded = b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id}+{encoded}"

    def text_of(self, note: str) -> str:
        """The text of a note that this key signed.

        Raises:
            ValueError: It is not a note, or holds no good signature of this key.
        """
        text, found, signatures = note.rpartition("\n\n")
        if not found or not signatures.endswith("\n") or _has_controls(note):
            raise ValueError("not a signed note")
        wanted = _key_id(self.name, self.public)
        for line in signatures[:-1].split("\n"):
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            signature = _decode(encoded)
            if dash != "\u2014" or len(signature) <= _ID_BYTES:
                raise ValueError("not a signature line")
            if name == self.name and signature[:_ID_BYTES] == wanted:
                self._check(f"{text}\n".encode(), signature[_ID_BYTES:])
                return f"{text}\n"
        raise ValueError("not signed by this key")

    def _check(self, text: bytes, signature: bytes) -> None:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  # see above
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415  # see above
            Ed25519PublicKey,
        )

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            raise ValueError("the signature is wrong") from None


def notes_in(text: str) -> list[str]:
    """Every signed checkpoint that stands in a longer text, such as a mail; unchecked."""
    # Whoever forwards or copies it may indent it, quote it, or change its line ends.
    lines = [line.strip().removeprefix(">").strip() for line in text.splitlines()]
    return [f"{found}\n" for found in _NOTE.findall("\n".join(lines))]


class Signer(msgspec.Struct, frozen=True):
    """A private key that signs notes."""

    name: str
    """Key name."""

    seed: bytes
    """Ed25519 private key, 32 bytes."""

    # What holds a secret shows nothing of it, whoever prints it.
    __repr__ = object.__repr__

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != _KEY_BYTES:
            raise ValueError("an Ed25519 seed has 32 bytes")

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self._key().public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Make a signed note of `text`, which ends with a newline.

        Raises:
            ValueError: The text does not end with a newline, or has control characters.
        """
        if not text.endswith("\n") or _has_controls(text):
            raise ValueError("the text of a note is whole lines without control characters")
        key = self._key()
        public = key.public_key().public_bytes_raw()
        signature = _key_id(self.name, public) + key.sign(text.encode())
        return f"{text}\n\u2014 {self.name} {b64encode(signature).decode()}\n"

    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415  # see above

        return ed25519.Ed25519PrivateKey.from_private_bytes(self.seed)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a log vouches for: so many entries, with this root."""

    origin: str
    """Which log; also the name of its key."""

    size: int
    """Number of entries."""

    root: bytes
    """Root of the tree over them, 32 bytes."""

    extensions: Sequence[str] = ()
    """Further lines; none today."""

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read the text of a checkpoint.

        Raises:
            ValueError: It is not one.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1]:  # noqa: PLR2004 - origin, size, root, nothing
            raise ValueError("not a checkpoint")
        origin, size, root, *extensions = lines[:-1]
        if not origin or not size.isascii() or not size.isdigit() or str(int(size)) != size:
            raise ValueError("not a checkpoint")
        decoded = _decode(root)
        if len(decoded) != _KEY_BYTES:
            raise ValueError("a root has 32 bytes")
        return cls(origin=origin, size=int(size), root=decoded, extensions=tuple(extensions))

    def encode(self) -> str:
        """The text to sign."""
        lines = [self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions]
        return "".join(f"{line}\n" for line in lines)
