"""What can be wrong with a record beside its log: tables, key files, contents.

Reads through the record it is given; every function gives findings and raises nothing for
what it finds. Source: FORMAT.md, "Verifying".
"""

from collections.abc import Iterator

from guard.errors import GuardError, TransientError
from guard.record.audit import Audit
from guard.record.entry import Entry
from guard.record.finding import Finding
from guard.record.reading import Reader


def safely(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Pass findings on, and turn whatever is raised into one more.

    Raises:
        TransientError: A store cannot be reached, which says nothing about the record.
    """
    try:
        yield from findings
    except TransientError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the bytes are, verify must not raise
        yield unforeseen(error)


def unforeseen(error: Exception) -> Finding:
    """What was raised, as a finding. Only our own errors are known to quote nothing."""
    told = str(error) if isinstance(error, GuardError) else ""
    return Finding(what="database", detail=told or f"cannot be checked ({type(error).__name__})")


def structure(record: Audit) -> Iterator[Finding]:
    """SQLite's own structure and indexes."""
    # Rows that only an index hides or invents would mislead the questions asked later.
    faults = record.structure_faults()
    if faults:
        yield Finding(what="database", detail=f"its structure is damaged in {faults} places")


def strays(record: Audit) -> Iterator[Finding]:
    """Messages without an entry."""
    for seq in record.stray_blobs():
        yield Finding(what="blob", seq=seq, detail="a message that no entry filed")


def orders(record: Audit) -> Iterator[Finding]:
    """Erase orders that she did not sign."""
    for seq in record.erasures().forged:
        yield Finding(what="order", seq=seq, detail="she did not sign this order")


def derived(record: Audit) -> Iterator[Finding]:
    """Derived tables that say more or less than the entries."""
    for table, row, missing in record.differences():
        seq = row[-1] if isinstance(row[-1], int) else None
        state = "a row is missing" if missing else "a row follows from no entry"
        yield Finding(what="derived", seq=seq, detail=f"table {table}: {state}")


def keys(record: Audit) -> Iterator[Finding]:
    """Public keys that are not those in the log, and sealed ones that are gone."""
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
        if not record.keys.has_secret(owner):
            # Without it nothing of this owner can be read, ever; new mail would hide that.
            yield Finding(what="keys", seq=keyed.seq, detail="its sealed key is missing")


def contents(record: Audit, reader: Reader, *, since: int, until: int) -> Iterator[Finding]:
    """Whether everything opens and is what was committed to.

    Args:
        record: An open record.
        reader: For the same record, unlocked.
        since: The first entry's number.
        until: The number after the last.
    """
    for entry in record.entries(since):
        if entry.seq >= until:
            return
        try:
            if entry.sealed is not None or _kept(record, entry):
                yield from _content(record, reader, entry)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001 - the others are still to be looked at
            yield Finding(what="content", seq=entry.seq, detail=unforeseen(error).detail)


def _kept(record: Audit, entry: Entry) -> bool:
    """Whether a message is to be there, and with it its salt."""
    return entry.kind == "filed" and not record.erasures().covers(entry.fields)


def _content(record: Audit, reader: Reader, entry: Entry) -> Iterator[Finding]:
    if not reader.readable(entry):
        yield from _unreadable(record, entry)
    elif entry.kind == "filed":
        reader.raw(entry.seq)
    else:
        reader.secret(entry.seq)


def _unreadable(record: Audit, entry: Entry) -> Iterator[Finding]:
    for owner in entry.fields["owners"]:
        if entry.seq >= record.erasures().end(owner):
            yield Finding(what="content", seq=entry.seq, detail="its keys are not in keys/")
            return
