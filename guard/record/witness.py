"""What is kept of the heads that somebody outside has seen, and when the next one is due.

Edge: small files in `checkpoints/`. Who the witnesses are and how they are reached is not
known here. Source: FORMAT.md, "Witnesses".
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from guard.errors import RecordBrokenError
from guard.record import durable
from guard.record.audit import Audit
from guard.record.finding import Finding
from guard.record.note import Checkpoint
from guard.record.proof import Head

MAILED = "mailed"
STAMPED = "stamped"

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_STATE = "witnesses.json"
_NAME = re.compile(r"[0-9]{10,}")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How it went with one witness."""

    at: int = 0
    """When it last went well, milliseconds since 1970-01-01 UTC."""

    size: int = 0
    """Entries of the head that was seen then."""

    tried: int = 0
    """When it last went wrong since, milliseconds since 1970-01-01 UTC; 0 when it did not."""

    why: str = ""
    """What went wrong, without content."""

    def due(self, now: int) -> bool:
        """Whether it is time: a day after a success, an hour after a failure."""
        # A clock that was set back must not keep the witness waiting for it.
        waited = not 0 <= now - self.at < _DAY_MS
        return waited and not 0 <= now - self.tried < _HOUR_MS


def seen(folder: Path) -> dict[str, Seen]:
    """How it went with every witness; what cannot be read is as if it never went."""
    try:
        told: dict[str, Any] = json.loads(durable.read(folder / "checkpoints" / _STATE))
        return {name: Seen(**fields) for name, fields in told.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def note_seen(folder: Path, name: str, now: Seen) -> None:
    """Remember how it went with one witness.

    Raises:
        RecordError: The disk would not.
    """
    every = {**seen(folder), name: now}
    told = {
        one: {"at": it.at, "size": it.size, "tried": it.tried, "why": it.why}
        for one, it in every.items()
    }
    durable.write(_folder(folder) / _STATE, json.dumps(told).encode())


def head_to_show(record: Audit) -> tuple[int, str]:
    """The head that a witness is to see: its size, and the note.

    Raises:
        RecordBrokenError: It is not signed, or older than one that was shown before.
    """
    note, verifier = record.head(), record.verifier()
    try:
        head = Checkpoint.decode(verifier.text_of(note))
    except ValueError:
        raise RecordBrokenError("the head of the record is damaged") from None
    before = max(_sizes(record.folder), default=0)
    if head.size < before:
        raise RecordBrokenError(
            f"the record has {head.size} entries; a witness has seen {before}",
            hint="It was rolled back, or restored from an old backup. See: guard record verify",
        )
    return head.size, note


def keep(folder: Path, size: int, note: str, *, stamp: bytes = b"", chain: bytes = b"") -> None:
    """Keep a head that is shown to somebody, and the stamp that came back.

    Raises:
        RecordError: The disk would not.
    """
    path = _path(folder, size)
    durable.write(path, note.encode())
    if chain:
        durable.write(path.with_suffix(".pem"), chain)
    if stamp:
        durable.write(path.with_suffix(".tsr"), stamp)


def earliest_stamped(record: Audit, item: int) -> Head | None:
    """The first stamped head that covers an entry: what proves it oldest; None if none does."""
    for size in sorted(_sizes(record.folder)):
        path = _path(record.folder, size)
        if size <= item or not path.with_suffix(".tsr").exists():
            continue
        try:
            note = durable.read(path).decode()
            told = Checkpoint.decode(record.verifier().text_of(note))
            stamp = durable.read(path.with_suffix(".tsr"))
        except (OSError, ValueError):
            continue
        if told.size == size and stamps(stamp, note):
            return Head(note=note, stamp=stamp)
    return None


def stamps(stamp: bytes, note: str) -> bool:
    """Whether a stamp is about a note, whoever made it: its digest stands in it."""
    return sha256(note.encode()).digest() in stamp


def stamped_note(record: Audit, stamp: bytes) -> str | None:
    """The checkpoint of the record that a stamp is about; None when there is none."""
    for _, _, note in record.checkpoints(0, 2**63 - 1):
        if stamps(stamp, note):
            return note
    return None


def faults(folder: Path) -> Iterator[Finding]:
    """Kept stamps that are not about the checkpoint beside them."""
    for path in sorted((folder / "checkpoints").glob("*.tsr")):
        try:
            right = stamps(durable.read(path), durable.read(path.with_suffix(".txt")).decode())
        except (OSError, ValueError):
            right = False
        if not right:
            yield Finding(what="witness", detail=f"the stamp {path.name} is of something else")


def _sizes(folder: Path) -> list[int]:
    names = (path.stem for path in (folder / "checkpoints").glob("*.txt"))
    return [int(name) for name in names if _NAME.fullmatch(name)]


def _path(folder: Path, size: int) -> Path:
    return _folder(folder) / f"{size:010d}.txt"


def _folder(folder: Path) -> Path:
    try:
        (folder / "checkpoints").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise durable.disk_error(error) from error
    return folder / "checkpoints"
