"""The scanner's own keys: it signs the log, and knows content and names again by HMAC.

Pure but for `read`. They can add to the record and cannot read it. Whoever holds them can
forge from now on, and can test a guess of a short message or of an address. Source: FORMAT.md.
"""

import contextlib
import hmac
from base64 import b64decode, b64encode
from functools import lru_cache
from mmap import mmap
from pathlib import Path
from typing import Self

import msgspec

from guard.errors import RecordError
from guard.record import durable
from guard.record.note import Signer, Verifier

_FIRST_LINE = "guard scanner key v1"
_SIGNER = "PRIVATE+KEY+"
_MAC = "HMAC+"
_MAC_BYTES = 32


class ScannerKey(msgspec.Struct, frozen=True):
    """What the unattended scan holds."""

    signer: Signer
    """Signs checkpoints."""

    mac: bytes
    """HMAC-SHA-256 key, 32 bytes."""

    key_id: str = ""
    """What the file says that the verifier's is, 8 hex digits; empty: whatever it is."""

    # What holds a secret shows nothing of it, whoever prints it.
    __repr__ = object.__repr__

    @classmethod
    def make(cls, random: bytes) -> Self:
        """Make keys from 72 random bytes.

        Raises:
            ValueError: Not 72 bytes.
        """
        if len(random) != 72:  # noqa: PLR2004 - 8 for the name, two keys of 32
            raise ValueError("keys are made from 72 random bytes")
        return cls(Signer(f"guard-record/{random[:8].hex()}", random[8:40]), random[40:])

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read the file `scanner.key`.

        Raises:
            ValueError: It is not one, or of a newer version.
        """
        lines = text.splitlines()
        if len(lines) < 3 or lines[0] != _FIRST_LINE:  # noqa: PLR2004 - head and two keys
            raise ValueError("not a scanner key of version 1")
        name, _, rest = lines[1].removeprefix(_SIGNER).partition("+")
        key_id, _, encoded = rest.partition("+")
        signer = Signer(name, b64decode(encoded, validate=True)[1:])
        mac = b64decode(lines[2].removeprefix(_MAC), validate=True)
        if not key_id or len(mac) != _MAC_BYTES:
            raise ValueError("the scanner key is damaged")
        return cls(signer, mac, key_id)

    def encode(self) -> str:
        """The text of the file `scanner.key`."""
        name, key_id, _ = self.signer.verifier.encode().split("+", 2)
        seed = b64encode(b"\x01" + self.signer.seed).decode()
        mac = b64encode(self.mac).decode()
        return f"{_FIRST_LINE}\n{_SIGNER}{name}+{key_id}+{seed}\n{_MAC}{mac}\n"

    @classmethod
    def read(cls, folder: Path, *, needed: bool) -> Self | None:
        """Read the file from a record's folder; None when it is missing or not a key file.

        Whether the key is whole shows at its first use, or to `fitting`.

        Raises:
            RecordError: It is missing or damaged, and needed.
        """
        # Without it a record can be verified and read, but not added to.
        with contextlib.suppress(OSError, ValueError):
            return cls.decode(durable.read(folder / "scanner.key").decode())
        if needed:
            raise _unfit()
        return None

    @classmethod
    def fitting(cls, folder: Path, record: Verifier) -> Self:
        """Read the file from a record's folder, and hold it against the record.

        Args:
            folder: Of the record.
            record: The record's own verifier.

        Raises:
            RecordError: It is missing or damaged, or another record's.
        """
        key = cls.read(folder, needed=True)
        if key is None or key.verifier != record:
            raise _unfit()
        return key

    @property
    def verifier(self) -> Verifier:
        """The public half of the signing key, as in `vkey.txt`.

        Raises:
            RecordError: It is not the one that the file was made for.
        """
        # Looked at only now: it loads cryptography, which a scan with nothing new does without.
        found = self.signer.verifier
        if self.key_id not in ("", found.key_id):
            raise _unfit()
        return found

    def content(self, account: str, raw: bytes | mmap) -> bytes:
        """Identity of a message's bytes within an account, 32 bytes."""
        # The length goes first, so that no two pairs can run together into the same bytes.
        name = account.encode(errors="surrogatepass")
        code = _keyed(self.mac, b"content\0" + len(name).to_bytes(4, "big") + name).copy()
        code.update(raw)
        return code.digest()

    def name(self, text: str) -> bytes:
        """Identity of a text by which an owner is found, 32 bytes."""
        code = _keyed(self.mac, b"name\0").copy()
        code.update(text.encode(errors="surrogatepass"))
        return code.digest()


@lru_cache(maxsize=8)
def _keyed(key: bytes, begun: bytes) -> hmac.HMAC:
    """A code that has taken the key, and what stands first, once for all; copy it."""
    return hmac.new(key, begun, "sha256")


def _unfit() -> RecordError:
    return RecordError(
        "scanner.key is missing or damaged", hint="Restore it from the last backup."
    )
