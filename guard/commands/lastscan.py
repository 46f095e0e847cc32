"""The note that a scan leaves in the record's folder: when it ended, and what it counted.

Edge: one small file without content. Whoever reads it takes a damaged one for none.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from guard.errors import RecordError
from guard.record import durable

_FILE = "last-scan.json"


def read(folder: Path) -> dict[str, object]:
    """Return the note; empty when there is none, or none that can be read."""
    try:
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def ended(folder: Path) -> datetime | None:
    """Return when the last scan ended, aware; None when none has."""
    try:
        moment = datetime.fromisoformat(str(read(folder)["at"]))
    except (ValueError, KeyError):
        return None
    return moment if moment.tzinfo is not None else None


def entries(folder: Path) -> int:
    """Return how many entries the record had then; 0 if that is not known."""
    found = read(folder).get("entries")
    return found if isinstance(found, int) else 0


def note(folder: Path, counts: Mapping[str, int], *, entries: int, now: datetime) -> None:
    """Note what a scan did.

    Args:
        folder: The record's.
        counts: What it did.
        entries: What the record held then, so that a later scan knows an older copy of it.
        now: When it ended, aware.

    Raises:
        RecordError: The disk would not. What was filed stays filed.
    """
    told = {"at": now.isoformat(timespec="seconds"), "entries": entries, **counts}
    target = folder / _FILE
    fresh = target.with_suffix(".new")
    try:
        fresh.write_text(json.dumps(told), encoding="ascii")
        fresh.replace(target)
    except OSError as error:
        problem: RecordError = durable.disk_error(error)
        raise problem from error
