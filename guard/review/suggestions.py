"""People whom the practice writes with and guard does not know yet.

Touches the world only through the book that it is given.
"""

import msgspec
from msgspec.structs import replace

from guard.errors import GuardError
from guard.mail.envelope import peek
from guard.policy.decision import Correspondent
from guard.record.entry import UNSORTED
from guard.review.book import Book, address_of
from guard.review.queue import unmatched
from guard.review.shelf import Row


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """One address that may be a client's."""

    address: str
    """Normalised."""

    name: str = ""
    """As its newest message showed it; may lie."""

    heard: int = 0
    """How many messages came from it."""

    wrote: int = 0
    """How many the practice sent to it."""

    last: int = 0
    """When the newest came or went, milliseconds since 1970-01-01 UTC."""

    asks: bool = False
    """Whether one of them was about more than business."""

    @property
    def both_ways(self) -> bool:
        """Whether the practice heard from it and wrote to it."""
        return self.heard > 0 and self.wrote > 0


def suggestions(book: Book, own: tuple[str, ...]) -> list[Suggestion]:
    """Return those who wrote and are nobody's: first whom the practice wrote to as well.

    Machines, own addresses, and those of whom she said whose they are, are left out.

    Args:
        book: The record, unlocked.
        own: Every address of the practice, normalised.
    """
    found: dict[str, Suggestion] = {}
    for row in book.shelf.rows.values():
        if row.client == UNSORTED:
            for one in _of(book, row):
                found[one.address] = _added(found.get(one.address), one)
    left_out = {*own, *book.told()}
    chosen = [
        one
        for one in found.values()
        if (one.both_ways or one.asks)
        and one.address not in left_out
        and not book.named(one.address)
    ]
    return sorted(chosen, key=lambda one: (not one.both_ways, -one.heard - one.wrote, -one.last))


def _of(book: Book, row: Row) -> list[Suggestion]:
    if row.direction == "out":
        try:
            recipients = peek(book.raw(row.item)).recipients
        except GuardError:
            return []
        addresses = {address_of(one) for one in recipients} - {""}
        return [Suggestion(address=one, wrote=1, last=row.received) for one in addresses]
    minutes = book.minutes(row)
    if minutes is None or row.direction == "junk":
        return []
    address = address_of(minutes.sender)
    person = minutes.decision.correspondent is Correspondent.UNKNOWN
    if not address or not person:
        return []
    name = minutes.sender.rpartition("<")[0].strip()
    return [
        Suggestion(address=address, name=name, heard=1, last=row.received, asks=unmatched(minutes))
    ]


def _added(before: Suggestion | None, one: Suggestion) -> Suggestion:
    if before is None:
        return one
    newer = one.last >= before.last
    return replace(
        before,
        name=(one.name if newer and one.name else before.name) or one.name,
        heard=before.heard + one.heard,
        wrote=before.wrote + one.wrote,
        last=max(before.last, one.last),
        asks=before.asks or one.asks,
    )
