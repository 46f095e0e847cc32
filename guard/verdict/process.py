"""One child process that is given untrusted bytes: asked, waited for, and ended if it hangs.

Edge: the only file that starts a process for reading, and the limits that such a process sets
itself. What a mail can do to it, it cannot do to guard.
"""

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from mmap import mmap
from typing import BinaryIO

from guard.mail.bulk import handed_on
from guard.verdict.frames import FRAME


class Process:
    """A module of ours in a process of its own; it starts when first needed."""

    def __init__(self, module: str, arguments: Sequence[str] = ()) -> None:
        """Prepare; nothing is started yet.

        Args:
            module: What is run; it answers frames (`attend`).
            arguments: Given on its command line, so never anything of a mail.
        """
        self._command = [sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and not ended since."""
        return self._process is not None

    def start(self) -> None:
        """Start it if it does not run, and do not wait until it is ready."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # What a library might print about a message must reach no log.
                stderr=subprocess.DEVNULL,
            )

    def ask(self, order: bytes, data: bytes | mmap, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what it answers; None if it died or took too long, and then it is ended.

        Args:
            order: One byte.
            data: What the order is about; a map is let go of as it is written, and closed.
            seconds: Longest time for the answer to begin, and for each piece of it.
        """
        try:
            self.start()
            assert self._process is not None
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            # Not joined: a huge message would be held once more.
            self._process.stdin.write(FRAME.pack(order, len(data)))
            for piece in handed_on(data):
                self._process.stdin.write(piece)
            self._process.stdin.flush()
            return _receive(self._process.stdout.fileno(), seconds)
        except (OSError, EOFError):
            self.stop()
            return None

    def stop(self) -> None:
        """End it at once; whatever it held is gone with it."""
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


def confine(memory: int) -> None:
    """Limit the process that calls: the child's first act.

    Args:
        memory: Bytes of address space.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # No mail can be left behind in a file; `language` alone lifts this, for a table of its own.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def attend(
    orders: BinaryIO,
    answers: BinaryIO,
    answer: Callable[[bytes, bytes], tuple[bytes, bytes]],
    *,
    seconds: int = 0,
) -> None:
    """Answer orders until they end: the child's whole life.

    Args:
        orders: Frames: one byte, four bytes of length, the data.
        answers: Frames of the same shape.
        answer: Makes an answer of an order and its data.
        seconds: The process ends itself if an answer takes longer, since whoever asked may be
            gone; 0 for no such end.
    """
    while head := orders.read(FRAME.size):
        order, size = FRAME.unpack(head)
        data = orders.read(size)
        signal.alarm(seconds)
        status, said = answer(order, data)
        signal.alarm(0)
        answers.write(FRAME.pack(status, len(said)) + said)
        answers.flush()
        # It may be huge, and the next order late.
        del data
