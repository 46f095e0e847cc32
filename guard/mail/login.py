"""The secret that signs in: from a file, from a command, or from the keyring.

Edge. The only place that reads a password; it is never kept, printed or logged.
"""

import stat
import subprocess
from pathlib import Path

from guard.errors import ConfigError

_COMMAND_SECONDS = 30


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
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the password file {file} ({key}): {type(error).__name__}",
            hint=f"Write the password into it, then: chmod 600 {file}",
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"others on this machine can read the password file {file} ({key})",
            hint=f"Run: chmod 600 {file}",
        )
    return _first_line(text, f"the password file {file} ({key}) is empty")


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
    return _first_line(done.stdout, f"the password command {command[0]} printed nothing ({key})")


def _from_keyring(service: str, user: str, key: str) -> str:
    hint = f"Set {key} in guard.toml to a file of mode 0600; a keyring is closed under cron."
    try:
        import keyring  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise ConfigError(f"no password is set ({key})", hint=hint) from None
    try:
        found = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001  # back ends raise what they like
        raise ConfigError(
            f"the keyring cannot be read ({key}): {type(error).__name__}", hint=hint
        ) from None
    if not found:
        raise ConfigError(f"the keyring holds no password for {service} ({key})", hint=hint)
    return str(found)


def _first_line(text: str, empty: str) -> str:
    line = text.splitlines()[0] if text.splitlines() else ""
    if not line:
        raise ConfigError(empty)
    return line
