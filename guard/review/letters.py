"""What is shown of a stranger's mail, made by a child process that may die of it.

Touches the world only through that process (see `guard.verdict.process`). One is kept warm, since
she opens one letter after another; it is ended when the page locks, with all that it read.
"""

import contextlib
import struct
from collections.abc import Sequence
from threading import Lock
from typing import Self

import msgspec

from guard.errors import UnreadableError
from guard.mail.message import Message
from guard.mail.wire import decode
from guard.verdict.process import Process

MESSAGE, WORDS, ATTACHED, LAYOUT = b"m", b"w", b"a", b"l"
"""Orders."""

SOME, WITH_LAYOUT, NONE, TANGLED = b"s", b"h", b"n", b"t"
"""Answers: here it is, here it is and it has a layout, there is none, it cannot be read."""

PREFIX = struct.Struct(">II")
"""Before the message: size of the lines of our own reminder as JSON, number of an attachment."""

_MOST_NUMBERS = 2**32

SECONDS = 4.0
"""Longest time for one message. An ordinary one takes a thousandth of a second, one of 50 MB
half of one."""


class Letters:
    """One reader in a process of its own. Context manager; it starts when first needed."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        """Prepare; nothing is started yet.

        Args:
            seconds: Longest time for one message.
        """
        self._process = Process("guard.review.opening")
        self._seconds = seconds
        # The clock that locks the page is another thread's.
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def warm(self) -> None:
        """Start ahead; the call returns at once."""
        with self._turn:
            self._start()

    def close(self) -> None:
        """End the process, and with it all that it read. It starts again when needed."""
        with self._turn:
            self._process.stop()

    def message(self, raw: bytes, own: Sequence[str]) -> tuple[Message, bool]:
        """Return a message as parsed, and whether it has a layout.

        Args:
            raw: As it came.
            own: Lines of our own reminder, which are not the writer's words.

        Raises:
            UnreadableError: It cannot be read, or takes too much time or memory.
        """
        status, said = self._ask(MESSAGE, raw, own=own)
        return decode(said), status == WITH_LAYOUT

    def words(self, raw: bytes) -> str:
        """Return what is searched of a message.

        Raises:
            UnreadableError: As for `message`.
        """
        return self._ask(WORDS, raw)[1].decode(errors="replace")

    def attachment(self, raw: bytes, number: int) -> bytes | None:
        """Return the content of an attachment, counted from 0; None if there is none.

        Raises:
            UnreadableError: As for `message`.
        """
        if number >= _MOST_NUMBERS:
            return None
        status, said = self._ask(ATTACHED, raw, number=number)
        return None if status == NONE else said

    def layout(self, raw: bytes) -> str:
        """Return HTML without anything that acts, loads or leads away; empty if there is none.

        Raises:
            UnreadableError: As for `message`.
        """
        return self._ask(LAYOUT, raw)[1].decode(errors="replace")

    def _start(self) -> None:
        # A machine that has no room for a process now may have it when one is needed.
        with contextlib.suppress(OSError):
            self._process.start()

    def _ask(
        self, order: bytes, raw: bytes, *, own: Sequence[str] = (), number: int = 0
    ) -> tuple[bytes, bytes]:
        lines = msgspec.json.encode([*own])
        with self._turn:
            given = PREFIX.pack(len(lines), number) + lines + raw
            answer = self._process.ask(order, given, self._seconds)
            if answer is None:
                # The next letter need not wait until a new process has begun.
                self._start()
        if answer is None or answer[0] == TANGLED:
            raise UnreadableError("this message cannot be read")
        return answer
