"""What only PostgreSQL can do wrong: other practices, other roles, lines in the clear."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from guard.errors import BusyError, ConfigError, RecordBrokenError, RecordError, UnreachableError
from guard.record.entry import Incoming
from guard.record.eraser import erase
from guard.record.init import create
from guard.record.moving import move
from guard.record.passphrase import CHEAPEST
from guard.record.postgres import PostgresRecord, Where, only_one
from guard.record.postgres_connection import connect
from guard.record.readers import change_readers
from guard.record.reading import Reader
from guard.record.rekey import Change
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.record.conftest import NOW, PASSPHRASE, Home
from tests.servers.postgres import ROLE, Postgres

MailBuilder = Callable[..., Incoming]


@pytest.fixture
def where(postgres: Postgres, home: Home) -> Where:
    """An empty record in a database."""
    place = Where(database=postgres.new_database(ROLE), practice="aso")
    moved(home.folder, place, role="guard_scanner")
    return place


def moved(folder: Path, place: Where, *, role: str = "") -> None:
    with (
        SqliteRecord.open(folder) as source,
        PostgresRecord.blank(folder, place, role=role) as target,
    ):
        move(source, target, now=NOW)


def as_admin(postgres: Postgres, where: Where, *statements: str) -> None:
    address = postgres.url(where.database.rpartition("/")[2])
    with psycopg.connect(address, autocommit=True) as db:
        for one in statements:
            db.execute(one)


def login_in(postgres: Postgres, where: Where, group: str) -> Where:
    """The same record as a login sees it that has no more rights than its group."""
    name = f"{group}{where.database.rpartition('test')[2]}"
    as_admin(
        postgres,
        where,
        f"CREATE ROLE {name} LOGIN IN ROLE {group}",
        f"INSERT INTO guard.member VALUES ('aso', '{group}') ON CONFLICT DO NOTHING",
    )
    return replace(where, database=where.database.replace(f"{ROLE}@", f"{name}@"))


def test_two_practices_in_one_database_never_see_each_other(
    where: Where, home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    other, folder = replace(where, practice="other"), tmp_path / "other"
    create(folder, passphrase=PASSPHRASE, executor=None, random=os.urandom, work=CHEAPEST)
    moved(folder, other)

    with PostgresRecord.open(home.folder, where) as ours:
        [filed] = ours.file([a_mail(b"ours", owners=("c1",))], cursor=None, now=NOW)
        with PostgresRecord.open(folder, other) as theirs:
            assert theirs.size() == 2
            assert theirs.keys.owners() == ("unsorted",)
            assert theirs.file([a_mail(b"ours")], cursor=None, now=NOW)[0].new
            assert list(verify(theirs)) == []
        assert [entry.seq for entry in ours.entries() if entry.kind == "filed"] == [filed.item]
        assert list(verify(ours)) == []


def test_a_role_that_is_no_member_sees_nothing_even_through_sql(
    postgres: Postgres, where: Where
) -> None:
    as_admin(
        postgres,
        where,
        "CREATE ROLE stranger LOGIN",
        "GRANT USAGE ON SCHEMA guard TO stranger",
        "GRANT SELECT ON ALL TABLES IN SCHEMA guard TO stranger",
    )
    address = where.database.replace(f"{ROLE}@", "stranger@")
    with pytest.raises(RecordError, match="this role may not open it"):
        connect(address, "aso")

    with psycopg.connect(address, autocommit=True) as db:
        db.execute("SET guard.practice = 'aso'")
        assert db.execute("SELECT * FROM guard.entry").fetchall() == []


def test_a_role_to_which_every_practice_is_shown_is_refused(
    postgres: Postgres, where: Where
) -> None:
    with pytest.raises(RecordError, match="every practice"):
        connect(postgres.url(where.database.rpartition("/")[2]), "aso")


def test_the_scanners_role_files_and_cannot_open_a_key_or_take_anything_away(
    postgres: Postgres, where: Where, home: Home, a_mail: MailBuilder
) -> None:
    scanner = login_in(postgres, where, "guard_scanner")
    with PostgresRecord.open(home.folder, scanner) as record:
        assert record.file([a_mail(owners=("c1", "c2"))], cursor=None, now=NOW)[0].new
        assert list(verify(record)) == []
        for forbidden in (
            lambda: record.keys.secrets("c1", home.identity),
            lambda: record.keys.unlock(PASSPHRASE),
            lambda: record.keys.destroy("c1"),
        ):
            with pytest.raises(RecordError, match="may not do that"):
                forbidden()
    with contextlib.closing(connect(scanner.database, "aso")) as db:
        for statement in (
            "SELECT data FROM guard_keys.sealed",
            "DELETE FROM guard.entry",
            "UPDATE guard.entry SET sealed = NULL",
            "DELETE FROM guard.blob",
            "UPDATE guard_keys.public SET data = ''",
            "TRUNCATE guard.entry",
            "INSERT INTO guard.member VALUES ('other', session_user)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement)


def test_the_therapists_role_erases_and_changes_who_reads(
    postgres: Postgres, where: Where, home: Home, a_mail: MailBuilder
) -> None:
    with PostgresRecord.open(home.folder, login_in(postgres, where, "guard_therapist")) as record:
        [filed] = record.file([a_mail(b"hers", owners=("c1",))], cursor=None, now=NOW)
        record.file([a_mail(b"other", owners=("c2",))], cursor=None, now=NOW)
        erase(record, "c1", identity=home.identity, body={}, now=NOW)
        readers = (home.identity.recipient, Identity.make().recipient)
        change = Change(identity=home.identity, recipients=readers, files={})
        change_readers(record, change, now=NOW)

        with pytest.raises(RecordBrokenError, match="no message"):
            record.blob(filed.item)
        assert record.keys.owners() == ("c2", "unsorted")
        assert record.keys.masters() == readers
        assert list(verify(record, identity=home.identity)) == []


def test_the_auditors_role_verifies_and_neither_reads_nor_writes(
    postgres: Postgres, where: Where, home: Home, a_mail: MailBuilder
) -> None:
    with PostgresRecord.open(home.folder, where) as record:
        record.file([a_mail(b"hers", owners=("c1",))], cursor=None, now=NOW)
    auditor = login_in(postgres, where, "guard_auditor")

    with PostgresRecord.open(home.folder, auditor) as record:
        assert list(verify(record)) == []
        with pytest.raises(RecordError, match="may not do that"):
            Reader(record, home.identity).raw(3)
        with pytest.raises(RecordError, match="may not do that"):
            record.file([a_mail(b"more")], cursor=None, now=NOW)


def test_an_order_that_fails_half_way_leaves_keys_and_log_as_they_were(
    postgres: Postgres, where: Where, home: Home, a_mail: MailBuilder
) -> None:
    with PostgresRecord.open(home.folder, login_in(postgres, where, "guard_scanner")) as record:
        [filed] = record.file([a_mail(b"hers", owners=("c1",))], cursor=None, now=NOW)
        head = record.head()
        with pytest.raises(RecordError, match="may not do that"):
            erase(record, "c1", identity=home.identity, body={}, now=NOW)
        assert record.head() == head

    with PostgresRecord.open(home.folder, where) as record:
        assert Reader(record, home.identity).raw(filed.item) == b"hers"


def test_what_was_filed_is_not_changed_by_a_slip(
    where: Where, home: Home, a_mail: MailBuilder
) -> None:
    with PostgresRecord.open(home.folder, where) as record:
        record.file([a_mail()], cursor=None, now=NOW)
    with contextlib.closing(connect(where.database, "aso")) as db:
        for statement in (
            "UPDATE entry SET body = ''",
            "UPDATE entry SET sealed = NULL",
            "DELETE FROM entry",
            "DELETE FROM blob",
            "UPDATE blob SET ct = NULL",
            "UPDATE checkpoint SET note = ''",
            "TRUNCATE entry",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
                db.execute(statement)


@pytest.mark.parametrize(
    "tampering",
    ["DISABLE TRIGGER only_grows", "DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"],
)
def test_tables_without_their_guards_are_refused(where: Where, home: Home, tampering: str) -> None:
    with contextlib.closing(connect(where.database, "aso")) as db:
        db.execute(f"ALTER TABLE guard.entry {tampering}")

    with pytest.raises(RecordBrokenError, match="tables or triggers"):
        PostgresRecord.open(home.folder, where)


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE entry SET body = body || ' '::bytea WHERE seq = 2", "entry 2: body"),
        ("DELETE FROM entry WHERE seq = 2", "entry 2"),
        ("UPDATE blob SET ct = 'x'::bytea", "blob"),
        ("DELETE FROM blob", "its message is missing"),
        ("UPDATE location SET uid = uid + 1", "derived"),
        ("DELETE FROM checkpoint WHERE size > 2", "planted"),
        ("UPDATE guard_keys.public SET data = 'x' WHERE name = 'recipients.txt'", "keys"),
    ],
)
def test_whoever_owns_the_tables_cannot_change_them_unseen(
    where: Where, home: Home, a_mail: MailBuilder, tampering: str, told: str
) -> None:
    with PostgresRecord.open(home.folder, where) as record:
        record.file([a_mail()], cursor=None, now=NOW)
        with contextlib.closing(connect(where.database, "aso")) as db:
            db.execute("ALTER TABLE entry DISABLE TRIGGER USER")
            db.execute("ALTER TABLE blob DISABLE TRIGGER USER")
            db.execute("ALTER TABLE checkpoint DISABLE TRIGGER USER")
            db.execute(tampering)

        assert told in "\n".join(map(str, verify(record)))


def test_only_one_scans_a_practice_at_a_time(where: Where) -> None:
    with only_one(where), pytest.raises(BusyError, match="another machine"), only_one(where):
        pass
    with only_one(where):
        pass


def test_a_writer_that_is_waited_for_too_long_is_busy(
    where: Where, home: Home, a_mail: MailBuilder
) -> None:
    with (
        PostgresRecord.open(home.folder, where) as one,
        contextlib.closing(connect(where.database, "aso")) as other,
    ):
        one._store.ask("SELECT set_config('lock_timeout', '50ms', false)")
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM head FOR UPDATE")
        with pytest.raises(BusyError):
            one.file([a_mail()], cursor=None, now=NOW)
        other.execute("ROLLBACK")
        assert one.file([a_mail()], cursor=None, now=NOW)[0].new


def test_a_line_that_breaks_is_for_later_and_nothing_was_filed(
    postgres: Postgres, where: Where, home: Home, a_mail: MailBuilder
) -> None:
    with PostgresRecord.open(home.folder, where) as record:
        before = record.size()
        as_admin(
            postgres,
            where,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'",
        )
        with pytest.raises(UnreachableError):
            record.file([a_mail(b"secret words")], cursor=None, now=NOW)
    with PostgresRecord.open(home.folder, where) as record:
        assert record.size() == before


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
def test_nothing_goes_beyond_this_machine_in_the_clear(mode: str) -> None:
    with pytest.raises(ConfigError, match="verify-full"):
        connect(f"postgresql://a@db.example.org/x?sslmode={mode}", "aso")


def test_a_database_that_is_not_there_is_said_so(where: Where) -> None:
    nowhere = where.database.rpartition("/")[0]
    with pytest.raises(UnreachableError):
        connect("postgresql://practice@127.0.0.1:1/x", "aso")
    with pytest.raises(UnreachableError):
        connect(f"{nowhere}/none", "aso")
    with pytest.raises(RecordError, match="no record of this practice"):
        connect(where.database, "nobody")


def test_without_its_folder_it_is_read_and_not_written(
    where: Where, home: Home, tmp_path: Path
) -> None:
    shutil.copy(home.folder / "vkey.txt", tmp_path)

    with pytest.raises(RecordError, match=r"scanner\.key"):
        PostgresRecord.open(tmp_path, where)
    with PostgresRecord.open(tmp_path, where, readonly=True) as record:
        assert list(verify(record)) == []


def test_tables_of_an_older_guard_are_refused_until_their_owner_brings_them_forward(
    postgres: Postgres, where: Where, home: Home
) -> None:
    as_admin(postgres, where, "DELETE FROM guard.version WHERE number = 3")

    with pytest.raises(RecordError, match="has format 1; this guard writes format 3") as caught:
        PostgresRecord.open(home.folder, where)
    assert "guard record migrate" in caught.value.hint
    with pytest.raises(RecordError, match="may not do that"):
        PostgresRecord.renew(login_in(postgres, where, "guard_scanner"))

    assert PostgresRecord.renew(where)
    assert not PostgresRecord.renew(where)
    with PostgresRecord.open(home.folder, where) as record:
        assert list(verify(record)) == []


def test_tables_of_a_newer_guard_are_left_alone(
    postgres: Postgres, where: Where, home: Home
) -> None:
    as_admin(postgres, where, "INSERT INTO guard.version VALUES (4)")

    with pytest.raises(RecordError, match="has format 4; this guard knows formats up to 3"):
        PostgresRecord.open(home.folder, where)
    assert not PostgresRecord.renew(where)
