"""Walking the log beside its signed checkpoints, to say where they part.

Pure. A checkpoint that holds is a fresh start, so one bad entry is reported once and later
ones are still found. Source: RFC 6962 section 2.1; C2SP tlog-checkpoint.
"""

from collections.abc import Iterator, Sequence

import msgspec

from guard.record.finding import Finding
from guard.record.log import Frontier, Growth
from guard.record.note import Checkpoint, Verifier

Row = tuple[int, bytes, str]
"""One checkpoint as the store holds it: size, frontier, signed note."""


class Witness(msgspec.Struct, frozen=True):
    """What somebody outside remembers of the log."""

    size: int
    """Number of entries."""

    root: bytes
    """Root over them, 32 bytes."""


class TreeCheck:
    """Takes leaves in order, and compares at every signed size."""

    def __init__(
        self,
        checkpoints: Iterator[Row],
        verifier: Verifier,
        witnesses: Sequence[Witness],
        start: Frontier | None = None,
    ) -> None:
        """Begin.

        Args:
            checkpoints: In order of size, those above the start.
            verifier: Whose signature counts.
            witnesses: In any order, those above the start.
            start: A frontier that somebody vouches for; None for the empty log.
        """
        start = start or Frontier()
        self._checkpoints = checkpoints
        self._verifier = verifier
        self._witnesses = sorted(witnesses, key=lambda witness: witness.size)
        self._next: Row | None = next(checkpoints, None)
        self._growth: Growth | None = Growth(start)
        self._size = self._good = start.size
        self.faulty = False
        """Whether something in the entries since the last checkpoint was reported already."""

        self.unproved: list[tuple[int, str]] = []
        """Checkpoints that agree with the tree and whose signature nobody checked: size and
        note. Whoever walks empties it; a signature costs as much time as ten entries."""

    @property
    def good(self) -> Frontier | None:
        """The frontier here, if a checkpoint of this very size agrees with it."""
        if self._growth is None or self._good != self._size:
            return None
        return self._growth.frontier()

    def take(self, seq: int, leaf: bytes) -> Sequence[Finding]:
        """Take the next leaf that the store holds, whatever its number."""
        findings: Sequence[Finding] = ()
        if seq != self._size:
            if seq < self._size:
                self.faulty = True
                detail = "an entry with an impossible number"
                return [Finding(what="planted", seq=seq, detail=detail)]
            findings = self._gap(seq)
        if self._growth is not None:
            self._growth.append(leaf)
        self._size = seq + 1
        return findings

    def compare(self) -> Sequence[Finding]:
        """Compare with the checkpoint and the witnesses of this size, if there are any."""
        if (self._next is None or self._next[0] > self._size) and not self._witnesses:
            return ()
        return list(self._compared())

    def finish(self) -> Iterator[Finding]:
        """Compare the end of the log with what was signed and what was witnessed."""
        while self._next is not None:
            size = self._next[0]
            if size > self._size:
                yield from self._gap(size)
                self._size = size
            yield from self._compared()
        if self._size > self._good:
            detail = "no checkpoint vouches for the entries from here on"
            yield Finding(what="planted", seq=self._good, detail=detail)
        for witness in self._witnesses:
            detail = f"rolled back: a kept checkpoint has {witness.size} entries"
            yield Finding(what="witness", seq=self._size, detail=detail)

    def _compared(self) -> Iterator[Finding]:
        while self._next is not None and self._next[0] <= self._size:
            row, self._next = self._next, next(self._checkpoints, None)
            yield from self._checkpoint(*row)
        while self._witnesses and self._witnesses[0].size <= self._size:
            witness = self._witnesses.pop(0)
            here = self._growth.frontier() if self._growth is not None else None
            if here is None or (here.size, here.root()) != (witness.size, witness.root):
                detail = f"a kept checkpoint of {witness.size} entries has another root"
                yield Finding(what="witness", seq=self._good, detail=detail)

    def _gap(self, end: int) -> list[Finding]:
        last = end - 1
        detail = "it is gone" if last == self._size else f"it and all up to {last} are gone"
        finding = Finding(what="missing", seq=self._size, detail=detail)
        self.faulty, self._growth = True, None
        return [finding]

    def _checkpoint(self, size: int, stored: bytes, note: str) -> Iterator[Finding]:
        here = self._growth.frontier() if self._growth is not None else None
        if here is not None and size == here.size and self._next is not None and not self.faulty:
            # The end is signed and stands on this one: that its text is right is seen here,
            # and its own signature can be checked elsewhere.
            text = _text(self._verifier, here)
            if stored == here.encode() and note.startswith(f"{text}\n\u2014 "):
                self.unproved.append((size, note))
                self._good = size
                return
        try:
            frontier = vouched(size, stored, note, self._verifier)
        except (ValueError, TypeError, AttributeError) as error:
            # What it covers is judged by the next one.
            detail = f"that of {size} entries is no good: {error}"
            yield Finding(what="checkpoint", seq=max(size - 1, 0), detail=detail)
            return
        if size != self._size:
            detail = f"there are two for {size} entries"
            yield Finding(what="checkpoint", seq=max(size - 1, 0), detail=detail)
            return
        if here != frontier and not self.faulty:
            detail = f"something from here up to entry {size - 1} is not what was signed"
            yield Finding(what="root", seq=self._good, detail=detail)
        self._growth, self._good, self.faulty = Growth(frontier), size, False


def vouched(size: int, stored: bytes, note: str, verifier: Verifier) -> Frontier:
    """The frontier that a checkpoint vouches for.

    Raises:
        ValueError: It vouches for nothing.
    """
    signed = Checkpoint.decode(verifier.text_of(note))
    frontier = Frontier.decode(size, stored)
    if (signed.origin, signed.size) != (verifier.name, size):
        raise ValueError("it is for another log or size")
    if frontier.root() != signed.root:
        raise ValueError("its frontier does not give the signed root")
    return frontier


def _text(verifier: Verifier, frontier: Frontier) -> str:
    return Checkpoint(origin=verifier.name, size=frontier.size, root=frontier.root()).encode()
