"""Bytes of mail to text, whatever the mail claims about them.

Pure and total: every input gives text that can be stored as JSON, and says whether the
claim had to be overruled. Source: RFC 2045 to 2047, and the labels of the WHATWG
Encoding Standard, because that is how senders mean ``iso-8859-1``.
"""

import binascii
import codecs
import re
from collections.abc import Iterator
from io import BytesIO

# Decoders that are no character sets, run code-like escapes, or are quadratic (CVE-2022-45061).
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}
_UTF8_CLAIMS = {"", "ascii", "us-ascii", "utf-8", "utf8", "unknown-8bit", "x-unknown", "default"}
_ONE_BYTE = re.compile(r"(?:iso-?8859-|latin|windows-?125|cp125|koi8|macintosh|mac-?roman)")
_LATIN = {"iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso_8859-1", "cp1252", "windows-1252"}

# What no JSON, terminal or page should meet: control characters, lone surrogates. Joined to it:
# characters without width, which split words for a program and not for an eye.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ud800-\udfff]"
)
_HARMLESS = b"\t\n" + bytes(range(0x20, 0x7F))
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(one for one in range(256) if one not in _BASE64)
_PIECE = 1 << 20
"""Bytes of a damaged base64 that are mended at a time."""
_BREAKS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """Return text with line ends as LF and without control or invisible characters."""
    text = text.replace("\r\n", "\n")
    # Hardly any mail holds one. As bytes, what is surely harmless is gone at once; to look at
    # the rest costs a tenth of the patterns.
    beyond = text.encode("utf-8", "surrogatepass").translate(None, _HARMLESS)
    if beyond.decode("utf-8", "surrogatepass").replace("\xa0", "").isprintable():
        return text
    return _UNWANTED.sub("", _BREAKS.sub("\n", text))


def decode(data: bytes, claimed: str = "") -> tuple[str, bool]:
    """Decode bytes by the charset a mail claims, or by what they plainly are.

    Args:
        data: The bytes, transfer encoding already undone.
        claimed: The charset's label; empty when the mail names none.

    Returns:
        The text, and whether the claim was true.
    """
    label = claimed.strip().strip("\"'").lower()
    if data.isascii() and (label in _UTF8_CLAIMS or _ONE_BYTE.match(label)):
        return data.decode("ascii"), True
    one_byte = label in _LATIN or _ONE_BYTE.match(label) is not None
    if label in _UTF8_CLAIMS or one_byte:
        # Text in a one-byte charset is hardly ever valid UTF-8 by accident, so UTF-8 goes first.
        try:
            return data.decode("utf-8"), not one_byte
        except UnicodeDecodeError:
            if label in _UTF8_CLAIMS:
                return _western(data), False
    if label in _LATIN:
        return _western(data), True
    return _by_label(data, label)


def _western(data: bytes) -> str:
    # Windows-1252 leaves five bytes undefined; the Encoding Standard reads them as Latin-1 does.
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _by_label(data: bytes, label: str) -> tuple[str, bool]:
    try:
        codec = codecs.lookup(label)
        if codec.name.replace("_", "-") in _NOT_CHARSETS:
            return data.decode("utf-8", "replace"), False
        return data.decode(label), True
    except UnicodeDecodeError:
        return data.decode(label, "replace"), False
    except (LookupError, ValueError):
        # An unknown label; ValueError is what a NUL in it raises.
        return data.decode("utf-8", "replace"), False


def untransfer(data: bytes | memoryview, encoding: str) -> tuple[bytes, bool]:
    """Undo a Content-Transfer-Encoding.

    Args:
        data: The encoded bytes; a view of them spares a huge mail a copy.
        encoding: The header's value.

    Returns:
        The bytes, and whether the encoding was known and sound.

    Source: RFC 2045 section 6.
    """
    kind = encoding.strip().lower()
    if kind in {"", "7bit", "8bit", "binary"}:
        return bytes(data), True
    if kind == "quoted-printable":
        return binascii.a2b_qp(data), True
    if kind == "base64":
        return unbase64(data)
    return bytes(data), False


def unbase64(data: bytes | memoryview) -> tuple[bytes, bool]:
    """Undo base64, keeping what can be read of a damaged one."""
    try:
        return binascii.a2b_base64(data), True
    except binascii.Error:
        pass
    found = BytesIO()
    found.writelines(mended(data))
    return found.getvalue(), False


def mended(data: bytes | memoryview) -> Iterator[bytes]:
    """Yield, piece by piece, what can be read of a damaged base64."""
    kept = b""
    for at in range(0, len(data), _PIECE):
        kept += bytes(data[at : at + _PIECE]).translate(None, _NO_BASE64)
        whole = len(kept) & ~3
        yield binascii.a2b_base64(kept[:whole])
        kept = kept[whole:]
    # One left-over digit carries no whole byte.
    kept = kept if len(kept) > 1 else b""
    yield binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
