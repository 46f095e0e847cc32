"""The frames that a reader and its child exchange: one byte, four bytes of length, the data."""

import struct

FRAME = struct.Struct(">cI")
READ, JUDGE = b"r", b"j"
GOOD, BAD, NO_MODEL = b"g", b"b", b"m"
