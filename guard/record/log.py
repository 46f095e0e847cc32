"""The Merkle tree over the entries: frontier, root and inclusion proofs.

Pure. A `Frontier` is all that appending needs: the roots of the complete subtrees, largest
first, at most one for each bit of the size. Source: RFC 6962 section 2.1; RFC 9162
section 2.1 for how proofs are checked.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Self

import msgspec

_DIGEST = 32
EMPTY_ROOT = sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash one entry. Source: RFC 6962 section 2.1, prefix 0x00."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees. Source: RFC 6962 section 2.1, prefix 0x01."""
    return sha256(b"\x01" + left + right).digest()


class Frontier(msgspec.Struct, frozen=True):
    """The edge of the tree: enough to append and to know the root."""

    size: int = 0
    """Number of leaves."""

    peaks: tuple[bytes, ...] = ()
    """Roots of the complete subtrees, largest first, 32 bytes each."""

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError("a frontier has one peak for each bit of its size")

    @classmethod
    def decode(cls, size: int, data: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            ValueError: The bytes do not fit the size.
        """
        if len(data) % _DIGEST:
            raise ValueError("a frontier is whole digests")
        peaks = (data[i : i + _DIGEST] for i in range(0, len(data), _DIGEST))
        return cls(size, tuple(peaks))

    def encode(self) -> bytes:
        """The peaks, one after another."""
        return b"".join(self.peaks)

    def append(self, leaf: bytes) -> "Frontier":
        """Add one leaf hash. Costs O(log n) at worst, two hashes on average."""
        peaks, rest = list(self.peaks), self.size
        while rest & 1:
            leaf = node_hash(peaks.pop(), leaf)
            rest >>= 1
        return Frontier(self.size + 1, (*peaks, leaf))

    def root(self) -> bytes:
        """Root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Growth:
    """A frontier that grows in place: for walking a long log, where `Frontier` is too slow."""

    __slots__ = ("_peaks", "size")

    def __init__(self, frontier: Frontier) -> None:
        self.size = frontier.size
        self._peaks = list(frontier.peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        rest = self.size
        while rest & 1:
            # `node_hash`, written out: this is the innermost loop of `verify`.
            leaf = sha256(b"\x01" + self._peaks.pop() + leaf).digest()
            rest >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def frontier(self) -> Frontier:
        """How it stands."""
        return Frontier(self.size, tuple(self._peaks))


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over all leaf hashes."""
    growth = Growth(Frontier())
    for leaf in leaves:
        growth.append(leaf)
    return growth.frontier().root()


def inclusion(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Prove that leaf `index` is in the tree. Source: RFC 6962 section 2.1.1.

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*inclusion(leaves[:split], index), root_of(leaves[split:]))
    return (*inclusion(leaves[split:], index - split), root_of(leaves[:split]))


def siblings(index: int, size: int) -> list[tuple[int, int]]:
    """Which leaves each step of an inclusion proof covers, from the leaf up.

    The roots over these ranges (first, one after the last) are what `inclusion` gives; for
    a log too long to be held in memory.

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError("no such leaf")
    start, end, found = 0, size, []
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            found.append((split, end))
            end = split
        else:
            found.append((start, split))
            start = split
    return found[::-1]


def includes(root: bytes, *, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows `leaf` at `index`. Source: RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    found = leaf
    try:
        for step, on_left in _turns(index, size - 1, proof):
            found = node_hash(step, found) if on_left else node_hash(found, step)
    except ValueError:
        return False
    return found == root


def _turns(index: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each step of a path to the root, and whether it is the left sibling.

    Raises:
        ValueError: The path is too long or too short.
    """
    for step in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        on_left = bool(index & 1) or index == last
        yield step, on_left
        while on_left and index and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")


def _split(size: int) -> int:
    """Largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
