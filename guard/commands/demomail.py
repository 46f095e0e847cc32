"""The demo's letters: ``data/demo`` to values, and moved in time so that they arrived lately.

Reads the folder that it is given, nothing else; `redated` is pure.
"""

import re
import tomllib
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import msgspec

_DATED = re.compile(rb"(Date:|(?:X-)?Received:.*;)(\s*)(.+)", re.IGNORECASE | re.DOTALL)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail of the demo, and what should become of it."""

    file: str
    """File name in the demo's folder."""

    folders: tuple[str, ...]
    """Where it is delivered: INBOX, Sent, Junk; two when the mailbox shows it twice."""

    who: str
    """Whom the table names as the writer."""

    age: timedelta
    """How long before the demo it arrived."""

    label: str
    """What a person would call it; empty when nobody can or need tell."""

    handling: str
    """``filed``, ``reminder``, ``held`` or ``alert``."""

    why: str
    """Why it is in the demo."""

    raw: bytes
    """The mail as it stands in the file, with the dates of the day it was written."""


def letters(folder: Path) -> tuple[Letter, ...]:
    """Read the demo's letters, oldest first.

    Args:
        folder: ``data/demo`` or its copy in the installed package.

    Raises:
        OSError: A file is missing.
    """
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    return tuple(
        Letter(
            file=row["file"],
            folders=tuple(row["folders"]),
            who=row["who"],
            age=timedelta(hours=row["age_hours"]),
            label=row["label"],
            handling=row["handling"],
            why=row["why"],
            raw=(folder / row["file"]).read_bytes(),
        )
        for row in manifest["letter"]
    )


def redated(raw: bytes, received: datetime) -> bytes:
    """Move a demo mail in time, so that it arrived at `received`; pure.

    Date and Received of the outer header are shifted together, each in its own zone; all
    other bytes stay as they are.

    Args:
        raw: A mail of the demo, with CRLF line ends.
        received: The moment that its newest stamp shall show; aware.
    """
    head, gap, body = raw.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    stamped = {at: found for at, field in enumerate(fields) if (found := _DATED.fullmatch(field))}
    dates = {at: parsedate_to_datetime(found[3].decode()) for at, found in stamped.items()}
    if not dates:
        return raw
    shift = received.replace(microsecond=0) - max(dates.values())
    for at, date in dates.items():
        moved = format_datetime((date + shift).astimezone(date.tzinfo))
        fields[at] = stamped[at][1] + stamped[at][2] + moved.encode()
    return b"\r\n".join(fields) + gap + body
