"""The child's side of reading: untrusted bytes to messages, texts to verdicts, under limits.

Edge. Started by `guard.verdict.child`, never imported by it, so that a
scan with nothing new loads no model.
"""

import gc
import sys
from functools import cache
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from guard.errors import ModelError, UnreadableError
from guard.mail.parse import parse
from guard.mail.wire import encode
from guard.verdict.aside import danger_aside
from guard.verdict.frames import BAD, GOOD, NO_MODEL, READ, READ_ALL, pack, unpack
from guard.verdict.judge import Judge
from guard.verdict.label import Verdict
from guard.verdict.model import load
from guard.verdict.process import attend, confine

MEMORY_BYTES = 2 * 1024**3
"""Address space of the child. On two cores it reserves a tenth of it before it reads anything."""

_ALLOCATIONS = 50_000
"""Objects made before rubbish is looked for; Python's own 700 cost a twentieth of the reading."""


def serve(orders: BinaryIO, answers: BinaryIO, arguments: list[str]) -> None:
    """Answer orders until they end: the child's whole life.

    Args:
        orders: Frames: ``r`` read, ``a`` read all of several, ``j`` judge.
        answers: Frames: ``g`` good, ``b`` unreadable, ``m`` no model. Of several that were read,
            what is unreadable has an empty piece in the good answer.
        arguments: Model file, its digest, then the lines of our own reminder.
    """
    model, digest, *own = arguments
    judge = cache(lambda: load(Path(model), digest))

    def read(raw: bytes) -> bytes:
        try:
            return encode(parse(raw, own=own))
        except (UnreadableError, MemoryError, RecursionError):
            return b""

    def answer(order: bytes, data: bytes) -> tuple[bytes, bytes]:
        try:
            if order == READ:
                return GOOD, encode(parse(data, own=own))
            if order == READ_ALL:
                return GOOD, pack([read(one) for one in unpack(data)])
            texts = msgspec.json.decode(data, type=list[tuple[str, str]])
            return GOOD, msgspec.json.encode(_judged(judge(), texts))
        except ModelError as error:
            return NO_MODEL, str(error).encode("ascii", "replace")
        except (UnreadableError, MemoryError, RecursionError):
            return BAD, b""

    attend(orders, answers, answer)


def _judged(judge: Judge, texts: list[tuple[str, str]]) -> list[Verdict]:
    told = judge.judge([text for text, _aside in texts])
    return [
        one if one.crisis else replace(one, aside=danger_aside(aside))
        for one, (_text, aside) in zip(told, texts, strict=True)
    ]


def main() -> None:
    """Limit this process, then serve on its standard streams."""
    confine(MEMORY_BYTES)
    gc.set_threshold(_ALLOCATIONS)
    gc.freeze()
    serve(sys.stdin.buffer, sys.stdout.buffer, sys.argv[1:])


if __name__ == "__main__":
    main()
