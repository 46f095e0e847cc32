"""Passphrase, sheets, recovery, executor and a new identity, as she would do them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.commands.home import LETTER, OLD, Home
from tests.commands.practice import guard


def test_a_changed_passphrase_opens_and_the_old_one_does_not(home: Home) -> None:
    ran = home.guard(
        "record", "passphrase", "--passphrase-file", "old", "--new-passphrase-file", "new"
    )

    assert (ran.status, ran.err) == (0, "")
    assert (home.shows("new"), home.shows("old")) == (True, False)
    assert home.reads(home.key("recovery-sheet.txt")) == LETTER


def test_a_forgotten_passphrase_is_replaced_by_the_sheet(home: Home) -> None:
    ran = home.guard(
        "record", "recover", "--key-file", "recovery-sheet.txt", "--new-passphrase-file", "new"
    )

    assert (ran.status, ran.err) == (0, "")
    assert "This key is hers; it opens the keys of 2 owners." in ran.out
    assert (home.shows("new"), home.shows("old")) == (True, False)


def test_a_sheet_can_be_tried_without_changing_anything(home: Home) -> None:
    before = home.state()

    ran = home.guard("record", "recover", "--try", "--key-file", "recovery-sheet.txt")

    assert ran.status == 0
    assert home.state() == before


def test_the_sheet_is_written_again(home: Home) -> None:
    ran = home.guard("record", "sheet", "again.txt", "--passphrase-file", "old")

    assert (ran.status, ran.err) == (0, "")
    assert home.key("again.txt") == home.key("recovery-sheet.txt")
    assert (home.folder / "again.txt").stat().st_mode & 0o777 == 0o600


def test_the_printable_sheet_holds_the_key_as_text(home: Home) -> None:
    pypdf = pytest.importorskip("pypdf")

    ran = home.guard("record", "sheet", "sheet.pdf", "--passphrase-file", "old")

    assert (ran.status, ran.err) == (0, "")
    reader = pypdf.PdfReader(home.folder / "sheet.pdf")
    text = "".join(reader.pages[0].extract_text().split())
    assert len(reader.pages) == 1
    assert home.key("recovery-sheet.txt").secret in text


def test_an_executor_with_a_sheet_reads_everything_with_guard(home: Home) -> None:
    ran = home.guard("record", "executor", "--sheet", "theirs.txt", "--passphrase-file", "old")
    assert (ran.status, ran.err) == (0, "")
    assert home.reads(home.key("theirs.txt")) == LETTER

    home.guard("record", "recover", "--key-file", "theirs.txt", "--new-passphrase-file", "theirs")

    assert (home.shows("theirs"), home.shows("old")) == (True, True)
    assert list(examine(home.record, identity=home.key("theirs.txt"))) == []
    ran = home.guard("record", "executor", "--remove", "--passphrase-file", "theirs")
    assert ran.status == 77
    assert home.shows("theirs")


def test_an_executor_is_named_shown_replaced_and_removed(home: Home) -> None:
    first, second = Identity.make().recipient, Identity.make().recipient
    shown = []
    for words in (["--public", first], ["--public", second], ["--remove"]):
        ran = home.guard("record", "executor", *words, "--passphrase-file", "old")
        assert (ran.status, ran.err) == (0, "")
        shown.append(home.guard("record", "executor").out)

    assert shown == [f"{first}\n", f"{second}\n", "Nobody but you can read the record.\n"]
    assert list(examine(home.record)) == []
    assert home.shows("old")


def test_a_new_identity_makes_the_old_sheet_and_passphrase_useless(home: Home) -> None:
    old = home.key("recovery-sheet.txt")
    ran = home.guard(
        "record", "rekey", "new.txt", "--passphrase-file", "old", "--new-passphrase-file", "new"
    )

    assert (ran.status, ran.err) == (0, "")
    assert "The keys of 2 owners are sealed to your new identity." in ran.out
    assert (home.shows("new"), home.shows("old")) == (True, False)
    assert home.reads(home.key("new.txt")) == LETTER
    with pytest.raises(Exception, match="does not open"):
        home.reads(old)
    ran = home.guard("record", "recover", "--try", "--key-file", "recovery-sheet.txt")
    assert ran.status == 77
    assert "guard record rekey" in ran.err


def test_init_makes_the_executors_sheet_and_a_printable_one(tmp_path: Path) -> None:
    pytest.importorskip("typst")
    (tmp_path / "pass").write_text(OLD)
    (tmp_path / "pass").chmod(0o600)

    ran = guard(
        "init", "--name", "Aso", "--address", "andrea@practice.example",
        "--imap-host", "imap.practice.example", "--password-file", "mail.secret",
        "--passphrase-file", "pass", "--recovery-file", "mine.pdf", "--executor-sheet", "e.txt",
        cwd=tmp_path,
    )  # fmt: skip

    assert (ran.status, ran.err) == (0, "")
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")
    theirs = Identity.decode((tmp_path / "e.txt").read_text())
    with SqliteRecord.open(tmp_path / "record", readonly=True) as record:
        assert record.keys.secrets("unsorted", theirs)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("passphrase --passphrase-file wrong --new-passphrase-file new", 77, "wrong"),
        ("passphrase --passphrase-file old", 77, "--new-passphrase-file"),
        ("sheet again.txt --passphrase-file wrong", 77, "wrong"),
        ("sheet recovery-sheet.txt --passphrase-file old", 78, "there already"),
        ("sheet nowhere/again.txt --passphrase-file old", 78, "nowhere"),
        ("recover --key-file nothing.txt", 78, "cannot read"),
        ("recover --key-file old", 77, "no key"),
        ("recover", 77, "--key-file"),
        ("executor --public age1nonsense --passphrase-file old", 78, "not an age public key"),
        ("executor --public x --remove --passphrase-file old", 78, "one of"),
        ("executor --sheet e.txt --passphrase-file wrong", 77, "wrong"),
        ("executor --sheet recovery-sheet.txt --passphrase-file old", 78, "there already"),
        ("rekey n.txt --passphrase-file wrong --new-passphrase-file new", 77, "wrong"),
        ("rekey n.txt --passphrase-file old --new-passphrase-file nothing", 78, "nothing"),
        (
            "rekey recovery-sheet.txt --passphrase-file old --new-passphrase-file new",
            78,
            "already",
        ),
    ],
)
def test_a_mistake_is_named_and_nothing_is_changed(
    home: Home, words: str, status: int, says: str
) -> None:
    before = home.state()

    ran = home.guard("record", *words.split())

    assert ran.status == status
    assert len(ran.err.splitlines()) == 2
    assert says in ran.err
    assert home.state() == before


def test_the_key_of_another_record_is_refused(home: Home) -> None:
    home.write("foreign", Identity.make().secret)
    before = home.state()

    ran = home.guard("record", "recover", "--key-file", "foreign", "--new-passphrase-file", "new")

    assert ran.status == 77
    assert "does not open this record" in ran.err
    assert home.state() == before


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
def test_stock_age_reads_a_letter_after_a_rekey(home: Home, tmp_path: Path) -> None:
    home.guard(
        "record", "rekey", "new.txt", "--passphrase-file", "old", "--new-passphrase-file", "new"
    )
    line = re.search(r"AGE-SECRET-KEY-\S+", (home.folder / "new.txt").read_text())
    assert line is not None
    key, owner = tmp_path / "key.txt", tmp_path / "owner.key"
    key.write_text(line[0])
    subprocess.run(
        ["age", "-d", "-i", key, "-o", owner, home.record / "keys" / "c1.age"], check=True
    )
    with SqliteRecord.open(home.record, readonly=True) as record:
        (tmp_path / "letter.age").write_bytes(record.blob(home.item))
    read = subprocess.run(
        ["age", "-d", "-i", owner, tmp_path / "letter.age"], check=True, capture_output=True
    )

    assert read.stdout[: len(LETTER)] == LETTER
