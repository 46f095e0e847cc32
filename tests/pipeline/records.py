"""A real record in a folder of the test's own."""

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from guard.clients.directory import Client, enrol
from guard.record.init import create
from guard.record.passphrase import CHEAPEST
from guard.record.sqlite import SqliteRecord
from guard.reply.wording import approve, shipped

PASSPHRASE = "six words that nobody would guess"
EPOCH = 1_770_000_000_000


@cache
def _template() -> Path:
    folder = Path(mkdtemp(prefix="guard-test-")) / "record"
    create(
        folder, passphrase=PASSPHRASE, executor=None, random=os.urandom, now=EPOCH, work=CHEAPEST
    )
    return folder


def a_record(folder: Path, *clients: Client) -> SqliteRecord:
    """Copy a record, which is made once, with the shipped words approved, and add clients."""
    shutil.copytree(_template(), folder)
    record = SqliteRecord.open(folder)
    record.append([approve(shipped()), *(enrol(one) for one in clients)], now=EPOCH)
    return record


def tasks(record: SqliteRecord) -> dict[str, list[int]]:
    """Every open task and its items."""
    names = ("judge", "remind", "alert", "flag", "review", "outcome", "wrote", "note")
    return {name: found for name in names if (found := record.tasks(name))}


def kinds(record: SqliteRecord, item: int) -> list[str]:
    """What the record says about an item, in order."""
    return [entry.kind for entry in record.about(item)]
