"""The files of a backup: the keys, apart from the log so that erasing stays true, and notes.

Edge, through the store it is given. A key file that was replaced is kept for a while, one
that was erased is not; one that was lost here stops the backup. Source: FORMAT.md, "Backup".
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import msgspec

from guard.errors import RecordError
from guard.record import backup_beside, durable
from guard.record.keys import Keys
from guard.record.manifest import Copy, Manifest
from guard.record.queries import Queries
from guard.record.scanner import ScannerKey
from guard.record.seal import seal

SEALED_SCANNER = "scanner.key.age"
"""The scanner's secret, sealed: a backup holds no secret in clear."""


class Putter(Protocol):
    """Where objects are kept."""

    def put(self, name: str, data: bytes) -> None:
        """Keep an object, durable on return."""


def files(
    record: Queries,
    store: Putter,
    old: Manifest | None,
    *,
    beside: Mapping[str, bytes],
    now: int,
    horizon: int,
) -> tuple[Copy, ...]:
    """Bring the files of a backup up to date.

    Args:
        record: Open.
        store: Where the files go.
        old: What the backup holds so far.
        beside: What is no part of the record, by its path; see `guard.record.backup_beside`.
        now: Milliseconds since 1970-01-01 UTC.
        horizon: How long replaced key files are kept, in milliseconds.

    Returns:
        The files that it holds from now on.

    Raises:
        RecordError: A key is missing here, or a disk would not.
    """
    before = old.current() if old else {}
    with record.keys.alone():
        # Nobody makes, moves or destroys keys meanwhile.
        _refuse_missing(record)
        found = {path: _read(record.folder / path) for path in _paths(record.folder)}
        for name in record.keys.place.names():
            found[f"keys/{name}"] = record.keys.place.read(name) or b""
    current = [_stored(store, before, path, data) for path, data in found.items()]
    sealed = _Sealed(record.keys.masters(), store, before)
    current.append(_scanner(record, sealed))
    current += backup_beside.keep(record, sealed, beside)
    replaced = set(before.values()) - set(current)
    leaving = [msgspec.structs.replace(one, until=now + horizon) for one in replaced]
    leaving += [one for one in (old.files if old else ()) if one.until is not None]
    erased = set(record.erasures().owners())
    kept = [
        one
        for one in leaving
        if now < (one.until or 0) <= now + horizon
        and Path(one.path).stem not in erased
        and backup_beside.lasts(one.path)
    ]
    return (*current, *kept)


def _stored(store: Putter, before: dict[str, Copy], path: str, data: bytes) -> Copy:
    copy = Copy(path=path, sha256=sha256(data).hexdigest())
    if before.get(path) != copy:
        store.put(copy.name, data)
    return copy


class _Sealed(msgspec.Struct, frozen=True):
    """Keeps what is sealed for the backup only."""

    masters: Sequence[str]
    """To whom."""

    store: Putter
    before: dict[str, Copy]
    """What the backup holds so far."""

    def __call__(self, path: str, data: bytes, of: bytes) -> Copy:
        told = sha256(of + "\n".join(self.masters).encode()).hexdigest()
        known = self.before.get(path)
        if known is not None and known.of == told:
            return known
        sealed = seal(data, self.masters)
        copy = Copy(path=path, sha256=sha256(sealed).hexdigest(), of=told)
        self.store.put(copy.name, sealed)
        return copy


def _scanner(record: Queries, sealed: _Sealed) -> Copy:
    # A damaged one must not take the place of the good one that the backup holds.
    secret = ScannerKey.fitting(record.folder, record.verifier()).encode().encode()
    # Its bytes hold two random keys, so their digest gives nothing away.
    return sealed(SEALED_SCANNER, secret, of=secret)


def _paths(folder: Path) -> Iterator[str]:
    yield "vkey.txt"
    for path in sorted((folder / "checkpoints").glob("[!.]*")):
        if path.is_file():
            yield f"checkpoints/{path.name}"


def _refuse_missing(record: Queries) -> None:
    """A key that is lost here must not be thrown out of the backup, too."""
    found = set(record.keys.owners())
    if not found.issuperset(record.active_owners()) or not _has_secrets(record.keys, found):
        raise RecordError(
            "a key that the record knows is not in keys/, so nothing was backed up",
            hint="Take it out of the backup first: guard record restore BACKUP FOLDER",
        )


def _has_secrets(keys: Keys, owners: Collection[str]) -> bool:
    return all(map(keys.has_secret, owners))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise durable.disk_error(error) from error
