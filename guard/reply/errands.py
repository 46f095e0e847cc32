"""Carry out what was decided: send reminders, tell the therapist, file how it went.

Touches the world only through the record and the sender that it is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from guard.config import Settings
from guard.errors import GuardError, SendRefusedError
from guard.mail.message import Message
from guard.record.entry import Fact
from guard.reply import compose
from guard.reply.outbox import Outcome, Record, Reminder, Sender, refuse, remind


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
        words = compose.text("reminder.en")
        address = self.settings.reply_address
        try:
            letter = compose.reminder(
                message, words=words, sender=address, token=self.token(), now=now
            )
        except SendRefusedError as refused:
            refuse(item, client=client, record=self.record, now=now)
            return Outcome.REFUSED, refused
        reminder = Reminder(
            letter=letter,
            answers=item,
            client=client,
            text=compose.version(words),
            envelope_from=address,
            account=self.settings.mailbox.user,
        )
        outcome, problem = remind(reminder, record=self.record, sender=self.sender, now=now)
        if outcome is Outcome.SENT:
            try:
                self.keep(letter.raw)
            except GuardError as error:
                # The record holds the letter; that Sent has no copy must not stop the scan.
                return outcome, error
        return outcome, problem

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
