"""What an entry does to the derived tables.

Pure. The writer, `rebuild` and `verify` all go through `changes`, so that the tables are
never anything but what the entries say. Source: FORMAT.md, "Derived tables".
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from guard.record.entry import canonical

Cell: TypeAlias = str | int | bytes


class Change(msgspec.Struct, frozen=True):
    """One row of a derived table, put in place or removed."""

    table: str
    """Name of the table."""

    key: tuple[Cell, ...]
    """Values of the primary key."""

    rest: tuple[Cell, ...] | None
    """Values of the other columns; None removes the row."""


def changes(fields: Mapping[str, Any]) -> Iterator[Change]:
    """All changes that one entry makes, in order.

    Args:
        fields: The entry's body, decoded.
    """
    kind = fields["kind"]
    if kind in {"filed", "again"}:
        yield from _sightings(fields)
    if kind == "cursor":
        missing = canonical({"uids": fields["missing"]}).decode()
        rest = (fields["validity"], fields["uid"], missing, fields["seq"])
        yield Change("cursor", (fields["account"], fields["folder"]), rest)
    yield from _tasks(fields)
    yield from _names(fields)


def _sightings(fields: Mapping[str, Any]) -> Iterator[Change]:
    item, seq = fields["item"], fields["seq"]
    for account, folder, validity, uid in fields["locations"]:
        yield Change("location", (account, folder, validity, uid, item), (seq,))
    if fields["kind"] == "filed":
        yield Change("content", (bytes.fromhex(fields["content"]),), (item,))


def _tasks(fields: Mapping[str, Any]) -> Iterator[Change]:
    for task in fields.get("opens", ()):
        yield Change("task", (task, fields["item"]), (fields["seq"],))
    for task in fields.get("closes", ()):
        yield Change("task", (task, fields["item"]), None)


def _names(fields: Mapping[str, Any]) -> Iterator[Change]:
    for name in fields.get("names", ()):
        yield Change("name", (bytes.fromhex(name), fields["owner"]), (fields["seq"],))
    for name in fields.get("unnames", ()):
        yield Change("name", (bytes.fromhex(name), fields["owner"]), None)
