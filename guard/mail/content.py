"""What a part holds behind its transfer encoding, undone only as far as it is read.

Pure and total. Of a huge attachment the size is told and nothing else: it is counted piece by
piece, to the same number as if it were undone whole. Source: RFC 2045 section 6.
"""

import binascii
import re
from collections.abc import Iterator
from string import ascii_letters, digits

from guard.mail.charset import mended, untransfer

_LARGE = 1 << 16
"""Bytes above which nothing is kept of what was undone."""

_PIECE = 1 << 20
"""Bytes that are undone at a time."""

_LOOKED_AT = 100
"""Bytes in which the end of an escape is looked for."""

_BASE64 = f"{ascii_letters}{digits}+/=".encode()
_NOT_BASE64 = bytes(one for one in range(256) if one not in _BASE64)
_PADS = re.compile(b"=+")


class Content:
    """A stretch of a mail's bytes, and how they are encoded."""

    __slots__ = ("_encoding", "_end", "_measured", "_raw", "_start", "_whole")

    def __init__(self, raw: bytes, start: int, end: int, encoding: str) -> None:
        """Undo nothing yet.

        Args:
            raw: The mail.
            start: Offset of the first byte.
            end: Offset after the last byte.
            encoding: Value of Content-Transfer-Encoding.
        """
        self._raw, self._start, self._end = raw, start, max(start, end)
        self._encoding = encoding.strip().lower()
        self._whole: tuple[bytes, bool] | None = None
        self._measured: tuple[int, bool] | None = None

    @property
    def data(self) -> bytes:
        """All of it, decoded."""
        return self._undone()[0]

    @property
    def size(self) -> int:
        """Decoded size, bytes."""
        return self._measure()[0]

    @property
    def sound(self) -> bool:
        """Whether the encoding was known and sound."""
        return self._measure()[1]

    def head(self, most: int) -> bytes:
        """Return its beginning, decoded.

        Args:
            most: Bytes of it.
        """
        if self._end - self._start <= _LARGE:
            return self.data[:most]
        found = bytearray()
        for piece in self._pieces(sound=self.sound):
            found += piece[: most - len(found)]
            if len(found) >= most:
                break
        return bytes(found)

    def _undone(self) -> tuple[bytes, bool]:
        if self._whole is not None:
            return self._whole
        undone = untransfer(memoryview(self._raw)[self._start : self._end], self._encoding)
        if self._end - self._start <= _LARGE:
            self._whole = undone
        return undone

    def _measure(self) -> tuple[int, bool]:
        if self._measured is None:
            self._measured = self._counted()
        return self._measured

    def _counted(self) -> tuple[int, bool]:
        if self._end - self._start <= _LARGE:
            data, sound = self._undone()
            return len(data), sound
        try:
            size = sum(len(piece) for piece in self._pieces(sound=True))
        except binascii.Error:
            return sum(len(piece) for piece in self._pieces(sound=False)), False
        return size, self._encoding in _KNOWN

    def _pieces(self, *, sound: bool) -> Iterator[bytes]:
        if self._encoding == "base64":
            view = memoryview(self._raw)[self._start : self._end]
            return unbase64(view) if sound else mended(view)
        if self._encoding == "quoted-printable":
            return unquoted(self._raw, self._start, self._end)
        starts = range(self._start, self._end, _PIECE)
        return (self._raw[at : min(at + _PIECE, self._end)] for at in starts)


_KNOWN = frozenset({"", "7bit", "8bit", "binary", "quoted-printable", "base64"})


def unbase64(data: memoryview, *, most: int = _PIECE) -> Iterator[bytes]:
    """Undo base64 piece by piece, as binascii does the whole.

    Args:
        data: The encoded bytes.
        most: Bytes to undo at a time.

    Raises:
        binascii.Error: It is damaged.
    """
    kept = b""
    for at in range(0, len(data), most):
        piece = kept + bytes(data[at : at + most]).translate(None, _NOT_BASE64)
        if b"=" in piece and (end := _end(piece)):
            # Whatever follows is no part of it.
            yield binascii.a2b_base64(piece[:end])
            return
        letters = piece.rstrip(b"=")
        # The other half of a padding may come with the next piece.
        pads = piece[len(letters) :]
        letters = letters.replace(b"=", b"")
        whole = len(letters) & ~3
        yield binascii.a2b_base64(letters[:whole])
        kept = letters[whole:] + pads
    yield binascii.a2b_base64(kept)


def _end(piece: bytes) -> int:
    """Where a padding ends the data, as binascii sees it; 0 if none does."""
    before = 0
    for pads in _PADS.finditer(piece):
        letters = (pads.start() - before) & 3
        before += len(pads[0])
        if letters >= 2 and letters + len(pads[0]) >= 4:  # noqa: PLR2004  # four letters are three bytes
            return pads.end()
    return 0


def unquoted(raw: bytes, start: int, end: int, *, most: int = _PIECE) -> Iterator[bytes]:
    """Undo quoted-printable piece by piece, each of whole lines if they are not too long.

    Args:
        raw: The mail.
        start: Offset of the first byte.
        end: Offset after the last byte.
        most: Bytes to undo at a time, about.
    """
    view = memoryview(raw)
    while start < end:
        stop = end
        if start + most < end:
            line = raw.rfind(b"\n", start, start + most)
            stop = line + 1 if line >= 0 else _inside(raw, start, start + most, end)
        yield binascii.a2b_qp(view[start:stop])
        start = stop


def _inside(raw: bytes, start: int, stop: int, end: int) -> int:
    """Where a long line can be cut: behind no escape, nor where one hides the rest of the line."""
    if raw.find(b"=\r", start, stop) < 0:
        for at in range(stop, max(start, stop - _LOOKED_AT), -1):
            if b"=" not in raw[max(start, at - 2) : at]:
                return at
    line = raw.find(b"\n", stop, end)
    return end if line < 0 else line + 1
