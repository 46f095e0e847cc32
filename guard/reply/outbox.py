"""Send one reminder at most once: filed and intended first, sent second, outcome filed third.

Touches the world only through the record and the sender that it is given. Whatever stops
the process leaves either nothing, or an open ``outcome`` that the next run calls uncertain.
Source: RFC 5321 section 4.2.5 (a lost line during DATA leaves the outcome unknown).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol

from guard.errors import (
    FatalError,
    GuardError,
    SendRefusedError,
    SendUncertainError,
    TransientError,
)
from guard.record.entry import JSON, Entry, Fact, Filed, Incoming
from guard.reply.compose import Letter

_LEAVING = "leaving"
"""Kind of the entry on a letter that names what it answers."""


class Outcome(Enum):
    """How a reminder ended. The values are kinds of entries, so they never change meaning."""

    SENT = "reminder-sent"
    REFUSED = "reminder-refused"
    UNCERTAIN = "reminder-uncertain"
    POSTPONED = "reminder-postponed"


class Sender(Protocol):
    """A submission server."""

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        """Hand one message over; returns the envelope sender that was used."""


class Record(Protocol):
    """What the outbox needs of the record."""

    def file(self, mails: Sequence[Incoming], *, cursor: None, now: int) -> list[Filed]:
        """File messages."""

    def append(self, facts: Sequence[Fact], *, now: int) -> list[int]:
        """Append facts in one transaction."""

    def tasks(self, name: str) -> list[int]:
        """Items that have this task open."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder, ready to go."""

    letter: Letter
    """The exact bytes."""

    answers: int
    """The item that it answers."""

    client: str
    """Whose reminder it is."""

    text: str
    """Version of the text."""

    envelope_from: str
    """Used only if the server refuses the null sender."""

    account: str
    """The mailbox account in whose name it is filed."""


def remind(
    reminder: Reminder, *, record: Record, sender: Sender, now: datetime
) -> tuple[Outcome, GuardError | None]:
    """Send one reminder and file how it ended.

    Args:
        reminder: What to send, to whom, and what it answers.
        record: Where it is filed before it is sent.
        sender: The submission server.
        now: The moment, aware.

    Returns:
        How it ended, and what went wrong if anything did.
    """
    at, client, item = _ms(now), reminder.client, reminder.answers
    # Filed before it is sent. If we crash in between, the record holds a letter that perhaps
    # nobody got, and a person looks; the other way round, a client would hold a letter that
    # the record denies.
    filed = record.file(
        [
            Incoming(
                raw=reminder.letter.raw,
                account=reminder.account,
                locations=(),
                owners=(client,),
                direction="out",
                received=at,
                opens=("outcome",),
            )
        ],
        cursor=None,
        now=at,
    )[0]
    body: dict[str, JSON] = {"letter": filed.item, "text": reminder.text}
    record.append(
        [
            Fact(kind="reminding", item=item, owner=client, body=body, closes=("remind",)),
            # Only a letter that has this entry can have left the house.
            Fact(kind=_LEAVING, item=filed.item, owner=client, body={"answers": item}),
        ],
        now=at,
    )
    outcome, envelope, problem = _send(reminder, sender)
    body["envelope"] = envelope
    record.append(_ended(outcome, item, letter=filed.item, client=client, body=body), now=at)
    return outcome, problem


def refuse(item: int, *, client: str, record: Record, now: datetime) -> None:
    """File that no letter can be written that answers an item; nothing was sent."""
    refused = Fact(
        kind=Outcome.REFUSED.value,
        item=item,
        owner=client,
        body={},
        opens=("review",),
        closes=("remind",),
    )
    record.append([refused], now=_ms(now))


def settle(record: Record, *, now: datetime) -> int:
    """File what is known of letters that an interrupted run left open.

    What may have left the house is called uncertain and never sent again by itself: she
    looks. What certainly has not is withdrawn, and its reminder is decided about anew.

    Returns:
        How many are uncertain.
    """
    uncertain = 0
    for letter in record.tasks("outcome"):
        leaving = record.latest(_LEAVING, item=letter)
        if leaving is None or leaving.owner is None:
            facts = [Fact(kind="withdrawn", item=letter, closes=("outcome",))]
        else:
            uncertain += 1
            facts = _ended(
                Outcome.UNCERTAIN,
                leaving.data["answers"],
                letter=letter,
                client=leaving.owner,
                body={"letter": letter},
            )
        record.append(facts, now=_ms(now))
    return uncertain


def last_reminder(record: Record, client: str) -> datetime | None:
    """When this client last got, or may have got, a reminder; aware. None if never."""
    found = [record.latest(one.value, owner=client) for one in (Outcome.SENT, Outcome.UNCERTAIN)]
    times = [one.at for one in found if one is not None]
    return datetime.fromtimestamp(max(times) / 1000, tz=UTC) if times else None


def _ended(
    outcome: Outcome, item: int, *, letter: int, client: str, body: dict[str, JSON]
) -> list[Fact]:
    again = ("remind",) if outcome is Outcome.POSTPONED else ()
    look = ("review",) if outcome in (Outcome.REFUSED, Outcome.UNCERTAIN) else ()
    return [
        Fact(kind="outcome", item=letter, owner=client, closes=("outcome",)),
        Fact(kind=outcome.value, item=item, owner=client, body=body, opens=(*again, *look)),
    ]


def _send(reminder: Reminder, sender: Sender) -> tuple[Outcome, str, GuardError | None]:
    try:
        used = sender.send(
            reminder.letter.raw, envelope_from=reminder.envelope_from, to=reminder.letter.to
        )
    except SendRefusedError as problem:
        return Outcome.REFUSED, "", problem
    except SendUncertainError as problem:
        return Outcome.UNCERTAIN, "", problem
    except (TransientError, FatalError) as problem:
        # Nothing was handed over: the server is away, or would not let us in.
        return Outcome.POSTPONED, "", problem
    return Outcome.SENT, "own" if used else "null", None


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
