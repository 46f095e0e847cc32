"""Sealing every owner's keys anew: for another executor, or for a new identity of hers.

Pure but for the place of the keys. All new files are made in `keys.next/`; the `rekeyed`
entry is what makes them count; then they are moved over the old ones, one by one, by whoever
opens the record next if a crash came in between. Source: FORMAT.md, "Changing who can read".
"""

from collections.abc import Mapping, Sequence

import msgspec

from guard.errors import RecordError
from guard.record.key_folder import KeyPlace
from guard.record.keys import Keys, recipients_text
from guard.record.seal import Identity, check_recipient

_LAST = "recipients.txt"
_EXECUTORS = "executor.key.age"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Who can read the record from now on."""

    identity: Identity
    """Opens the owners' keys as they are."""

    recipients: tuple[str, ...]
    """age public keys of who can open them then; hers first."""

    files: Mapping[str, bytes]
    """Files of `keys/` that change with it, such as her new sealed identity."""

    successor: Identity | None = None
    """Her new identity; then every owner gets a new key pair too, for what comes later."""

    def __post_init__(self) -> None:
        if not self.recipients or len(set(self.recipients)) != len(self.recipients):
            raise ValueError("somebody must be able to read the record, each named once")
        for recipient in self.recipients:
            check_recipient(recipient)

    # What holds a secret shows nothing of it, whoever prints it.
    __repr__ = object.__repr__


def stage(keys: Keys, owners: Sequence[str], change: Change) -> dict[str, str]:
    """Make the new files ready in `keys.next/`, durable; nothing else changes.

    Returns:
        Owner to public key, of those that get a new one.

    Raises:
        LockedError: The identity does not open the keys as they are.
        RecordError: A key is missing, or the disk would not.
    """
    staging = keys.place.staging()
    staging.discard()
    renewed, fresh = {}, change.successor is not None
    staging.make()
    for owner in owners:
        newest = keys.rewrap(owner, change.identity, change.recipients, into=staging, fresh=fresh)
        if fresh:
            renewed[owner] = newest
    for name, data in change.files.items():
        staging.write(name, data)
    # The last one: a folder without it was never ready.
    staging.write(_LAST, recipients_text(change.recipients))
    return renewed


def pending(keys: Keys) -> bool:
    """Whether a change was begun and not finished."""
    return keys.place.staging().exists()


def settle(keys: Keys, filed: Sequence[str], *, writing: bool) -> None:
    """Finish a change that is filed; undo one that is not.

    Args:
        keys: Of the record.
        filed: Who can read it, as its entries say.
        writing: Nobody else writes to the record now; else what is not filed may be
            somebody's work of this moment, and is left alone.

    Raises:
        RecordError: The disk would not.
    """
    staging = keys.place.staging()
    if _ready(staging) == tuple(filed):
        with keys.alone():
            _publish(staging, keys.place)
    elif writing:
        staging.discard()


def _publish(staging: KeyPlace, place: KeyPlace) -> None:
    if not staging.has(_LAST):
        # Another process was quicker; the lock kept us from seeing it half moved.
        return
    place.take_over(*(name for name in staging.names() if name != _LAST), _LAST)
    # Sealed by a passphrase to whoever was the executor; the sheet makes it anew.
    place.remove(_EXECUTORS)
    staging.discard()


def _ready(staging: KeyPlace) -> tuple[str, ...]:
    try:
        return Keys(staging).masters()
    except RecordError:
        return ()
