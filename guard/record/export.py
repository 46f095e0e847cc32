"""The whole record, readable without guard: every message as its exact `.eml`, and an index.

Edge: writes one new folder. Made beside it and renamed at the end, so that there is never
half an export under the wanted name.
"""

import contextlib
import csv
import io
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from guard.errors import RecordBrokenError, RecordError
from guard.record import durable
from guard.record.entry import Entry, Location
from guard.record.queries import Queries
from guard.record.reading import Reader
from guard.record.times import from_ms

_COLUMNS = ("item", "sha256", "direction", "received", "locations")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds."""

    items: int
    """Messages written."""

    size: int
    """Bytes of them."""

    destroyed: tuple[int, ...]
    """Items whose keys no longer exist; in the index without a digest."""

    broken: tuple[int, ...]
    """Items that are not what was filed; in the index without a digest."""


def export(record: Queries, reader: Reader, folder: Path) -> Exported:
    """Write every message and `index.csv` to a new folder.

    Args:
        record: An open record.
        reader: For the same record, unlocked.
        folder: Must not exist, or be empty. Its parent must exist.

    Raises:
        LockedError: The identity does not open this record.
        RecordError: There is something in the folder already, or the disk would not.
    """
    with new_folder(folder) as staging:
        return _write_all(record, reader, staging)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Make a folder that appears under its name whole, or not at all.

    Args:
        folder: Must not exist, or be empty. Its parent must exist.

    Yields:
        The folder to write into.

    Raises:
        RecordError: There is something in the folder already, or the disk would not.
    """
    durable.refuse_used(folder, "the export's folder")
    staging = durable.staging_for(folder)
    try:
        yield staging
        durable.sync_folder(staging)
        staging.rename(folder.absolute())
        durable.sync_folder(staging.parent)
    except OSError as error:
        raise durable.disk_error(error) from error
    finally:
        # Plain mail must not stay behind in a folder that nobody looks for.
        shutil.rmtree(staging, ignore_errors=True)


def put(folder: Path, name: str, data: bytes) -> None:
    """Write one new file below a folder, private and durable, and its folders with it.

    Raises:
        OSError: The disk would not.
    """
    path = folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _file(path) as file:
        file.write(data)


def _write_all(record: Queries, reader: Reader, folder: Path) -> Exported:
    items = size = 0
    destroyed: list[int] = []
    broken: list[int] = []
    with _file(folder / "index.csv") as index:
        index.write(csv_line(_COLUMNS))
        for entry in _filed(record):
            try:
                raw = reader.raw(entry.seq)
            except RecordError:
                destroyed.append(entry.seq)
                raw = None
            except RecordBrokenError:
                broken.append(entry.seq)
                raw = None
            index.write(_row(entry, raw, record.locations(entry.seq)))
            if raw is None:
                continue
            with _file(folder / f"{entry.seq:07d}.eml") as file:
                file.write(raw)
            items, size = items + 1, size + len(raw)
    return Exported(items=items, size=size, destroyed=tuple(destroyed), broken=tuple(broken))


def _filed(record: Queries) -> Iterator[Entry]:
    return (entry for entry in record.entries() if entry.kind == "filed")


@contextlib.contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    """A new file, whose bytes are on the disk at the end."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
        durable.sync(file.fileno())


def _row(entry: Entry, raw: bytes | None, locations: list[Location]) -> bytes:
    fields = entry.fields
    places = " | ".join(f"{at.account}/{at.folder}/{at.validity}/{at.uid}" for at in locations)
    digest = "" if raw is None else sha256(raw).hexdigest()
    received = _moment(fields["received"])
    return csv_line((str(entry.seq), digest, fields["direction"], received, places))


def csv_line(cells: tuple[str, ...]) -> bytes:
    """Return one line of CSV (RFC 4180) in which no cell is a formula."""
    # A spreadsheet would run a cell that begins like a formula; folder names are anybody's.
    safe = [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(safe)
    return text.getvalue().encode(errors="replace")


def _moment(milliseconds: int) -> str:
    try:
        return from_ms(milliseconds).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"
