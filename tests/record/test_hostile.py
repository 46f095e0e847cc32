"""Whatever somebody made of the database, verify says so, and raises nothing."""

import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from guard.record.entry import Fact, Incoming
from guard.record.finding import Finding
from guard.record.schema import APPLICATION_ID, DERIVED, FORMAT, STATEMENTS, TRUTH
from guard.record.verify import Examination, examine
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
HOSTILE = {
    "null": "NULL",
    "huge": "9223372036854775807",
    "real": "1e308",
    "text": "'nonsense'",
    "blob": "x'00ff'",
    "long": "zeroblob(3000000)",
    "deep": "CAST(printf('%.*c', 90000, '[') AS BLOB)",
    "object": 'CAST(\'{"kind":"filed","seq":{},"owners":7,"item":[]}\' AS BLOB)',
}
FILES = ("record.db", "vkey.txt", "keys/recipients.txt", "checkpoints/a.txt", "checkpoints/verified.note")  # fmt: skip  # noqa: E501
COLUMNS = [
    *((table, column) for table, columns in {
        "entry": ("seq", "kind", "item", "owner", "at", "body", "sealed", "leaf"),
        "blob": ("seq", "ct"),
        "checkpoint": ("size", "frontier", "note"),
        "location": ("account", "folder", "validity", "uid", "item", "seq"),
        "content": ("mac", "item"),
        "cursor": ("account", "uid", "missing"),
        "task": ("name", "item", "seq"),
        "name": ("mac", "owner", "seq"),
    }.items() for column in columns),
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(new_home: Home, tmp_path_factory: pytest.TempPathFactory, a_mail: MailBuilder) -> Home:
    """A small record; copy it, never write to it."""
    home = new_home.copy(tmp_path_factory.mktemp("filled") / "record")
    with home.open() as record:
        for number in range(3):
            mail = a_mail(b"message %d" % number, owners=("c1",), opens=("judge",))
            record.file([mail], cursor=None, now=NOW)
        record.append([Fact(kind="client", owner="c1", names=("jo@x.example",))], now=NOW)
    return home


def attacked(home: Home, folder: Path, *statements: str) -> list[Finding]:
    """Verify a copy on which somebody has worked, in full and by halves, with and without key."""
    copy = home.copy(folder)
    with closing(sqlite3.connect(copy.folder / "record.db", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    everything = list(examine(copy.folder, identity=copy.identity))
    assert all(map(str, everything))
    assert bool(list(Examination(copy.folder, full=False).findings())) == bool(everything)
    return everything


def loosened(*tables: str) -> list[str]:
    """Statements that make tables take any type."""
    made = []
    for table in tables:
        [old] = [one for one in STATEMENTS if one.startswith(f"CREATE TABLE {table} (")]
        names = old.partition("(")[2].rpartition(")")[0]
        plain = ", ".join(column.split()[0] for column in names.split(", PRIMARY")[0].split(", "))
        made += [
            f"CREATE TABLE loose ({plain})",
            f"INSERT INTO loose SELECT * FROM {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE loose RENAME TO {table}",
        ]
    return made


def without_triggers() -> list[str]:
    return [
        f"DROP TRIGGER {t}_{verb}" for t, verb in itertools.product(TRUTH, ("update", "delete"))
    ]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=".".join)
def test_a_table_of_any_types_is_a_finding(
    filled: Home, tmp_path: Path, table: str, column: str, value: str
) -> None:
    edit = f"UPDATE {table} SET {column} = {HOSTILE[value]}"

    assert attacked(filled, tmp_path / "record", *without_triggers(), *loosened(table), edit)


@pytest.mark.parametrize("value", ["huge", "long"])
@pytest.mark.parametrize("column", ["seq", "item", "at", "body"])
def test_values_that_the_tables_do_take_are_findings(
    filled: Home, tmp_path: Path, column: str, value: str
) -> None:
    edit = f"UPDATE OR REPLACE entry SET {column} = {HOSTILE[value]} WHERE seq = 4"
    triggers = [one for one in STATEMENTS if one.startswith("CREATE TRIGGER")]
    kept = attacked(filled, tmp_path / "a", *without_triggers(), "DELETE FROM blob", *triggers)
    try:
        found = attacked(filled, tmp_path / "b", *without_triggers(), edit, *triggers)
    except sqlite3.IntegrityError:
        found = kept

    assert kept
    assert found


@pytest.mark.parametrize("table", [*TRUTH, *DERIVED])
@pytest.mark.parametrize("how", ["dropped", "emptied", "a view", "virtual", "computed"])
def test_a_table_that_is_gone_or_something_else_is_a_finding(
    filled: Home, tmp_path: Path, table: str, how: str
) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
    statements = {
        "dropped": [f"DROP TABLE {table}"],
        "emptied": [f"DELETE FROM {table}"],
        "a view": [
            f"DROP TABLE {table}",
            f"CREATE VIEW {table} AS {endless} x AS seq, x AS size, x AS item FROM n",
        ],
        "virtual": [f"DROP TABLE {table}", f"CREATE VIRTUAL TABLE {table} USING fts5(seq, size)"],
        "computed": [
            f"DROP TABLE {table}",
            f"CREATE TABLE {table} (seq, size AS (zeroblob(900000000)), kind, note, item)",
        ],
    }[how]

    assert attacked(filled, tmp_path / "record", *without_triggers(), *statements)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER spy AFTER INSERT ON entry BEGIN SELECT 1; END",
        "DROP TRIGGER entry_update",
        "DROP INDEX entry_kind",
        "CREATE INDEX more ON entry (at)",
        "CREATE TABLE more (x)",
        "ALTER TABLE entry ADD COLUMN more TEXT",
        "ALTER TABLE blob RENAME COLUMN ct TO sealed",
        "PRAGMA application_id = 7",
        f"PRAGMA user_version = {FORMAT + 1}",
        "PRAGMA user_version = 0",
    ],
)
def test_another_schema_is_a_finding(filled: Home, tmp_path: Path, statement: str) -> None:
    assert attacked(filled, tmp_path / "record", statement)[0].what == "database"


