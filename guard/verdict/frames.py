"""What a reader and its child exchange: frames of one byte, four bytes of length, the data."""

import struct
from collections.abc import Sequence

import msgspec

FRAME = struct.Struct(">cI")
READ, READ_ALL, JUDGE = b"r", b"a", b"j"
GOOD, BAD, NO_MODEL = b"g", b"b", b"m"


def pack(parts: Sequence[bytes]) -> bytes:
    """Put several pieces into the data of one frame."""
    return msgspec.msgpack.encode(parts)


def unpack(data: bytes) -> list[bytes]:
    """Return the pieces that `pack` put together.

    Raises:
        ValueError: It holds something else.
    """
    return msgspec.msgpack.decode(data, type=list[bytes])
