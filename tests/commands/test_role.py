"""A receptionist and a supervisor, from key to list, with real servers and the real model."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from guard.policy.roles import read
from guard.record.seal import Identity, unseal
from tests.commands.practice import (
    CRISIS,
    PASSPHRASE,
    SCHEDULING,
    Practice,
    Ran,
    guard,
    letter,
    therapy,
)
from tests.commands.test_record_migrate import adopt
from tests.servers.postgres import ROLE, Postgres


@dataclass
class Person:
    """Somebody's own machine: a folder with their key."""

    folder: Path
    url: str
    words: Path

    def make(self) -> str:
        """Make the key; returns the public one."""
        ran = guard(
            *("role", "key", self.folder, "--database", self.url),
            *("--new-passphrase-file", self.words),
        )
        assert ran.status == 0, ran.err
        found = re.search(r"--key (age1\S+)", ran.out)
        assert found is not None
        return found[1]

    def sees(self) -> list[dict[str, str]]:
        file = self.folder / "role.toml"
        ran = guard("role", "open", file, "--json", "--passphrase-file", self.words)
        assert (ran.status, ran.err) == (0, "")
        return [json.loads(line) for line in ran.out.splitlines()]


@dataclass
class Clinic:
    """A practice whose record is in a database, and two people with logins of their own."""

    practice: Practice
    rita: Person
    sue: Person

    def role(self, *words: str) -> Ran:
        return self.practice.guard("role", *words)

    def add(self, what: str, person: Person, login: str) -> Ran:
        return self.practice.unlocked("role", "add", what, login, "--key", person.make())


@pytest.fixture
def clinic(practice: Practice, postgres: Postgres, tmp_path: Path) -> Clinic:
    practice.add("Kim Lee", "kim@example.org")
    database = postgres.new_database(ROLE)
    name = database.rpartition("/")[2]
    moved = practice.guard("record", "migrate", database, "--practice", "aso")
    assert moved.status == 0, moved.err
    adopt(practice, moved.out)
    words = practice.write_secret("theirs.secret", PASSPHRASE)
    people = {}
    with psycopg.connect(postgres.url(name), autocommit=True) as db:
        for person, group in (("rita", "receptionist"), ("sue", "supervisor")):
            login = f"{person}_{name}"
            db.execute(f"CREATE ROLE {login} LOGIN IN ROLE guard_{group}".encode())
            db.execute(f"INSERT INTO guard.member VALUES ('aso', '{login}')".encode())
            url = database.replace(f"{ROLE}@", f"{login}@")
            people[person] = Person(tmp_path / person, url, words)
    return Clinic(practice, people["rita"], people["sue"])


def login_of(person: Person) -> str:
    return person.url.partition("//")[2].partition("@")[0]


def test_each_is_shown_their_part_as_soon_as_it_is_scanned(clinic: Clinic) -> None:
    practice = clinic.practice
    practice.deliver(letter(CRISIS, sender="kim@example.org", subject="Now"))
    practice.scan()
    told = clinic.add("supervisor", clinic.sue, login_of(clinic.sue))
    assert (told.status, told.err) == (0, "")
    assert "1 that wait for you now" in told.out
    assert clinic.add("receptionist", clinic.rita, login_of(clinic.rita)).status == 0

    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Thursday"))
    practice.deliver(letter(therapy(), sender="kim@example.org", subject="Us"))
    practice.deliver(letter(CRISIS, sender="Al <al@example.net>", subject="Again"))
    practice.deliver(letter(SCHEDULING, sender="stranger@example.net", subject="A first hour?"))
    practice.scan()
    practice.scan()

    assert [one["subject"] for one in clinic.rita.sees()] == ["Thursday"]
    assert {one["subject"] for one in clinic.sue.sees()} == {"Now", "Again"}
    assert SCHEDULING in clinic.rita.sees()[0]["text"]
    listed = clinic.role("list").out
    assert login_of(clinic.rita) in listed
    assert practice.guard("record", "verify").status == 0

    assert clinic.role("remove", login_of(clinic.sue)).status == 0
    assert clinic.sue.sees() == []
    assert login_of(clinic.sue) not in clinic.role("list").out


def test_a_new_key_replaces_the_old_one(clinic: Clinic) -> None:
    practice = clinic.practice
    login = login_of(clinic.rita)
    assert clinic.add("receptionist", clinic.rita, login).status == 0
    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Thursday"))
    practice.scan()
    clinic.rita.folder = clinic.rita.folder.with_name("new")
    assert clinic.add("receptionist", clinic.rita, login).status == 0
    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Friday"))
    practice.scan()

    assert [one["subject"] for one in clinic.rita.sees()] == ["Friday"]


