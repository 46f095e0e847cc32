"""Put a sealed message into the database without holding it in memory more often than once.

Edge: writes through a connection with an open transaction. SQLite and age would each hold
copies of their own; a large message goes through an unnamed file that only ever sees what is
sealed. Source: sqlite.org/c3ref/blob_open.html.
"""

import sqlite3
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from mmap import mmap
from pathlib import Path

from guard.record.seal import seal, seal_into

LARGE = 4_000_000
"""Size of a message above which it goes in pieces, bytes."""

_PIECE = 1 << 20


def put(
    db: sqlite3.Connection,
    seq: int,
    raw: bytes | mmap,
    *,
    salt: bytes,
    recipients: Sequence[str],
    folder: Path,
) -> str:
    """Seal a message and store it.

    Args:
        db: Inside a transaction.
        seq: Number of the `filed` entry that it belongs to.
        raw: The message.
        salt: Sealed right behind it.
        recipients: Public keys.
        folder: The record's folder, for the unnamed file.

    Returns:
        Hex SHA-256 of what was stored.
    """
    if len(raw) <= LARGE:
        ct = seal(raw, recipients, tail=salt)
        db.execute("INSERT INTO blob VALUES (?, ?)", (seq, ct))
        return sha256(ct).hexdigest()
    digest = sha256()
    # The length of an age file is not known before it is written, and a blob cannot grow.
    with tempfile.TemporaryFile(dir=folder) as spool:
        seal_into(raw, recipients, spool, tail=salt)
        size = spool.tell()
        spool.seek(0)
        db.execute("INSERT INTO blob VALUES (?, zeroblob(?))", (seq, size))
        with db.blobopen("blob", "ct", seq) as blob:
            while piece := spool.read(_PIECE):
                digest.update(piece)
                blob.write(piece)
    return digest.hexdigest()
