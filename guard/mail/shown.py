"""What a mailbox shows: a folder as it was opened, a message as it was given. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from mmap import mmap
from typing import Any

import msgspec

from guard.mail.answers import received, size
from guard.mail.bodies import TOO_BIG


class FolderState(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as it was when it was opened."""

    name: str
    validity: int
    """UIDVALIDITY; 0 when the server tells none."""

    uidnext: int
    """Above every UID in the folder; 0 when the server tells none."""

    exists: int
    """Messages in it."""

    sticky: bool
    """Whether UIDs outlast the connection; if not, only content can be compared."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as the server gave it."""

    uid: int
    raw: bytes | mmap
    """Byte for byte; may be empty. A huge one is a map, which whoever reads it closes."""

    received: datetime
    """INTERNALDATE, aware, UTC; 1970 when the server tells none."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Some messages in ascending order of UID, few enough to be held in memory together."""

    messages: tuple[Fetched, ...]
    missing: tuple[int, ...]
    """Asked for and not given: deleted meanwhile, withheld by the server, or over 500 MB."""

    oversized: tuple[int, ...] = ()
    """Those of `missing` that are over 500 MB by the server's word, and were not asked for."""


def batch(
    group: Sequence[int],
    given: Mapping[int, bytes | mmap],
    facts: Mapping[int, Mapping[bytes, Any]],
) -> Batch:
    """Put together what was asked for and what was given.

    Args:
        group: UIDs asked for.
        given: Those that came, with their bytes.
        facts: Sizes and dates.
    """
    return Batch(
        messages=tuple(
            Fetched(uid=uid, raw=given[uid], received=received(facts.get(uid, {})))
            for uid in group
            if uid in given
        ),
        missing=tuple(uid for uid in group if uid not in given),
        oversized=tuple(uid for uid in group if (size(facts.get(uid, {})) or 0) > TOO_BIG),
    )
