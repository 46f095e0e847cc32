"""Carry an announcement out: one letter after the other, filed before it is sent.

Touches the world only through the record and the sender that it is given. What was told to
whom is read from the record, so that it can be stopped anywhere and begun again.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from guard.errors import GuardError, SendRefusedError
from guard.record.entry import JSON, UNSORTED, Fact, canonical
from guard.record.times import from_ms, to_ms
from guard.reply.announcement import Announcement, Recipient, letter
from guard.reply.outbox import Outcome, Record, announced, file_letter, hand_over, leaving

BEGUN = "announcing"
SENT = "announcement-sent"
UNCERTAIN = "announcement-uncertain"
IN_PERSON = "announcement-in-person"
"""Kinds of entries."""

_HOUR = timedelta(hours=1)


class Sender(Protocol):
    """A submission server."""

    def send(self, raw: bytes, *, envelope_from: str, to: str, bounces: bool = False) -> str:
        """Hand one message over; returns the envelope sender that was used."""


class Announcing:
    """One announcement, as far as it has come."""

    def __init__(
        self, announcement: Announcement, *, record: Record, sender: str, account: str
    ) -> None:
        """Take it up where it was left, or prepare to begin.

        Args:
            announcement: What is told.
            record: Where every letter is filed.
            sender: Our address, for the From header and for what comes back.
            account: The mailbox account in whose name letters are filed.
        """
        self._announcement = announcement
        self._record = record
        self._sender = sender
        self._account = account
        self._began: datetime | None = None
        for one in record.of_kind(BEGUN):
            if one.data["document"] == announcement.version:
                self._began = from_ms(one.data["date"])

    @property
    def begun(self) -> bool:
        """Whether this announcement was begun before."""
        return self._began is not None

    def begin(self, *, letters: int, in_person: Iterable[str], now: datetime) -> None:
        """File that she tells everybody, what, and whom she tells in person; once."""
        if self._began is not None:
            return
        self._began = now.astimezone(UTC).replace(microsecond=0)
        version, cover = self._announcement.version, self._announcement.cover
        body: dict[str, JSON] = {
            "document": version,
            "date": to_ms(self._began),
            "letters": letters,
        }
        told = {"subject": cover.subject, "words": cover.words, "name": self._announcement.name}
        facts = [Fact(kind=BEGUN, body=body, secret=canonical(told), owners=(UNSORTED,))]
        facts += [Fact(kind=IN_PERSON, owner=one, body={"document": version}) for one in in_person]
        self._record.append(facts, now=to_ms(now))

    def left(self, recipient: Recipient) -> tuple[str, ...]:
        """Ids of those of a recipient's clients who are still to be told."""
        return tuple(one for one in recipient.ids if not self.ended(one))

    def ended(self, client: str) -> str:
        """How it ended for a client: sent, uncertain, or empty when they are still to be told."""
        for kind in (UNCERTAIN, SENT):
            if any(self._is_this(one.data) for one in self._record.of_kind(kind, owner=client)):
                return kind
        return ""

    def within_the_hour(self, now: datetime) -> list[datetime]:
        """When the letters of any announcement left within the hour, oldest first."""
        since = to_ms(now - _HOUR)
        left = [self._record.of_kind(kind, since=since) for kind in (SENT, UNCERTAIN)]
        found = {one.item: one.at for some in left for one in some}
        return [from_ms(at) for at in sorted(found.values())]

    def tell(
        self, recipient: Recipient, *, sender: Sender, now: datetime
    ) -> tuple[Outcome, bytes, GuardError | None]:
        """Send one letter and file how it ended.

        Returns:
            How it ended, the letter, and what went wrong if anything did.
        """
        assert self._began is not None
        try:
            found = letter(self._announcement, recipient, sender=self._sender, began=self._began)
        except SendRefusedError as refused:
            return Outcome.REFUSED, b"", refused
        at = to_ms(now)
        # The same bytes are the same item: a letter that a crash left behind goes on from there.
        item = file_letter(
            found, owners=recipient.owners, account=self._account, record=self._record, at=at
        )
        body: dict[str, JSON] = {
            "document": self._announcement.version,
            "owners": [*self.left(recipient)],
        }
        before = self._before(item)
        if before is not None:
            # It went to this address when somebody else had it too: they can read it there.
            self._record.append(announced(before, item, body=body), now=at)
            return before, b"", None
        left = [leaving(item, owner=recipient.ids[0], body=body)]
        self._record.append(left, now=at)
        outcome, _, problem = hand_over(
            lambda: sender.send(found.raw, envelope_from=self._sender, to=found.to, bounces=True)
        )
        self._record.append(announced(outcome, item, body=body), now=at)
        return outcome, found.raw, problem

    def _before(self, item: int) -> Outcome | None:
        for kind, outcome in ((UNCERTAIN, Outcome.UNCERTAIN), (SENT, Outcome.SENT)):
            if self._record.latest(kind, item=item) is not None:
                return outcome
        return None

    def _is_this(self, data: Mapping[str, object]) -> bool:
        return data.get("document") == self._announcement.version
