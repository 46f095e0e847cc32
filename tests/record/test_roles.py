"""Who may read what in a clinic, tried through SQL and with everybody's keys in hand."""

import contextlib
from dataclasses import dataclass

import psycopg
import pytest
from msgspec.structs import replace

from guard.errors import GuardError, LockedError, RecordError
from guard.record.postgres import PostgresRecord, Where
from guard.record.postgres_connection import connect
from guard.record.reading import Reader
from guard.record.seal import unseal
from guard.record.verify import verify
from tests.record.clinic import LETTER, Therapist, a_therapist
from tests.record.conftest import PASSPHRASE
from tests.servers.postgres import ROLE, Postgres


@dataclass(frozen=True)
class Clinic:
    """Two therapists and an auditor in one database."""

    anna: Therapist
    berta: Therapist
    auditor: str
    """Where an auditor of Anna's record finds the database."""


@pytest.fixture(scope="module")
def clinic(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """Made once: what is tried here is refused, or only read."""
    folder = tmp_path_factory.mktemp("clinic")
    database = postgres.new_database(ROLE)
    name = database.rpartition("/")[2]
    with psycopg.connect(postgres.url(name), autocommit=True) as db:
        for role in ("anna", "berta"):
            db.execute(f"CREATE ROLE {role}_{name} LOGIN IN ROLE guard_therapist".encode())
        db.execute(f"CREATE ROLE audit_{name} LOGIN IN ROLE guard_auditor".encode())
        anna = a_therapist(folder / "anna", Where(database=database, practice="anna"))
        berta = a_therapist(folder / "berta", Where(database=database, practice="berta"))
        db.execute(f"INSERT INTO guard.member VALUES ('anna', 'audit_{name}')".encode())
    auditor = database.replace(f"{ROLE}@", f"audit_{name}@")
    return Clinic(anna=anna, berta=berta, auditor=auditor)


def as_auditor(clinic: Clinic) -> Where:
    return replace(clinic.anna.where, database=clinic.auditor)


def test_a_therapist_reads_her_own(clinic: Clinic) -> None:
    with PostgresRecord.open(clinic.anna.folder, clinic.anna.where) as record:
        assert Reader(record, clinic.anna.identity).raw(clinic.anna.item) == LETTER


def test_a_therapist_cannot_open_her_colleague_s_record(clinic: Clinic) -> None:
    theirs = replace(clinic.anna.where, practice="berta")

    with pytest.raises(RecordError, match="may not open it"):
        PostgresRecord.open(clinic.berta.folder, theirs)


@pytest.mark.parametrize(
    "table",
    [
        *("guard.entry", "guard.blob", "guard.checkpoint", "guard.location", "guard.content"),
        *("guard.cursor", "guard.task", "guard.name", "guard_keys.public", "guard_keys.sealed"),
    ],
)
def test_through_sql_she_sees_her_own_rows_alone_whatever_she_sets(
    clinic: Clinic, table: str
) -> None:
    with psycopg.connect(clinic.anna.where.database, autocommit=True) as db:
        db.execute("SET guard.practice = 'berta'")
        theirs = db.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        db.execute("SET guard.practice = 'anna'")
        mine = db.execute(f"SELECT DISTINCT practice FROM {table}".encode()).fetchall()

    assert theirs == (0,)
    assert mine in ([("anna",)], [])


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO guard.member VALUES ('berta', session_user)",
        "UPDATE guard.member SET role = session_user",
        "SET ROLE postgres",
        "ALTER TABLE guard.entry DISABLE ROW LEVEL SECURITY",
        "DROP POLICY one_practice ON guard.entry",
        "CREATE OR REPLACE FUNCTION guard.practice() RETURNS text LANGUAGE sql RETURN 'berta'",
        "SET row_security = off; SELECT * FROM guard.entry",
    ],
)
def test_she_cannot_let_herself_in(clinic: Clinic, statement: str) -> None:
    with (
        psycopg.connect(clinic.anna.where.database, autocommit=True) as db,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        db.execute(statement.encode())


def test_even_with_every_row_in_hand_her_key_opens_no_letter_but_her_own(
    clinic: Clinic,
) -> None:
    """As if row-level security were not there: the keys alone keep them apart."""
    with PostgresRecord.open(clinic.berta.folder, clinic.berta.where) as record:
        sealed = record.blob(clinic.berta.item)
        with pytest.raises(LockedError):
            record.keys.secrets("c1", clinic.anna.identity)
        with pytest.raises(GuardError):
            Reader(record, clinic.anna.identity).raw(clinic.berta.item)
    with pytest.raises(LockedError):
        unseal(sealed, [clinic.anna.identity])


def test_an_auditor_verifies_all_and_reads_nothing(clinic: Clinic) -> None:
    with PostgresRecord.open(clinic.anna.folder, as_auditor(clinic), readonly=True) as record:
        assert list(verify(record)) == []
        for forbidden in (
            lambda: record.keys.secrets("c1", clinic.anna.identity),
            lambda: record.keys.unlock(PASSPHRASE),
        ):
            with pytest.raises(RecordError, match="may not do that"):
                forbidden()
        shown = b"".join([record.blob(clinic.anna.item), *(one.body for one in record.entries())])
        shown += b"".join(one.sealed or b"" for one in record.entries())

    assert b"ocean" not in shown


def test_an_auditor_changes_nothing_and_sees_no_other_practice(clinic: Clinic) -> None:
    with contextlib.closing(connect(clinic.auditor, "anna")) as db:
        for statement in (
            "SELECT data FROM guard_keys.sealed",
            "INSERT INTO guard.task VALUES ('review', 1, 1)",
            "DELETE FROM guard.entry",
            "UPDATE guard.head SET practice = 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement)
    with pytest.raises(RecordError, match="may not open it"):
        connect(clinic.auditor, "berta")
