"""From fetched bytes to what the record files: whose keys, which way it went, where it lay.

Pure but for the record that it asks for owners.
"""

from mmap import mmap

from guard.clients.directory import owners
from guard.mail.envelope import peek
from guard.mail.sender import same_mailbox
from guard.mail.shown import Fetched
from guard.pipeline import letters
from guard.pipeline.house import Record
from guard.record.entry import UNSORTED, Incoming, Location
from guard.record.times import to_ms

JUDGE = "judge"
"""The task of every message that somebody else wrote."""


def incoming(
    mail: Fetched,
    *,
    direction: str,
    locations: tuple[Location, ...],
    record: Record,
) -> Incoming:
    """Return a message as the record files it.

    Args:
        mail: As the server gave it.
        direction: ``in``, ``out`` or ``junk``.
        locations: Where it lies.
        record: Knows whose address is whose.
    """
    owners = owners_of(mail.raw, out=direction == "out", record=record)
    return Incoming(
        raw=mail.raw,
        locations=locations,
        owners=owners,
        direction=direction,
        received=to_ms(mail.received),
        opens=_opens(mail.raw, owners, direction),
    )


def _opens(raw: bytes | mmap, owners: tuple[str, ...], direction: str) -> tuple[str, ...]:
    if direction != "out":
        return (JUDGE,)
    # A notice of ours that the provider stored, or her absence notice, is no answer of hers.
    return () if peek(raw).automatic else letters.opens(owners)


def owners_of(raw: bytes | mmap, *, out: bool, record: Record) -> tuple[str, ...]:
    """Whose keys seal a message: the clients who wrote it or, if it is ours, who got it."""
    envelope = peek(raw)
    addresses = envelope.recipients if out else envelope.sender
    found = dict.fromkeys(owner for one in addresses for owner in owners(record, one))
    return tuple(found) or (UNSORTED,)


def is_own(raw: bytes | mmap, addresses: list[str]) -> bool:
    """Whether a message says that it is from the practice, and from nobody else."""
    senders = peek(raw).sender
    return bool(senders) and all(
        any(same_mailbox(own, one) for own in addresses) for one in senders
    )
