"""Therapists in one database, each with a login and a record of her own."""

import os
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from guard.record.entry import Fact, Incoming, Location
from guard.record.init import create
from guard.record.moving import move
from guard.record.passphrase import CHEAPEST
from guard.record.postgres import PostgresRecord, Where
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from tests.record.conftest import NOW, PASSPHRASE
from tests.servers.postgres import ROLE

LETTER, NOTE = b"Subject: hello\r\n\r\nI dreamt of the ocean.\r\n", b"she dreamt of the ocean"


@dataclass(frozen=True)
class Therapist:
    """One therapist of a clinic, with a login and a record of her own."""

    folder: Path
    where: Where
    identity: Identity
    item: int


def a_therapist(folder: Path, where: Where) -> Therapist:
    recovery = create(
        folder, passphrase=PASSPHRASE, executor=None, random=os.urandom, now=NOW, work=CHEAPEST
    )
    login = f"{where.practice}_{where.database.rpartition('/')[2]}"
    with (
        SqliteRecord.open(folder) as source,
        PostgresRecord.blank(folder, where, role=login) as target,
    ):
        move(source, target, now=NOW)
    theirs = replace(where, database=where.database.replace(f"{ROLE}@", f"{login}@"))
    with PostgresRecord.open(folder, theirs) as record:
        mail = Incoming(
            raw=LETTER,
            locations=(Location(account="a", folder="INBOX", validity=1, uid=1),),
            owners=("c1",),
            direction="in",
            received=NOW,
        )
        [filed] = record.file([mail], cursor=None, now=NOW)
        note = Fact(kind="decided", item=filed.item, owner="c1", secret=NOTE, owners=("c1",))
        record.append([note], now=NOW)
    return Therapist(folder, theirs, Identity.decode(recovery), filed.item)
