"""What was verified last, so that the next verification need not read everything.

Edge: one small file, signed with the scanner's key. It saves reading and proves nothing: what
it names must be in the record, signed. Source: FORMAT.md, "Verifying".
"""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Self

import msgspec

from guard.record import durable
from guard.record.log import EMPTY_ROOT, Frontier
from guard.record.note import Signer, Verifier

_FIRST_LINE = "guard verified v1"


class Mark(msgspec.Struct, frozen=True):
    """A place in the log."""

    size: int = 0
    """Number of entries before it."""

    root: bytes = EMPTY_ROOT
    """Root over them, 32 bytes."""

    @classmethod
    def at(cls, frontier: Frontier) -> Self:
        """The place where a frontier stands."""
        return cls(frontier.size, frontier.root())


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """How far earlier verifications came."""

    head: Mark
    """Everything before it was read at least once."""

    again: Mark = Mark()
    """Where the older entries are read again from next."""

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read the text of the note.

        Raises:
            ValueError: It is not one.
        """
        lines = text.splitlines()
        if len(lines) != 6 or lines[0] != _FIRST_LINE:  # noqa: PLR2004 - head, origin, two marks
            raise ValueError("not a mark of this version")
        marks = [
            Mark(int(size), b64decode(root, validate=True))
            for size, root in ((lines[2], lines[3]), (lines[4], lines[5]))
        ]
        return cls(head=marks[0], again=marks[1])

    def encode(self, origin: str) -> str:
        """The text of the note."""
        lines = [_FIRST_LINE, origin]
        for mark in (self.head, self.again):
            lines += [str(mark.size), b64encode(mark.root).decode()]
        return "".join(f"{line}\n" for line in lines)


def path_of(folder: Path) -> Path:
    """Where it lies in a record's folder."""
    return folder / "checkpoints" / "verified.note"


def read(folder: Path, verifier: Verifier) -> Verified | None:
    """What was verified last; None when nothing was.

    Raises:
        ValueError: The file is not what a holder of the scanner's key wrote.
    """
    try:
        note = durable.read(path_of(folder)).decode()
    except FileNotFoundError:
        return None
    except OSError:
        raise ValueError("it cannot be read") from None
    text = verifier.text_of(note)
    if text.splitlines()[1:2] != [verifier.name]:
        raise ValueError("it is of another log")
    return Verified.decode(text)


def write(folder: Path, signer: Signer, verified: Verified) -> None:
    """Keep what was verified.

    Raises:
        RecordError: The disk would not.
    """
    path = path_of(folder)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise durable.disk_error(error) from error
    durable.write(path, signer.sign(verified.encode(signer.name)).encode())
