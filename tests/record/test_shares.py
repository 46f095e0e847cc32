"""What a receptionist and a supervisor may open, tried through SQL with everybody's keys."""

import json
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from guard.errors import GuardError, LockedError, RecordBrokenError, RecordError
from guard.record.entry import Fact
from guard.record.eraser import erase
from guard.record.grant import GRANTED, SHARED, Share
from guard.record.postgres import PostgresRecord
from guard.record.postgres_connection import VERSION, roles_sql
from guard.record.reading import Reader
from guard.record.seal import Identity, unseal
from guard.record.verify import verify
from tests.record.clinic import LETTER
from tests.record.conftest import NOW
from tests.record.staff import DANGER, TUESDAY, Staff, another_letter, file_two, found, share
from tests.servers.postgres import ROLE, Postgres

TABLES = (
    *("guard.entry", "guard.blob", "guard.checkpoint", "guard.location", "guard.content"),
    *("guard.cursor", "guard.task", "guard.name", "guard.head", "guard.member"),
    *("guard_keys.public", "guard_keys.sealed"),
)


@pytest.fixture
def staff(postgres: Postgres, tmp_path: Path) -> Staff:
    return found(postgres, tmp_path)


@pytest.fixture
def two(staff: Staff) -> tuple[int, int]:
    """One letter that is Rita's business, one that is Sue's; a third is nobody's."""
    return file_two(staff)


@pytest.fixture(scope="module")
def still(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Staff:
    """The same, made once: what is tried here is refused, or only read."""
    staff = found(postgres, tmp_path_factory.mktemp("staff"))
    file_two(staff)
    return staff


def test_each_reads_what_is_theirs_and_nothing_else(still: Staff) -> None:
    assert still.rita.reads() == [TUESDAY]
    assert still.sue.reads() == [DANGER]


@pytest.mark.parametrize("table", TABLES)
def test_no_table_of_the_record_is_open_to_them(still: Staff, table: str) -> None:
    for person in (still.rita, still.sue):
        with person.connect() as db:
            db.execute("SET guard.practice = 'anna'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(f"SELECT * FROM {table}".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT guard.practice()",
        "INSERT INTO guard.member VALUES ('berta', session_user)",
        "SET ROLE guard_therapist",
        "SET ROLE guard_scanner",
        "SET SESSION AUTHORIZATION postgres",
        "GRANT guard_therapist TO CURRENT_USER",
        "ALTER TABLE guard_roles.shared DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_the_reader ON guard_roles.shared",
        "CREATE OR REPLACE FUNCTION guard_roles.mine() RETURNS int LANGUAGE sql RETURN 1",
        "SET row_security = off; SELECT * FROM guard_roles.shared",
        "DELETE FROM guard_roles.shared",
        "UPDATE guard_roles.shared SET login = session_user",
        "UPDATE guard_roles.shared SET role = 'supervisor'",
        "UPDATE guard_roles.shared SET noted = true",
        "TRUNCATE guard_roles.shared",
        "INSERT INTO guard_roles.shared SELECT * FROM guard_roles.shared",
        "COPY guard_roles.shared TO PROGRAM 'cat'",
        "COPY guard.entry TO STDOUT",
    ],
)
def test_they_cannot_let_themselves_in(still: Staff, statement: str) -> None:
    for person in (still.rita, still.sue):
        with person.connect() as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(statement.encode())


@pytest.mark.parametrize("practice", ["anna", "berta", ""])
def test_whatever_a_session_sets_it_sees_its_own_rows(still: Staff, practice: str) -> None:
    for person in (still.rita, still.sue):
        with person.connect() as db:
            db.execute("SELECT set_config('guard.practice', %s, false)", (practice,))
            rows = db.execute("SELECT login FROM guard_roles.shared").fetchall()
            assert rows == [(person.grant.login,)]


def test_with_every_row_in_hand_each_key_opens_its_own_alone(
    staff: Staff, two: tuple[int, int]
) -> None:
    """As if row-level security were not there: the keys alone keep them apart."""
    with psycopg.connect(staff.superuser) as db:
        rows = db.execute("SELECT login, sealed FROM guard_roles.shared").fetchall()
        sealed = [bytes(ct) for (ct,) in db.execute("SELECT ct FROM guard.blob").fetchall()]
        sealed += [
            bytes(one)
            for table in ("guard.entry", "guard_keys.sealed")
            for (one,) in db.execute(
                f"SELECT {'sealed' if 'entry' in table else 'data'} FROM {table}".encode()
            ).fetchall()
            if one is not None
        ]
    theirs = {staff.rita.grant.login: staff.rita, staff.sue.grant.login: staff.sue}
    assert len(rows) == 2
    assert len(sealed) > 10
    for login, row in rows:
        for key in staff.everybodys_keys:
            if key != theirs[login].identity:
                with pytest.raises(LockedError):
                    unseal(bytes(row), [key])
    for one in sealed:
        with pytest.raises(LockedError):
            unseal(one, [staff.rita.identity, staff.sue.identity])


