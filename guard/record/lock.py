"""One scan at a time, and one backup: advisory locks on `scan.lock` and `backup.lock`.

Edge: flock(2). The kernel frees it when the process ends, however it ends, so a crash
leaves no stale lock.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from guard.errors import BusyError
from guard.record import durable

_MINUTE_MS = 60_000


@contextlib.contextmanager
def scan_lock(folder: Path, *, now: int) -> Iterator[None]:
    """Hold the lock of a record's folder.

    Args:
        folder: The record's folder.
        now: Milliseconds since 1970-01-01 UTC.

    Raises:
        BusyError: Another process holds it; the message names its id and how long.
        RecordError: The file cannot be written.
    """
    with _lock(folder, "scan", now):
        yield


@contextlib.contextmanager
def backup_lock(folder: Path, *, now: int) -> Iterator[None]:
    """Hold the lock of backups; a scan may run meanwhile. Otherwise as `scan_lock`."""
    with _lock(folder, "backup", now):
        yield


@contextlib.contextmanager
def _lock(folder: Path, what: str, now: int) -> Iterator[None]:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(folder / f"{what}.lock", flags, 0o600)
    except OSError as error:
        raise durable.disk_error(error) from error
    try:
        _take(handle, what, now)
        yield
    finally:
        os.close(handle)


def _take(handle: int, what: str, now: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(
            f"another {what} is running{_holder(handle, now)}",
            hint=f"Another guard {what} is running. This one did nothing.",
        ) from None
    except OSError as error:
        raise durable.disk_error(error) from error
    # Only for the message above; the lock is the kernel's, so a full disk does not matter.
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {now}\n".encode(), 0)


def _holder(handle: int, now: int) -> str:
    try:
        process, started = map(int, os.pread(handle, 64, 0).split())
    except (OSError, ValueError):
        return ""
    return f" (process {process}, for {max(0, now - started) // _MINUTE_MS} minutes)"
