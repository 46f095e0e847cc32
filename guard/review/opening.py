"""The child's side of the page: a stranger's bytes to what is shown of them, under limits.

Edge. Started by `guard.review.letters`, never imported by it. Knows no key and no record: what
a hostile mail makes of this process, it learns of that one mail and of nothing else.
"""

import sys

import msgspec

from guard.errors import UnreadableError
from guard.mail.message import Message
from guard.mail.parse import parse
from guard.mail.wire import encode
from guard.review import inside
from guard.review.letters import (
    ATTACHED,
    LAYOUT,
    MESSAGE,
    NONE,
    PREFIX,
    SOME,
    TANGLED,
    WITH_LAYOUT,
    WORDS,
)
from guard.verdict.process import attend, confine

MEMORY_BYTES = 1024**3
"""Address space. A mail of 50 MB takes a third of it."""

_LONGEST_SECONDS = 20
"""After so long it ends by itself: whoever asked has given up, or is gone."""


def answer(order: bytes, data: bytes) -> tuple[bytes, bytes]:
    """Return what is asked of one message."""
    size, number = PREFIX.unpack_from(data)
    own = msgspec.json.decode(data[PREFIX.size : PREFIX.size + size], type=list[str])
    raw = data[PREFIX.size + size :]
    try:
        if order == MESSAGE:
            message = encode(parse(raw, own=own))
            return WITH_LAYOUT if inside.html(raw) else SOME, message
        if order == WORDS:
            return SOME, _words(parse(raw)).encode(errors="replace")
        if order == ATTACHED:
            found = inside.attachment(raw, parse(raw), number)
        else:
            assert order == LAYOUT
            found = _clean(inside.html(raw))
    except (UnreadableError, MemoryError, RecursionError):
        return TANGLED, b""
    return (NONE, b"") if found is None else (SOME, found)


def _words(message: Message) -> str:
    """What is searched: who, to whom, subject, names of attachments, the whole text."""
    people = [f"{one.name} {one.email}" for one in (*message.sender, *message.recipients)]
    names = [one.name for one in message.attachments]
    return "\n".join([message.subject, *people, *names, message.full_text])


def _clean(source: str) -> bytes | None:
    """HTML without anything that acts, loads or leads away; None when there is none."""
    if not source:
        return None
    # Only few look at the layout, and it is slow to load.
    import nh3  # noqa: PLC0415

    tags = nh3.ALLOWED_TAGS - {"a", "img", "map", "area"}
    clean = nh3.clean(source, tags=tags, attributes={"*": {"align", "colspan", "rowspan"}})
    return clean.encode()


def main() -> None:
    """Limit this process, then serve on its standard streams."""
    confine(MEMORY_BYTES)
    attend(sys.stdin.buffer, sys.stdout.buffer, answer, seconds=_LONGEST_SECONDS)


if __name__ == "__main__":
    main()
