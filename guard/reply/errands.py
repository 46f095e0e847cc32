"""Carry out what was decided: send reminders, tell the therapist, file how it went.

Touches the world only through the record and the sender that it is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from guard.config import Settings
from guard.errors import GuardError, SendRefusedError
from guard.mail.message import Message
from guard.record.entry import Fact
from guard.reply import compose
from guard.reply.outbox import (
    Outcome,
    Record,
    Reminder,
    Sender,
    refuse,
    remind,
    shadow,
    waiting,
)
from guard.reply.wording import wordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Errands:
    """Sends for one scan."""

    record: Record
    sender: Sender
    settings: Settings
    token: Callable[[], str]
    """Gives a new unguessable token for each Message-ID."""

    keep: Callable[[bytes], None]
    """Puts a copy of what was sent into the Sent folder, unless the provider does."""

    def send_reminder(
        self, message: Message, *, item: int, client: str, now: datetime
    ) -> tuple[Outcome, GuardError | None]:
        """Send one client the reminder, at most once.

        Returns:
            How it ended, and what went wrong if anything did.
        """
        reminder = self._reminder(message, item=item, client=client, now=now)
        if isinstance(reminder, SendRefusedError):
            refuse(item, client=client, record=self.record, now=now)
            return Outcome.REFUSED, reminder
        outcome, problem = remind(reminder, record=self.record, sender=self.sender, now=now)
        if outcome is Outcome.SENT:
            try:
                self.keep(reminder.letter.raw)
            except GuardError as error:
                # The record holds the letter; that Sent has no copy must not stop the scan.
                return outcome, error
        return outcome, problem

    def note_reminder(
        self, message: Message, *, item: int, client: str, now: datetime
    ) -> tuple[Outcome, GuardError | None]:
        """File the reminder that a client would have got; nothing is sent.

        Returns:
            How it ended, and what went wrong if anything did.
        """
        reminder = self._reminder(message, item=item, client=client, now=now)
        if isinstance(reminder, SendRefusedError):
            refuse(item, client=client, record=self.record, now=now)
            return Outcome.REFUSED, reminder
        shadow(reminder, record=self.record, now=now)
        return Outcome.SHADOWED, None

    def _reminder(
        self, message: Message, *, item: int, client: str, now: datetime
    ) -> Reminder | SendRefusedError:
        wording = wordings(self.settings).of(client, self.record)
        if wording is None:
            return SendRefusedError(
                "there are no words in this client's language", hint="See: guard policy show"
            )
        waits = waiting(self.record, item)
        if waits is not None and waits.text == wording.version:
            # The same bytes again: one intent, one letter, however long the server is away.
            token, date = waits.token, datetime.fromtimestamp(waits.date / 1000, tz=UTC)
        else:
            token, date = self.token(), now.astimezone(UTC)
        address = self.settings.reply_address
        try:
            letter = compose.reminder(
                message,
                words=wording.words,
                subject=wording.subject,
                sender=address,
                token=token,
                now=date,
            )
        except SendRefusedError as refused:
            return refused
        return Reminder(
            letter=letter,
            answers=item,
            client=client,
            text=wording.version,
            envelope_from=address,
            account=self.settings.mailbox.user,
            token=token,
            date=int(date.timestamp() * 1000),
        )

    def send_alert(self, *, now: datetime) -> GuardError | None:
        """Tell the therapist how many messages must not wait; nothing else is said.

        An alert is sent at least once: if its outcome is unknown it is sent again next time.

        Returns:
            Why she could not be told; None when she was, or there was nothing to tell.
        """
        waiting = self.record.tasks("alert")
        if not waiting:
            return None
        address = self.settings.reply_address
        try:
            letter = compose.alert(
                count=len(waiting),
                sender=address,
                to=self.settings.alerts.to,
                token=self.token(),
                now=now,
            )
            self.sender.send(letter.raw, envelope_from=address, to=letter.to)
        except GuardError as problem:
            return problem
        told = [
            Fact(kind="alerted", item=one, owner=None, body={}, closes=("alert",))
            for one in waiting
        ]
        self.record.append(told, now=int(now.timestamp() * 1000))
        return None
