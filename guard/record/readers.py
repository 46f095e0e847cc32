"""Changing who can read the record, by an order that she signs.

Edge: new files are made beside the old ones, the order goes in one transaction, the files
follow; a crash at any step is mended by whoever opens the record next.
Source: FORMAT.md, "Changing who can read".
"""

from guard.record import rekey
from guard.record.eraser import insist_orderer, name_orderer
from guard.record.ledger import Record
from guard.record.order import readers, signer


def change_readers(record: Record, change: rekey.Change, *, now: int) -> None:
    """Change who can read everything.

    The caller holds the scan's lock, so that no scan has to wait for it.

    Args:
        record: Open for writing.
        change: Who reads from now on, and the identity that may say so.
        now: Milliseconds since 1970-01-01 UTC.

    Raises:
        LockedError: The identity may not order it. Nothing was changed.
        BusyError: Another process is writing. Nothing was changed.
        RecordError: A key is missing, or the disk would not. Nothing was changed.
    """
    with record.writing(now) as batch:
        origin = insist_orderer(record, batch, change.identity)
        renewed = rekey.stage(record.keys, record.active_owners(), change)
        text = readers(origin, batch.size, change.recipients)
        note = signer(change.identity, origin).sign(text)
        batch.add("rekeyed", {"recipients": change.recipients, "order": note})
        for owner, recipient in renewed.items():
            batch.add("keyed", {"owner": owner, "recipient": recipient})
        if change.successor is not None:
            name_orderer(record, batch, change.successor, change.identity)
        if record.keys.place.together:
            record.settle()
    record.settle()
