"""Read and judge untrusted bytes in child processes with limits on memory and time.

A child (see `process`) gets raw bytes, of one message or of some small ones, and gives back JSON
for each, which is validated; a message that kills it or takes too long is called unreadable, the
child is replaced, and the next message goes on.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from guard.errors import GuardError, ModelError, UnreadableError
from guard.mail.message import Message
from guard.mail.wire import decode
from guard.verdict.frames import GOOD, JUDGE, READ, READ_ALL, pack, unpack
from guard.verdict.label import Verdict
from guard.verdict.process import Process
from guard.verdict.reading import Reading, unjudged

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

MESSAGE_SECONDS = 20.0
"""Longest time for one message, or for some small ones. Ordinary mail takes a thousandth of a
second."""

JUDGE_SECONDS = 300.0
"""Longest time to load the model and judge one batch."""

AT_ONCE = 16
"""Small messages that a process is asked about at once: to be asked wakes it, and to be told wakes
whoever files meanwhile. One by one, a scan of 10,000 took a fifteenth longer."""

SMALL = 64_000
"""Bytes up to which a message is small."""

JUDGED_AT_ONCE = 100
"""Messages that a process judges at once: more cost as much, and take more memory."""

CHILDREN = 2
"""Processes that read at once. More would wait for the one that files."""

WORTH_TWO = 150
"""Messages in a batch from which a second process is worth its start, a third of a second of
processor time: so full a batch is hardly the last."""


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
            message_seconds: Longest time for one message, or for some small ones together.
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

    def start(self, raws: Sequence[bytes | mmap]) -> Callable[[], list[Reading]]:
        """Start a batch; the result is waited for when called. No content makes it raise.

        A map among them is let go of as it is read.
        """
        share = -(-len(raws) // _worth(len(raws))) if raws else 1
        begun = [
            child.start(raws[at : at + share])
            for child, at in zip(self._children, range(0, len(raws), share), strict=False)
        ]
        return lambda: [reading for result in begun for reading in result()]

    def wake(self, count: int) -> None:
        """Start as many processes as so many messages are worth, before they are there.

        The call returns at once; to be ready takes a process much longer than to read a few.
        """
        for child in self._children[: _worth(count)]:
            child.wake()

    def make_room(self) -> None:
        """End all processes but one, when they have done what was begun; the call returns at once.

        That one is started, for a process that starts later would begin as a copy of one that
        holds a huge message. The others start again when a batch is worth it.
        """
        first, *others = self._children
        first.wake()
        for child in others:
            child.rest()


def _worth(count: int) -> int:
    return CHILDREN if count >= WORTH_TWO else 1


class _Child:
    """One process, and the thread that talks to it."""

    def __init__(self, arguments: Sequence[str], seconds: float) -> None:
        self._seconds = seconds
        self._process = Process("guard.verdict.serving", arguments)
        self.problem: GuardError | None = None

    def start(self, raws: Sequence[bytes | mmap]) -> Callable[[], list[Reading]]:
        """Start a batch."""
        return self._thread.submit(self._batch, list(raws)).result

    def wake(self) -> None:
        """Start the process, if it does not run, once what was begun is done."""
        self._thread.submit(self._process.start)

    def rest(self) -> None:
        """End the process once it has done what was begun; the next batch starts it again."""
        self._thread.submit(self._process.stop)

    def close(self) -> None:
        """Wait for what was begun, then end the process."""
        if "_thread" in vars(self):
            self._thread.shutdown(wait=True, cancel_futures=True)
        self._process.stop()

    @cached_property
    def _thread(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # most scans read none

        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")

    def _batch(self, raws: list[bytes | mmap]) -> list[Reading]:
        pieces = (raws[at : at + JUDGED_AT_ONCE] for at in range(0, len(raws), JUDGED_AT_ONCE))
        return [one for piece in pieces for one in self._readings(piece)]

    def _readings(self, raws: Sequence[bytes | mmap]) -> list[Reading]:
        messages = [one for group in _groups(raws) for one in self._read_all(group)]
        verdicts = iter(self._judge([one for one in messages if one is not None]))
        return [
            Reading(message=one, verdict=next(verdicts) if one else unjudged("unreadable"))
            for one in messages
        ]

    def _read_all(self, raws: Sequence[bytes | mmap]) -> list[Message | None]:
        small = [raw for raw in raws if isinstance(raw, bytes)]
        if 1 < len(raws) == len(small):
            status, answer = self._process.ask(READ_ALL, pack(small), self._seconds) or (b"", b"")
            with contextlib.suppress(ValueError, UnreadableError):
                if status == GOOD and len(told := unpack(answer)) == len(small):
                    return [decode(one) if one else None for one in told]
            # Whatever made it answer so, or die, is found by asking about each alone.
            self._process.stop()
        return [self._read(raw) for raw in raws]

    def _read(self, raw: bytes | mmap) -> Message | None:
        status, answer = self._process.ask(READ, raw, self._seconds) or (b"", b"")
        if status != GOOD:
            return None
        try:
            return decode(answer)
        except UnreadableError:
            # Whatever made it answer so must not read the next one.
            self._process.stop()
            return None

    def _judge(self, messages: list[Message]) -> list[Verdict]:
        if not messages:
            return []
        texts = msgspec.json.encode(
            [(one.text, f"{one.full_text}\n{one.aside}") for one in messages]
        )
        status, answer = self._process.ask(JUDGE, texts, JUDGE_SECONDS) or (b"", b"")
        try:
            if status == GOOD:
                return msgspec.json.decode(answer, type=list[Verdict])
            self.problem = ModelError(answer.decode("ascii", "replace") or _DIED)
        except msgspec.DecodeError:
            self._process.stop()
            self.problem = ModelError(_DIED)
        return [unjudged("no model")] * len(messages)


def _groups(raws: Sequence[bytes | mmap]) -> Iterator[list[bytes | mmap]]:
    """Small messages some at a time, large ones alone, in order."""
    group: list[bytes | mmap] = []
    for raw in raws:
        if group and (len(group) == AT_ONCE or len(raw) > SMALL or len(group[-1]) > SMALL):
            yield group
            group = []
        group.append(raw)
    if group:
        yield group


_DIED = "the judging process died"
