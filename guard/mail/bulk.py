"""The bytes of a huge message, kept so that they can be let go of while they are handed on.

Edge: memory of the system, not of Python's allocator. A huge message is needed whole by the
process that seals it and then by the one that reads it: 100 MB each, unless what one has
handed on is gone before the other has the rest.
"""

from collections.abc import Generator
from mmap import MADV_DONTNEED, MAP_ANONYMOUS, MAP_PRIVATE, mmap

_PIECE = 1 << 20
"""Bytes that are handed on at a time; whole pages on every machine."""


class Gathered:
    """Bytes that come part by part."""

    def __init__(self, expected: int) -> None:
        """Make room.

        Args:
            expected: How many bytes will come; if it is wrong, they are moved.
        """
        self._map = _room(max(expected, 1))
        self.size = 0
        """Bytes that came."""

    def write(self, part: bytes) -> None:
        """Add at the end."""
        end = self.size + len(part)
        if end > len(self._map):
            self._move(2 * end)
        self._map[self.size : end] = part
        self.size = end

    def whole(self) -> mmap:
        """All that came; nothing can be added from now on."""
        if len(self._map) != self.size:
            self._move(self.size)
        return self._map

    def _move(self, size: int) -> None:
        old, self._map = self._map, _room(size)
        for at in range(0, self.size, _PIECE):
            self._map[at : min(at + _PIECE, self.size)] = old[at : min(at + _PIECE, self.size)]
        old.close()


def handed_on(data: bytes | mmap) -> Generator[bytes, None, None]:
    """Yield bytes in order; what is a map is let go of piece by piece, and closed in the end."""
    if isinstance(data, bytes):
        yield data
        return
    try:
        for at in range(0, len(data), _PIECE):
            yield data[at : at + _PIECE]
            data.madvise(MADV_DONTNEED, at, min(_PIECE, len(data) - at))
    finally:
        data.close()


def _room(size: int) -> mmap:
    # Private: of a shared one the system would keep what is let go of.
    return mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS)
