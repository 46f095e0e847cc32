"""What her orders say: which sealed bytes may be missing, and who may read all or a part.

Pure over the entries it is given. An order that she did not sign covers nothing, so a
deletion with a made-up order beside it is still found out. Source: FORMAT.md, "Erasing".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from guard.record.entry import Entry
from guard.record.grant import GRANTED, REVOKED, Grant
from guard.record.note import Verifier
from guard.record.order import Order, readers, succeeded

KINDS = ("created", "orderer", "shredded", "rekeyed", GRANTED, REVOKED)
"""Kinds of entries that say what may be missing, and who may read."""


class Erasures:
    """What may be missing, and what of it is not vouched for."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Read the orders.

        Args:
            entries: All entries of `KINDS`, in order.
        """
        self.orderer: Verifier | None = None
        """Whose signature counts now; None when no key of hers is named yet."""

        self.readers: tuple[str, ...] = ()
        """age public keys of those who read everything; hers first."""

        self.grants: dict[str, Grant] = {}
        """Login to what may be opened by it besides; closing it needs no signature."""

        self.forged: list[int] = []
        """Entries that order, or name an orderer, without a good signature."""

        self._origin = ""
        self._ends: dict[str, int] = {}
        self._items: dict[int, int] = {}
        for entry in entries:
            try:
                self._take(entry, entry.fields)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                self.forged.append(entry.seq)

    def end(self, owner: str) -> int:
        """Number of the first entry that no order about this owner covers."""
        return self._ends.get(owner, 0)

    def owners(self) -> tuple[str, ...]:
        """Everybody who was erased, sorted."""
        return tuple(sorted(self._ends))

    def items(self) -> tuple[int, ...]:
        """Messages that went by their number, whoever they were sealed to; sorted."""
        return tuple(sorted(self._items))

    def covers(self, fields: Mapping[str, Any]) -> bool:
        """Whether the sealed part, and the message, of an entry are to be gone.

        Args:
            fields: The entry's body, decoded.
        """
        seq, owners = fields["seq"], fields.get("owners", ())
        if seq < self._items.get(fields.get("item", -1), 0):
            return True
        return bool(owners) and all(seq < self.end(owner) for owner in owners)

    def _take(self, entry: Entry, fields: Mapping[str, Any]) -> None:
        if entry.kind == "created":
            own = Verifier.decode(fields["vkey"])
            self._origin = own.name
            self.readers = tuple(map(str, fields["recipients"]))
            if "orders" in fields:
                self.orderer = Verifier.decode(fields["orders"])
        elif entry.kind == "orderer":
            self.orderer = succeeded(fields["order"], self._origin, self.orderer)
        elif entry.kind == "rekeyed":
            self._rekeyed(entry.seq, fields)
        elif entry.kind == GRANTED:
            self._granted(entry.seq, fields["body"])
        elif entry.kind == REVOKED:
            self.grants.pop(fields["body"]["login"], None)
        else:
            self._order(entry.seq, fields)

    def _rekeyed(self, seq: int, fields: Mapping[str, Any]) -> None:
        if self.orderer is None:
            raise ValueError("nobody may order yet")
        recipients = tuple(map(str, fields["recipients"]))
        if self.orderer.text_of(fields["order"]) != readers(self._origin, seq, recipients):
            raise ValueError("an order about something else")
        self.readers = recipients

    def _granted(self, seq: int, body: dict[str, Any]) -> None:
        grant = Grant.of(body)
        if self.orderer is None:
            raise ValueError("nobody may order yet")
        if self.orderer.text_of(body["order"]) != grant.text(self._origin, seq):
            raise ValueError("an order about something else")
        self.grants[grant.login] = grant

    def _order(self, seq: int, fields: Mapping[str, Any]) -> None:
        if self.orderer is None:
            raise ValueError("nobody may order yet")
        order = Order.decode(self.orderer.text_of(fields["order"]))
        if (order.origin, order.owner) != (self._origin, fields["owner"]):
            raise ValueError("an order about something else")
        # After a restore an order may be filed again in a shorter log than it was given in.
        end = min(order.size, seq)
        self._ends[order.owner] = max(end, self.end(order.owner))
        for item in order.items:
            self._items[item] = max(end, self._items.get(item, 0))
