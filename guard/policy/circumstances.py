"""Put together all that a decision rests on, from the message and from what the record knows.

Touches the world only through the record that it is given.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from guard.clients.directory import find, known_of
from guard.config import Settings
from guard.mail.message import Message
from guard.mail.picture import picture
from guard.mail.sender import Authenticity, authenticity
from guard.policy.bars import after_danger
from guard.policy.case import Case
from guard.policy.writer import poses_as_client
from guard.record.entry import Entry
from guard.record.times import from_ms
from guard.verdict.reading import Reading

UNREAD = Authenticity(authenticated=False, reason="unreadable")

RESTORED = "restored"
"""Kind of the entry that says: what the record knows now is less than was done."""


class Record(Protocol):
    """What the circumstances need of the record."""

    def owners_named(self, text: str) -> tuple[str, ...]:
        """Ids of the clients that have this address."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""


class History(Protocol):
    """What was sent before."""

    def has_text(self, client: str) -> bool:
        """Whether there are words in this client's language."""

    def approved(self, client: str) -> bool:
        """Whether she approved the words that this client would get."""

    def reminded(self, client: str, since: datetime) -> datetime | None:
        """When this client last got these words; None if not since."""

    def signpost_approved(self, client: str) -> bool:
        """Whether there are approved words that tell this client where to turn."""

    def alarmed(self, client: str, since: datetime) -> datetime | None:
        """When mail of this client was last announced to her at once; None if not since."""

    def signposted(self, client: str, since: datetime) -> datetime | None:
        """When this client was last told where to turn; None if not since."""

    def restored(self) -> datetime | None:
        """When an older copy of the record was last put in place; None if never."""

    def within_the_hour(self, now: datetime) -> int:
        """How many reminders left within the hour, or are about to."""

    def tripped(self, now: datetime) -> bool:
        """Whether she was told of the breaker within the hour."""


def gather(
    reading: Reading,
    *,
    received: datetime,
    junk: bool,
    now: datetime,
    record: Record,
    settings: Settings,
    history: History,
) -> tuple[Case, Authenticity]:
    """Return the case of one incoming message, and who vouches for its sender.

    Args:
        reading: The message and the verdict.
        received: When the server took it in, aware.
        junk: Whether it was found in Junk.
        now: The moment, aware.
        record: What is known of clients.
        settings: The practice's choices.
        history: What was sent before, and what is about to be.
    """
    message = reading.message
    writers = message.sender if message else ()
    clients = tuple(dict.fromkeys(c for one in writers for c in find(record, one.email)))
    known = tuple(known_of(record, one) for one in clients)
    trust = settings.reminders.trust_authserv
    vouched = _vouched(message, clients, trust, record) if message else UNREAD
    quiet = timedelta(days=settings.reminders.every_days)
    notes = timedelta(days=settings.reminders.note_days)
    case = Case(
        message=message,
        verdict=reading.verdict,
        received=received,
        now=now,
        own=tuple(settings.practice.addresses),
        clients=clients,
        known=known,
        poses=message is not None and poses_as_client(message, clients, record),
        authenticated=vouched.authenticated,
        trusts=any(trust),
        junk=junk,
        reminded=_last(history.reminded, clients, since=now - max(quiet, notes)),
        # A letter to a parent is filed with the child's.
        wrote=max(
            filter(
                None, (_wrote(record, c) for c in (*clients, *(c for k in known for c in k.about)))
            ),
            default=None,
        ),
        restored=history.restored(),
        can_send=settings.smtp is not None,
        has_text=all(map(history.has_text, clients)),
        approved=all(map(history.approved, clients)),
        alarmed=_last(history.alarmed, clients, since=now - after_danger(quiet)),
        signposted=_last(history.signposted, clients, since=now - quiet),
        signpost_approved=all(map(history.signpost_approved, clients)),
        within_the_hour=history.within_the_hour(now),
        tripped=history.tripped(now),
    )
    return case, vouched


def _last(
    when: Callable[[str, datetime], datetime | None], clients: Sequence[str], *, since: datetime
) -> datetime | None:
    """When something last befell one of these clients; no rule looks back further than `since`."""
    return max(filter(None, (when(one, since) for one in clients)), default=None)


def _vouched(
    message: Message, clients: tuple[str, ...], trust: Sequence[str], record: Record
) -> Authenticity:
    """Who vouches for the sender: the provider or, where it cannot, her own word for one way."""
    found = authenticity(message, trusted=trust)
    if found.authenticated or not clients:
        return found
    way = picture(message, trusted=trust)
    if way is not None and {*clients} & {*record.owners_named(way)}:
        return Authenticity(authenticated=True, reason="known")
    return found


def _wrote(record: Record, client: str) -> datetime | None:
    found = record.latest("wrote", owner=client)
    if found is None:
        return None
    at: int = found.data["last"]
    return from_ms(at)
