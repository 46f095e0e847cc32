"""Send one reminder at most once: filed and intended first, sent second, outcome filed third.

Touches the world only through the record and the sender that it is given. Whatever stops
the process leaves either nothing, or an open ``outcome`` that the next run calls uncertain.
Source: RFC 5321 section 4.2.5 (a lost line during DATA leaves the outcome unknown).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

import msgspec

from guard.errors import (
    FatalError,
    GuardError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
    TransientError,
)
from guard.record.entry import JSON, Entry, Fact, Filed, Incoming
from guard.record.times import to_ms
from guard.reply.compose import Letter
from guard.reply.wording import REMINDER

_LEAVING = "leaving"
"""Kind of the entry on a letter that names what it answers, or what it announces."""

WITHDRAWN = "withdrawn"
"""Kind of the entry on a letter that will never leave."""

OUTCOME = "outcome"
"""Task of a letter from before it is sent until the record says how that ended."""

_LONGEST_WAIT_MS = 3_600_000


class Outcome(Enum):
    """How a reminder ended. The values are kinds of entries, so they never change meaning."""

    SENT = "reminder-sent"
    REFUSED = "reminder-refused"
    UNCERTAIN = "reminder-uncertain"
    POSTPONED = "reminder-postponed"
    SHADOWED = "reminder-shadowed"
    """A trial: this would have been sent."""

    def of(self, what: str) -> str:
        """Return the kind of entry by which a letter ended so, such as ``signpost-sent``."""
        return self.value.replace(REMINDER, what, 1)


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

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Entries of a kind, oldest first."""


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
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

    what: str = REMINDER
    """Which letter it is: the reminder, or the signpost to help."""

    token: str = ""
    """What its Message-ID was made of."""

    date: int = 0
    """What its Date was made of, milliseconds since 1970-01-01 UTC."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder that is filed and that the server would not take yet."""

    letter: int
    """The item that holds its bytes."""

    text: str
    """Version of the text."""

    token: str
    """As in `Reminder`: with it the same bytes can be written again, which nobody may read."""

    date: int
    """As in `Reminder`."""


def waiting(record: Record, item: int, what: str = REMINDER) -> Waiting | None:
    """Return the letter that waits to answer an item; None when none does."""
    ended = [found for one in Outcome if (found := record.latest(one.of(what), item=item))]
    newest = max(ended, key=lambda one: one.seq, default=None)
    if newest is None or newest.kind != Outcome.POSTPONED.of(what) or "token" not in newest.data:
        return None
    data = newest.data
    return Waiting(
        letter=data["letter"], text=data["text"], token=data["token"], date=data["date"]
    )


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
    at, client, item = to_ms(now), reminder.client, reminder.answers
    before = waiting(record, item, reminder.what)
    letter = file_letter(
        reminder.letter, owners=(client,), account=reminder.account, record=record, at=at
    )
    body: dict[str, JSON] = {"letter": letter, "text": reminder.text}
    left: dict[str, JSON] = {"answers": item, "text": reminder.text, "what": reminder.what}
    facts = [
        Fact(kind="reminding", item=item, owner=client, body=body, closes=("remind",)),
        leaving(letter, owner=client, body=left),
    ]
    if before is not None and before.letter != letter:
        # Other words, another address: what waited will never leave.
        facts.append(Fact(kind=WITHDRAWN, item=before.letter, owner=client))
    record.append(facts, now=at)
    outcome, envelope, problem = hand_over(
        lambda: sender.send(
            reminder.letter.raw, envelope_from=reminder.envelope_from, to=reminder.letter.to
        )
    )
    body["envelope"] = envelope
    if outcome is Outcome.POSTPONED:
        body |= _again(reminder, problem, at=at)
    kind = outcome.of(reminder.what)
    record.append(_ended(outcome, kind, item, letter=letter, client=client, body=body), now=at)
    return outcome, problem


def file_letter(
    letter: Letter, *, owners: tuple[str, ...], account: str, record: Record, at: int
) -> int:
    """File a letter that has not left; the same bytes again are the same item.

    Filed before it is sent. If we crash in between, the record holds a letter that perhaps
    nobody got, and a person looks; the other way round, a client would hold a letter that the
    record denies.
    """
    mail = Incoming(
        raw=letter.raw,
        account=account,
        locations=(),
        owners=owners,
        direction="out",
        received=at,
        opens=(OUTCOME,),
    )
    return record.file([mail], cursor=None, now=at)[0].item


