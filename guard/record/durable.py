"""Writing small files so that a power cut leaves the old one or the new one.

Edge: temp file, fsync, rename, fsync of the folder. Turns what the disk says into
`RecordError`. Source: mail-rules B6.1; macOS: fcntl(2), F_FULLFSYNC.
"""

import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path

from guard.errors import RecordError

_LARGEST = 1_000_000
"""Bytes of the largest file that `read` takes; ours have some hundreds."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_PLACE = {errno.ENOENT, errno.ENOTDIR, *_READ_ONLY}


def write(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all.

    Raises:
        RecordError: The disk would not.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        # NOFOLLOW: a planted link must not make us write a secret somewhere else.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        handle = os.open(temporary, flags, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            sync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error(error) from error


def read(path: Path) -> bytes:
    """Read a small file; nothing else, because a planted pipe would be waited for.

    Raises:
        OSError: It is missing, is no file, is too large for one of ours, or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
            raise OSError(errno.EINVAL, "not a small file")
        return file.read()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: The disk would not.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        sync(handle)
    finally:
        os.close(handle)


def sync(handle: int) -> None:
    """Make a file's bytes durable.

    Raises:
        OSError: The disk would not. Never try again: the bytes may be gone from the cache.
    """
    # On macOS fsync only hands the bytes to the drive, which may keep them in its cache.
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(handle)
    else:
        fcntl.fcntl(handle, full)


def refuse_used(folder: Path, what: str) -> None:
    """Refuse a folder that holds something, or that is none.

    Raises:
        RecordError: It does, or it cannot be looked into.
    """
    try:
        used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise disk_error(error) from error
    if used:
        raise RecordError(f"there is something in {what} already", hint="Name a new folder.")


def staging_for(folder: Path) -> Path:
    """Make an empty folder beside a new one, to be renamed to it once it is whole.

    Args:
        folder: One that a person named. Its parent must exist.

    Raises:
        RecordError: There is no place for it, or the disk would not.
    """
    # A folder named "." has no name of its own.
    whole = folder.absolute()
    staging = whole.parent / f".{whole.name}.unfinished-new"
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
    except OSError as error:
        if error.errno not in _NO_PLACE:
            raise disk_error(error) from error
        raise RecordError(
            f"cannot make the folder {folder}: {error.strerror}",
            hint="Name a new folder, in one that is there and that you may write to.",
        ) from error
    return staging


def disk_error(error: OSError) -> RecordError:
    """Say what the disk said, and what to do."""
    if error.errno in _FULL:
        return RecordError(
            "the disk is full", hint="Free some space. Nothing is lost: mail waits on the server."
        )
    if error.errno in _READ_ONLY:
        return RecordError(
            "the record cannot be written",
            hint="The folder is read-only for the user that runs guard. Give it the right.",
        )
    if error.errno == errno.ENOENT:
        return RecordError(
            "a file of the record is missing", hint="Restore the folder from the last backup."
        )
    return RecordError(
        f"the disk failed ({errno.errorcode.get(error.errno or 0, 'unknown')})",
        hint="Check the disk before the next scan. Nothing is lost: mail waits on the server.",
    )
