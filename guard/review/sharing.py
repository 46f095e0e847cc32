"""What an answer of hers opens to a receptionist or a supervisor, or closes; and who has looked.

Touches the world only through the book that it is given. Most practices share nothing, and
then none of this asks the record anything.
"""

import json

from guard.errors import GuardError
from guard.policy.roles import extract, role_for, role_of
from guard.policy.sharing import SHARED, UNSHARED, Opened
from guard.record.entry import Fact
from guard.record.grant import ACKNOWLEDGED
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
    seen = (one for one in book.record.about(row.item) if one.kind == ACKNOWLEDGED)
    return [
        *said,
        *(f"{one.data['login']} saw it, {plain.moment(int(one.data['seen']))}." for one in seen),
    ]


def history(book: Book, row: Row) -> list[dict[str, object]]:
    """To whom an item was ever opened and closed, and when: recipients, as a client may ask.

    Source: UK GDPR article 15(1)(c).
    """
    if book.record.latest(SHARED) is None:
        return []
    found: list[dict[str, object]] = []
    for one in book.record.about(row.item):
        if one.kind not in (SHARED, UNSHARED):
            continue
        try:
            told = json.loads(book.reader.secret(one.seq))["with"]
        except (GuardError, ValueError, KeyError):
            # A copy must not fail for it; when it was is public.
            told = []
        who = [f"{it['role']} {it['login']}" for it in told] if one.kind == SHARED else told
        found.append({"did": one.kind, "at": plain.iso(one.at), "with": who})
    return found


def _and(names: list[str]) -> str:
    return " and ".join(names)