def leaving(letter: int, *, owner: str, body: dict[str, JSON]) -> Fact:
    """Return the entry without which no letter can have left the house."""
    return Fact(kind=_LEAVING, item=letter, owner=owner, body=body, opens=(OUTCOME,))


def hand_over(send: Callable[[], str]) -> tuple[Outcome, str, GuardError | None]:
    """Send a letter: how it ended, which envelope sender was taken, what went wrong."""
    try:
        used = send()
    except SendRefusedError as problem:
        return Outcome.REFUSED, "", problem
    except SendUncertainError as problem:
        return Outcome.UNCERTAIN, "", problem
    except (TransientError, FatalError) as problem:
        # Nothing was handed over: the server is away, or would not let us in.
        return Outcome.POSTPONED, "", problem
    return Outcome.SENT, "own" if used else "null", None


def refuse(item: int, *, client: str, record: Record, now: datetime, what: str = REMINDER) -> None:
    """File that no letter can be written that answers an item; nothing was sent."""
    refused = Fact(
        kind=Outcome.REFUSED.of(what),
        item=item,
        owner=client,
        body={},
        opens=("review",),
        closes=("remind",),
    )
    record.append([refused], now=to_ms(now))


def shadow(reminder: Reminder, *, record: Record, now: datetime) -> None:
    """File what would have been sent, byte for byte and sealed. Nothing leaves the house."""
    noted = Fact(
        kind=Outcome.SHADOWED.value,
        item=reminder.answers,
        owner=reminder.client,
        body={"text": reminder.text},
        secret=reminder.letter.raw,
        owners=(reminder.client,),
        closes=("remind",),
    )
    record.append([noted], now=to_ms(now))


def settle(record: Record, *, now: datetime) -> int:
    """File what is known of letters that an interrupted run left open.

    What may have left the house is called uncertain and never sent again by itself: she
    looks. What certainly has not is withdrawn, and its reminder is decided about anew.

    Returns:
        How many are uncertain.
    """
    uncertain = 0
    for letter in record.tasks(OUTCOME):
        left = record.latest(_LEAVING, item=letter)
        if left is None or left.owner is None:
            facts = [Fact(kind=WITHDRAWN, item=letter, closes=(OUTCOME,))]
        elif "answers" not in left.data:
            uncertain += 1
            facts = announced(Outcome.UNCERTAIN, letter, body=left.data)
        else:
            uncertain += 1
            body: dict[str, JSON] = {"letter": letter, "text": left.data.get("text", "")}
            answers = left.data["answers"]
            kind = Outcome.UNCERTAIN.of(left.data.get("what", REMINDER))
            facts = _ended(
                Outcome.UNCERTAIN, kind, answers, letter=letter, client=left.owner, body=body
            )
        record.append(facts, now=to_ms(now))
    return uncertain


def announced(outcome: Outcome, letter: int, *, body: Mapping[str, JSON]) -> list[Fact]:
    """Return how one letter of an announcement ended: an entry for each whose letter it is."""
    kind = outcome.of("announcement")
    look = ("review",) if outcome is Outcome.UNCERTAIN else ()
    owners = body["owners"]
    assert isinstance(owners, Sequence)
    ends = [Fact(kind=kind, item=letter, owner=str(one), body=body, opens=look) for one in owners]
    return [Fact(kind="outcome", item=letter, owner=str(owners[0]), closes=(OUTCOME,)), *ends]


def _again(reminder: Reminder, problem: GuardError | None, *, at: int) -> dict[str, JSON]:
    """When a reminder may be tried again: at once, then at growing distances up to an hour.

    Source: RFC 5321 section 4.5.4.1, which asks for patience that grows.
    """
    first = reminder.date or at
    return {
        "token": reminder.token,
        "date": first,
        "due": at + min(at - first, _LONGEST_WAIT_MS),
        "away": not (isinstance(problem, NotSentError) and problem.this_letter),
    }


def _ended(  # by keyword: one entry's fields
    outcome: Outcome, kind: str, item: int, *, letter: int, client: str, body: Mapping[str, JSON]
) -> list[Fact]:
    again = ("remind",) if outcome is Outcome.POSTPONED else ()
    look = ("review",) if outcome in (Outcome.REFUSED, Outcome.UNCERTAIN) else ()
    return [
        Fact(kind="outcome", item=letter, owner=client, closes=(OUTCOME,)),
        Fact(kind=kind, item=item, owner=client, body=body, opens=(*again, *look)),
    ]
