"""The sheet that opens the record when everything else is lost: for her, for her executor.

Pure. The same words go on the plain sheet and on the printable one (`sheet_pdf`).
"""

import msgspec

from guard.record.seal import Identity


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on one sheet of paper. Its repr shows nothing."""

    title: str
    """One line."""

    keep: str
    """Where to keep it; one paragraph."""

    key: str
    """The secret key, one line to be typed or scanned."""

    how: tuple[str, ...]
    """How it is used; a paragraph each."""

    def text(self) -> str:
        """The plain sheet."""
        how = "\n\n".join(self.how)
        return f"{self.title}\n\n{self.keep}\n\n    {self.key}\n\n{how}\n"

    # What holds a secret shows nothing of it, whoever prints it.
    __repr__ = object.__repr__


def recovery(identity: Identity) -> Sheet:
    """Her own sheet."""
    return Sheet(
        title="guard: RECOVERY SHEET",
        keep="Print this, keep it where you keep your clinical will, then delete the file.\n"
        "This key opens the whole record without the passphrase:",
        key=identity.secret,
        how=(
            (
                "Forgotten the passphrase? The command  guard record recover  asks for\n"
                "this key and for a new passphrase."
            ),
            _WITHOUT,
            (
                "Whoever holds this sheet and a copy of the record can read everything.\n"
                "If passphrase and sheet are both lost, the record can still be proved, but\n"
                "never read again; nobody, the makers of guard included, can change that."
            ),
        ),
    )


def executors(identity: Identity) -> Sheet:
    """The sheet of the executor of her clinical will; this key is kept nowhere else."""
    return Sheet(
        title="guard: SHEET OF THE EXECUTOR",
        keep="Print this, seal it in an envelope for the executor of your clinical will, then\n"
        "delete the file. This key opens the whole record, and is kept nowhere else:",
        key=identity.secret,
        how=(
            (
                "To the executor: on the computer with the record, the command\n"
                "guard record recover  asks for this key and for a passphrase of your own.\n"
                "Then  guard review  shows what is there, and  guard record export  takes it out."
            ),
            _WITHOUT,
            "If this sheet is lost or the executor changes: guard record executor",
        ),
    )


_WITHOUT = (
    "Without guard: put the key into a file key.txt. Any computer with the free program\n"
    '"age" (age-encryption.org) then opens one client\'s key and, with that, each message\n'
    "of that client; FORMAT.md, which comes with guard, shows how."
)
