"""What her answers open to a receptionist and a supervisor, and close again."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from guard.commands import wiring
from guard.policy.decision import Correspondent
from guard.policy.roles import read
from guard.policy.sharing import keep_apart
from guard.record.grant import SHARED, UNSHARED, Grant
from guard.record.moving import move
from guard.record.postgres import PostgresRecord, Where
from guard.record.seal import Identity, unseal
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from guard.review.desk import Edges
from tests.record.conftest import NOW
from tests.review.practice import PASSPHRASE, Practice, letter
from tests.servers.postgres import ROLE, Postgres

NOWHERE = Where(database="", practice="")


@dataclass
class InDatabase(Practice):
    """A practice whose record lies in a clinic's database."""

    where: Where = NOWHERE

    def open(self, *, readonly: bool = False) -> PostgresRecord:  # type: ignore[override]  # another store
        return PostgresRecord.open(self.settings.record_folder, self.where, readonly=readonly)

    def edges(self) -> Edges:
        return replace(super().edges(), sharing=wiring.sharing)


@dataclass
class Staff:
    """A practice with a receptionist and a supervisor."""

    practice: InDatabase
    keys: dict[str, Identity]
    postgres: Postgres

    def readable(self, login: str) -> list[int]:
        with self.practice.open() as record:
            rows = record._store.ask(
                "SELECT item, sealed FROM guard_roles.shared WHERE login = ? ORDER BY item", login
            )
        for _, sealed in rows:
            assert read(unseal(bytes(sealed), [self.keys[login]])).subject == "Tuesday"
        return [item for item, _ in rows]

    def kinds(self) -> list[str]:
        with self.practice.open() as record:
            assert list(verify(record)) == []
            return [one.kind for one in record.entries() if one.kind in (SHARED, UNSHARED)]


@pytest.fixture
def staff(postgres: Postgres, empty_folder: Path, practice: Practice) -> Iterator[Staff]:
    folder = practice.settings.record_folder
    where = Where(database=postgres.new_database(ROLE), practice="andrea")
    keys = {"rita": Identity.make(), "sue": Identity.make()}
    with (
        SqliteRecord.open(folder) as source,
        PostgresRecord.blank(folder, where) as record,
    ):
        move(source, record, now=NOW)
        hers = record.keys.unlock(PASSPHRASE)
        for login, role in (("rita", "receptionist"), ("sue", "supervisor")):
            grant = Grant(role=role, login=login, recipient=keys[login].recipient)
            record.grant(grant, hers, now=practice.now)
    moved = InDatabase(settings=practice.settings, clock=practice.clock, where=where)
    assert moved.enter().status_code == 303
    yield Staff(moved, keys, postgres)
    moved.desk.lock()


def test_what_she_files_as_an_appointment_the_receptionist_can_read(staff: Staff) -> None:
    item = staff.practice.add(letter())
    staff.practice.answer(item, "scheduling")

    assert (staff.readable("rita"), staff.readable("sue")) == ([item], [])
    assert "rita can read it from now on" in staff.practice.page("/")
    assert "rita can read it too" in staff.practice.page(f"/item/{item}")


@pytest.mark.parametrize("then", ["therapy", "other", "crisis"])
def test_another_answer_takes_it_back_and_she_is_told_what_that_cannot_do(
    staff: Staff, then: str
) -> None:
    item = staff.practice.add(letter())
    staff.practice.answer(item, "scheduling")
    staff.practice.answer(item, then)

    assert staff.readable("rita") == []
    assert staff.readable("sue") == ([item] if then == "crisis" else [])
    assert "what was read before, was read" in staff.practice.page("/")
    assert staff.kinds()[:2] == [SHARED, *([SHARED] if then == "crisis" else [UNSHARED])]


def test_undoing_an_answer_undoes_what_it_opened(staff: Staff) -> None:
    item = staff.practice.add(letter())
    for answer in ("therapy", "scheduling"):
        staff.practice.answer(item, answer)
    assert staff.readable("rita") == [item]

    last = next(reversed(staff.practice.desk.shelf.standing))
    staff.practice.post("/undo", seq=str(last))

    assert staff.readable("rita") == []
    assert "rita can read it no longer" in staff.practice.page(f"/item/{item}")


