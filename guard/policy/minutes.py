"""A decision as it is filed: what may be public, and what is sealed to the client's key.

Pure. Public is only what the unattended scan must know again: the actions. Everything that
was understood about the mail is in the sealed part, which the scan itself cannot read.
"""

import msgspec

from guard.mail.message import Message
from guard.policy.decision import Action, Decision
from guard.record.entry import JSON, Fact
from guard.verdict.label import Verdict
from guard.verdict.reading import Reading

KIND = "decided"
RULED = "ruled"
"""Kind of her answer to a decision, which counts more: nothing is decided anew after it."""

TASKS = {
    Action.REVIEW: "review",
    Action.REMIND: "remind",
    Action.SHADOW: "remind",
    Action.SIGNPOST: "remind",
    Action.NOTE: "note",
    Action.ALERT: "alert",
    Action.FLAG: "flag",
}
"""Which task of the record each action opens; a proposal waits with the review."""


class Minutes(msgspec.Struct, frozen=True, kw_only=True):
    """What guard understood of one message and what it decided; sealed."""

    subject: str
    """Decoded subject; empty when unreadable."""

    sender: str
    """Name and address as the From header showed them."""

    received: str
    """When the server took it in, ISO 8601."""

    verdict: Verdict
    """The model's opinion, with its evidence."""

    decision: Decision
    """The actions and every finding."""

    authenticity: str
    """Whether the provider vouches for the sender, in fixed words."""

    attachments: tuple[str, ...] = ()
    """File names."""

    faults: tuple[str, ...] = ()
    """What could not be read, in fixed words."""


def fact(
    item: int,
    owners: tuple[str, ...],
    minutes: Minutes,
    *,
    before: frozenset[str] = frozenset(),
    due: int | None = None,
) -> Fact:
    """Return the entry of one decision; it closes ``judge`` and opens a task an action.

    Args:
        item: What was decided about.
        owners: Whose keys seal it.
        minutes: What was understood and decided.
        before: Values of the actions of an earlier decision about the same item. Their tasks
            were opened then and may be done by now; only a reminder starts anew.
        due: When the reminder may go, milliseconds since 1970-01-01 UTC; None: at once.
    """
    actions = sorted(one.value for one in minutes.decision.actions)
    fresh = [one for one in minutes.decision.actions if one.value not in before]
    again = {Action.REMIND, Action.SHADOW, Action.SIGNPOST} & minutes.decision.actions
    opens = {TASKS[one] for one in {*fresh, *again} if one in TASKS}
    body: dict[str, JSON] = {"actions": [*actions], "model": minutes.verdict.model}
    if due is not None and again:
        body["due"] = due
    return Fact(
        kind=KIND,
        item=item,
        owner=owners[0],
        body=body,
        secret=msgspec.json.encode(minutes),
        owners=owners,
        opens=tuple(sorted(opens)),
        # The record opens first and closes second, so what is opened must not be closed.
        closes=tuple(sorted({"judge", "remind"} - opens)),
    )


def minutes_of(
    reading: Reading, decision: Decision, *, received: str, authenticity: str
) -> Minutes:
    """Put the minutes of one message together."""
    message = reading.message
    return Minutes(
        subject=message.subject if message else "",
        sender=_shown(message) if message else "",
        received=received,
        verdict=reading.verdict,
        decision=decision,
        authenticity=authenticity,
        attachments=tuple(one.name for one in message.attachments) if message else (),
        faults=message.faults if message else ("unreadable",),
    )


def read(secret: bytes) -> Minutes:
    """Read the sealed part of a decision.

    Raises:
        ValueError: The bytes are not minutes.
    """
    return msgspec.json.decode(secret, type=Minutes)


def _shown(message: Message) -> str:
    return ", ".join(
        f"{one.name} <{one.email}>" if one.name else one.email for one in message.sender
    )
