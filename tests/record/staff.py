"""A practice with a receptionist and a supervisor in one database, beside one with neither."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from guard.record.entry import Incoming, Location
from guard.record.grant import Grant, Share
from guard.record.postgres import PostgresRecord, Where
from guard.record.postgres_connection import connect
from guard.record.postgres_shares import Shares
from guard.record.postgres_store import PostgresStore
from guard.record.seal import Identity, seal, unseal
from tests.record.clinic import Therapist, a_therapist
from tests.record.conftest import NOW
from tests.servers.postgres import ROLE, Postgres

TUESDAY, DANGER = b"could we meet on Tuesday", b"I am not safe"


@dataclass(frozen=True)
class Person:
    """Somebody with a login and a key, who is neither therapist nor auditor."""

    url: str
    grant: Grant
    identity: Identity

    def connect(self) -> "psycopg.Connection":
        return psycopg.connect(self.url, autocommit=True)

    def shares(self, *, readonly: bool = False) -> Shares:
        return Shares(PostgresStore(connect(self.url, "", readonly=readonly, bare=True)))

    def reads(self) -> list[bytes]:
        """All that is shown to them, opened."""
        table = self.shares()
        try:
            return [unseal(one.sealed, [self.identity]) for one in table.mine()]
        finally:
            table._store.close()


@dataclass(frozen=True)
class Staff:
    """A practice with a receptionist and a supervisor, beside another practice with neither."""

    anna: Therapist
    berta: Therapist
    rita: Person
    sue: Person
    superuser: str

    @property
    def everybodys_keys(self) -> list[Identity]:
        return [self.anna.identity, self.berta.identity, self.rita.identity, self.sue.identity]

    def annas(self) -> PostgresRecord:
        return PostgresRecord.open(self.anna.folder, self.anna.where)


def found(postgres: Postgres, folder: Path) -> Staff:
    database = postgres.new_database(ROLE)
    name = database.rpartition("/")[2]
    superuser = postgres.url(name)
    with psycopg.connect(superuser, autocommit=True) as db:
        for person, group in (
            ("anna", "therapist"),
            ("berta", "therapist"),
            ("rita", "receptionist"),
            ("sue", "supervisor"),
        ):
            db.execute(f"CREATE ROLE {person}_{name} LOGIN IN ROLE guard_{group}".encode())
        anna = a_therapist(folder / "anna", Where(database=database, practice="anna"))
        berta = a_therapist(folder / "berta", Where(database=database, practice="berta"))
        for person in ("rita", "sue"):
            db.execute(f"INSERT INTO guard.member VALUES ('anna', '{person}_{name}')".encode())
    rita = a_person(database, "rita", "receptionist")
    sue = a_person(database, "sue", "supervisor")
    with PostgresRecord.open(anna.folder, anna.where) as record:
        for one in (rita, sue):
            record.grant(one.grant, anna.identity, now=NOW)
    return Staff(anna=anna, berta=berta, rita=rita, sue=sue, superuser=superuser)


def a_person(database: str, name: str, role: str) -> Person:
    login = f"{name}_{database.rpartition('/')[2]}"
    identity = Identity.make()
    grant = Grant(role=role, login=login, recipient=identity.recipient)
    return Person(database.replace(f"{ROLE}@", f"{login}@"), grant, identity)


def another_letter(record: PostgresRecord, raw: bytes, owner: str = "c1") -> int:
    [filed] = record.file(
        [
            Incoming(
                raw=raw,
                locations=(Location(account="a", folder="INBOX", validity=1, uid=len(raw)),),
                owners=(owner,),
                direction="in",
                received=NOW,
            )
        ],
        cursor=None,
        now=NOW,
    )
    return filed.item


def share(record: PostgresRecord, item: int, to: Grant, text: bytes) -> None:
    shared = Share(item=item, to=to, received=NOW, sealed=seal(text, [to.recipient]))
    record.share([], withdrawn=[], shares=[shared], now=NOW)


def file_two(staff: Staff) -> tuple[int, int]:
    with staff.annas() as record:
        tuesday, danger = another_letter(record, TUESDAY), another_letter(record, DANGER)
        share(record, tuesday, staff.rita.grant, TUESDAY)
        share(record, danger, staff.sue.grant, DANGER)
    return tuesday, danger
