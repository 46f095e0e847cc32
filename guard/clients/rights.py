"""What she entered about a client's rights: holds, requests for access, marks, orders to erase.

Pure: facts for the record, and what they say when they are read again. Kind, day and mark are
public, so that they can be acted on without her passphrase; her reasons are sealed.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum
from typing import Protocol

import msgspec

from guard.clients.access import STEPS, Request, Step, requests
from guard.record.entry import Entry, Fact

HELD = "held"
RELEASED = "released"
ACCESS = "access"
MARKED = "marked"
ERASING = "erasing"
"""Kinds of entries. The record itself refuses to erase under a hold, so it knows the first two."""

COOLING_MS = 24 * 3_600_000
"""So long an order to erase must rest before it is carried out: a slip can still be seen."""

LAPSES_MS = 30 * 86_400_000
"""An order that was not carried out by then is forgotten."""

_CODE = 8


class Mark(Enum):
    """What an item is in a copy for its client. The values are filed for ever."""

    INCLUDE = "include"
    WITHHOLD = "withhold"
    REDACT = "redact"


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What she said beside a fact; sealed."""

    reason: str = ""
    """Why, in her words."""

    remove: tuple[str, ...] = msgspec.field(default=())
    """Passages that a redacted copy does not show."""


def hold(owner: str, reason: str) -> Fact:
    """Return the entry of a legal hold: a claim, a complaint, an inquest."""
    return _fact(HELD, owner, Why(reason=reason))


def release(owner: str, reason: str) -> Fact:
    """Return the entry that ends a hold."""
    return _fact(RELEASED, owner, Why(reason=reason))


def access(owner: str, step: Step, reason: str = "") -> Fact:
    """Return the entry of one step of a request for access."""
    body = {"step": step.step, "on": step.on.isoformat()}
    return _fact(ACCESS, owner, Why(reason=reason), body)


def erasing(owner: str, reason: str, letters: int) -> Fact:
    """Return the entry of an order that is not carried out yet."""
    return _fact(ERASING, owner, Why(reason=reason), {"letters": letters})


def mark(item: int, owners: tuple[str, ...], as_: Mark, why: Why) -> Fact:
    """Return the entry that says what an item is in a copy for its client."""
    return Fact(
        kind=MARKED,
        item=item,
        body={"as": as_.value},
        secret=msgspec.json.encode(why),
        owners=owners,
    )


def why(secret: bytes) -> Why:
    """Read what she said beside a fact.

    Raises:
        ValueError: The bytes are nothing of the kind.
    """
    return msgspec.json.decode(secret, type=Why)


class Entries(Protocol):
    """What knows the entries of a client."""

    def of_kind(self, kind: str, *, owner: str | None = None) -> list[Entry]:
        """Entries of a kind, oldest first."""


def asked(record: Entries, owner: str) -> list[Request]:
    """Return a client's requests for a copy, oldest first."""
    return requests(steps(record.of_kind(ACCESS, owner=owner)))


def steps(entries: Iterable[Entry]) -> list[Step]:
    """Return the steps of a client's requests; what cannot be understood is passed over.

    Args:
        entries: Those of kind `ACCESS` about the client, in order.
    """
    found = []
    for entry in entries:
        step, on = entry.data.get("step"), entry.data.get("on")
        try:
            day = date.fromisoformat(str(on))
        except ValueError:
            continue
        if step in STEPS:
            found.append(Step(step=str(step), on=day))
    return found


def marked(entry: Entry | None) -> Mark:
    """Return what an item's newest mark says; an item without one is included.

    A mark of a newer guard withholds: what cannot be understood is not given away.
    """
    if entry is None:
        return Mark.INCLUDE
    try:
        return Mark(entry.data.get("as"))
    except ValueError:
        return Mark.WITHHOLD


def code(order: Entry) -> str:
    """Return the code that carries an order out: it fits this order and no other."""
    return order.leaf.hex()[:_CODE]


def ripe(order: Entry, now: int) -> str | None:
    """Return why an order cannot be carried out yet, or no longer; None when it can.

    Args:
        order: An entry of kind `ERASING`.
        now: Milliseconds since 1970-01-01 UTC.
    """
    age = now - order.at
    if age < COOLING_MS:
        hours = max(1, -(-(COOLING_MS - age) // 3_600_000))
        return f"the order must rest for {hours} more hour{'s' * (hours > 1)}"
    if age > LAPSES_MS:
        return "the order is older than 30 days, so it lapsed"
    return None


def _fact(
    kind: str, owner: str, said: Why, body: dict[str, str] | dict[str, int] | None = None
) -> Fact:
    return Fact(
        kind=kind,
        owner=owner,
        body=dict(body or {}),
        secret=msgspec.json.encode(said),
        owners=(owner,),
    )


def belongs(owners: Sequence[str], said: str, client: str) -> bool:
    """Whether a letter is a client's: as it was sealed, unless she gave it to somebody else.

    Args:
        owners: Whose keys seal it.
        said: Whom she said it is from; empty when she said nothing.
        client: Id of the client.
    """
    given_away = bool(said) and said not in owners
    return said == client if given_away else client in owners
