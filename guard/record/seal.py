"""Sealing with age: anyone with a public key can seal, only the secret opens.

The one file that touches pyrage. Pure but for age's own randomness.
Source: C2SP age v1 (age-encryption.org/v1), X25519 recipients.
"""

import io
from collections.abc import Sequence
from functools import lru_cache
from mmap import mmap
from typing import Any, BinaryIO, Self

import msgspec
import pyrage  # type: ignore[import-untyped,unused-ignore] # it ships no types

from guard.errors import LockedError


class Identity(msgspec.Struct, frozen=True):
    """A secret key. Its repr shows nothing."""

    secret: str
    """``AGE-SECRET-KEY-1...``, upper case."""

    # What holds a secret shows nothing of it, whoever prints it.
    __repr__ = object.__repr__

    def __post_init__(self) -> None:
        _identity(self.secret)

    @classmethod
    def make(cls) -> Self:
        """Make a new one from the system's randomness."""
        return cls(str(pyrage.x25519.Identity.generate()))

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read an identity file or a recovery sheet: the first line that is a key.

        Raises:
            LockedError: There is no key in it.
        """
        # Typed by hand from paper, so case and spaces are forgiven; age's checksum is not.
        for line in text.splitlines():
            packed = "".join(line.split()).upper()
            if packed.startswith("AGE-SECRET-KEY-1"):
                return cls(packed)
        raise LockedError("there is no key in this text")

    @property
    def recipient(self) -> str:
        """The public half, ``age1...``."""
        return str(_identity(self.secret).to_public())


def seal(data: bytes | mmap, recipients: Sequence[str], *, tail: bytes = b"") -> bytes:
    """Seal bytes, and a tail right behind them, to one or more public keys.

    Raises:
        ValueError: A recipient is not an age public key, or there is none.
    """
    if isinstance(data, mmap):
        # pyrage takes none, and a copy of it would be one too many.
        out = io.BytesIO()
        seal_into(data, recipients, out, tail=tail)
        return out.getvalue()
    if not recipients:
        raise ValueError("sealing needs a recipient")
    sealed: bytes = pyrage.encrypt(data + tail, [_recipient(text) for text in recipients])
    return sealed


def seal_into(
    data: bytes | mmap, recipients: Sequence[str], out: BinaryIO, *, tail: bytes = b""
) -> None:
    """Seal bytes, and a tail right behind them, piece by piece into a file.

    Raises:
        ValueError: A recipient is not an age public key, or there is none.
        OSError: The file cannot be written.
    """
    if not recipients:
        raise ValueError("sealing needs a recipient")
    keys, writer = [_recipient(text) for text in recipients], _Writer(out)
    if isinstance(data, mmap):
        data.seek(0)
    source = data if isinstance(data, mmap) else io.BytesIO(data)
    try:
        pyrage.encrypt_io(_Source(source, io.BytesIO(tail)), writer, keys)
    except pyrage.EncryptError:
        # It tells what the disk said in words alone.
        raise writer.problem or OSError("sealing failed") from None


class _Source:
    """Reads one file, then another."""

    def __init__(self, first: mmap | BinaryIO, then: BinaryIO) -> None:
        self._first, self._then = first, then

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end of both."""
        return self._first.read(size) or self._then.read(size)


class _Writer:
    """Writes to a file and keeps what the disk says."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.problem: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._out.write(data)
        except OSError as error:
            self.problem = error
            raise

    def flush(self) -> None:
        """Nothing to do: the file is read back by the same handle."""


def unseal(data: bytes, identities: Sequence[Identity]) -> bytes:
    """Open sealed bytes with whichever identity fits.

    Raises:
        LockedError: None fits, or the bytes were changed.
    """
    try:
        opened: bytes = pyrage.decrypt(data, [_identity(key.secret) for key in identities])
    except pyrage.DecryptError:
        raise LockedError("this key does not open it, or it was changed") from None
    return opened


def check_recipient(text: str) -> None:
    """Refuse what is not an age public key.

    Raises:
        ValueError: It is not one.
    """
    _recipient(text)


@lru_cache(maxsize=256)
def _recipient(text: str) -> Any:  # noqa: ANN401 - pyrage ships no types
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise ValueError("not an age public key") from None


def _identity(secret: str) -> Any:  # noqa: ANN401 - pyrage ships no types
    try:
        return pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError:
        raise LockedError("this is not a key, or it was mistyped") from None
