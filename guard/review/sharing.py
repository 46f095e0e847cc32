"""What an answer of hers opens to a receptionist or a supervisor, or closes; and who has looked.

Touches the world only through the book that it is given. Most practices share nothing, and
then none of this asks the record anything.
"""

import json
from typing import Any

from guard.errors import GuardError
from guard.policy.roles import extract, role_for, role_of
from guard.policy.sharing import Opened
from guard.record.entry import Entry, Fact
from guard.record.grant import SHARED, UNSHARED
from guard.review import plain
from guard.review.book import Book
from guard.review.shelf import Row
from guard.verdict.label import Label


def file(
    book: Book, facts: list[Fact], row: Row, label: Label | None, *, client: str = ""
) -> list[int]:
    """Append facts, and open the item to who may open it from now on, in one transaction.

    Args:
        book: The record, open for writing.
        facts: What is filed anyhow.
        row: The item.
        label: What she says that it is; None when it is as guard judged it.
        client: Whose it is from now on, if she says so.

    Returns:
        The number of each fact's entry.

    Raises:
        BusyError: Another program writes. Nothing was filed.
        RecordError: Nothing was filed.
    """
    sharing = book.sharing
    if sharing is None:
        return book.record.append(facts, now=book.now)
    minutes, message = book.minutes(row), book.message(row.item)
    role = None
    if minutes is not None and message is not None and row.direction != "out":
        role = role_of(minutes, message) if label is None else role_for(label)
    opened = Opened(
        item=row.item,
        owners=row.owners,
        received=row.received,
        role=role,
        extract=extract(minutes, message) if minutes is not None else b"",
        client=client or row.client,
    )
    return sharing.file(facts, [opened], now=book.now)


def open_to(book: Book, row: Row) -> frozenset[str]:
    """Logins to which an item is open now."""
    return book.sharing.open_to(row.item) if book.sharing is not None else frozenset()


def change(before: frozenset[str], after: frozenset[str]) -> str:
    """Say what an answer changed, in words that follow a sentence; empty for nothing."""
    said = ""
    if added := sorted(after - before):
        said += f" {_and(added)} can read it from now on."
    if ended := sorted(before - after):
        said += f" {_and(ended)} can read it no longer; what was read before, was read."
    return said


def lines(book: Book, row: Row) -> list[str]:
    """Who can read an item besides her, and who has said that they saw it."""
    if book.sharing is None:
        return []
    readers = sorted(open_to(book, row))
    said = [f"{_and(readers)} can read it too."] if readers else []
    seen = [told for _, told in _told(book, row) if "by" in told]
    return [*said, *(f"{one['by']} saw it, {plain.moment(int(one['seen']))}." for one in seen)]


def history(book: Book, row: Row) -> list[dict[str, object]]:
    """To whom an item was ever opened and closed, and when: recipients, as a client may ask.

    Source: UK GDPR article 15(1)(c).
    """
    found: list[dict[str, object]] = []
    for entry, told in _told(book, row):
        if "by" in told:
            found.append({"did": "seen", "at": plain.iso(int(told["seen"])), "with": [told["by"]]})
            continue
        who = told.get("with", [])
        if entry.kind == SHARED:
            who = [f"{one['role']} {one['login']}" for one in who]
        found.append({"did": entry.kind, "at": plain.iso(entry.at), "with": who})
    return found


def _told(book: Book, row: Row) -> list[tuple[Entry, dict[str, Any]]]:
    """Every entry that says who else may open an item, or saw it, with what is sealed in it."""
    if book.record.latest(SHARED) is None:
        return []
    entries = [one for one in book.record.about(row.item) if one.kind in (SHARED, UNSHARED)]
    found = []
    for one in entries:
        try:
            found.append((one, json.loads(book.reader.secret(one.seq))))
        except (GuardError, ValueError):
            # No page and no copy may fail for it; when it was is public.
            found.append((one, {}))
    return found


def _and(names: list[str]) -> str:
    return " and ".join(names)
