"""After one client is erased, with real servers: the scan, the server, the page and the rest."""

import json
import re
import shutil
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from guard.commands import wiring
from guard.commands.record import record as group
from tests.commands.practice import SCHEDULING, Practice, letter, therapy

DAYS = 2 * 86_400_000
RAW = letter(SCHEDULING)


@pytest.fixture
def erased(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """A practice of two clients, one of whom was erased two days from now."""
    practice.add("Leo", "leo@inkwell.example")
    practice.add("Joe", "joe@fastpost.example")
    for raw in (RAW, letter(therapy())):
        practice.deliver(raw)
    practice.deliver(letter(SCHEDULING, sender="Joe <joe@fastpost.example>"))
    practice.scan()
    ordered = practice.unlocked("record", "erase", "Leo")
    real = wiring.milliseconds
    monkeypatch.setattr(wiring, "milliseconds", lambda: real() + DAYS)
    words = ["erase", "Leo", "--code", ordered.out.split()[-1]]
    secret = ["--passphrase-file", str(practice.passphrase_file)]
    ran = CliRunner().invoke(group, [*words, *secret], obj=practice.config, catch_exceptions=False)
    assert ran.output.startswith("CERTIFICATE OF DESTRUCTION"), ran.output
    monkeypatch.undo()
    return practice


def test_the_next_scan_files_nothing_again_and_the_mailbox_keeps_its_letters(
    erased: Practice,
) -> None:
    before = items(erased)

    counts = erased.scan()

    assert (counts["filed"], counts["held"], counts["reminded"]) == (0, 0, 0)
    assert items(erased) == before
    assert erased.wrong() == []
    assert erased.guard("reconcile").status == 0


def test_the_same_letter_under_another_number_brings_nothing_back(erased: Practice) -> None:
    erased.deliver(RAW)

    counts = erased.scan()

    assert (counts["filed"], counts["duplicates"]) == (0, 1)
    assert erased.wrong() == []


def test_a_letter_that_was_put_back_is_found_and_the_command_that_verify_names_destroys_it(
    erased: Practice,
) -> None:
    with closing(sqlite3.connect(erased.record_folder / "record.db", isolation_level=None)) as db:
        [(gone,)] = db.execute(
            "SELECT min(seq) FROM entry WHERE kind = 'filed' AND seq NOT IN (SELECT seq FROM blob)"
        )
        db.execute("INSERT INTO blob VALUES (?, (SELECT ct FROM blob LIMIT 1))", (gone,))

    found = erased.guard("record", "verify")
    assert found.status == 65
    [command] = re.findall(rf"entry {gone}: erased: .*; run: guard (.*)", found.err + found.out)
    ran = erased.unlocked(*command.split())

    assert ran.out.startswith("Letters that had been left behind, destroyed now: 1\n")
    assert erased.wrong() == []


def test_nothing_of_them_waits_or_is_found(erased: Practice) -> None:
    queue = erased.unlocked("review", "--json")
    shown = erased.unlocked("record", "show")
    people = erased.unlocked("clients", "list")

    told = queue.out + shown.out + people.out
    assert (queue.status, shown.status, people.status) == (0, 0, 0)
    assert "leo" not in told.casefold()
    assert all(json.loads(line)["lane"] for line in queue.out.splitlines())


def test_whoever_writes_again_is_a_stranger(erased: Practice) -> None:
    erased.deliver(letter("May I come back on Monday?"))

    assert erased.scan()["filed"] == 1
    assert erased.wrong() == []
    assert "leo" not in erased.unlocked("clients", "list").out.casefold()


def test_a_backup_from_before_is_erased_again_when_it_comes_back(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.add("Leo", "leo@inkwell.example")
    practice.deliver(letter(therapy()))
    practice.scan()
    kept = practice.folder / "kept.db"
    shutil.copy(practice.record_folder / "record.db", kept)
    ordered = practice.unlocked("record", "erase", "Leo")
    real = wiring.milliseconds
    monkeypatch.setattr(wiring, "milliseconds", lambda: real() + DAYS)
    words = ["erase", "Leo", "--code", ordered.out.split()[-1]]
    secret = ["--passphrase-file", str(practice.passphrase_file)]
    CliRunner().invoke(group, [*words, *secret], obj=practice.config, catch_exceptions=False)
    monkeypatch.undo()

    # Whoever puts the old database back has no key to read the letters with.
    shutil.copy(kept, practice.record_folder / "record.db")

    ran = practice.unlocked("record", "verify", "--with-content")
    assert ran.status == 65
    assert "keys" in ran.out


def items(practice: Practice) -> int:
    with practice.record() as record:
        return sum(one.kind == "filed" for one in record.entries())
