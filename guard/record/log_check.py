"""Reading a stretch of the log: entries, their sealed parts and messages, the checkpoints.

Reads through the record it is given; nothing is raised for what it finds there.
Source: FORMAT.md, "Verifying".
"""

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256

import msgspec

from guard.errors import GuardError, TransientError
from guard.record.audit import BEFORE_ALL, Audit, Audited
from guard.record.derived_check import DerivedCheck
from guard.record.entry_check import EntryCheck, Fields, fields_of
from guard.record.erasures import Erasures
from guard.record.finding import Finding
from guard.record.log import Frontier
from guard.record.note import Verifier
from guard.record.tree_check import TreeCheck, Witness

_NOTES = 128
"""Signatures that are checked at a time, away from the walk: some 10 ms of work."""

_NOTHING = bytes(32)

_SEALED = frozenset({"sealed", "blob"})
"""Fields of a body that tell the digest of something sealed."""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """When enough was read again: at a checkpoint after so many entries or bytes."""

    before: int = 0
    """Only before this size; 0 for nowhere."""

    entries: int = 0
    """Entries that are enough."""

    size_bytes: int = 0
    """Bytes of sealed messages that are enough."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the log to read."""

    start: Frontier
    """Where to begin; somebody vouches for it."""

    size: int
    """Entries that the checkpoint at its end vouches for."""

    last: int
    """Number of the last entry to look at."""

    signed_from: int = 0
    """Size from which on every checkpoint's signature is checked; else only the last one's,
    on which all the others stand."""

    pause: Pause = Pause()
    """Where it may end early."""


class LogCheck:
    """Reads stretches of one record."""

    def __init__(
        self, record: Audit, verifier: Verifier, derived: DerivedCheck | None = None
    ) -> None:
        """Begin.

        Args:
            record: Open.
            verifier: Whose signature counts.
            derived: Told of every entry that is read.
        """
        self._record = record
        self._verifier = verifier
        self._derived = derived
        self._ordered: Erasures | None = None
        self.read = 0
        """Entries read, in all stretches."""

        self.end: Frontier | None = None
        """Where the last stretch ended, if a good checkpoint stands there."""

    def findings(self, stretch: Stretch, witnesses: Sequence[Witness] = ()) -> Iterator[Finding]:
        """Read one stretch.

        Args:
            stretch: What to read.
            witnesses: Checkpoints kept elsewhere, that fall into it or lie beyond the record.
        """
        erasures = self._record.erasures()
        # Most records have no order, and are walked without asking.
        self._ordered = erasures if erasures.owners() else None
        start = stretch.start
        since = start.size + 1 if start.size else BEFORE_ALL
        checkpoints = self._record.checkpoints(since, stretch.size)
        tree = TreeCheck(checkpoints, self._verifier, witnesses, start)
        # OpenSSL works without Python's lock, so the other cores can help.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            signatures = _Signatures(pool, self._verifier, stretch.signed_from)
            ended = yield from self._walk(stretch, tree, signatures)
            if not ended:
                yield from tree.finish()
            yield from signatures.rest(tree)
        self.end = tree.good

    def _walk(
        self, stretch: Stretch, tree: TreeCheck, signatures: "_Signatures"
    ) -> Generator[Finding, None, bool]:
        """Read on; its return value tells whether it ended at a checkpoint on the way."""
        check, pause = EntryCheck(self._erased), stretch.pause
        entries = size_bytes = 0
        since = stretch.start.size or BEFORE_ALL
        for page in self._record.pages(since, stretch.last):
            for row in page:
                yield from self._entry(row, tree, check)
                entries, size_bytes = entries + 1, size_bytes + (row[9] or 0)
                enough = entries >= pause.entries or size_bytes >= pause.size_bytes
                if enough and row[0] + 1 < pause.before and tree.good is not None:
                    self.read += entries
                    return True
            yield from signatures.some(tree)
        self.read += entries
        return False

    def _entry(self, row: Audited, tree: TreeCheck, check: EntryCheck) -> Sequence[Finding]:
        body = row[5]
        leaf = sha256(b"\x00" + body).digest() if isinstance(body, bytes) else _NOTHING
        fields = fields_of(body)
        findings = tree.take(row[0], leaf)
        faults = check.faults(row, leaf, fields)
        if fields is not None and fields.get("kind") == "filed":
            faults = [*faults, *self._blob(row, fields)]
        elif row[9] is not None:
            faults = [*faults, _blob_fault(row[0], "a message that no entry filed")]
        sealed, size = row[6], row[9]
        if fields is not None and (sealed is not None or size is not None):
            faults = [*faults, *self._left(row[0], fields)]
        if faults:
            tree.faulty = True
        if self._derived is not None:
            self._derived.take(fields)
        compared = tree.compare()
        return [*findings, *faults, *compared] if findings or faults or compared else ()

    def _erased(self, fields: Fields) -> bool:
        return not fields.keys().isdisjoint(_SEALED) and self._record.erasures().covers(fields)

    def _left(self, seq: int, fields: Fields) -> Sequence[Finding]:
        """Whether an order took what is here all the same."""
        if self._ordered is None:
            return ()
        try:
            if not self._ordered.covers(fields):
                return ()
            owners = [*filter(self._ordered.end, fields.get("owners", ()))]
        except (KeyError, TypeError, AttributeError):
            # The body was tampered with, which is reported elsewhere.
            return ()
        owner = next(iter(owners or self._ordered.owners()))
        detail = f"your order took it, and it is here; run: guard record erase {owner}"
        return [Finding(what="erased", seq=seq, detail=detail)]

    def _blob(self, row: Audited, fields: Fields) -> Sequence[Finding]:
        """What is wrong with the sealed message of a `filed` entry."""
        seq, sealed, ct, size = row[0], row[6], row[8], row[9]
        if size is None:
            if sealed is None and self._erased(fields):
                return ()
            return [_blob_fault(seq, "its message is missing")]
        try:
            found = sha256(ct).digest() if ct is not None else self._record.large_digest(seq)
        except TransientError:
            raise
        except (GuardError, TypeError):
            return [_blob_fault(seq, "its message cannot be read")]
        if found.hex() != fields.get("blob"):
            return [_blob_fault(seq, "its message is not the one filed")]
        return ()


