"""What a practice needs besides its record, in the same backup: settings, own words, own models.

Edge: writes files into a restored record's folder. Each file is sealed to the record's readers,
with a code by the scanner's key, so that whoever keeps the backup can neither read one nor put one
there: settings name commands, and models learned from letters. Source: FORMAT.md, "Backup".
"""

import hmac
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Protocol

from guard.errors import LockedError
from guard.record import durable
from guard.record.manifest import Copy
from guard.record.queries import Queries
from guard.record.scanner import ScannerKey
from guard.record.seal import Identity, unseal

SETTINGS, MODELS = "settings", "models"
"""Folders of the record's folder that they are put back into."""

SEALED = ".age"
"""Ends the name of a file in the backup."""

_CODE_BYTES = 32


class Sealer(Protocol):
    """Keeps an object that is sealed for the backup."""

    def __call__(self, path: str, data: bytes, of: bytes) -> Copy:
        """Seal and keep it, unless the backup holds it already; `of` tells it from others."""


def belongs(path: str) -> bool:
    """Whether a file of a backup is one of these."""
    return path.startswith((f"{SETTINGS}/", f"{MODELS}/")) and path.endswith(SEALED)


def lasts(path: str) -> bool:
    """Whether a replaced one may be kept for a while: no model that learned from the erased."""
    return not path.startswith(f"{MODELS}/")


def keep(record: Queries, seal: Sealer, beside: Mapping[str, bytes]) -> Iterator[Copy]:
    """Keep files, each by its path from `SETTINGS` or `MODELS` on.

    Raises:
        RecordError: The record has no `scanner.key`, or a disk would not.
    """
    for path, data in beside.items():
        code = record.code(_said(path, data))
        yield seal(f"{path}{SEALED}", code + data, code)


def open_beside(folder: Path, identity: Identity) -> list[str]:
    """Open what was restored beside a record whose scanner's key is open.

    Returns:
        Which files were not opened, because guard did not put them into the backup as they are.

    Raises:
        RecordError: The disk would not.
    """
    key = ScannerKey.read(folder, needed=True)
    assert key is not None
    refused = []
    for top in (SETTINGS, MODELS):
        for file in sorted((folder / top).rglob(f"*{SEALED}")):
            path = PurePosixPath(file.relative_to(folder)).as_posix().removesuffix(SEALED)
            data = _opened(file, identity)
            code, data = data[:_CODE_BYTES], data[_CODE_BYTES:]
            if not hmac.compare_digest(code, key.name(_said(path, data))):
                refused.append(path)
                continue
            durable.write(folder / path, data)
            file.unlink()
    return refused


def _opened(file: Path, identity: Identity) -> bytes:
    try:
        return unseal(file.read_bytes(), [identity])
    except OSError as error:
        raise durable.disk_error(error) from error
    except LockedError:
        return b""


def _said(path: str, data: bytes) -> str:
    # No address holds a space, so this can be no client's code.
    return f"beside {sha256(data).hexdigest()} {path}"
