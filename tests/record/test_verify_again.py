"""The second verification: what is new, a part of the rest, and nothing taken on trust."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from guard.record import verified, verify
from guard.record.entry import Incoming
from guard.record.finding import Finding
from guard.record.migrate import STEPS
from guard.record.note import Checkpoint, Signer
from guard.record.scanner import ScannerKey
from guard.record.schema import FORMAT, STATEMENTS
from guard.record.sqlite import SqliteRecord
from guard.record.verified import Mark, Verified
from guard.record.verify import Examination
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
TRIGGERS = [statement for statement in STATEMENTS if statement.startswith("CREATE TRIGGER")]


@pytest.fixture
def filled(home: Home, a_mail: MailBuilder) -> Home:
    """Ten messages, a transaction each: entries 2 to 11."""
    file(home, a_mail, range(10))
    return home


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only three older entries are read again each time."""
    monkeypatch.setattr(verify, "AGAIN_ENTRIES", 3)


def file(home: Home, a_mail: MailBuilder, numbers: range) -> None:
    with home.open() as record:
        for number in numbers:
            record.file([a_mail(b"message %d" % number)], cursor=None, now=NOW + number)


def again(home: Home, *, full: bool = False) -> tuple[Examination, list[Finding]]:
    """Verify as the command does."""
    look = Examination(home.folder, full=full)
    findings = list(look.findings())
    if not findings:
        assert look.remember()
    return look, findings


def tamper(home: Home, *statements: str) -> None:
    with closing(sqlite3.connect(home.folder / "record.db", isolation_level=None)) as db:
        for table in ("entry", "blob", "checkpoint"):
            for verb in ("update", "delete"):
                db.execute(f"DROP TRIGGER {table}_{verb}")
        for statement in statements:
            db.execute(statement)
        for trigger in TRIGGERS:
            db.execute(trigger)


def test_the_first_time_everything_is_read(filled: Home) -> None:
    look, findings = again(filled)

    assert (findings, look.read, look.since, look.whole) == ([], 12, 0, True)


def test_the_second_time_too_as_long_as_that_is_quick(filled: Home) -> None:
    again(filled)
    look, findings = again(filled)

    assert (findings, look.read, look.since, look.whole) == ([], 12, 12, True)


@pytest.mark.usefixtures("patient")
def test_of_a_large_record_what_is_new_is_read_and_a_part_of_the_rest(
    filled: Home, a_mail: MailBuilder
) -> None:
    assert again(filled)[0].read == 12
    file(filled, a_mail, range(10, 12))
    look, findings = again(filled)

    assert (findings, look.since, look.read, look.whole) == ([], 12, 3 + 2, False)


@pytest.mark.usefixtures("patient")
def test_the_part_moves_on_until_everything_was_read_again(filled: Home) -> None:
    again(filled)

    assert [again(filled)[0].read for _ in range(6)] == [3, 3, 3, 3, 3, 3]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seq", range(2, 12))
def test_an_old_edit_is_found_when_its_turn_comes_and_in_full_at_once(
    filled: Home, seq: int
) -> None:
    again(filled)
    tamper(filled, f"UPDATE blob SET ct = x'00' WHERE seq = {seq}")
    turns = [again(filled)[1] for _ in range(4)]
    (found,) = [findings for findings in turns if findings][:1]

    assert [(one.what, one.seq) for one in found] == [("blob", seq)]
    assert [(one.what, one.seq) for one in again(filled, full=True)[1]] == [("blob", seq)]


@pytest.mark.usefixtures("patient")
def test_a_new_edit_is_found_at_once(filled: Home, a_mail: MailBuilder) -> None:
    again(filled)
    file(filled, a_mail, range(10, 20))
    tamper(filled, "UPDATE blob SET ct = x'00' WHERE seq = 19")

    assert [(one.what, one.seq) for one in again(filled)[1]] == [("blob", 19)]


@pytest.mark.usefixtures("patient")
def test_nothing_is_remembered_of_a_record_that_does_not_verify(filled: Home) -> None:
    again(filled)
    tamper(filled, "UPDATE blob SET ct = x'00' WHERE seq = 2")

    assert [bool(again(filled)[1]) for _ in range(4)] == [True, True, True, True]


