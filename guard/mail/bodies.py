"""Get the bodies of some messages out of a server that may refuse, shorten or lack them.

Pure given `ask`, which sends one FETCH. What is not returned was not given in full.
"""

from collections.abc import Callable, Mapping, Sequence
from mmap import mmap
from typing import Any

from guard.mail.answers import RefusedError
from guard.mail.bulk import Gathered

Ask = Callable[[Sequence[int], Sequence[str]], Mapping[int, Mapping[bytes, Any]]]
"""Sends one FETCH for some UIDs and items; raises RefusedError when the server says no."""

IN_PARTS = 8_000_000
"""Above this size, or when the size is unknown, a message is fetched in parts; bytes."""

HUGE = 32_000_000
"""Above this size room is made for a message, and it is not read beside another; bytes."""

TOO_BIG = 500_000_000
"""Above this size a message is left for a person: reading it could exhaust the memory; bytes."""

_PART = 8_000_000
"""Bytes fetched at once of a huge message."""


def bodies(ask: Ask, sizes: Mapping[int, int | None]) -> dict[int, bytes | mmap]:
    """Fetch some messages, byte for byte, without marking them as read.

    Args:
        ask: Sends one FETCH.
        sizes: UID to size in bytes. A huge message, or one of unknown size (None), must be
            alone: it is fetched in parts.

    Returns:
        UID to bytes; those of a huge message in a map.

    Raises:
        RefusedError: The server says no to everything for now, or to all of several.
    """
    uids = list(sizes)
    if len(uids) == 1:
        return _alone(ask, uids[0], sizes[uids[0]])
    try:
        return _whole(ask, sizes)
    except RefusedError as error:
        if error.later:
            raise
        refused = error
    # One bad message can make a server refuse the whole command.
    found: dict[int, bytes | mmap] = {}
    for uid in uids:
        found |= _alone(ask, uid, sizes[uid])
    if not found:
        raise refused
    return found


def _alone(ask: Ask, uid: int, known: int | None) -> dict[int, bytes | mmap]:
    try:
        if known is None or known > IN_PARTS:
            return _piecewise(ask, uid, known)
        return _whole(ask, {uid: known})
    except RefusedError as error:
        if error.later:
            raise
        return {}
    except OSError:
        # There is no memory for it here: it must not stop the others.
        return {}


def _whole(ask: Ask, sizes: Mapping[int, int | None]) -> dict[int, bytes | mmap]:
    # Plain BODY[] would mark the message as read (RFC 3501 section 6.4.5).
    answer = ask(list(sizes), ["BODY.PEEK[]"])
    given = {uid: answer.get(uid, {}).get(b"BODY[]") for uid in sizes}
    # Nothing in place of something is a server's way of not finding it.
    return {
        uid: raw
        for uid, raw in given.items()
        if isinstance(raw, bytes) and (raw or not sizes[uid])
    }


def _piecewise(ask: Ask, uid: int, known: int | None) -> dict[int, bytes | mmap]:
    """Fetch one huge message part by part; empty when it is not given in full."""
    if known is not None and known > TOO_BIG:
        return {}
    raw = Gathered(known or 0)
    ended = False
    while (length := raw.size) <= TOO_BIG:
        part = _part(ask, uid, length)
        if part is None:
            break
        raw.write(part)
        came = len(part)
        # Not kept while the next one comes.
        del part
        # Sizes are often told wrong, so only a short part is the end, and only a short part
        # that reaches the size is surely the end.
        ended = came < _PART
        if not came or (ended and raw.size >= (known or 0)):
            break
    if not ended or not raw.size:
        return {}
    whole = raw.whole()
    return {uid: whole if len(whole) > IN_PARTS else whole[:]}


def _part(ask: Ask, uid: int, at: int) -> bytes | None:
    part = ask([uid], [f"BODY.PEEK[]<{at}.{_PART}>"]).get(uid, {}).get(b"BODY[]<%d>" % at)
    return part if isinstance(part, bytes) else None
