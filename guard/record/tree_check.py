"""Walking the log beside its signed checkpoints, to say where they part.

Pure. A checkpoint that holds is a fresh start, so one bad entry is reported once and later
ones are still found. Source: RFC 6962 section 2.1; C2SP tlog-checkpoint.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard.record.finding import Finding
from guard.record.log import Frontier
from guard.record.note import Checkpoint, Verifier


@dataclass(frozen=True, slots=True)
class Witness:
    """What somebody outside remembers of the log."""

    size: int
    """Number of entries."""

    root: bytes
    """Root over them, 32 bytes."""


class TreeCheck:
    """Takes leaves in order, and compares at every signed size."""

    def __init__(
        self,
        checkpoints: Iterator[tuple[int, bytes, str]],
        verifier: Verifier,
        witnesses: Sequence[Witness],
    ) -> None:
        self._checkpoints = checkpoints
        self._verifier = verifier
        self._witnesses = sorted(witnesses, key=lambda witness: witness.size)
        self._next = next(checkpoints, None)
        self._frontier: Frontier | None = Frontier()
        self._size = 0
        self._good = 0
        self.faulty = False
        """Whether something in the entries since the last checkpoint was reported already."""

    def take(self, seq: int, leaf: bytes) -> Iterator[Finding]:
        """Take the next leaf that the store holds, whatever its number."""
        if seq < self._size:
            self.faulty = True
            yield Finding(what="planted", seq=seq, detail="an entry with an impossible number")
            return
        if seq > self._size:
            yield from self._gap(seq)
        if self._frontier is not None:
            self._frontier = self._frontier.append(leaf)
        self._size = seq + 1

    def compare(self) -> Iterator[Finding]:
        """Compare with the checkpoint and the witnesses of this size, if there are any."""
        while self._next is not None and self._next[0] <= self._size:
            yield from self._checkpoint(*self._next)
            self._next = next(self._checkpoints, None)
        while self._witnesses and self._witnesses[0].size <= self._size:
            witness = self._witnesses.pop(0)
            same = self._frontier is not None and self._frontier.size == witness.size
            if not same or self._frontier is None or self._frontier.root() != witness.root:
                detail = f"a kept checkpoint of {witness.size} entries has another root"
                yield Finding(what="witness", seq=self._good, detail=detail)

    def finish(self) -> Iterator[Finding]:
        """Compare the end of the log with what was signed and what was witnessed."""
        while self._next is not None:
            size = self._next[0]
            if size > self._size:
                yield from self._gap(size)
                self._size = size
            yield from self.compare()
        if self._size > self._good:
            detail = "no checkpoint vouches for the entries from here on"
            yield Finding(what="planted", seq=self._good, detail=detail)
        for witness in self._witnesses:
            detail = f"rolled back: a kept checkpoint has {witness.size} entries"
            yield Finding(what="witness", seq=self._size, detail=detail)

    def _gap(self, end: int) -> Iterator[Finding]:
        last = end - 1
        detail = "it is gone" if last == self._size else f"it and all up to {last} are gone"
        yield Finding(what="missing", seq=self._size, detail=detail)
        self.faulty, self._frontier = True, None

    def _checkpoint(self, size: int, stored: bytes, note: str) -> Iterator[Finding]:
        try:
            frontier = self._vouched(size, stored, note)
        except ValueError as error:
            # What it covers is judged by the next one.
            detail = f"that of {size} entries is no good: {error}"
            yield Finding(what="checkpoint", seq=max(size - 1, 0), detail=detail)
            return
        if size != self._size:
            detail = f"there are two for {size} entries"
            yield Finding(what="checkpoint", seq=max(size - 1, 0), detail=detail)
            return
        if self._frontier != frontier and not self.faulty:
            detail = f"something from here up to entry {size - 1} is not what was signed"
            yield Finding(what="root", seq=self._good, detail=detail)
        self._frontier, self._good, self.faulty = frontier, size, False

    def _vouched(self, size: int, stored: bytes, note: str) -> Frontier:
        """The frontier that a checkpoint vouches for.

        Raises:
            ValueError: It vouches for nothing.
        """
        signed = Checkpoint.decode(self._verifier.text_of(note))
        frontier = Frontier.decode(size, stored)
        if (signed.origin, signed.size) != (self._verifier.name, size):
            raise ValueError("it is for another log or size")
        if frontier.root() != signed.root:
            raise ValueError("its frontier does not give the signed root")
        return frontier
