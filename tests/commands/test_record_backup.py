"""Backup, restore and drill, as she would run them."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from guard.record.entry import canonical
from guard.record.eraser import erase
from guard.record.seal import Identity, seal
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.commands.home import LETTER, Home


@pytest.fixture
def backed(home: Home) -> Home:
    """A home with a backup beside it."""
    ran = home.guard("record", "backup", "../backup")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("5 entries in the backup, 5 of them new; ")
    return home


def test_a_lost_folder_comes_back_from_the_backup(backed: Home) -> None:
    identity = backed.key("recovery-sheet.txt")
    shutil.rmtree(backed.record)

    ran = backed.guard("record", "restore", "../backup", "record", "--passphrase-file", "old")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0].startswith("5 entries restored, as of ")
    assert "All verified." in ran.out
    assert backed.shows("old")
    assert list(examine(backed.record, identity=identity)) == []
    assert backed.guard("record", "backup", "../backup").status == 0


def test_a_forgotten_passphrase_does_not_stop_the_restoring(backed: Home) -> None:
    shutil.rmtree(backed.record)
    ran = backed.guard("record", "restore", "../backup", "record", "--read-only")
    assert (ran.status, ran.err) == (0, "")

    ran = backed.guard(
        "record", "recover", "--key-file", "recovery-sheet.txt", "--new-passphrase-file", "new"
    )

    assert "The scanner's key is back" in ran.out
    assert backed.shows("new")
    assert backed.guard("record", "backup", "../second").status == 0


def test_a_drill_proves_it_and_leaves_nothing_behind(backed: Home, tmp_path: Path) -> None:
    before = backed.state()
    (tmp_path / "room").mkdir()

    ran = backed.guard(
        "record", "drill", "../backup", "--at", "../room", "--passphrase-file", "old"
    )

    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("5 entries restored and verified, as of ")
    assert lines[1:] == [
        "It is the record in use, without the newest 0 entries.",
        "The settings were read, and 0 own models.",
        "The newest message of 1 of 1 owners was opened.",
    ]
    assert list((tmp_path / "room").iterdir()) == []
    assert backed.state() == before


def test_a_drill_without_the_passphrase_verifies(backed: Home) -> None:
    ran = backed.guard("record", "drill", "../backup", "--locked")

    assert (ran.status, ran.err) == (0, "")
    assert "opened" not in ran.out


def test_a_drill_finds_a_backup_whose_keys_do_not_open(backed: Home) -> None:
    """What was backed up was damaged before: the log cannot show it, a drill does."""
    stranger = Identity.make()
    (backed.record / "keys" / "c1.age").write_bytes(stranger.secret.encode())
    backed.guard("record", "backup", "../backup")

    ran = backed.guard("record", "drill", "../backup", "--passphrase-file", "old")

    assert ran.status == 65
    assert "no message of c1 could be opened" in ran.err


def test_an_order_given_since_is_carried_out_again(backed: Home) -> None:
    identity = backed.key("recovery-sheet.txt")
    with SqliteRecord.open(backed.record) as record:
        erase(record, "c1", identity=identity, body={}, now=1)

    ran = backed.guard(
        "record", "restore", "../backup", "back", "--orders", "record",
        "--passphrase-file", "old",
    )  # fmt: skip

    assert (ran.status, ran.err) == (0, "")
    assert "1 erase orders carried out again." in ran.out
    with SqliteRecord.open(backed.folder / "back", readonly=True) as record:
        assert "c1" not in record.keys.owners()
    assert list(examine(backed.folder / "back", identity=identity)) == []


def test_a_scan_may_hold_its_lock_meanwhile(backed: Home) -> None:
    import fcntl  # noqa: PLC0415  # only here

    with (backed.record / "scan.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = backed.guard("record", "backup", "../backup")

    assert (ran.status, ran.err) == (0, "")


def test_two_backups_at_once_do_not_mix(backed: Home) -> None:
    import fcntl  # noqa: PLC0415  # only here

    with (backed.record / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = backed.guard("record", "backup", "../backup")

    assert ran.status == 75
    assert ran.err.startswith("guard: another backup is running")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("backup old", 74, "backup"),
        ("backup s3://", 78, "bucket"),
        ("restore ../nowhere back", 78, "there is no folder"),
        ("restore .. back --read-only", 74, "no backup here"),
        ("restore ../backup record --read-only", 74, "something in"),
        ("restore ../backup nowhere/back --read-only", 74, "cannot make the folder"),
        ("restore ../backup back --passphrase-file wrong", 77, "wrong"),
        ("restore ../backup back", 77, "--passphrase-file"),
        ("restore ../backup back --read-only --orders ../backup", 78, "--orders"),
        ("drill ../nowhere --locked", 78, "there is no folder"),
        ("drill .. --locked", 74, "no backup here"),
        ("drill ../backup --passphrase-file wrong", 77, "wrong"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_changed(
    backed: Home, words: str, status: int, says: str
) -> None:
    before = {name: data for name, data in backed.state().items() if ".lock" not in name}

    ran = backed.guard("record", *words.split())

    after = {name: data for name, data in backed.state().items() if ".lock" not in name}
    assert ran.status == status
    assert len(ran.err.splitlines()) == 2
    assert says in ran.err
    assert after == before
    assert not (backed.folder / "back").exists()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk that is full at once."""
    place = tmp_path / "full"
    place.mkdir()
    if os.geteuid() or os.system(f"mount -t tmpfs -o size=16k none {place} 2>/dev/null"):
        pytest.skip("mounting needs to be root")
    yield place
    os.system(f"umount {place}")


