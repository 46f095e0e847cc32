"""What only a person can give: the passphrase, or a yes. From a file or an option where nobody is.

Edge: the terminal.
"""

import sys
from pathlib import Path

import click

from guard.errors import ConfigError, LockedError
from guard.mail import login
from guard.record.ledger import Record
from guard.record.reading import Reader

SHORTEST = 8
"""Characters of a new passphrase, at least. Source: NIST SP 800-63B, length of passwords that
open nothing alone: whoever would use this one must first copy the record."""


def unlock(record: Record, passphrase_file: Path | None) -> Reader:
    """Open the record for reading, by the passphrase from a file or from a prompt.

    Raises:
        LockedError: The passphrase is wrong, or there is nobody to ask.
    """
    return Reader(record, record.keys.unlock(ask_passphrase(passphrase_file)))


def ask_passphrase(
    file: Path | None,
    *,
    confirm: bool = False,
    prompt: str = "Passphrase",
    option: str = "--passphrase-file",
) -> str:
    """Return the passphrase from a file, or ask for it without showing it.

    Args:
        file: Where it stands; None asks.
        confirm: It is a new one: it must not be too short, and is asked for twice.
        prompt: What is asked for.
        option: How to give it where nobody can be asked.

    Raises:
        ConfigError: The file cannot be read, or a new passphrase is too short.
        LockedError: There is nobody to ask.
    """
    if file is not None:
        given = login.password(file=file, command=[], service="guard", user="", key=option)
        return _new(given, option) if confirm else given
    if not sys.stdin.isatty():
        raise LockedError(
            f"a {prompt.lower()} is needed, and there is nobody to ask",
            hint=f"Run this in a terminal, or give {option} FILE.",
        )
    asked: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return _new(asked, option) if confirm else asked


def _new(passphrase: str, option: str) -> str:
    if len(passphrase) < SHORTEST:
        raise ConfigError(
            f"a passphrase needs at least {SHORTEST} characters, and this has {len(passphrase)}",
            hint=f"Three or more words that have nothing to do with each other are easy to keep. "
            f"Nothing was changed; run it again, or mend the file of {option}.",
        )
    return passphrase


def confirmed(question: str, *, option: str) -> bool:
    """Ask for a yes; `option` is how to give it where nobody can be asked.

    Raises:
        ConfigError: There is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise ConfigError("a yes is needed, and there is nobody to ask", hint=f"Add: {option}")
    return click.confirm(question, default=False, err=True)
