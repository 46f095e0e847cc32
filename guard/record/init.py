"""Making a record: its folder, her identity under a passphrase, the first keys.

Edge. Everything is made beside the wanted folder and appears there by one rename, so a
crash leaves no half-made record. Source: FORMAT.md, "The folder".
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from guard.errors import RecordError
from guard.record import durable
from guard.record.entry import UNSORTED
from guard.record.keys import Keys
from guard.record.order import verifier
from guard.record.passphrase import WORK
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord


def create(
    folder: Path,
    *,
    passphrase: str,
    executor: str | None,
    random: Callable[[int], bytes],
    now: int = 0,
    work: int = WORK,
) -> str:
    """Make a new record.

    Args:
        folder: Must not exist, or be empty. Its parent must exist.
        passphrase: Opens her identity.
        executor: age public key of the executor of her clinical will, who can then read
            everything too; None for nobody.
        random: Gives so many random bytes.
        now: Milliseconds since 1970-01-01 UTC.
        work: log2 of scrypt's N; tests take `passphrase.CHEAPEST`.

    Returns:
        The recovery text: her identity, which opens everything without the passphrase.
        It is shown once and never kept in clear.

    Raises:
        ValueError: The passphrase is empty, or the executor's key is not an age public key.
        RecordError: There is something in the folder already, or the disk would not.
    """
    refuse_used(folder)
    identity = Identity.make()
    staging = folder.with_name(f".{folder.name}.unfinished-{random(4).hex()}")
    recipients = [identity.recipient, *([executor] if executor else [])]
    try:
        staging.mkdir(mode=0o700)
        keys = Keys.create(staging / "keys", recipients)
        keys.store_identity(identity, passphrase, random=random, work=work)
        (staging / "checkpoints").mkdir(mode=0o700)
        with SqliteRecord.create(
            staging, random=random, now=now, orderer=partial(verifier, identity)
        ) as record:
            record.key_owner(UNSORTED, now=now)
        publish(staging, folder)
    except OSError as error:
        raise durable.disk_error(error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return identity.secret


def refuse_used(folder: Path) -> None:
    """Refuse a folder with something in it.

    Raises:
        RecordError: There is something in it, or it cannot be looked into.
    """
    try:
        used = folder.exists() and any(folder.iterdir())
    except NotADirectoryError:
        used = True
    except OSError as error:
        raise durable.disk_error(error) from error
    if used:
        raise RecordError(
            "there is something in the record's folder already",
            hint="Name a new folder, or use the record that is there: guard check",
        )


def publish(staging: Path, folder: Path) -> None:
    """Let a whole record that was made beside a folder appear there.

    Raises:
        OSError: The disk would not, or somebody filled the folder meanwhile.
    """
    durable.sync_folder(staging)
    # Replaces an empty folder, and fails on one that somebody else filled meanwhile.
    staging.rename(folder)
    durable.sync_folder(folder.parent)
    # What a crash left behind was never in use: no mail can be sealed to its keys.
    for leftover in folder.parent.glob(f".{folder.name}.unfinished-*"):
        shutil.rmtree(leftover, ignore_errors=True)
