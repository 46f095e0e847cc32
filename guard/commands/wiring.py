"""The one place with the clock and the randomness; the record, its lock, and private files."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from guard.clients.workdays import day_of
from guard.config import Settings
from guard.errors import ConfigError, RecordError
from guard.record.ledger import Record
from guard.record.lock import scan_lock
from guard.record.sqlite import SqliteRecord
from guard.record.times import to_ms

if TYPE_CHECKING:
    from guard.policy.sharing import Sharing
    from guard.record.postgres import Where
    from guard.record.verify import Opener


def clock() -> datetime:
    """Return the time now, aware."""
    return datetime.now(UTC)  # noqa: TID251  # the one clock


def today() -> date:
    """Return the day that it is here; a day of the law is a local one."""
    return day_of(clock())


def milliseconds() -> int:
    """Return the time now in milliseconds since 1970-01-01 UTC."""
    return to_ms(clock())


def token() -> str:
    """Return a new token for a Message-ID: letters and digits, unguessable."""
    return f"guard.{secrets.token_hex(16)}"


def open_record(settings: Settings, *, readonly: bool = False, strict: bool = True) -> Record:
    """Open the practice's record."""
    folder, where = settings.record_folder, clinic(settings)
    if where is None:
        return SqliteRecord.open(folder, readonly=readonly, strict=strict)
    from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

    return PostgresRecord.open(folder, where, readonly=readonly, strict=strict)


def sharing(record: Record) -> "Sharing | None":
    """Return what of a record is open to others; None when nothing is, to nobody."""
    if record.keys.place.together:
        from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

        if isinstance(record, PostgresRecord) and record.shareable:
            from guard.policy.sharing import Sharing  # noqa: PLC0415  # few open anything

            return Sharing(record)
    return None


def opener(settings: Settings) -> "Opener":
    """Return how a verification opens the practice's record."""

    def opened(_folder: Path, /, *, readonly: bool, strict: bool) -> Record:
        return open_record(settings, readonly=readonly, strict=strict)

    return opened


def clinic(settings: Settings) -> "Where | None":
    """Return where a clinic's record lies; None for a record in one file."""
    if not settings.record.database:
        return None
    from guard.record.postgres import Where  # noqa: PLC0415  # an extra

    kept = settings.record
    return Where(
        database=kept.database, practice=kept.practice, blobs=kept.blobs, endpoint=kept.endpoint
    )


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the record's lock, so that nobody else writes; a clinic's, on no machine.

    Raises:
        BusyError: Another scan is running.
        RecordError: There is no record, or its folder cannot be written.
    """
    with ExitStack() as stack:
        stack.enter_context(scan_lock(record_folder(settings), now=milliseconds()))
        if where := clinic(settings):
            from guard.record.postgres import only_one  # noqa: PLC0415  # an extra

            stack.enter_context(only_one(where))
        yield


def record_folder(settings: Settings) -> Path:
    """Return the record's folder.

    Raises:
        RecordError: There is none.
    """
    if not settings.record_folder.exists():
        # A new one beside a record that was only moved would split it in two.
        raise RecordError(
            "there is no record here",
            hint=f"It should be {settings.record_folder}. Was it moved, or is its disk not there? "
            "Name its folder in guard.toml: [record] path. If there was none yet: guard init",
        )
    return settings.record_folder


def wait(seconds: float) -> None:
    """Do nothing for so long."""
    time.sleep(seconds)


def write_private(file: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        ConfigError: It is there already, or cannot be written.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        hint = "Name a new file, in a folder that is there and that you may write to."
        raise ConfigError(f"cannot write {file}: {error.strerror}", hint=hint) from None


def free_bytes(folder: Path) -> int:
    """Return the room left on the disk of a folder."""
    return shutil.disk_usage(folder).free
