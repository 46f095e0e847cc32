"""The child's side of reading: untrusted bytes to messages, texts to verdicts, under limits.

Edge: limits its own process. Started by `guard.verdict.child`, never imported by it, so that a
scan with nothing new loads no model and no scikit-learn.
"""

import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import msgspec

from guard.errors import ModelError, UnreadableError
from guard.mail.parse import parse
from guard.mail.wire import encode
from guard.verdict.aside import danger_aside
from guard.verdict.frames import BAD, FRAME, GOOD, NO_MODEL, READ
from guard.verdict.judge import Judge
from guard.verdict.model import load

MEMORY_BYTES = 2 * 1024**3
"""Address space of the child. scikit-learn and its libraries alone reserve about half of it."""


def serve(orders: BinaryIO, answers: BinaryIO, arguments: list[str]) -> None:
    """Answer orders until they end: the child's whole life.

    Args:
        orders: Frames: one byte (``r`` read, ``j`` judge), four bytes of length, the data.
        answers: Frames of the same shape: ``g`` good, ``b`` unreadable, ``m`` no model.
        arguments: Model file, its digest, then the lines of our own reminder.
    """
    model, digest, *own = arguments
    judge: Judge | None = None
    while head := orders.read(FRAME.size):
        order, size = FRAME.unpack(head)
        data = orders.read(size)
        try:
            if order == READ:
                answer = GOOD, encode(parse(data, own=own))
            else:
                judge = judge or load(Path(model), digest)
                texts = msgspec.json.decode(data, type=list[tuple[str, str]])
                told = judge.judge([text for text, _aside in texts])
                both = zip(told, texts, strict=True)
                found = [
                    one if one.crisis else replace(one, aside=danger_aside(aside))
                    for one, (_text, aside) in both
                ]
                answer = GOOD, msgspec.json.encode(found)
        except ModelError as error:
            answer = NO_MODEL, str(error).encode("ascii", "replace")
        except (UnreadableError, MemoryError, RecursionError):
            answer = BAD, b""
        answers.write(FRAME.pack(answer[0], len(answer[1])) + answer[1])
        answers.flush()


def main() -> None:
    """Limit this process, then serve on its standard streams."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # No mail can be left behind in a file; `language` alone lifts this, for a table of its own.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, sys.argv[1:])


if __name__ == "__main__":
    main()