def test_a_client_is_kept_apart_from_one_person_at_once_and_from_then_on(clinic: Clinic) -> None:
    practice, login = clinic.practice, login_of(clinic.rita)
    assert clinic.add("receptionist", clinic.rita, login).status == 0
    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Thursday"))
    practice.scan()
    assert len(clinic.rita.sees()) == 1

    told = practice.unlocked("role", "apart", login, "kim@example.org")
    assert (told.status, told.err) == (0, "")
    assert "1 that were open are closed" in told.out
    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Friday"))
    practice.scan()
    assert clinic.rita.sees() == []

    assert practice.unlocked("role", "apart", "eve", "kim@example.org").status == 78
    assert practice.unlocked("role", "apart", login, "kim@example.org", "--end").status == 0
    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Monday"))
    practice.scan()
    assert [one["subject"] for one in clinic.rita.sees()] == ["Monday"]


def test_she_is_told_what_the_database_makes_of_a_login(
    clinic: Clinic, postgres: Postgres
) -> None:
    name, login = clinic.rita.url.rpartition("/")[2], login_of(clinic.rita)
    good = clinic.add("receptionist", clinic.rita, login)
    assert "shows" not in good.out

    key = Identity.make().recipient
    nobody = clinic.practice.unlocked("role", "add", "supervisor", "eve", "--key", key)
    assert "shows eve nothing yet" in nobody.out
    with psycopg.connect(postgres.url(name), autocommit=True) as db:
        db.execute(f"GRANT guard_therapist TO {login}".encode())
    listed = clinic.role("list").out
    assert f"shows {login} more than that" in listed
    assert "shows eve nothing yet" in listed


def test_nobody_is_added_without_her_passphrase(clinic: Clinic) -> None:
    wrong = clinic.practice.write_secret("wrong.secret", "not it")
    key = Identity.make().recipient
    words = ("role", "add", "supervisor", "eve", "--key", key)

    assert clinic.practice.guard(*words).status == 77
    assert clinic.practice.guard(*words, "--passphrase-file", wrong).status == 77
    assert "eve" not in clinic.role("list").out


@pytest.mark.parametrize(
    ("login", "key"),
    [("Eve; DROP", "age1x"), ("eve", "age1x"), ("", "age1x"), ("eve", "AGE-SECRET-KEY-1X")],
)
def test_what_cannot_be_meant_is_refused(clinic: Clinic, login: str, key: str) -> None:
    ran = clinic.practice.unlocked("role", "add", "receptionist", login, "--key", key)

    assert ran.status == 78
    assert "Nothing was changed" in ran.err


def test_a_record_in_a_file_is_hers_alone(practice: Practice) -> None:
    key = Identity.make().recipient
    for words in (("list",), ("remove", "eve"), ("add", "receptionist", "eve", "--key", key)):
        ran = practice.guard("role", *words)
        assert ran.status == 74
        assert "PostgreSQL" in ran.err


@pytest.mark.parametrize(
    ("database", "told"),
    [
        ("mysql://eve@localhost/x", "postgresql://"),
        ("postgresql://eve:secret@localhost/x", "pgpass"),
        ("postgresql://localhost/x", "names no login"),
    ],
)
def test_a_database_that_cannot_be_meant_makes_no_key(
    tmp_path: Path, database: str, told: str
) -> None:
    ran = guard("role", "key", tmp_path / "eve", "--database", database)

    assert ran.status == 78
    assert told in ran.err
    assert not (tmp_path / "eve").exists()


def test_a_key_is_never_overwritten_and_is_under_its_passphrase(
    tmp_path: Path, home: object
) -> None:
    words = tmp_path / "words"
    words.write_text("six words of mine\n")
    words.chmod(0o600)
    person = Person(tmp_path / "rita", "postgresql://rita@localhost/x", words)
    public = person.make()
    kept = (person.folder / "role.key.age").read_bytes()

    again = guard("role", "key", person.folder, "--database", person.url)

    assert again.status == 78
    assert (person.folder / "role.key.age").read_bytes() == kept
    assert public.encode() not in kept
    for file in person.folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0
        assert b"AGE-SECRET" not in file.read_bytes()


def test_no_secret_is_needed_on_the_scanning_machine(clinic: Clinic, postgres: Postgres) -> None:
    """The scan runs under guard_scanner's rights, which read no sealed key."""
    practice, name = clinic.practice, clinic.rita.url.rpartition("/")[2]
    person = clinic.rita
    assert clinic.add("receptionist", person, login_of(person)).status == 0
    with psycopg.connect(postgres.url(name), autocommit=True) as db:
        db.execute(f"CREATE ROLE scan_{name} LOGIN IN ROLE guard_scanner".encode())
        db.execute(f"INSERT INTO guard.member VALUES ('aso', 'scan_{name}')".encode())
    practice.change(f"{ROLE}@", f"scan_{name}@")
    practice.deliver(letter(SCHEDULING, sender="kim@example.org", subject="Thursday"))
    practice.scan()
    with psycopg.connect(postgres.url(name)) as db:
        [(sealed,)] = db.execute("SELECT sealed FROM guard_roles.shared").fetchall()

    assert [one["subject"] for one in person.sees()] == ["Thursday"]
    with pytest.raises(Exception, match="does not open it"):
        read(unseal(bytes(sealed), [Identity.make()]))
