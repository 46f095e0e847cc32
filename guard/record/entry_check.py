"""Is one entry, as it stands in the store, what its body says?

Pure. Made for speed, because it runs once for every entry there is: msgspec reads and writes
again, and only where that differs is the slow way the judge. Source: FORMAT.md, "Entries".
"""

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from guard.record.entry import canonical
from guard.record.finding import Finding

Fields = dict[str, Any]


def _float(text: str) -> float:
    # Two programs may write one number in two ways; Python's is the record's.
    number = float(text)
    if repr(number) != text:
        raise ValueError
    return number


_decode = msgspec.json.Decoder(float_hook=_float).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_NOT_AS_IT_IS = b"\x7f"
"""The one ASCII byte that msgspec writes as it is and Python escapes."""


def fields_of(body: object) -> Fields | None:
    """The fields of a body; None unless it is an object in canonical JSON."""
    if not isinstance(body, bytes):
        return None
    try:
        fields = _decode(body)
        if _encode(fields) == body and body.isascii() and _NOT_AS_IT_IS not in body:
            return fields if isinstance(fields, dict) else None
    except (ValueError, TypeError, RecursionError):
        pass
    try:
        fields = json.loads(body)
        plain = isinstance(fields, dict) and canonical(fields) == body
    except (ValueError, TypeError, RecursionError):
        return None
    return fields if plain else None


class EntryCheck:
    """Checks entries in the order of the log."""

    def __init__(self, erased: Callable[[Fields], bool]) -> None:
        """Begin.

        Args:
            erased: Whether an entry may lack its sealed bytes, given its body: only by an
                order that she signed.
        """
        self._erased = erased
        self._last = -(2**63)

    def faults(self, row: Sequence[Any], leaf: bytes, fields: Fields | None) -> Sequence[Finding]:
        """What is wrong with one entry, but for its message.

        Args:
            row: Begins with seq, kind, item, owner, at, body, sealed, leaf, whatever they are.
            leaf: The hash of its body.
            fields: Its body, decoded by `fields_of`.
        """
        seq, kind, item, owner, at, _, sealed, stored = row[:8]
        if (
            stored == leaf
            and fields is not None
            and (seq, kind, item, owner, at)
            == (
                fields.get("seq"),
                fields.get("kind"),
                fields.get("item"),
                fields.get("owner"),
                fields.get("at"),
            )
            and type(at) is int
            and at >= self._last
            and fields.get("sealed") == (None if sealed is None else _hex(sealed))
        ):
            self._last = at
            return ()
        return list(self._named(row, leaf, fields))

    def _named(self, row: Sequence[Any], leaf: bytes, fields: Fields | None) -> Iterator[Finding]:
        seq, at, sealed, stored = row[0], row[4], row[6], row[7]
        if stored != leaf:
            yield Finding(what="body", seq=seq, detail="it was changed")
        if fields is None:
            yield Finding(what="body", seq=seq, detail="it is not canonical JSON")
            return
        copies = dict(zip(("seq", "kind", "item", "owner", "at"), row, strict=False))
        if any(fields.get(name) != value for name, value in copies.items()):
            yield Finding(what="columns", seq=seq, detail="they differ from its body")
        if type(at) is not int or at < self._last:
            yield Finding(what="time", seq=seq, detail="it runs back")
        else:
            self._last = at
        if sealed is None and self._erased(fields):
            return
        if fields.get("sealed") != (None if sealed is None else _hex(sealed)):
            yield Finding(what="sealed", seq=seq, detail="its sealed part is not the one filed")


def _hex(sealed: object) -> str:
    return sha256(sealed).hexdigest() if isinstance(sealed, bytes) else "not bytes"
