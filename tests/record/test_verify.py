import itertools
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.record.entry import Cursor, Fact, Incoming, Location
from guard.record.finding import Finding
from guard.record.log import leaf_hash
from guard.record.scanner import ScannerKey
from guard.record.schema import DERIVED, STATEMENTS
from guard.record.seal import seal
from guard.record.verify import examine, verify
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
TRIGGERS = [statement for statement in STATEMENTS if statement.startswith("CREATE TRIGGER")]
TRUTH = ("entry", "blob", "checkpoint")


@pytest.fixture(scope="session")
def full_home(
    new_home: Home,
    tmp_path_factory: pytest.TempPathFactory,
    a_mail: MailBuilder,
    a_place: Callable[..., Location],
) -> Home:
    """A small record with every kind of entry in it; copy it, never write to it."""
    home = new_home.copy(tmp_path_factory.mktemp("full") / "record")
    with home.open() as record:
        mails = [
            a_mail(b"message %d" % number, a_place(number), opens=("judge",))
            for number in range(4)
        ]
        cursor = Cursor(account="a@practice.example", folder="INBOX", validity=7, uid=4)
        filed = record.file(mails, cursor=cursor, now=NOW)
        record.file([a_mail(b"message 0", a_place(9, "Archive"))], cursor=None, now=NOW + 1)
        judged = Fact(
            kind="judged",
            item=filed[0].item,
            body={"label": "therapy"},
            secret=b"because",
            owners=("unsorted",),
            closes=("judge",),
            opens=("review",),
        )
        client = Fact(kind="client", owner="c1", names=("jo@example.org", "jo@work.example"))
        record.append([judged, client], now=NOW + 2)
        record.file([a_mail(b"later", a_place(5), owners=("c1",))], cursor=None, now=NOW + 3)
    return home