def test_undoing_her_last_word_on_a_crisis_leaves_it_as_guard_judged_it(staff: Staff) -> None:
    client = staff.practice.add_client("Tom", "tom@home.example")
    item = staff.practice.add(
        letter("I am not safe."),
        grounds=("crisis",),
        owner=client,
        who=Correspondent.CLIENT,
    )
    staff.practice.answer(item, "other")
    assert staff.readable("sue") == []

    last = next(reversed(staff.practice.desk.shelf.standing))
    staff.practice.post("/undo", seq=str(last))

    assert staff.readable("sue") == [item]


def test_who_turns_out_to_be_kept_apart_from_somebody_is_closed_to_them(staff: Staff) -> None:
    tom = staff.practice.add_client("Tom", "tom@home.example")
    with staff.practice.open() as record:
        record.append([keep_apart(tom, "rita", apart=True)], now=staff.practice.now)
    item = staff.practice.add(letter(sender="Tom <tom@work.example>"))
    staff.practice.answer(item, "scheduling")
    assert staff.readable("rita") == [item]

    state = staff.practice.state(item)
    staff.practice.post(f"/item/{item}/sender", None, do="client", client=tom, state=state)

    assert staff.readable("rita") == []


@pytest.mark.parametrize("do", ["never", "later", "talked"])
def test_an_answer_that_names_no_label_opens_nothing(staff: Staff, do: str) -> None:
    item = staff.practice.add(letter())
    staff.practice.answer(item, do)

    assert staff.readable("rita") == staff.readable("sue") == []
    assert staff.kinds() == []


def test_what_cannot_be_read_is_opened_to_nobody_whatever_she_says(staff: Staff) -> None:
    item = staff.practice.add(letter())
    ours = staff.practice.add(letter(), direction="out")
    with psycopg.connect(staff.practice.where.database, autocommit=True) as db:
        db.execute("SET guard.practice = 'andrea'")
        db.execute("ALTER TABLE guard.blob DISABLE TRIGGER only_grows")
        db.execute("UPDATE guard.blob SET ct = 'x' WHERE seq = %s", (item,))
        db.execute("ALTER TABLE guard.blob ENABLE TRIGGER only_grows")

    staff.practice.answer(item, "scheduling")
    form = {"do": "scheduling", "state": staff.practice.state(ours)}
    staff.practice.post(f"/item/{ours}/rule", None, **form)

    assert staff.readable("rita") == []


def test_she_sees_that_the_supervisor_has_seen_it(staff: Staff) -> None:
    item = staff.practice.add(letter(), grounds=("crisis",))
    staff.practice.answer(item, "crisis")
    name = staff.practice.where.database.rpartition("/")[2]
    with psycopg.connect(staff.postgres.url(name), autocommit=True) as db:
        db.execute("UPDATE guard_roles.shared SET seen = 1")
    with staff.practice.open() as record:
        record.catch_up(oldest={}, now=staff.practice.now)

    assert "sue saw it, " in staff.practice.page(f"/item/{item}")


def test_a_clients_copy_says_who_else_was_shown_which_letter(staff: Staff) -> None:
    tom = staff.practice.add_client("Tom", "tom@home.example")
    item = staff.practice.add(letter(), owner=tom, who=Correspondent.CLIENT)
    for answer in ("scheduling", "therapy"):
        staff.practice.answer(item, answer)
    with staff.practice.desk.open(write=True) as book:
        client = book.client(tom)
        assert client is not None
        packed = staff.practice.copy(book, client)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        [name] = [one for one in archive.namelist() if one.endswith("notes.json")]
        notes = json.loads(archive.read(name))

    opened = notes["letters"][str(item)]["opened"]
    assert [(one["did"], one["with"]) for one in opened] == [
        ("shared", ["receptionist rita"]),
        ("unshared", ["rita"]),
    ]


def test_an_answer_to_a_practice_that_shares_nothing_says_nothing_of_it(
    open_practice: Practice,
) -> None:
    item = open_practice.add(letter())
    open_practice.answer(item, "scheduling")

    assert "can read it" not in open_practice.page("/") + open_practice.page(f"/item/{item}")