def test_a_full_disk_is_named_and_the_record_is_as_it_was(home: Home, full: Path) -> None:
    ran = home.guard("record", "backup", "../full")

    assert ran.status == 74
    assert "the disk is full" in ran.err
    assert not (full / "guard-backup.json").exists()
    assert home.reads(home.key("recovery-sheet.txt")) == LETTER


def test_a_restore_to_a_full_disk_leaves_nothing_half_made(backed: Home, full: Path) -> None:
    ran = backed.guard("record", "restore", "../backup", "../full/back", "--read-only")

    assert ran.status == 74
    assert list(full.iterdir()) == []


def test_settings_and_own_words_come_back_with_the_record(backed: Home) -> None:
    (backed.folder / "words").mkdir()
    (backed.folder / "words" / "cy.txt").write_text("Annwyl gleient")
    settings = backed.folder / "guard.toml"
    told = re.sub(r"(?m)^texts = .*$", 'texts = { cy = "words/cy.txt" }', settings.read_text())
    assert "words/cy.txt" in told
    settings.write_text(told)
    assert backed.guard("record", "backup", "../backup").status == 0
    for path in (backed.folder.parent / "backup").rglob("*"):
        assert path.is_dir() or b"practice.example" not in path.read_bytes()
    shutil.rmtree(backed.record)

    ran = backed.guard("record", "restore", "../backup", "record", "--passphrase-file", "old")

    assert (ran.status, ran.err) == (0, "")
    assert f"to look at first: record{os.sep}settings" in ran.out
    assert (backed.record / "settings" / "guard.toml").read_text() == told
    assert (backed.record / "settings" / "words" / "cy.txt").read_text() == "Annwyl gleient"
    assert not [*backed.record.rglob("*.age.age")]


def test_own_models_come_back_and_the_drill_tries_them(backed: Home) -> None:
    folder = backed.record / "models" / ("0" * 12)
    folder.mkdir(parents=True)
    (folder / "model.joblib").write_bytes(b"a model")
    (folder / "card.toml").write_text(f'sha256 = "{sha256(b"a model").hexdigest()}"\n')
    assert backed.guard("record", "backup", "../backup").status == 0

    ran = backed.guard("record", "drill", "../backup", "--passphrase-file", "old")
    assert "The settings were read, and 1 own models." in ran.out

    (folder / "model.joblib").write_bytes(b"damaged")
    assert backed.guard("record", "backup", "../backup").status == 0
    ran = backed.guard("record", "drill", "../backup", "--passphrase-file", "old")
    assert ran.status
    assert "not what its card says" in ran.err


def test_settings_that_guard_did_not_put_there_are_not_opened(backed: Home) -> None:
    readers = [backed.key("recovery-sheet.txt").recipient]
    file = backed.folder.parent / "backup" / "guard-backup.json"
    told = json.loads(file.read_bytes())
    [mine] = [one for one in told["files"] if one["path"] == "settings/guard.toml.age"]
    forged = seal(bytes(32) + b'[mailbox]\npassword_command = ["rm"]\n', readers)
    mine["sha256"] = sha256(forged).hexdigest()
    (file.parent / "files" / mine["sha256"]).write_bytes(forged)
    file.write_bytes(canonical(told))
    words = ("--passphrase-file", "old")
    ran = backed.guard("record", "drill", "../backup", *words)
    assert ran.status == 65
    shutil.rmtree(backed.record)

    ran = backed.guard("record", "restore", "../backup", "record", *words)
    assert ran.status == 65
    assert not backed.record.exists()
    ran = backed.guard("record", "restore", "../backup", "record", "--anyway", *words)
    assert ran.status == 0
    assert "beside: settings/guard.toml is not what guard put into the backup" in ran.out
    assert not (backed.record / "settings" / "guard.toml").exists()
    assert backed.shows("old")


def test_a_sheet_opens_the_settings_of_a_backup_that_was_restored_without_the_passphrase(
    backed: Home,
) -> None:
    told = (backed.folder / "guard.toml").read_text()
    shutil.rmtree(backed.record)
    backed.guard("record", "restore", "../backup", "record", "--read-only")
    assert not (backed.record / "settings" / "guard.toml").exists()

    backed.guard(
        "record", "recover", "--key-file", "recovery-sheet.txt", "--new-passphrase-file", "new"
    )
    assert (backed.record / "settings" / "guard.toml").read_text() == told