def _blob_fault(seq: int, detail: str) -> Finding:
    return Finding(what="blob", seq=seq, detail=detail)


class _Signatures:
    """Checks signatures beside the walk."""

    def __init__(self, pool: ThreadPoolExecutor, verifier: Verifier, since: int) -> None:
        self._pool, self._verifier, self._since = pool, verifier, since
        self._waiting: list[Future[list[tuple[int, str]]]] = []

    def some(self, tree: TreeCheck) -> Iterator[Finding]:
        """Take over what the walk has met; tell what is known by now."""
        if len(tree.unproved) >= _NOTES:
            self._hand_over(tree)
        while self._waiting and self._waiting[0].done():
            yield from self._told(self._waiting.pop(0))

    def rest(self, tree: TreeCheck) -> Iterator[Finding]:
        """Check the rest. The last one is always checked."""
        last = tree.unproved[-1:]
        self._hand_over(tree)
        if last and last[0][0] < self._since:
            self._waiting.append(self._pool.submit(_unsigned, self._verifier, last))
        for waited in self._waiting:
            yield from self._told(waited)

    def _hand_over(self, tree: TreeCheck) -> None:
        notes = [(size, note) for size, note in tree.unproved if size >= self._since]
        tree.unproved.clear()
        if notes:
            self._waiting.append(self._pool.submit(_unsigned, self._verifier, notes))

    @staticmethod
    def _told(waited: Future[list[tuple[int, str]]]) -> Iterator[Finding]:
        for size, why in waited.result():
            detail = f"that of {size} entries is no good: {why}"
            yield Finding(what="checkpoint", seq=max(size - 1, 0), detail=detail)


def _unsigned(verifier: Verifier, notes: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    found = []
    for size, note in notes:
        try:
            verifier.text_of(note)
        except ValueError as error:
            found.append((size, str(error)))
    return found