@contextmanager
def tampered(home: Home) -> Iterator[tuple[sqlite3.Connection, Path]]:
    """A copy of the record, open for an attacker who can write the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = home.copy(Path(name) / "record").folder
        with closing(sqlite3.connect(folder / "record.db", isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            for table, verb in itertools.product(TRUTH, ("update", "delete")):
                db.execute(f"DROP TRIGGER {table}_{verb}")
            yield db, folder


def found(db: sqlite3.Connection, folder: Path) -> list[Finding]:
    for trigger in TRIGGERS:
        db.execute(trigger)
    return list(examine(folder))


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def key_of(table: str) -> tuple[str, ...]:
    if table in DERIVED:
        return DERIVED[table][1]
    return ("size",) if table == "checkpoint" else ("seq",)


def test_a_whole_record_has_no_findings(full_home: Home) -> None:
    assert list(examine(full_home.folder, identity=full_home.identity)) == []


def _flipped(value: object, position: int, change: int) -> object:
    if isinstance(value, int):
        return (value ^ (change << (position % 40))) & (2**62 - 1)
    if isinstance(value, str):
        data = bytearray(value.encode())
        data[position % len(data)] ^= change
        return data.decode("latin-1")
    assert isinstance(value, bytes)
    data = bytearray(value)
    data[position % len(data)] ^= change
    return bytes(data)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_any_row_is_found(full_home: Home, data: st.DataObject) -> None:
    with tampered(full_home) as (db, folder):
        table = data.draw(st.sampled_from([*TRUTH, *DERIVED]))
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        row = dict(zip(columns(db, table), data.draw(st.sampled_from(rows)), strict=True))
        column = data.draw(st.sampled_from([name for name in row if row[name] not in (None, "")]))
        value = _flipped(
            row[column], data.draw(st.integers(0, 4000)), data.draw(st.integers(1, 255))
        )
        where = " AND ".join(f"{name} = ?" for name in key_of(table))
        change = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {where}"
        db.execute(change, (value, *(row[name] for name in key_of(table))))

        findings = found(db, folder)

        assert findings
        if table in {"entry", "blob"} and column != "seq":
            assert row["seq"] in {finding.seq for finding in findings}


@pytest.mark.parametrize("seq", range(12))
@pytest.mark.parametrize("table", ["entry", "blob"])
def test_any_dropped_row_is_named(full_home: Home, table: str, seq: int) -> None:
    with tampered(full_home) as (db, folder):
        dropped = db.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,)).rowcount

        findings = found(db, folder)

        assert bool(findings) == bool(dropped)
        assert not dropped or findings[0].seq == seq or seq == 0


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(range(2, 7), 2)))
def test_any_two_swapped_entries_are_named(full_home: Home, one: int, other: int) -> None:
    with tampered(full_home) as (db, folder):
        db.execute("UPDATE entry SET seq = -5 WHERE seq = ?", (one,))
        db.execute("UPDATE entry SET seq = ? WHERE seq = ?", (one, other))
        db.execute("UPDATE entry SET seq = ? WHERE seq = -5", (other,))

        assert found(db, folder)[0].seq == one


def test_swapped_messages_are_named(full_home: Home) -> None:
    with tampered(full_home) as (db, folder):
        two, three = db.execute("SELECT ct FROM blob WHERE seq IN (2, 3) ORDER BY seq").fetchall()
        db.execute("UPDATE blob SET ct = ? WHERE seq = 3", two)
        db.execute("UPDATE blob SET ct = ? WHERE seq = 2", three)

        assert [(each.what, each.seq) for each in found(db, folder)] == [("blob", 2), ("blob", 3)]


@pytest.mark.parametrize("kept", range(1, 11))
def test_a_cut_off_tail_is_named(full_home: Home, kept: int) -> None:
    with tampered(full_home) as (db, folder):
        db.execute("DELETE FROM entry WHERE seq >= ?", (kept,))

        assert ("missing", kept) in {(each.what, each.seq) for each in found(db, folder)}


@pytest.mark.parametrize("seq", [-7, 11, 12, 500])
def test_an_entry_put_in_by_another_hand_is_found(full_home: Home, seq: int) -> None:
    with tampered(full_home) as (db, folder):
        body = json.dumps({"at": NOW + 9, "kind": "judged", "seq": seq}, separators=(",", ":"))
        row = (seq, "judged", None, None, NOW + 9, body.encode(), None, leaf_hash(body.encode()))
        db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

        assert found(db, folder)


def test_a_rewritten_entry_with_a_fitting_hash_is_placed_in_its_batch(full_home: Home) -> None:
    with tampered(full_home) as (db, folder):
        [(body,)] = db.execute("SELECT body FROM entry WHERE seq = 8").fetchall()
        forged = body.replace(b'"therapy"', b'"other"')
        assert forged != body
        db.execute(
            "UPDATE entry SET body = ?, leaf = ? WHERE seq = 8", (forged, leaf_hash(forged))
        )

        assert [(each.what, each.seq) for each in found(db, folder)] == [("root", 8)]


def test_damage_in_two_batches_is_named_twice(full_home: Home) -> None:
    with tampered(full_home) as (db, folder):
        db.execute("UPDATE entry SET body = CAST(body || ' ' AS BLOB) WHERE seq IN (3, 9)")

        assert {each.seq for each in found(db, folder) if each.what == "body"} == {3, 9}


def test_a_head_signed_by_another_key_is_not_believed(full_home: Home) -> None:
    with tampered(full_home) as (db, folder):
        thief = ScannerKey.make(os.urandom(72))
        db.execute(
            "UPDATE checkpoint SET note = ? WHERE size = (SELECT max(size) FROM checkpoint)",
            (thief.signer.sign("x\n1\ny\n"),),
        )

        assert [each.what for each in found(db, folder)] == ["checkpoint", "planted"]


def test_a_message_without_an_entry_is_found(full_home: Home) -> None:
    with tampered(full_home) as (db, folder):
        db.execute("INSERT INTO blob VALUES (8, x'00')")

        assert [(each.what, each.seq) for each in found(db, folder)] == [("blob", 8)]


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO location VALUES ('a', 'INBOX', 1, 99, 2, 2)",
        "INSERT INTO content VALUES (x'00', 2)",
        "UPDATE cursor SET uid = 900",
        "INSERT INTO cursor VALUES ('a', 'Sent', 1, 900, '', 2)",
        "DELETE FROM task",
        "INSERT INTO task VALUES ('release', 2, 2)",
        "UPDATE name SET owner = 'c9'",
        "DELETE FROM location WHERE uid = 9",
    ],
)
def test_a_derived_table_that_says_more_or_less_is_found(full_home: Home, attack: str) -> None:
    with tampered(full_home) as (db, folder):
        db.execute(attack)

        assert {each.what for each in found(db, folder)} == {"derived"}


def test_only_a_witness_shows_a_record_rolled_back_as_a_whole(
    home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    older = home.copy(tmp_path / "older")
    with home.open() as record:
        record.file([a_mail(b"1")], cursor=None, now=NOW)
        kept = record.head()

    (older.folder / "checkpoints" / "kept.txt").write_text(kept)

    with older.open() as record:
        assert list(verify(record)) == []
        assert [each.what for each in verify(record, witnessed=[kept])] == ["witness"]
    assert [str(each) for each in examine(older.folder)] == [
        "entry 2: witness: rolled back: a kept checkpoint has 3 entries"
    ]


def test_a_witness_shows_a_forked_record(home: Home, tmp_path: Path, a_mail: MailBuilder) -> None:
    other = home.copy(tmp_path / "other")
    with home.open() as record:
        record.file([a_mail(b"1")], cursor=None, now=NOW)
        kept = record.head()
    with other.open() as record:
        record.file([a_mail(b"another")], cursor=None, now=NOW)
        record.file([a_mail(b"third")], cursor=None, now=NOW)

        assert [(each.what, each.seq) for each in verify(record, witnessed=[kept])] == [
            ("witness", 3)
        ]


@pytest.mark.parametrize("note", ["", "nonsense", "a\n1\nb\n\n\u2014 a AAAAAAAAA=\n"])
def test_a_witness_of_another_log_is_said_to_be_no_good(home: Home, note: str) -> None:
    with home.open() as record:
        assert [each.what for each in verify(record, witnessed=[note])] == ["witness"]


@pytest.mark.parametrize("name", ["keys/recipients.txt", "vkey.txt", "keys/c1.pub"])
def test_swapped_or_missing_key_files_are_found(
    full_home: Home, tmp_path: Path, name: str
) -> None:
    missing, swapped = full_home.copy(tmp_path / "m"), full_home.copy(tmp_path / "s")
    (missing.folder / name).unlink()
    (swapped.folder / name).write_text("# guard recipients v1\nage1nonsense\n")

    assert list(examine(missing.folder))
    assert list(examine(swapped.folder))


def test_a_sealed_key_that_is_gone_is_found_without_the_passphrase(
    full_home: Home, tmp_path: Path
) -> None:
    broken = full_home.copy(tmp_path / "m")
    (broken.folder / "keys" / "c1.age").unlink()

    assert [(one.what, one.detail) for one in examine(broken.folder)] == [
        ("keys", "its sealed key is missing")
    ]


def test_with_her_key_a_message_other_than_the_one_committed_to_is_found(
    home: Home, a_mail: MailBuilder
) -> None:
    # A scanner that lies can sign anything; only the salted commitment tells.
    with home.open() as record:
        [honest] = record.file([a_mail(b"honest")], cursor=None, now=NOW)
        ct = seal(b"forged", record.keys.recipients("unsorted"))
        with record._batch(NOW) as batch:
            fields = record.entry(honest.item).fields
            fields |= {"item": batch.size, "blob": sha256(ct).hexdigest(), "content": "00"}
            record._db.execute("INSERT INTO blob VALUES (?, ?)", (batch.size, ct))
            forged = batch.add("filed", fields, record.entry(honest.item).sealed)

        assert list(verify(record)) == []
        assert [(each.what, each.seq) for each in verify(record, identity=home.identity)] == [
            ("content", forged)
        ]


@settings(max_examples=80, deadline=None)
@given(position=st.integers(0), change=st.integers(1, 255))
def test_never_raises_whatever_byte_of_the_file_is_changed(
    full_home: Home, position: int, change: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = full_home.copy(Path(name) / "record").folder
        data = bytearray((folder / "record.db").read_bytes())
        data[position % len(data)] ^= change
        (folder / "record.db").write_bytes(data)

        for finding in examine(folder, identity=full_home.identity):
            assert str(finding)


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0", b"Dear diary" * 1000], ids=["empty", "head", "text"]
)
def test_a_foreign_file_gives_a_finding(home: Home, content: bytes) -> None:
    (home.folder / "record.db").write_bytes(content)

    assert [finding.what for finding in examine(home.folder)] == ["database"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"[" * 100_000, b"\xff", b'{"kind":"filed"}', b"null", b'"x"']
)
def test_a_body_that_is_nonsense_gives_a_finding(full_home: Home, body: bytes) -> None:
    with tampered(full_home) as (db, folder):
        db.execute("UPDATE entry SET body = ?, leaf = ?", (body, leaf_hash(body)))

        findings = found(db, folder)
        everything = list(examine(folder, identity=full_home.identity))

        assert findings
        assert everything


def test_an_empty_folder_gives_a_finding(tmp_path: Path) -> None:
    assert [finding.what for finding in examine(tmp_path)] == ["database"]


def test_an_unreadable_checkpoint_file_gives_a_finding(home: Home) -> None:
    (home.folder / "checkpoints" / "a.txt").write_bytes(b"\xff")
    (home.folder / "checkpoints" / "b.txt").mkdir()

    assert [finding.what for finding in examine(home.folder)] == ["witness", "witness"]


def test_a_wrong_key_is_a_finding_too(full_home: Home, new_home: Home, tmp_path: Path) -> None:
    home = full_home.copy(tmp_path / "record")
    shutil.rmtree(home.folder / "keys")
    shutil.copytree(new_home.folder / "keys", home.folder / "keys")

    assert {finding.what for finding in examine(home.folder, identity=home.identity)} == {
        "keys",
        "content",
    }
