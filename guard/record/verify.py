"""Is the record what was filed? Every check there is, as findings.

Nothing is raised for what is found, nothing is repaired. Memory stays flat.
Source: FORMAT.md, "Verifying"; RFC 6962 section 2.1; C2SP tlog-checkpoint.
"""

import contextlib
import secrets
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from guard.errors import GuardError, RecordBrokenError
from guard.record import durable, state_check, verified, witness
from guard.record.audit import Audit, Extent
from guard.record.derived_check import DerivedCheck
from guard.record.finding import Finding
from guard.record.ledger import Record
from guard.record.log import Frontier
from guard.record.log_check import LogCheck, Pause, Stretch
from guard.record.note import Checkpoint, Verifier
from guard.record.reading import Reader
from guard.record.scanner import ScannerKey
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.state_check import safely, unforeseen
from guard.record.tree_check import Witness, vouched
from guard.record.verified import Mark, Verified

AGAIN_ENTRIES = 100_000
"""Older entries that are read again each time: all that a practice files in years."""

AGAIN_BYTES = 512_000_000
"""Bytes of older messages that are read again each time: some two seconds."""

_NOT_BORNE_OUT = "the mark of the last verification is not borne out: {}"


class Opener(Protocol):
    """Opens the record of a folder."""

    def __call__(self, folder: Path, /, *, readonly: bool, strict: bool) -> Record:
        """See `SqliteRecord.open`."""


def examine(
    folder: Path,
    *,
    identity: Identity | None = None,
    witnessed: Sequence[str] = (),
    opener: Opener = SqliteRecord.open,
) -> Iterator[Finding]:
    """Verify the whole record in a folder, whatever is there.

    Args:
        folder: The record's folder; `checkpoints/*.txt` in it are compared too.
        identity: Hers; also opens everything and checks the commitments.
        witnessed: Further checkpoints kept elsewhere, signed notes.
        opener: Opens the record, where it does not lie in the folder.

    Yields:
        What is wrong, in the order of the log; nothing for a whole record.

    Raises:
        TransientError: It cannot be looked at now, which says nothing about it. Nothing else.
    """
    return Examination(folder, identity=identity, witnessed=witnessed, opener=opener).findings()


def verify(
    record: Audit, *, identity: Identity | None = None, witnessed: Sequence[str] = ()
) -> Iterator[Finding]:
    """Check everything in an open record.

    Args:
        record: An open record.
        identity: Hers; also opens everything and checks the commitments.
        witnessed: Checkpoints kept elsewhere, signed notes: the only thing that shows a
            record rolled back as a whole.

    Yields:
        What is wrong, in the order of the log; nothing for a whole record.

    Raises:
        TransientError: It cannot be looked at now, which says nothing about it. Nothing else.
    """
    return Examination(record.folder, identity=identity, witnessed=witnessed).findings_in(record)