def test_a_record_shorter_than_what_was_verified_is_rolled_back(
    filled: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    older = filled.copy(tmp_path / "older")
    file(filled, a_mail, range(10, 12))
    again(filled)
    shutil.copy(older.folder / "record.db", filled.folder / "record.db")

    [finding] = again(filled)[1]

    assert finding.what == "witness"
    assert "has no checkpoint of 14 entries" in finding.detail


def test_a_record_with_another_past_than_what_was_verified_is_forked(
    filled: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    older = filled.copy(tmp_path / "older")
    file(filled, a_mail, range(10, 11))
    again(filled)
    file(older, a_mail, range(30, 33))
    shutil.copy(older.folder / "record.db", filled.folder / "record.db")

    [finding] = again(filled)[1]

    assert "has another root at 13 entries" in finding.detail


def signer(home: Home) -> Signer:
    """What a thief of scanner.key signs with."""
    return ScannerKey.decode((home.folder / "scanner.key").read_text()).signer


def forged(home: Home, kind: str) -> bytes:
    """A mark that says that everything was verified, by somebody without the scanner's key."""
    with home.open() as record:
        head = record.extent().note.split("\n")
    everything = Verified(head=Mark(int(head[1])))
    if kind == "of another key":
        thief = ScannerKey.make(os.urandom(72)).signer
        return thief.sign(everything.encode(head[0])).encode()
    if kind == "a checkpoint":
        return "\n".join(head).encode()
    true = verified.path_of(home.folder).read_text()
    if kind == "moved on":
        return true.replace("\n12\n", "\n14\n").encode()
    return {"nothing": b"", "no text": b"\xff\xff", "huge": b"x" * 100_000}[kind]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "kind", ["of another key", "a checkpoint", "moved on", "nothing", "no text", "huge"]
)
def test_a_forged_mark_shows_and_is_not_trusted(
    filled: Home, a_mail: MailBuilder, kind: str
) -> None:
    again(filled)
    file(filled, a_mail, range(10, 12))
    verified.path_of(filled.folder).write_bytes(forged(filled, kind))
    tamper(filled, "UPDATE blob SET ct = x'00' WHERE seq = 8")

    look = Examination(filled.folder, full=False)
    findings = list(look.findings())

    assert [one.what for one in findings] == ["witness", "blob"]
    assert look.read == 14


def test_a_mark_of_a_thief_with_the_key_must_still_fit_the_log(filled: Home) -> None:
    # Who holds scanner.key can sign a mark, but not make the record say what it says.
    verified.write(filled.folder, signer(filled), Verified(head=Mark(12, bytes(32))))

    assert [one.what for one in Examination(filled.folder, full=False).findings()] == ["witness"]


@pytest.mark.usefixtures("patient")
def test_a_mark_of_a_thief_with_the_key_hides_an_edit_only_for_some_turns(filled: Home) -> None:
    tamper(filled, "UPDATE blob SET ct = x'00' WHERE seq = 8")
    with filled.open() as record:
        head = Checkpoint.decode(record.verifier().text_of(record.head()))
    mark = Verified(head=Mark(head.size, head.root))
    verified.write(filled.folder, signer(filled), mark)

    turns = [again(filled)[1] for _ in range(3)]

    assert [bool(findings) for findings in turns] == [False, False, True]


@pytest.mark.usefixtures("patient")
def test_an_old_signature_is_checked_when_everything_is(filled: Home) -> None:
    again(filled)
    with filled.open() as record:
        [(_, _, note)] = record.checkpoints(6, 6)
    spoiled = note[:-10] + ("A" if note[-10] != "A" else "B") + note[-9:]
    tamper(filled, f"UPDATE checkpoint SET note = '{spoiled}' WHERE size = 6")

    assert [(one.what, one.seq) for one in again(filled, full=True)[1]] == [("checkpoint", 5)]


@pytest.mark.usefixtures("patient")
def test_kept_checkpoints_are_compared_wherever_they_lie(
    filled: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    other = filled.copy(tmp_path / "other")
    again(filled)
    file(filled, a_mail, range(10, 12))
    file(other, a_mail, range(20, 23))
    for name, home, size in (
        ("a", filled, 5),
        ("b", filled, 14),
        ("c", other, 14),
        ("d", other, 15),
    ):
        with home.open() as record:
            note = next(record.checkpoints(size, size))[2]
        (filled.folder / "checkpoints" / f"{name}.txt").write_text(note)

    told = [(one.what, one.seq) for one in again(filled)[1]]

    assert told == [("witness", 14), ("witness", 14)]


def test_without_the_scanners_key_nothing_is_remembered_and_nothing_fails(filled: Home) -> None:
    (filled.folder / "scanner.key").unlink()
    look = Examination(filled.folder, full=False)

    assert list(look.findings()) == []
    assert not look.remember()


def test_verifying_while_somebody_files_is_no_finding(filled: Home, a_mail: MailBuilder) -> None:
    look = Examination(filled.folder)
    findings = look.findings()
    with SqliteRecord.open(filled.folder) as record:
        inner = look.findings_in(record)
        file(filled, a_mail, range(10, 13))
        assert list(inner) == []
    assert list(findings) == []


def test_verifying_changes_nothing_but_its_own_mark(filled: Home) -> None:
    def files() -> dict[str, bytes]:
        paths = [path for path in filled.folder.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in paths}

    before = files()
    again(filled)
    after = files()

    assert set(after) - set(before) == {str(verified.path_of(filled.folder))}
    assert {name: after[name] for name in before} == before


def test_a_record_of_an_older_format_is_verified_and_stays_one(filled: Home) -> None:
    [(older, step)] = [(number, one) for number, one in STEPS.items() if number == FORMAT - 1]
    with closing(sqlite3.connect(filled.folder / "record.db", isolation_level=None)) as db:
        for statement in step.new:
            db.execute(f"DROP TRIGGER {statement.split()[2]}")
        for statement in step.gone:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {older}")

    assert again(filled)[1] == []
    with closing(sqlite3.connect(filled.folder / "record.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (older,)


@pytest.mark.parametrize("full", [False, True])
def test_a_database_put_back_to_before_the_last_verification_is_named(
    filled: Home, a_mail: MailBuilder, *, full: bool
) -> None:
    before = (filled.folder / "record.db").read_bytes()
    file(filled, a_mail, range(20, 23))
    again(filled)
    (filled.folder / "record.db").write_bytes(before)

    assert [one.what for one in again(filled, full=full)[1]] == ["witness"]


def test_reading_everything_makes_a_damaged_mark_anew(filled: Home) -> None:
    again(filled)
    verified.path_of(filled.folder).write_bytes(b"\xff")

    assert [one.what for one in again(filled)[1]] == ["witness"]
    assert again(filled, full=True)[1] == []
    assert again(filled)[1] == []
