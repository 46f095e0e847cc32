"""The secret that signs in: from a file, from a command, or from the keyring.

Edge. The only place that reads a password; it is never kept, printed or logged.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guard.errors import ConfigError
from guard.mail import private

_COMMAND_SECONDS = 30
_CLOSED = "Set {key} in guard.toml to a file of mode 0600; a keyring is closed under cron."


def password(*, file: Path | None, command: list[str], service: str, user: str, key: str) -> str:
    """Fetch one password.

    Args:
        file: A file of mode 0600 whose first line is the password; None for none.
        command: A program that prints the password on its first line; empty for none.
        service: Name under which the keyring holds it, when neither is given.
        user: The user name at the server.
        key: The key of guard.toml, for messages, such as ``mailbox.password_file``.

    Raises:
        ConfigError: It cannot be had, or the file can be read by others.
    """
    if file is not None:
        return _from_file(file, key)
    if command:
        return _from_command(command, key)
    return _from_keyring(service, user, key)


def _from_file(file: Path, key: str) -> str:
    what = f"password file {file} ({key})"
    # Other secrets, such as a passphrase, are written by no command of guard.
    how = "" if key.startswith(("-", "serve.")) else "Run: guard login   Or by hand: "
    hint = f"{how}write it on the first line, then: chmod 600 {file}"
    return _first_line(private.read(file, what, hint=hint), f"the {what} is empty", hint)


def _from_command(command: list[str], key: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # the owner of guard.toml chose this program
            command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        # Its output could hold the secret, so only the kind of failure is told.
        raise ConfigError(
            f"the password command {command[0]} failed ({key}): {type(error).__name__}",
            hint="Run it by hand as the user that cron runs guard as.",
        ) from None
    empty = f"the password command {command[0]} printed nothing ({key})"
    return _first_line(done.stdout, empty, "It must print the password on its first line.")


def remember(secret: str, *, service: str, user: str, key: str) -> None:
    """Put one password into the keyring.

    Args:
        secret: The password.
        service: Name under which the keyring holds it.
        user: The user name at the server.
        key: The key of guard.toml, for messages.

    Raises:
        ConfigError: The keyring would not.
    """
    with _keyring(key) as keyring:
        keyring.set_password(service, user, secret)


def _from_keyring(service: str, user: str, key: str) -> str:
    with _keyring(key) as keyring:
        found = keyring.get_password(service, user)
    if not found:
        raise ConfigError(
            f"the keyring holds no password for {service} ({key})",
            hint=f"Run: guard login   {_CLOSED.format(key=key)}",
        )
    return str(found)


@contextlib.contextmanager
def _keyring(key: str) -> Iterator[Any]:
    try:
        import keyring  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise ConfigError(f"no password is set ({key})", hint=_CLOSED.format(key=key)) from None
    try:
        yield keyring
    except Exception as error:  # noqa: BLE001  # back ends raise what they like
        raise ConfigError(
            f"the keyring cannot be used ({key}): {type(error).__name__}",
            hint=_CLOSED.format(key=key),
        ) from None


def _first_line(text: str, empty: str, hint: str) -> str:
    line = text.splitlines()[0] if text.splitlines() else ""
    if not line.strip():
        raise ConfigError(empty, hint=hint)
    return line
