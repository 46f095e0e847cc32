"""A reading process that dies of one letter and hangs on another."""

import os
import time
from collections.abc import Sequence

from guard.mail import parse as parsing
from guard.mail.message import Message

DEADLY, SLOW = b"deadly", b"slow"


_parse = parsing.parse


def read(raw: bytes, *, own: Sequence[str] = ()) -> Message:
    """Parse all others."""
    if raw == DEADLY:
        os._exit(1)
    if raw == SLOW:
        time.sleep(60)
    return _parse(raw, own=own)


if __name__ == "__main__":
    parsing.parse = read
    from guard.verdict.serving import main

    main()
