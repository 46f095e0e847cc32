"""What a backup holds: which pieces of the log, which files, until when.

Pure. One small JSON file, written last, so that a backup is always what it says; whatever
it does not name is nobody's. Source: FORMAT.md, "Backup".
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from guard.errors import RecordBrokenError, RecordError
from guard.record.entry import canonical

NAME = "guard-backup.json"
"""Of the file."""

HORIZON_MS = 30 * 86_400_000
"""How long a replaced key file is kept, so that one that was damaged here can be had back."""

_VERSION = "backup v2"
_OLDER = ("backup v1",)
"""Read as it is: its messages are older, the rest is the same."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A run of entries, as one SQLite file."""

    start: int
    """Number of its first entry."""

    end: int
    """Number after its last entry."""

    size: int
    """Bytes."""

    sha256: str
    """Of the file, hex."""

    sealed: int
    """How many sealed parts and messages it holds; fewer in the record means: erased since."""

    @property
    def name(self) -> str:
        """Of the object that holds it."""
        return f"segments/{self.start:012d}-{self.sha256[:32]}.db"


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the record's folder."""

    path: str
    """Where it belongs, relative to the folder."""

    sha256: str
    """Of the file, hex."""

    of: str = ""
    """What it was sealed from, if it was sealed for the backup only; opaque."""

    until: int | None = None
    """When it goes, milliseconds since 1970-01-01 UTC; None while it is the current one."""

    @property
    def name(self) -> str:
        """Of the object that holds it."""
        return f"files/{self.sha256}"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that a backup holds."""

    origin: str
    """The log that it is of."""

    at: int
    """When it was made, milliseconds since 1970-01-01 UTC."""

    head: str
    """The newest checkpoint that it holds, a signed note."""

    segments: tuple[Segment, ...]
    """In order, without gaps, from entry 0."""

    files: tuple[Copy, ...]
    """Current ones, and replaced ones whose time has not come."""

    guard: str = _VERSION
    """What this is, and of which version."""

    def __post_init__(self) -> None:
        end = 0
        for segment in self.segments:
            if segment.start != end or segment.end <= end:
                raise ValueError("segments without gaps")
            end = segment.end
        for copy in self.files:
            if copy.path.startswith("/") or ".." in copy.path.split("/"):
                raise ValueError("files of the folder")

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.segments[-1].end if self.segments else 0

    def names(self) -> set[str]:
        """Of all objects that belong to it."""
        return {one.name for one in self.segments} | {one.name for one in self.files}

    def current(self) -> dict[str, Copy]:
        """Path to the file as it is now."""
        return {one.path: one for one in self.files if one.until is None}

    def encode(self) -> bytes:
        """The file."""
        plain: Mapping[str, Any] = msgspec.to_builtins(self)
        return canonical(plain)


def decode(data: bytes) -> Manifest:
    """Read the file.

    Raises:
        RecordError: It is of a newer version.
        RecordBrokenError: It is damaged.
    """
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise RecordBrokenError(
            f"{NAME} of the backup is damaged",
            hint="Restore from another backup; for the next backup name a new folder.",
        ) from None
    if found.guard not in (_VERSION, *_OLDER):
        raise RecordError("the backup is of a newer guard", hint="Install the newest guard.")
    return found
