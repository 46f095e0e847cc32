"""Small secret files of mode 0600: read if nobody else can, replaced whole or not at all.

Edge. Used for passwords and tokens, never for the record. What it does not protect: root, the
user that guard runs as, and whoever holds a copy of the disk can read such a file.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from guard.errors import ConfigError, RecordError
from guard.record import durable

_ROOM = 65_536
"""Bytes kept free while a new token is on its way; one is a few thousand long."""


def read(file: Path, what: str, *, hint: str) -> str:
    """Read a file that only its owner may read.

    Args:
        file: Where.
        what: For messages, such as ``password file mail.secret (mailbox.password_file)``.
        hint: What to do when it cannot be read.

    Raises:
        ConfigError: It is not there, cannot be read, or others can read it.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not there" if isinstance(error, FileNotFoundError) else type(error).__name__
        raise ConfigError(f"cannot read the {what}: {why}", hint=hint) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"others on this machine can read the {what}", hint=f"Run: chmod 600 {file}"
        )
    return text


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Callable[[bytes], None]]:
    """Make room on the disk first, then lend a function that puts the new bytes in its place.

    What is to be written may be something that can be had only once; a full disk must show
    before it is asked for. Until the function returns, the old file stays as it was.

    Raises:
        RecordError: The disk would not.
    """
    temporary = file.with_name(f".{file.name}.new")
    with _told(file):
        # NOFOLLOW: a planted link must not make us write a secret somewhere else.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(temporary, flags, 0o600)
    try:
        # Not os.write: on a disk that is nearly full it writes a part and says nothing.
        with os.fdopen(handle, "wb") as opened:
            with _told(file):
                os.fchmod(handle, 0o600)
                opened.write(bytes(_ROOM))
                opened.flush()
                durable.sync(handle)
            yield lambda data: _put(opened, temporary, file, data)
    finally:
        temporary.unlink(missing_ok=True)


def replace(file: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all.

    Raises:
        RecordError: The disk would not.
    """
    with replacing(file) as put:
        put(data)


def _put(opened: BinaryIO, temporary: Path, file: Path, data: bytes) -> None:
    with _told(file):
        opened.seek(0)
        opened.truncate(opened.write(data))
        opened.flush()
        durable.sync(opened.fileno())
        temporary.replace(file)
        durable.sync_folder(file.parent)


@contextlib.contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = errno.errorcode.get(error.errno or 0, "unknown")
        raise RecordError(
            f"cannot write {file} ({kind})",
            hint="Make room on the disk, and let the user that runs guard write there.",
        ) from None
