"""Is the record what was filed? Every check there is, as findings.

Pure over the rows of the store; nothing is raised, nothing is changed. Memory stays flat.
Source: FORMAT.md, "Verifying"; RFC 6962 section 2.1; C2SP tlog-checkpoint.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from guard.errors import GuardError
from guard.record.entry import Entry, canonical
from guard.record.finding import Finding
from guard.record.log import leaf_hash
from guard.record.note import Checkpoint, Verifier
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.sqlite_queries import SqliteQueries
from guard.record.tree_check import TreeCheck, Witness

_BEFORE_ALL = -(2**63)


def examine(folder: Path, *, identity: Identity | None = None) -> Iterator[Finding]:
    """Verify the record in a folder, whatever is there. Compares `checkpoints/*.txt` too.

    Args:
        folder: The record's folder.
        identity: Hers; also opens everything and checks the commitments.

    Yields:
        What is wrong, in the order of the log; nothing for a whole record.
    """
    try:
        record = SqliteRecord.open(folder, readonly=True)
    except GuardError as error:
        yield Finding(what="database", detail=str(error))
        return
    with record:
        notes = []
        for path in sorted((folder / "checkpoints").glob("*.txt")):
            try:
                notes.append(path.read_text())
            except (OSError, ValueError):
                yield Finding(what="witness", detail="a kept checkpoint cannot be read")
        yield from verify(record, identity=identity, witnessed=notes)


def verify(
    record: SqliteQueries, *, identity: Identity | None = None, witnessed: Sequence[str] = ()
) -> Iterator[Finding]:
    """Check everything. Never raises.

    Args:
        record: An open record.
        identity: Hers; also opens everything and checks the commitments.
        witnessed: Checkpoints kept elsewhere, signed notes: the only thing that shows a
            record rolled back as a whole.

    Yields:
        What is wrong, in the order of the log; nothing for a whole record.
    """
    yield from _safely(_structure(record))
    yield from _safely(_entries(record, witnessed))
    yield from _safely(_orders(record))
    yield from _safely(_strays(record))
    yield from _safely(_derived(record))
    yield from _safely(_keys(record))
    if identity is not None:
        yield from _safely(_contents(record, Reader(record, identity)))


def _safely(findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except GuardError as error:
        yield Finding(what="database", detail=str(error))
    except Exception as error:  # noqa: BLE001 - whatever the bytes are, verify must not raise
        yield Finding(what="database", detail=f"cannot be checked ({type(error).__name__})")


def _structure(record: SqliteQueries) -> Iterator[Finding]:
    # Rows that only an index hides or invents would mislead the questions asked later.
    faults = record.structure_faults()
    if faults:
        yield Finding(what="database", detail=f"its structure is damaged in {faults} places")


def _entries(record: SqliteQueries, witnessed: Sequence[str]) -> Iterator[Finding]:
    verifier = record.verifier()
    witnesses = []
    for note in witnessed:
        try:
            witnesses.append(_witness(note, verifier))
        except ValueError as error:
            yield Finding(what="witness", detail=f"a kept checkpoint is no good: {error}")
    tree = TreeCheck(record.checkpoints(), verifier, witnesses)
    last = 0
    for entry in record.entries(_BEFORE_ALL):
        yield from tree.take(entry.seq, leaf_hash(entry.body))
        faults = list(_entry(record, entry, last))
        tree.faulty |= bool(faults)
        yield from faults
        yield from tree.compare()
        last = max(last, entry.at)
    yield from tree.finish()


def _witness(note: str, verifier: Verifier) -> Witness:
    checkpoint = Checkpoint.decode(verifier.text_of(note))
    return Witness(checkpoint.size, checkpoint.root)


def _entry(record: SqliteQueries, entry: Entry, last: int) -> Iterator[Finding]:
    if entry.leaf != leaf_hash(entry.body):
        yield Finding(what="body", seq=entry.seq, detail="it was changed")
    try:
        fields = entry.fields
        plain = canonical(fields) == entry.body
    except (ValueError, TypeError, RecursionError):
        plain = False
    if not plain:
        yield Finding(what="body", seq=entry.seq, detail="it is not canonical JSON")
        return
    copies = (entry.seq, entry.kind, entry.item, entry.owner, entry.at)
    told = tuple(fields.get(name) for name in ("seq", "kind", "item", "owner", "at"))
    if copies != told:
        yield Finding(what="columns", seq=entry.seq, detail="they differ from its body")
    if entry.at < last:
        yield Finding(what="time", seq=entry.seq, detail="it runs back")
    if entry.sealed is not None or not _erased(record, fields):
        yield from _sealed(record, entry, fields)


def _sealed(record: SqliteQueries, entry: Entry, fields: Mapping[str, Any]) -> Iterator[Finding]:
    sealed = None if entry.sealed is None else sha256(entry.sealed).hexdigest()
    if sealed != fields.get("sealed"):
        yield Finding(what="sealed", seq=entry.seq, detail="its sealed part is not the one filed")
    if fields.get("kind") == "filed":
        yield from _blob(record, entry.seq, fields.get("blob"))


def _erased(record: SqliteQueries, fields: Mapping[str, Any]) -> bool:
    """Whether an entry may lack its sealed bytes: only by an order that she signed."""
    return "sealed" in fields and record.erasures().covers(fields)


def _blob(record: SqliteQueries, seq: int, wanted: object) -> Iterator[Finding]:
    try:
        found = sha256(record.blob(seq)).hexdigest()
    except GuardError:
        yield Finding(what="blob", seq=seq, detail="its message is missing")
        return
    if found != wanted:
        yield Finding(what="blob", seq=seq, detail="its message is not the one filed")


def _strays(record: SqliteQueries) -> Iterator[Finding]:
    for seq in record.stray_blobs():
        yield Finding(what="blob", seq=seq, detail="a message that no entry filed")


def _orders(record: SqliteQueries) -> Iterator[Finding]:
    for seq in record.erasures().forged:
        yield Finding(what="order", seq=seq, detail="she did not sign this order")


def _derived(record: SqliteQueries) -> Iterator[Finding]:
    for table, row, missing in record.differences():
        seq = row[-1] if isinstance(row[-1], int) else None
        state = "a row is missing" if missing else "a row follows from no entry"
        yield Finding(what="derived", seq=seq, detail=f"table {table}: {state}")


def _keys(record: SqliteQueries) -> Iterator[Finding]:
    masters = record.keys.masters()
    if masters != record.erasures().readers:
        yield Finding(what="keys", seq=0, detail="recipients.txt is not the one filed")
    if record.entry(0).fields.get("vkey") != record.verifier().encode():
        yield Finding(what="keys", seq=0, detail="vkey.txt is not the one filed")
    for owner in record.keyed_owners():
        keyed = record.latest("keyed", owner=owner)
        if keyed is None or keyed.seq < record.erasures().end(owner):
            continue
        if record.keys.recipient(owner) != keyed.fields.get("recipient"):
            yield Finding(
                what="keys", seq=keyed.seq, detail="its public key is missing or changed"
            )


def _contents(record: SqliteQueries, reader: Reader) -> Iterator[Finding]:
    for entry in record.entries():
        if entry.sealed is None:
            continue
        try:
            if not reader.readable(entry):
                yield from _unreadable(record, entry)
            elif entry.kind == "filed":
                reader.raw(entry.seq)
            else:
                reader.secret(entry.seq)
        except GuardError as error:
            yield Finding(what="content", seq=entry.seq, detail=str(error))


def _unreadable(record: SqliteQueries, entry: Entry) -> Iterator[Finding]:
    for owner in entry.fields["owners"]:
        if entry.seq >= record.erasures().end(owner):
            yield Finding(what="content", seq=entry.seq, detail="its keys are not in keys/")
            return
