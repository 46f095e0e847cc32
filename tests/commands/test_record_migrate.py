"""A whole practice on PostgreSQL and S3: every command as before, and back into a file."""

import re

import pytest

from tests.commands.practice import Practice, letter, therapy
from tests.servers.postgres import ROLE, Postgres
from tests.servers.s3 import KEYS, bucket

pytestmark = pytest.mark.slow


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
