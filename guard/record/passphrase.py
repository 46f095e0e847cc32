"""Sealing with a passphrase, as an age file that the stock `age` program opens.

Pure. Written by us, because pyrage chooses a work factor of 2^20 (1 GiB), which aborts the
process on a small machine. Source: C2SP age v1, "scrypt recipient stanza", "Payload".
"""

import hmac
import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from guard.errors import LockedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

# cryptography's ciphers are imported where they are used: cron's scan knows no passphrase.

WORK = 16
"""log2 of scrypt's N: 64 MiB and about 0.2 s to open."""

CHEAPEST = 4
"""For tests and the demo only: opens in a millisecond, and guards nothing."""

MOST_WORK = 18
"""The highest that is opened (256 MiB); a planted file must not exhaust the memory."""

_CHUNK = 64 * 1024
_TAG = 16
_NONCE = 16
_HEAD = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n"
    rb"([A-Za-z0-9+/]{43})\n---"
)


def seal_with_passphrase(
    data: bytes, passphrase: str, *, random: Callable[[int], bytes], work: int = WORK
) -> bytes:
    """Seal bytes with a passphrase.

    Args:
        data: What to seal.
        passphrase: Taken in Unicode normal form C, so that every keyboard types the same.
        random: Gives so many random bytes.
        work: log2 of scrypt's N.

    Raises:
        ValueError: The passphrase is empty.
    """
    if not passphrase:
        raise ValueError("the passphrase is empty")
    salt, file_key, nonce = random(16), random(16), random(_NONCE)
    wrapped = _cipher(_wrap_key(passphrase, salt, work)).encrypt(bytes(12), file_key, None)
    head = b"age-encryption.org/v1\n-> scrypt %s %d\n%s\n---" % (_b64(salt), work, _b64(wrapped))
    mac = hmac.digest(_hkdf(file_key, b"", b"header"), head, "sha256")
    cipher = _cipher(_hkdf(file_key, nonce, b"payload"))
    parts = [data[i : i + _CHUNK] for i in range(0, len(data), _CHUNK)] or [b""]
    body = b"".join(
        cipher.encrypt(counter, part, None)
        for counter, part in zip(_nonces(len(parts)), parts, strict=True)
    )
    return b"%s %s\n%s%s" % (head, _b64(mac), nonce, body)


def open_with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """Open what `seal_with_passphrase`, or `age -p`, wrote.

    Raises:
        LockedError: The passphrase is wrong, the file was changed, or it asks for more
            memory than `MOST_WORK` allows.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # see above

    match = _HEAD.match(sealed)
    if match is None:
        raise LockedError("not a file that a passphrase opens")
    salt, work, wrapped = match.groups()
    if int(work) > MOST_WORK:
        raise LockedError("this file needs too much memory to open")
    try:
        return _open(sealed, match.end(), _wrap_key(passphrase, _unb64(salt), int(work)), wrapped)
    except (InvalidTag, ValueError):
        raise LockedError("the passphrase is wrong, or the file was changed") from None


def _open(sealed: bytes, head_end: int, wrap_key: bytes, wrapped: bytes) -> bytes:
    file_key = _cipher(wrap_key).decrypt(bytes(12), _unb64(wrapped), None)
    line, _, rest = sealed[head_end:].partition(b"\n")
    mac = hmac.digest(_hkdf(file_key, b"", b"header"), sealed[:head_end], "sha256")
    if not hmac.compare_digest(line, b" " + _b64(mac)):
        raise ValueError("the head was changed")
    cipher = _cipher(_hkdf(file_key, rest[:_NONCE], b"payload"))
    body, step = rest[_NONCE:], _CHUNK + _TAG
    parts = [body[i : i + step] for i in range(0, len(body), step)]
    if not parts:
        raise ValueError("the end is missing")
    return b"".join(
        cipher.decrypt(counter, part, None)
        for counter, part in zip(_nonces(len(parts)), parts, strict=True)
    )


def _nonces(count: int) -> Iterator[bytes]:
    """STREAM counters: 11 bytes of number, then 1 on the last chunk."""
    for number in range(count):
        yield number.to_bytes(11, "big") + bytes([number == count - 1])


def _cipher(key: bytes) -> "ChaCha20Poly1305":
    from cryptography.hazmat.primitives.ciphers import aead  # noqa: PLC0415  # see above

    return aead.ChaCha20Poly1305(key)


def _wrap_key(passphrase: str, salt: bytes, work: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415  # see above

    text = unicodedata.normalize("NFC", passphrase).encode()
    scrypt = Scrypt(salt=b"age-encryption.org/v1/scrypt" + salt, length=32, n=1 << work, r=8, p=1)
    return scrypt.derive(text)


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # see above
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415  # see above

    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def _b64(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    return b64decode(text + b"=" * (-len(text) % 4), validate=True)
