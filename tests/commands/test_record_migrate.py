"""A whole practice on PostgreSQL and S3: every command as before, and back into a file."""

import re
import shutil
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from guard import shipped
from guard.commands import wiring
from guard.commands.record import record as group
from guard.commands.train import train
from guard.config import load
from guard.review.rulings import Answer, ruled
from guard.verdict.label import Label
from tests.commands.practice import SCHEDULING, Practice, Ran, letter, therapy
from tests.servers.postgres import ROLE, Postgres
from tests.servers.s3 import KEYS, bucket

pytestmark = pytest.mark.slow
CORPUS = Path(__file__).parents[2] / "data" / "corpus"


@pytest.fixture
def store(postgres: Postgres, s3: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Where to move to: the words of the command."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    database = postgres.new_database(ROLE)
    return (database, "--practice", "aso", "--blobs", bucket(s3), "--endpoint", s3)


def adopt(practice: Practice, told: str) -> None:
    """Do what the command says: put the printed lines into guard.toml."""
    lines = re.search(r"^\[record\]\n(.*?)\n\n", told, re.DOTALL | re.MULTILINE)
    assert lines is not None, told
    text = practice.config.read_text()
    kept = re.sub(r"^(path|database|practice|blobs|endpoint) = .*\n", "", text, flags=re.MULTILINE)
    # The path of the model has a table of its own.
    kept = kept.replace("[model]\n", '[model]\npath = ""\n')
    practice.config.write_text(kept.replace("[record]\n", f"[record]\n{lines[1]}\n"))


def test_everything_works_on_a_clinics_store_and_back(
    practice: Practice, store: tuple[str, ...]
) -> None:
    practice.add("Kim Lee", "kim@example.org")
    practice.deliver(letter(therapy(), sender="kim@example.org"))
    before = practice.scan()

    moved = practice.guard("record", "migrate", *store)
    assert (moved.status, moved.err) == (0, "")
    adopt(practice, moved.out)
    (practice.record_folder / "record.db").rename(practice.folder / "old.db")
    (practice.record_folder / "keys").rename(practice.folder / "old.keys")

    practice.deliver(letter(therapy() + "\nToday, too.", sender="kim@example.org"))
    after = practice.scan()
    assert (before["filed"], after["filed"]) == (1, 1)
    assert practice.scan()["filed"] == 0
    for line in ("record verify", "record sweep", "reconcile", "check", "record backup saved"):
        ran = practice.guard(*line.split())
        assert ran.status == 0, (line, ran)
    for line in (
        "clients list",
        "record verify --with-content",
        "record search today",
        "review --list",
        "record export copy --client kim@example.org",
    ):
        ran = practice.unlocked(*line.split())
        assert ran.status == 0, (line, ran)
    assert len(list((practice.folder / "copy").rglob("*.eml"))) == 3

    back = practice.guard("record", "migrate", "file")
    assert (back.status, back.err) == (0, "")
    adopt(practice, back.out)
    assert practice.wrong() == []
    assert len(practice.filed()) == 3
    assert practice.scan()["filed"] == 0


@pytest.fixture
def moved(practice: Practice, store: tuple[str, ...]) -> Practice:
    """A practice whose record is in the clinic's store, with two clients and a stranger."""
    ran = practice.guard("record", "migrate", *store)
    assert (ran.status, ran.err) == (0, "")
    adopt(practice, ran.out)
    (practice.record_folder / "record.db").unlink()
    shutil.rmtree(practice.record_folder / "keys")
    for name, address in (("Kim Lee", KIM), ("Joe", "joe@fastpost.example")):
        done(practice.guard("clients", "add", name, address))
    practice.deliver(letter(therapy(), sender=KIM))
    practice.deliver(letter(SCHEDULING, sender="Joe <joe@fastpost.example>"))
    practice.deliver(letter(therapy(), sender="someone@else.example"))
    assert practice.scan()["filed"] == 3
    return practice


def test_tables_of_an_older_guard_are_brought_forward_in_place(
    moved: Practice, postgres: Postgres
) -> None:
    database = load(moved.config).record.database
    with psycopg.connect(postgres.url(database.rpartition("/")[2]), autocommit=True) as db:
        db.execute("DELETE FROM guard.version WHERE number = 3")

    refused = moved.guard("scan")
    assert refused.status == 74
    assert "guard record migrate ADDRESS" in refused.err
    assert "of today's format" in done(moved.guard("record", "migrate", database))
    done(moved.guard("record", "verify"))
    assert moved.scan()["filed"] == 0


KIM = "kim@example.org"


def done(ran: Ran) -> str:
    """What a command said that did what it was asked."""
    assert (ran.status, ran.err) == (0, "")
    return ran.out


def item_of(practice: Practice, address: str) -> str:
    [line] = [
        one
        for one in done(practice.unlocked("record", "show")).splitlines()
        if address in one and " in " in one
    ]
    return line.split()[0]


def test_a_clinics_letters_are_read_proved_and_told_of(moved: Practice) -> None:
    item = item_of(moved, KIM)

    assert "the anger I feel" in done(moved.unlocked("record", "show", item))
    assert "sensitive" in moved.unlocked("review", "--json").out
    assert "Judged therapy" in done(moved.unlocked("why", item))
    assert "3 messages came in" in done(moved.unlocked("report"))
    assert KIM in done(moved.unlocked("record", "search", "anger"))
    assert "Nothing is due" in done(moved.unlocked("record", "due"))
    proof = moved.folder / "proof"
    done(moved.unlocked("record", "prove", item, "--out", proof))
    assert (proof / "README.txt").exists()


def test_a_clinics_client_is_held_released_and_erased_for_good(
    moved: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = item_of(moved, KIM)
    done(moved.unlocked("record", "hold", KIM, "--reason", "a claim"))
    held = moved.unlocked("record", "erase", KIM)
    assert (held.status, "legal hold" in held.err) == (78, True)
    done(moved.unlocked("record", "release", KIM, "--reason", "settled"))
    code = done(moved.unlocked("record", "erase", KIM)).split()[-1]
    assert code

    real = wiring.milliseconds
    with monkeypatch.context() as later:
        later.setattr(wiring, "milliseconds", lambda: real() + 2 * 86_400_000)
        words = ["erase", KIM, "--code", code, "--passphrase-file", str(moved.passphrase_file)]
        ran = CliRunner().invoke(group, words, obj=moved.config, catch_exceptions=False)
    assert ran.output.startswith("CERTIFICATE OF DESTRUCTION")

    assert "erased by your order" in moved.unlocked("record", "show", item).err
    assert "verified" in done(moved.unlocked("record", "verify", "--full", "--with-content"))
    assert moved.scan()["filed"] == 0
    # Its lock has not ended, so it goes with a later sweep; its key is gone already.
    assert "0 leftovers deleted" in done(moved.guard("record", "sweep"))


def test_a_clinics_rulings_teach_a_model(
    moved: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("b13", "b15", "t01"):
        shutil.copy(CORPUS / f"{name}.jsonl", corpus)
    monkeypatch.setitem(shipped._PLACES, "corpus", (corpus,))
    settings, item = load(moved.config), int(item_of(moved, KIM))
    with wiring.open_record(settings) as record:
        [owner] = record.entry(item).fields["owners"]
        record.append(
            [ruled(item, (owner,), Answer(label=Label.THERAPY), ())], now=wiring.milliseconds()
        )

    words = ["--passphrase-file", str(moved.passphrase_file)]
    ran = CliRunner().invoke(train, words, obj=moved.config, catch_exceptions=False)

    assert (ran.exit_code, "from the corpus and 1 rulings" in ran.output) == (0, True)
    done(moved.guard("record", "verify"))


def test_a_clinics_keys_are_changed_as_anywhere(moved: Practice) -> None:
    folder, secret = moved.folder, moved.passphrase_file
    new = moved.write_secret("new.secret", "quite another passphrase")
    done(moved.unlocked("record", "sheet", folder / "sheet.txt"))
    done(moved.unlocked("record", "executor", "--sheet", folder / "executor.txt"))
    done(moved.unlocked("record", "executor", "--remove"))
    done(moved.unlocked("record", "passphrase", "--new-passphrase-file", new))
    assert moved.unlocked("record", "show").status == 77
    recover = ("record", "recover", "--key-file", folder / "sheet.txt")
    done(moved.guard(*recover, "--new-passphrase-file", secret))
    rekey = ("record", "rekey", folder / "again.txt", "--passphrase-file", secret)
    done(moved.guard(*rekey, "--new-passphrase-file", new))
    assert moved.unlocked("record", "show").status == 77

    done(moved.guard("record", "verify", "--with-content", "--passphrase-file", new))


def test_a_clinics_record_is_backed_up_drilled_and_restored(moved: Practice) -> None:
    backup, back = moved.folder / "backup", moved.folder / "back"
    done(moved.guard("record", "backup", backup))
    assert "It is the record in use" in done(moved.unlocked("record", "drill", backup))
    told = done(moved.unlocked("record", "restore", backup, back))
    assert "take database, practice, blobs and endpoint out" in told

    kept = re.sub(
        r"^(database|practice|blobs|endpoint) = .*\n",
        "",
        moved.config.read_text(),
        flags=re.MULTILINE,
    )
    moved.config.write_text(kept.replace('path = "record"', f'path = "{back}"'))
    done(moved.guard("record", "verify"))
    assert "the anger I feel" in done(moved.unlocked("record", "show", item_of(moved, KIM)))
    assert moved.scan()["filed"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("record.db",), "say postgresql://"),
        (("postgresql://a:secret@localhost/x",), "no secret in this file"),
        (("postgresql://localhost/x", "--practice", "../x"), "up to 63 of"),
        (("postgresql://localhost/x", "--blobs", "bucket"), "s3://bucket/prefix"),
        (("postgresql://db.example.org/x?sslmode=disable",), "verify-full"),
        (("file",), "in a file already"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_done(
    practice: Practice, words: tuple[str, ...], told: str
) -> None:
    ran = practice.guard("record", "migrate", *words)

    assert ran.status == 78
    assert told in ran.err
    assert "secret@" not in ran.err
    assert practice.scan()["filed"] == 0