def test_an_auditor_does_not_learn_to_whom_a_letter_is_open(still: Staff) -> None:
    with psycopg.connect(still.superuser, autocommit=True) as db:
        name = still.superuser.rpartition("/")[2]
        db.execute(f"CREATE ROLE audit_{name} LOGIN IN ROLE guard_auditor".encode())
        db.execute(f"INSERT INTO guard.member VALUES ('anna', 'audit_{name}')".encode())
    url = still.superuser.replace("postgres@", f"audit_{name}@")
    anna = replace(still.anna.where, database=url)
    with PostgresRecord.open(still.anna.folder, anna, readonly=True) as record:
        assert list(verify(record)) == []
        with pytest.raises(RecordError, match="may not do that"):
            record.shares().logins([1])


def test_what_is_withdrawn_is_gone_for_them(staff: Staff, two: tuple[int, int]) -> None:
    with staff.annas() as record:
        record.share([], withdrawn=[(two[0], staff.rita.grant.login)], shares=[], now=NOW)

    assert staff.rita.reads() == []
    assert staff.sue.reads() == [DANGER]


def test_whose_grant_ends_is_shown_nothing_any_longer(staff: Staff, two: tuple[int, int]) -> None:
    with staff.annas() as record:
        record.revoke(staff.sue.grant.login, now=NOW)
        assert [*record.erasures().grants] == [staff.rita.grant.login]
        assert list(verify(record)) == []

    assert staff.sue.reads() == []


@pytest.mark.parametrize(
    "says",
    ["REVOKE guard_supervisor FROM {login}", "DELETE FROM guard.member WHERE role = '{login}'"],
)
def test_whoever_runs_the_database_can_close_it_too(
    staff: Staff, two: tuple[int, int], says: str
) -> None:
    with psycopg.connect(staff.superuser, autocommit=True) as db:
        db.execute(says.format(login=staff.sue.grant.login).encode())

    try:
        left = staff.sue.reads()
    except GuardError:
        left = []
    assert left == []
    assert staff.rita.reads() == [TUESDAY]


def test_a_receptionist_who_is_called_a_supervisor_by_mistake_is_shown_no_crisis(
    staff: Staff, two: tuple[int, int]
) -> None:
    wrong = replace(staff.rita.grant, role="supervisor")
    with staff.annas() as record:
        record.grant(wrong, staff.anna.identity, now=NOW)
        share(record, two[1], wrong, DANGER)

    assert staff.rita.reads() == []


def test_an_erased_letter_is_gone_for_them_too(staff: Staff, two: tuple[int, int]) -> None:
    with staff.annas() as record:
        kept = another_letter(record, b"another client's Tuesday", "c2")
        share(record, kept, staff.rita.grant, b"another client's Tuesday")
        erase(record, "c1", identity=staff.anna.identity, body={}, now=NOW)
        assert list(verify(record)) == []

    assert staff.rita.reads() == [b"another client's Tuesday"]
    assert staff.sue.reads() == []


def test_a_supervisor_says_once_that_she_has_seen_it_by_the_servers_clock(
    staff: Staff, two: tuple[int, int]
) -> None:
    table = staff.sue.shares()
    table.see("anna", two[1])
    first = table.one("anna", two[1])
    table.see("anna", two[1])
    with staff.sue.connect() as db:
        db.execute("UPDATE guard_roles.shared SET seen = NULL")
    table._store.close()

    with staff.annas() as record:
        record.catch_up(oldest={}, now=NOW)
        record.catch_up(oldest={}, now=NOW)
        said = record.of_kind(SHARED)
        told = [json.loads(Reader(record, staff.anna.identity).secret(one.seq)) for one in said]
        assert list(verify(record)) == []

    assert first is not None
    assert first.seen is not None
    assert first.seen > NOW
    assert [one.item for one in said] == [two[1]]
    assert told == [{"by": staff.sue.grant.login, "seen": first.seen}]
    # In public, nothing but that it is shared: who has seen it would tell what it is about.
    assert staff.sue.grant.login.encode() not in said[0].body