def test_under_another_schema_the_bad_entry_is_named_all_the_same(
    filled: Home, tmp_path: Path
) -> None:
    found = attacked(
        filled,
        tmp_path / "record",
        "DROP TRIGGER entry_update",
        "UPDATE entry SET body = CAST(body || ' ' AS BLOB) WHERE seq = 4",
    )

    assert [(one.what, one.seq) for one in found[:2]] == [("database", None), ("body", 4)]


def test_a_foreign_database_is_said_to_be_foreign(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "record.db")) as db:
        db.execute("CREATE TABLE diary (day)")

    [finding] = examine(tmp_path)

    assert str(finding) == "database: this database is not a guard record"


def test_an_empty_database_that_claims_to_be_a_record_is_a_finding(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "record.db")) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT}")

    assert list(examine(tmp_path))


def test_tables_without_a_row_are_a_finding(filled: Home, tmp_path: Path) -> None:
    deletes = [f"DELETE FROM {table}" for table in (*TRUTH, *DERIVED)]
    triggers = [one for one in STATEMENTS if one.startswith("CREATE TRIGGER")]

    assert attacked(filled, tmp_path / "record", *without_triggers(), *deletes, *triggers)


@pytest.mark.parametrize("kept", [0, 1, 99, 4096, 10_000, -4096, -1])
def test_a_half_copied_file_is_a_finding(filled: Home, tmp_path: Path, kept: int) -> None:
    folder = filled.copy(tmp_path / "record").folder
    # What is missing at the end reads as zeros, so the loss of zeros is none.
    data = (folder / "record.db").read_bytes().rstrip(b"\0")
    (folder / "record.db").write_bytes(data[:kept])

    assert list(examine(folder))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["folder", "pipe", "binary", "loop", "huge"])
def test_a_file_that_is_something_else_is_a_finding(
    filled: Home, tmp_path: Path, name: str, how: str
) -> None:
    folder = filled.copy(tmp_path / "record").folder
    path = folder / name
    path.unlink(missing_ok=True)
    put: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "binary": lambda: path.write_bytes(b"\xff\x00" * 99),
        "loop": lambda: path.symlink_to(path),
        "huge": lambda: path.write_bytes(b"x" * 2_000_000),
    }
    put[how]()

    assert list(Examination(folder, full=False).findings())


def test_a_record_without_its_key_folder_is_a_finding(filled: Home, tmp_path: Path) -> None:
    folder = filled.copy(tmp_path / "record").folder
    shutil.rmtree(folder / "keys")

    assert {one.what for one in examine(folder, identity=filled.identity)} == {
        "database",
        "content",
    }


def test_a_million_findings_are_not_gathered_in_memory(filled: Home, tmp_path: Path) -> None:
    folder = filled.copy(tmp_path / "record").folder
    with closing(sqlite3.connect(folder / "record.db", isolation_level=None)) as db:
        db.execute(
            "WITH RECURSIVE n(x) AS (SELECT 100 UNION ALL SELECT x + 1 FROM n LIMIT 1000000)"
            " INSERT INTO entry SELECT x, 'k', NULL, NULL, 0, x'00', NULL, x'00' FROM n"
        )
    findings = examine(folder)

    assert next(findings).seq == 7
