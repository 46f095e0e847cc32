"""Read and judge untrusted bytes in child processes with limits on memory and time.

Edge: the only file that starts a process for reading. A child gets raw bytes and gives back
JSON, which is validated; a message that kills it or takes too long is called unreadable,
the child is replaced, and the next message goes on.
"""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import msgspec

from guard.errors import GuardError, ModelError
from guard.mail.message import Message
from guard.mail.wire import decode
from guard.verdict.frames import FRAME, GOOD, JUDGE, READ
from guard.verdict.label import Verdict
from guard.verdict.reading import Reading, unjudged

MESSAGE_SECONDS = 20.0
"""Longest time for one message. Ordinary mail takes a thousandth of a second."""

JUDGE_SECONDS = 300.0
"""Longest time to load the model and judge one batch."""


CHILDREN = 2
"""Processes that read at once. More would wait for the one that files."""

WORTH_TWO = 50
"""Messages in a batch from which a second process pays for its own start."""


class ChildReader:
    """Readers in processes of their own. Context manager; each starts when first needed."""

    def __init__(
        self,
        model: Path,
        digest: str,
        *,
        own_text: Sequence[str] = (),
        message_seconds: float = MESSAGE_SECONDS,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            model: The model file.
            digest: SHA-256 that it must have, hex.
            own_text: Lines of our own reminder, which are not the writer's words.
            message_seconds: Longest time for one message.
        """
        arguments = [str(model), digest, *own_text]
        self._children = [_Child(arguments, message_seconds) for _ in range(CHILDREN)]
        self.judges = (*arguments, message_seconds)
        """What it reads and judges with; two with the same do the same."""
        self._problem: GuardError | None = None

    @property
    def problem(self) -> GuardError | None:
        """Why no verdict could be given, if the model would not load."""
        told = [child.problem for child in self._children if child.problem is not None]
        return self._problem or next(iter(told), None)

    @problem.setter
    def problem(self, problem: GuardError | None) -> None:
        self._problem = problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for what was begun, then end the processes."""
        for child in self._children:
            child.close()

    def start(self, raws: Sequence[bytes]) -> Callable[[], list[Reading]]:
        """Start a batch; the result is waited for when called. No content makes it raise."""
        shared = CHILDREN if len(raws) >= WORTH_TWO else 1
        share = -(-len(raws) // shared) if raws else 1
        begun = [
            child.start(raws[at : at + share])
            for child, at in zip(self._children, range(0, len(raws), share), strict=False)
        ]
        return lambda: [reading for result in begun for reading in result()]


class _Child:
    """One process, and the thread that talks to it."""

    def __init__(self, arguments: Sequence[str], seconds: float) -> None:
        self._arguments = arguments
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self.problem: GuardError | None = None

    def start(self, raws: Sequence[bytes]) -> Callable[[], list[Reading]]:
        """Start a batch."""
        return self._thread.submit(self._batch, list(raws)).result

    def close(self) -> None:
        """Wait for what was begun, then end the process."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._stop()

    def _batch(self, raws: list[bytes]) -> list[Reading]:
        messages = [self._read(raw) for raw in raws]
        verdicts = iter(self._judge([one for one in messages if one is not None]))
        return [
            Reading(message=one, verdict=next(verdicts) if one else unjudged("unreadable"))
            for one in messages
        ]

    def _read(self, raw: bytes) -> Message | None:
        try:
            status, answer = self._ask(READ, raw, self._seconds)
            return decode(answer) if status == GOOD else None
        except (OSError, EOFError, ValueError):
            self._stop()
            return None

    def _judge(self, messages: list[Message]) -> list[Verdict]:
        if not messages:
            return []
        try:
            texts = msgspec.json.encode(
                [(one.text, f"{one.full_text}\n{one.aside}") for one in messages]
            )
            status, answer = self._ask(JUDGE, texts, JUDGE_SECONDS)
            if status == GOOD:
                return msgspec.json.decode(answer, type=list[Verdict])
            self.problem = ModelError(answer.decode("ascii", "replace"))
        except (OSError, EOFError, msgspec.DecodeError):
            self._stop()
            self.problem = ModelError("the judging process died")
        return [unjudged("no model")] * len(messages)

    def _ask(self, order: bytes, data: bytes, seconds: float) -> tuple[bytes, bytes]:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(FRAME.pack(order, len(data)) + data)
        process.stdin.flush()
        return _receive(process.stdout.fileno(), seconds)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                [sys.executable, "-m", "guard.verdict.serving", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # What a library might print about a message must reach no log.
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    # What it never took cannot be flushed any more.
                    with contextlib.suppress(OSError):
                        pipe.close()


def _receive(pipe: int, seconds: float) -> tuple[bytes, bytes]:
    """Read one frame; each piece of it must come within `seconds`."""
    status, size = FRAME.unpack(_exactly(pipe, FRAME.size, seconds))
    return status, _exactly(pipe, size, seconds)


def _exactly(pipe: int, size: int, seconds: float) -> bytes:
    pieces: list[bytes] = []
    while size:
        if not select.select([pipe], [], [], seconds)[0]:
            raise TimeoutError
        piece = os.read(pipe, min(size, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
