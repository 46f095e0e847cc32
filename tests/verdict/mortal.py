"""A reading process that dies of one letter and hangs on another."""

import os
import time

from guard.mail.message import Message
from guard.mail.parse import parse
from guard.verdict import serving

DEADLY, SLOW = b"deadly", b"slow"


def read(raw: bytes, *, own: list[str]) -> Message:
    """Parse all others."""
    if raw == DEADLY:
        os._exit(1)
    if raw == SLOW:
        time.sleep(60)
    return parse(raw, own=own)


if __name__ == "__main__":
    serving.parse = read
    serving.main()