class Examination:
    """One verification, and afterwards what it came to."""

    def __init__(
        self,
        folder: Path,
        *,
        identity: Identity | None = None,
        witnessed: Sequence[str] = (),
        full: bool = True,
        opener: Opener = SqliteRecord.open,
    ) -> None:
        """Begin.

        Args:
            folder: The record's folder.
            identity: Hers; also opens what is read and checks the commitments.
            witnessed: Checkpoints kept elsewhere, signed notes.
            full: Read everything; else what is new since the last time, and a part of the rest.
            opener: Opens the record, where it does not lie in the folder.
        """
        self._open = opener
        self._folder, self._identity, self._full = folder, identity, full
        self._notes = list(witnessed)
        self._again = Mark()
        self._stretches: list[tuple[int, Frontier | None]] = []
        self.extent = Extent(size=0, last=-1, note="")
        """How far the record reached."""

        self.since = 0
        """Entries that an earlier verification had read already."""

        self.read = 0
        """Entries that were read now."""

        self.whole = False
        """Whether everything was read now."""

    def findings(self) -> Iterator[Finding]:
        """Open the record and check it.

        Yields:
            What is wrong, in the order of the log; nothing for a whole record.

        Raises:
            TransientError: As `verify`.
        """
        return safely(self._opened())

    def findings_in(self, record: Audit) -> Iterator[Finding]:
        """Check an open record.

        Yields:
            What is wrong, in the order of the log; nothing for a whole record.

        Raises:
            TransientError: As `verify`.
        """
        return safely(self._checked(record))

    def remember(self) -> bool:
        """Keep how far it came; call it when there were no findings.

        Returns:
            False when that cannot be written: the next verification then reads it all again.
        """
        text = self.extent.note.partition("\n\n")[0] + "\n"
        # Not through the record, which a newer guard would bring to its own format on opening.
        with contextlib.suppress(GuardError, OSError, ValueError):
            head = Checkpoint.decode(text)
            scanner = ScannerKey.decode(durable.read(self._folder / "scanner.key").decode())
            done = Verified(head=Mark(head.size, head.root), again=self._again)
            # Of a damaged key, or another one, the next verification would complain.
            if scanner.verifier.name == head.origin:
                verified.write(self._folder, scanner.signer, done)
                return True
        return False

    def _opened(self) -> Iterator[Finding]:
        try:
            record = self._open(self._folder, readonly=True, strict=True)
        except RecordBrokenError as error:
            yield unforeseen(error)
            # Its entries may be whole all the same; which ones are not must be said.
            record = self._open(self._folder, readonly=True, strict=False)
        with record:
            for path in sorted((self._folder / "checkpoints").glob("*.txt")):
                try:
                    self._notes.append(durable.read(path).decode())
                except (OSError, ValueError):
                    yield Finding(what="witness", detail="a kept checkpoint cannot be read")
            yield from witness.faults(self._folder)
            yield from self.findings_in(record)

    def _checked(self, record: Audit) -> Iterator[Finding]:
        self.extent = record.extent()
        verifier = record.verifier()
        before = yield from self._before(record, verifier)
        everything = before.again.size == 0
        with ThreadPoolExecutor(1) as beside:
            # SQLite works without Python's lock, so another core can do this meanwhile.
            small = self._full or self.extent.size <= AGAIN_ENTRIES
            structure = beside.submit(_list, state_check.structure(record)) if small else None
            sums = DerivedCheck(secrets.token_bytes(32)) if everything else None
            yield from safely(self._log(record, LogCheck(record, verifier, sums), before))
            yield from structure.result() if structure is not None else ()
        if self.whole:
            yield from safely(state_check.strays(record))
            yield from safely(_derived(record, sums))
        yield from safely(state_check.orders(record))
        yield from safely(state_check.keys(record))
        if self._identity is not None:
            reader = Reader(record, self._identity)
            for since, end in self._stretches:
                until = self.extent.last + 1 if end is None else end.size
                opened = state_check.contents(record, reader, since=since, until=until)
                yield from safely(opened)

    def _before(self, record: Audit, verifier: Verifier) -> Generator[Finding, None, Verified]:
        """What was verified before, as far as the record bears it out."""
        nothing = Verified(head=Mark())
        try:
            before = verified.read(self._folder, verifier) or nothing
        except ValueError as error:
            # Reading everything makes the mark anew.
            if not self._full:
                yield Finding(what="witness", detail=_NOT_BORNE_OUT.format(error))
            return nothing
        try:
            # Read everything or not: a record that was rolled back lacks what was verified.
            _standing(record, verifier, before.head)
            _standing(record, verifier, before.again)
        except ValueError as error:
            yield Finding(what="witness", detail=_NOT_BORNE_OUT.format(error))
            return nothing
        return nothing if self._full else before

    def _log(self, record: Audit, check: LogCheck, before: Verified) -> Iterator[Finding]:
        verifier = record.verifier()
        self.since = known = before.head.size
        witnesses = yield from self._witnesses(record, verifier, known)
        stretch = Stretch(
            start=_standing(record, verifier, before.again),
            size=self.extent.size,
            last=self.extent.last,
            signed_from=known + 1 if known else 0,
            pause=Pause(before=known, entries=AGAIN_ENTRIES, size_bytes=AGAIN_BYTES),
        )
        yield from check.findings(stretch, witnesses)
        self._stretches = [(stretch.start.size, check.end)]
        self.whole = before.again.size == 0
        if check.end is not None and check.end.size < known:
            self.whole, self._again = False, Mark.at(check.end)
            head = _standing(record, verifier, before.head)
            stretch = replace(stretch, start=head, pause=Pause())
            yield from check.findings(stretch, witnesses)
            self._stretches.append((head.size, check.end))
        self.read = check.read

    def _witnesses(
        self, record: Audit, verifier: Verifier, known: int
    ) -> Generator[Finding, None, list[Witness]]:
        """Compare the kept checkpoints of what is not read now; give the others."""
        found = []
        for note in self._notes:
            try:
                told = Checkpoint.decode(verifier.text_of(note))
            except ValueError as error:
                yield Finding(what="witness", detail=f"a kept checkpoint is no good: {error}")
                continue
            if told.size > known or not known:
                found.append(Witness(told.size, told.root))
                continue
            try:
                _standing(record, verifier, Mark(told.size, told.root))
            except ValueError as error:
                yield Finding(what="witness", seq=max(told.size - 1, 0), detail=str(error))
        return found


def _standing(record: Audit, verifier: Verifier, mark: Mark) -> Frontier:
    """The frontier at a mark, as a checkpoint in the record vouches for it.

    Raises:
        ValueError: There is none, or it has another root.
    """
    if mark == Mark():
        return Frontier()
    row = next(record.checkpoints(mark.size, mark.size), None)
    if row is None:
        raise ValueError(f"the record has no checkpoint of {mark.size} entries")
    frontier = vouched(*row, verifier)
    if frontier.root() != mark.root:
        raise ValueError(f"the record has another root at {mark.size} entries")
    return frontier


def _derived(record: Audit, sums: DerivedCheck | None) -> Iterator[Finding]:
    # Only when the quick way says no are the tables made anew and compared row by row.
    if sums is None or not sums.agrees(record.derived_rows):
        yield from state_check.derived(record)


def _list(findings: Iterator[Finding]) -> list[Finding]:
    return list(safely(findings))
