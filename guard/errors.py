"""Every error guard raises, grouped by what the caller should do next.

GuardError
├── TransientError        nothing was changed; the same call may be made again later   75
│   ├── BusyError             another scan holds the lock
│   ├── UnreachableError      a server cannot be reached, hung up, or asks us to wait
│   └── NotSentError          the mail server took nothing; it may later
├── MessageError          this one message goes to a person; carry on with the next    65
│   ├── UnreadableError       its bytes cannot be read as a message
│   ├── OversizedError        it is too large to be filed
│   ├── SendRefusedError      the mail server will never take it
│   └── SendUncertainError    it may or may not have been sent; never send it again
└── FatalError            stop; carrying on could harm the record or a person          70
    ├── ConfigError           guard.toml, or a file that it names, is wrong            78
    ├── SignInError           a server refused the user or the password                77
    ├── RecordError           the record cannot be read or written                     74
    ├── RecordBrokenError     the record does not hold what was filed                  65
    ├── LockedError           the passphrase is wrong or missing                       77
    └── ModelError            the model file is not the one that was chosen            78

Callers choose by branch, never by message text. No message holds a subject, a sentence,
a name or an address of mail. The numbers are exit statuses of sysexits.h.
"""

from typing import ClassVar


class GuardError(Exception):
    """Base of every guard error. Never raised itself."""

    exit_code: ClassVar[int] = 70
    """Process exit status when the error ends a command. Values follow sysexits.h."""

    default_hint: ClassVar[str] = ""
    """What to do, when the place that raises knows nothing better."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Build the error.

        Args:
            message: What is wrong, in one line, without content of mail.
            hint: One sentence that tells the operator what to do.
        """
        super().__init__(message)
        self.hint = hint or self.default_hint


class TransientError(GuardError):
    """Nothing was changed. Try again later."""

    exit_code = 75
    default_hint = "Nothing is lost; the next scan carries on. If this lasts, run: guard check"


class BusyError(TransientError):
    """Another scan holds the lock."""

    default_hint = "Another guard scan is running. This one did nothing."


class UnreachableError(TransientError):
    """A server cannot be reached, hung up, or asks us to wait."""

    wait: float = 0
    """Seconds for which it should not be asked again; 0 when it named no time."""


class NotSentError(TransientError):
    """The mail server took nothing, and may take it later."""

    def __init__(self, message: str, *, hint: str = "", this_letter: bool = False) -> None:
        """Build the error.

        Args:
            message: What is wrong, in one line, without content of mail.
            hint: One sentence that tells the operator what to do.
            this_letter: The server is there, and said later to this one letter alone.
        """
        super().__init__(message, hint=hint)
        self.this_letter = this_letter


class MessageError(GuardError):
    """One message cannot be handled automatically. Hold it for a person."""

    exit_code = 65


class UnreadableError(MessageError):
    """The bytes cannot be read as a message."""


class OversizedError(MessageError):
    """The message is too large to be filed. It is left where it is."""

    default_hint = "Look at it in your mail program; guard reconcile counts it until it is gone."


class SendRefusedError(MessageError):
    """The mail server said never. Nothing was sent."""


class SendUncertainError(MessageError):
    """The line broke while the text was handed over, so it is never sent again by itself."""

    default_hint = "Look in the Sent folder before you answer by hand."


class FatalError(GuardError):
    """Carrying on could harm the record or a person. Stop."""


class ConfigError(FatalError):
    """A setting, or a file that a setting names, is wrong."""

    exit_code = 78


class SignInError(FatalError):
    """A server refused the user or the password."""

    exit_code = 77


class RecordError(FatalError):
    """The record cannot be read or written. Nothing was changed."""

    exit_code = 74


class RecordBrokenError(FatalError):
    """The record does not hold what was filed."""

    exit_code = 65
    default_hint = "Do not write to this record. Keep a copy and compare it with the last backup."


class LockedError(FatalError):
    """The passphrase is wrong or missing, so the record stays closed."""

    exit_code = 77
    default_hint = "Try the passphrase again, or use the recovery sheet."


class ModelError(FatalError):
    """The model file is not the one that was chosen."""

    exit_code = 78
    default_hint = "guard goes on filing and holds every message. See: guard model list"
