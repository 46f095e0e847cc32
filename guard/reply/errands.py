"""Carry out what was decided: send reminders, and file how it went.

Touches the world only through the record and the sender that it is given.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from guard.config import Settings
from guard.errors import GuardError, SendRefusedError
from guard.mail.message import Message
from guard.record.times import from_ms, to_ms
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
from guard.reply.wording import REMINDER, SIGNPOST, Wordings


class Errands(msgspec.Struct, frozen=True, kw_only=True):
    """Sends for one scan."""

    record: Record
    sender: Sender
    settings: Settings

    wordings: Wordings
    """The words, read once: those that a decision found approved are those that are sent."""

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
        return self._send(REMINDER, message, item=item, client=client, now=now)

    def send_signpost(
        self, message: Message, *, item: int, client: str, now: datetime
    ) -> tuple[Outcome, GuardError | None]:
        """Tell one client who may be in danger where to turn, at most once.

        Returns:
            How it ended, and what went wrong if anything did.
        """
        return self._send(SIGNPOST, message, item=item, client=client, now=now)

    def _send(
        self, what: str, message: Message, *, item: int, client: str, now: datetime
    ) -> tuple[Outcome, GuardError | None]:
        reminder = self._reminder(what, message, item=item, client=client, now=now)
        if isinstance(reminder, SendRefusedError):
            refuse(item, client=client, record=self.record, now=now, what=what)
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
        reminder = self._reminder(REMINDER, message, item=item, client=client, now=now)
        if isinstance(reminder, SendRefusedError):
            refuse(item, client=client, record=self.record, now=now)
            return Outcome.REFUSED, reminder
        shadow(reminder, record=self.record, now=now)
        return Outcome.SHADOWED, None

    def _reminder(
        self, what: str, message: Message, *, item: int, client: str, now: datetime
    ) -> Reminder | SendRefusedError:
        words = self.wordings.signpost if what == SIGNPOST else self.wordings.of
        wording = words(client, self.record)
        if wording is None:
            return SendRefusedError(
                "there are no words in this client's language", hint="See: guard policy show"
            )
        waits = waiting(self.record, item, what)
        if waits is not None and waits.text == wording.version:
            # The same bytes again: one intent, one letter, however long the server is away.
            token, date = waits.token, from_ms(waits.date)
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
            what=what,
            token=token,
            date=to_ms(date),
        )
