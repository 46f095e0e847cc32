"""From a backup back to a record: made beside the wanted folder, verified, then put there.

Edge. Nothing of the backup is believed: digests, log and signatures are checked before the
record appears. Source: FORMAT.md, "Backup".
"""

import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from guard.errors import GuardError, RecordBrokenError, RecordError
from guard.record import durable
from guard.record.backup import Store, load
from guard.record.backup_beside import belongs, open_beside
from guard.record.backup_files import SEALED_SCANNER
from guard.record.entry import Entry
from guard.record.finding import Finding
from guard.record.init import publish, refuse_used
from guard.record.keys import Keys
from guard.record.manifest import Manifest
from guard.record.reading import Reader
from guard.record.scanner import ScannerKey
from guard.record.seal import Identity, unseal
from guard.record.sqlite import SqliteRecord
from guard.record.sqlite_restore import entry_of, write
from guard.record.sqlite_segment import Row, unpack
from guard.record.verify import verify

Unlock = Callable[[Keys], Identity]
"""Opens the keys that it is given."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    entries: int
    """Number of entries."""

    at: int
    """When the backup was made, milliseconds since 1970-01-01 UTC."""

    findings: tuple[Finding, ...]
    """What is wrong with it; it was wanted all the same."""


def restore(
    store: Store, folder: Path, *, unlock: Unlock | None, anyway: bool = False
) -> Restored:
    """Make a record from a backup.

    Args:
        store: Holds the backup.
        folder: Must not exist, or be empty. Its parent must exist.
        unlock: Opens the keys, so that the scanner's key comes back, too; without it the
            record can be read, and `open_scanner` makes it writable later.
        anyway: Make it even if it does not verify.

    Raises:
        LockedError: The keys did not open.
        RecordBrokenError: The backup is damaged, or what it holds does not verify.
        RecordError: There is no backup, something is in the folder, or a disk would not.
        UnreachableError: The store cannot be reached.
    """
    manifest = _manifest(store)
    refuse_used(folder)
    staging = durable.staging_for(folder)
    try:
        _files(store, manifest, staging)
        refused = _opened(staging, unlock) if unlock is not None else []
        write(staging / "record.db", _pieces(store, manifest))
        findings = (*_checked(staging, manifest), *map(_not_ours, refused))
        if findings and not anyway:
            raise RecordBrokenError(
                f"what the backup holds does not verify: {findings[0]}",
                hint="Restore from another backup; or take it as it is: --anyway",
            )
        publish(staging, folder.absolute())
    except OSError as error:
        raise durable.disk_error(error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Restored(entries=manifest.size, at=manifest.at, findings=findings)


def open_scanner(folder: Path, identity: Identity) -> bool:
    """Open the scanner's key in a restored record; with it, guard can add to the record.

    Returns:
        Whether there was one to open.

    Raises:
        LockedError: The identity does not open it.
        RecordBrokenError: It is not the key of this record.
        RecordError: The disk would not.
    """
    sealed = folder / SEALED_SCANNER
    if not sealed.exists():
        return False
    try:
        data = unseal(sealed.read_bytes(), [identity])
        key = ScannerKey.decode(data.decode(errors="replace"))
        if key.signer.verifier.encode() != (folder / "vkey.txt").read_text().strip():
            raise RecordBrokenError("the scanner's key is not the one of this record")
        # Written anew: a key id that was damaged before the backup is right again.
        durable.write(folder / "scanner.key", key.encode().encode())
        sealed.unlink()
    except ValueError:
        raise RecordBrokenError("the scanner's key is damaged") from None
    except OSError as error:
        raise durable.disk_error(error) from error
    return True


def orders(store: Store) -> Iterator[Entry]:
    """All erase orders that a backup holds, in order.

    Raises:
        RecordBrokenError: The backup is damaged.
        RecordError: There is none, or it cannot be read.
        UnreachableError: The store cannot be reached.
    """
    for rows in _pieces(store, _manifest(store)):
        for row in rows:
            if b'"kind":"shredded"' in row.body:
                yield entry_of(row)


def openable(folder: Path, identity: Identity) -> tuple[int, list[str]]:
    """Open the newest message of each owner, as a drill.

    Returns:
        How many were opened, and the owners of those that were not.

    Raises:
        RecordError: The record cannot be read.
    """
    newest: dict[str, int] = {}
    with SqliteRecord.open(folder, readonly=True) as record:
        reader = Reader(record, identity)
        for entry in record.entries():
            if entry.kind == "filed" and not record.erasures().covers(entry.fields):
                newest |= dict.fromkeys(map(str, entry.fields["owners"]), entry.seq)
        failed = [owner for owner, item in newest.items() if not _opens(reader, item)]
    return len(newest) - len(failed), sorted(failed)


def _opens(reader: Reader, item: int) -> bool:
    try:
        reader.raw(item)
    except GuardError:
        return False
    return True


def _opened(folder: Path, unlock: Unlock) -> list[str]:
    identity = unlock(Keys(folder / "keys"))
    return open_beside(folder, identity) if open_scanner(folder, identity) else []


def _not_ours(path: str) -> Finding:
    return Finding(what="beside", detail=f"{path} is not what guard put into the backup")


def _manifest(store: Store) -> Manifest:
    manifest = load(store)
    if manifest is None:
        raise RecordError("there is no backup here", hint="Make one with: guard record backup")
    return manifest


def _pieces(store: Store, manifest: Manifest) -> Iterator[Iterator[Row]]:
    for segment in manifest.segments:
        yield unpack(_object(store, segment.name, segment.sha256))


def _files(store: Store, manifest: Manifest, folder: Path) -> None:
    for name in ("keys", "checkpoints"):
        (folder / name).mkdir(mode=0o700)
    for path, copy in manifest.current().items():
        if belongs(path):
            (folder / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif path.rpartition("/")[0] not in {"", "keys", "checkpoints"}:
            raise RecordBrokenError("the backup names a file that no record has")
        durable.write(folder / path, _object(store, copy.name, copy.sha256))


def _object(store: Store, name: str, digest: str) -> bytes:
    data = store.get(name)
    if data is None or sha256(data).hexdigest() != digest:
        state = "missing" if data is None else "damaged"
        raise RecordBrokenError(
            f"a piece of the backup is {state}: {name}",
            hint="Restore from another backup, and make this one anew in an empty folder.",
        )
    return data


def _checked(folder: Path, manifest: Manifest) -> tuple[Finding, ...]:
    with SqliteRecord.open(folder, readonly=True) as record:
        notes = [
            path.read_text(errors="replace")
            for path in sorted((folder / "checkpoints").glob("*.txt"))
        ]
        found = tuple(verify(record, witnessed=[*notes, manifest.head]))
        if record.verifier().name != manifest.origin or record.size() != manifest.size:
            found += (Finding(what="witness", detail="it is not what the backup says"),)
        return found
