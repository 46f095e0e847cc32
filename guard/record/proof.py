"""The proof that one message stood in the record: a folder for somebody who has no guard.

Reads the record through what it is given, and writes one new folder. It shows the message,
its own entry, and hashes of the others that say nothing. Source: FORMAT.md, "Proofs"; RFC
6962 section 2.1.1.
"""

import json
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec

from guard.errors import RecordBrokenError, RecordError
from guard.record import durable
from guard.record.audit import Audit
from guard.record.log import Frontier, Growth, includes, leaf_hash, siblings
from guard.record.note import Checkpoint
from guard.record.reading import Reader

_README = """\
This folder proves that one e-mail stood in a record of correspondence, unchanged.

  message.eml      the e-mail, byte for byte as the mail server delivered it
  entry.json       its entry in the record
  proof.json       what leads from the e-mail to the entry (salt), and on to the root (path)
  checkpoint.txt   the record's head, signed: how many entries, and the root of all of them
  vkey.txt         the public key of the record; compare it with the one you were given
  proof_check.py   checks all this:  python3 proof_check.py .   (Python 3.9, `cryptography`)
{stamp}
It shows nothing of any other entry. guard/record/FORMAT.md, "Proofs", says what is checked.
"""
_STAMP = """\
  checkpoint.tsr   a time stamp (RFC 3161) of checkpoint.txt by somebody else:
                   openssl ts -verify -data checkpoint.txt -in checkpoint.tsr -CAfile ROOTS.pem
"""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A signed head of the log, and who else saw it."""

    note: str
    """The checkpoint, a signed note."""

    stamp: bytes | None = None
    """An RFC 3161 answer over the note's bytes; None when nobody stamped it."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """All that an outsider needs."""

    raw: bytes
    """The message."""

    body: bytes
    """The entry, canonical JSON."""

    salt: bytes
    """What the commitment in the entry is salted with, 32 bytes."""

    path: tuple[bytes, ...]
    """Hashes from the entry up to the root, 32 bytes each."""

    head: Head
    """Where the path leads."""

    vkey: str
    """The record's verifier key."""


def prove(record: Audit, reader: Reader, item: int, *, head: Head) -> Proof:
    """Make the proof of one message.

    Args:
        record: An open record.
        reader: For the same record, unlocked.
        item: Number of the `filed` entry.
        head: A checkpoint of this record that covers the entry.

    Raises:
        RecordError: There is no such item, it was erased, or the head does not cover it.
        RecordBrokenError: It is not what was filed, or the record does not lead to the head.
        LockedError: The identity does not open this record.
    """
    if record.size() <= item or record.entry(item).kind != "filed":
        hint = "Their numbers are in: guard record show"
        raise RecordError(f"there is no message {item}", hint=hint)
    raw, salt = reader.salted(item)
    verifier, body = record.verifier(), record.entry(item).body
    try:
        signed = Checkpoint.decode(verifier.text_of(head.note))
        ranges = siblings(item, signed.size)
    except (ValueError, IndexError):
        raise RecordError("this checkpoint does not cover that message") from None
    path = tuple(_root(record, *range_) for range_ in ranges)
    leaf = leaf_hash(body)
    if not includes(signed.root, size=signed.size, index=item, leaf=leaf, proof=path):
        raise RecordBrokenError(
            "the record does not lead to its signed head", hint="Run: guard record verify --full"
        )
    return Proof(raw=raw, body=body, salt=salt, path=path, head=head, vkey=verifier.encode())


def write(proof: Proof, folder: Path) -> None:
    """Write a proof to a new folder, whole or not at all.

    Raises:
        RecordError: There is something already, or the disk would not.
    """
    durable.refuse_used(folder, "the proof's folder")
    staging = durable.staging_for(folder)
    try:
        for name, data in _files(proof):
            durable.write(staging / name, data)
        staging.rename(folder.absolute())
        durable.sync_folder(staging.parent)
    except OSError as error:
        raise durable.disk_error(error) from error
    finally:
        # A plain mail must not stay behind in a folder that nobody looks for.
        shutil.rmtree(staging, ignore_errors=True)


def _files(proof: Proof) -> Iterator[tuple[str, bytes]]:
    steps = [step.hex() for step in proof.path]
    yield "message.eml", proof.raw
    yield "entry.json", proof.body
    yield "proof.json", json.dumps({"salt": proof.salt.hex(), "path": steps}, indent=1).encode()
    yield "checkpoint.txt", proof.head.note.encode()
    yield "vkey.txt", f"{proof.vkey}\n".encode()
    yield "proof_check.py", (files("guard.record") / "proof_check.py").read_bytes()
    if proof.head.stamp is not None:
        yield "checkpoint.tsr", proof.head.stamp
    stamp = "" if proof.head.stamp is None else _STAMP
    yield "README.txt", _README.format(stamp=stamp).encode()


def _root(record: Audit, start: int, end: int) -> bytes:
    growth = Growth(Frontier())
    for leaf in record.leaves(start, end):
        growth.append(leaf)
    if growth.size != end - start:
        raise RecordBrokenError(
            "entries are missing from the record", hint="Run: guard record verify --full"
        )
    return growth.frontier().root()