def test_a_receptionist_may_not_even_say_that_she_has_seen_it(
    staff: Staff, two: tuple[int, int]
) -> None:
    table = staff.rita.shares()
    with pytest.raises(RecordError, match="may not do that"):
        table.see("anna", two[0])
    table._store.close()


def test_what_is_long_past_is_shown_no_longer(staff: Staff, two: tuple[int, int]) -> None:
    with staff.annas() as record:
        record.catch_up(oldest={"receptionist": NOW + 1}, now=NOW)

    assert staff.rita.reads() == []
    assert staff.sue.reads() == [DANGER]


def test_her_own_order_alone_opens_anything_to_anybody(staff: Staff) -> None:
    """Whoever holds scanner.key and the database can add lines, and is still nobody."""
    thief = Identity.make()
    with staff.annas() as record:
        stolen = record.latest(GRANTED)
        assert stolen is not None
        forged = {**stolen.data, "recipient": thief.recipient}
        with record.writing(NOW) as batch:
            batch.add(GRANTED, {"body": forged})
            batch.add(GRANTED, {"body": stolen.data})
            batch.add(GRANTED, {"body": {}})
        with pytest.raises(LockedError):
            record.grant(replace(staff.sue.grant, recipient=thief.recipient), thief, now=NOW)
        grants = record.erasures().grants
        found = [one.seq for one in verify(record)]

    assert {one.recipient for one in grants.values()} == {
        staff.rita.grant.recipient,
        staff.sue.grant.recipient,
    }
    assert len(found) == 3


def test_a_fact_and_its_share_are_durable_together_or_not_at_all(staff: Staff) -> None:
    with staff.annas() as record:
        size = record.size()
        nowhere = Share(item=999_999, to=staff.sue.grant, received=NOW, sealed=b"x")
        with pytest.raises(GuardError):
            record.share([Fact(kind="shared")], withdrawn=[], shares=[nowhere], now=NOW)
        assert record.size() == size


def test_a_changed_table_is_refused(staff: Staff) -> None:
    with psycopg.connect(staff.superuser, autocommit=True) as db:
        db.execute("ALTER TABLE guard_roles.shared NO FORCE ROW LEVEL SECURITY")
    with staff.annas() as record, pytest.raises(RecordBrokenError, match="what is shared"):
        record.shares()


def test_the_tables_may_be_made_again_and_an_older_guard_goes_on(
    staff: Staff, two: tuple[int, int]
) -> None:
    with psycopg.connect(staff.superuser) as db:
        db.execute(roles_sql().encode())
        assert db.execute("SELECT max(number) FROM guard.version").fetchone() == (VERSION,)
        rows = "SELECT count(*) FROM pg_class WHERE relnamespace = 'guard'::regnamespace"
        assert db.execute(f"{rows} AND relrowsecurity".encode()).fetchone() == (9,)
    assert staff.rita.reads() == [TUESDAY]


def test_a_database_of_an_earlier_release_goes_on_and_says_what_it_lacks(staff: Staff) -> None:
    with psycopg.connect(staff.superuser, autocommit=True) as db:
        db.execute("DROP SCHEMA guard_roles CASCADE")
    with staff.annas() as record:
        another_letter(record, TUESDAY)
        assert not record.shareable
        assert list(verify(record)) == []
        with pytest.raises(RecordError, match="no place yet") as told:
            record.shares()
    assert "guard role tables" in told.value.hint

    with psycopg.connect(staff.superuser.replace("postgres@", f"{ROLE}@")) as db:
        db.execute(roles_sql().encode())
    with staff.annas() as record:
        item = another_letter(record, DANGER)
        share(record, item, staff.sue.grant, DANGER)
    assert staff.sue.reads() == [DANGER]


def test_the_letters_of_a_practice_without_grants_are_shown_to_nobody(
    staff: Staff, two: tuple[int, int]
) -> None:
    with PostgresRecord.open(staff.berta.folder, staff.berta.where) as record:
        assert not record.shareable
        # What she did not grant is not put there, whatever a caller says.
        share(record, staff.berta.item, staff.rita.grant, LETTER)
    with psycopg.connect(staff.superuser, autocommit=True) as db:
        rows = db.execute("SELECT 1 FROM guard_roles.shared WHERE practice = 'berta'").fetchall()
        assert rows == []
        # And if it were there, she is no member of that practice.
        db.execute(
            "INSERT INTO guard_roles.shared (item, login, role, received, sealed, practice)"
            " VALUES (%s, %s, 'receptionist', 0, 'x', 'berta')",
            (staff.berta.item, staff.rita.grant.login),
        )

    assert staff.rita.reads() == [TUESDAY]
