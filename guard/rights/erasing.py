"""What erasing one client would take out of the record, and what stands in the way.

Pure over the shelf and the entries it is given; nothing here destroys. The one function that
does is `guard.record.eraser.erase`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from guard.clients.rights import belongs
from guard.record.entry import Entry
from guard.review.shelf import Row, Shelf


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one client's record."""

    owner: str
    """Id of the client."""

    alone: tuple[int, ...]
    """Letters sealed to this client alone: destroyed with the key."""

    shared: tuple[int, ...]
    """Letters sealed to others too: they stay, readable through the others."""

    given: tuple[int, ...]
    """Letters that she gave to this client, sealed to other keys: destroyed by number."""

    foreign: tuple[int, ...]
    """Letters sealed to this client that she gave to somebody else: they would be lost."""

    said: int
    """Further sealed entries: decisions, rulings, notes, what is known of the client."""

    @property
    def letters(self) -> int:
        """How many letters would be destroyed."""
        return len(self.alone) + len(self.given)


def said_of(row: Row) -> str:
    """Return whom she said a letter is from; empty when she said nothing."""
    return next((one.client for one in reversed(row.standing) if "sender" in one.actions), "")


def letters_of(shelf: Shelf, client: str) -> list[Row]:
    """Return the letters that are a client's, oldest first."""
    rows = [row for row in shelf.rows.values() if belongs(row.owners, said_of(row), client)]
    return sorted(rows, key=lambda row: (row.received, row.item))


def plan(
    shelf: Shelf,
    owner: str,
    entries: Iterable[Entry],
    gone: frozenset[str],
    *,
    erased: Callable[[Mapping[str, Any]], bool],
) -> Plan:
    """Work out what erasing a client would do.

    Args:
        shelf: Every item.
        owner: Id of the client.
        entries: All entries of the record.
        gone: Ids of clients who were erased before.
        erased: Whether what an entry sealed is destroyed, given its body.
    """
    there, rest = set(), []
    for one in entries:
        if one.kind == "filed" and not erased(one.fields):
            there.add(one.seq)
        elif one.kind != "filed" and one.sealed is not None:
            rest.append(one)
    rows = [row for row in shelf.rows.values() if owner in row.owners and row.item in there]
    alone = [row for row in rows if not {*row.owners} - {owner} - gone]
    given = {
        row.item
        for row in letters_of(shelf, owner)
        if owner not in row.owners and row.item in there
    }
    return Plan(
        owner=owner,
        alone=tuple(row.item for row in alone),
        shared=tuple(row.item for row in rows if row not in alone),
        given=tuple(sorted(given)),
        foreign=tuple(row.item for row in alone if not belongs(row.owners, said_of(row), owner)),
        said=sum(
            one.item in given or not {*one.fields["owners"]} - {owner} - gone for one in rest
        ),
    )
