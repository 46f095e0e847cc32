"""The page of a receptionist and of a supervisor, with real logins: all else is not there."""

import json
import os
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from guard.clinic.person import Person
from guard.commands.role_open import _table
from guard.record.entry import canonical
from guard.record.keys import sealed_identity
from guard.record.passphrase import CHEAPEST
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.review.role_desk import RoleDesk, RoleEdges
from guard.review.session import IDLE_SECONDS, Session
from guard.review.web_role import create_role_app
from tests.record.staff import Person as Somebody
from tests.record.staff import Staff, another_letter, found, share
from tests.review.practice import HOST, PASSPHRASE, Clock
from tests.servers.postgres import Postgres

HOSTILE = "<script>alert(1)</script>\u202e"


@dataclass
class Desk:
    """Somebody at their own browser."""

    who: Somebody
    clock: Clock = field(default_factory=Clock)
    tokens: int = 0
    key: Identity | None = None

    def __post_init__(self) -> None:
        key = self.key or self.who.identity
        sealed = sealed_identity(key, PASSPHRASE, random=os.urandom, work=CHEAPEST)
        edges = RoleEdges(
            sealed_key=lambda: sealed,
            table=partial(_table, Person(database=self.who.url)),
            clock=self.clock,
        )
        self.desk = RoleDesk(edges, Session(self.token))
        self.browser: FlaskClient = create_role_app(self.desk, host=HOST).test_client()

    def token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:048x}"

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path, base_url=f"http://{HOST}")

    def post(self, path: str, **form: str) -> TestResponse:
        form.setdefault("csrf", self.desk.session.csrf)
        headers = {"Origin": f"http://{HOST}"}
        return self.browser.post(path, base_url=f"http://{HOST}", headers=headers, data=form)

    def enter(self, passphrase: str = PASSPHRASE) -> TestResponse:
        self.get(f"/open/{self.desk.session.link}")
        return self.post("/unlock", passphrase=passphrase)

    def page(self, path: str = "/") -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return answer.get_data(as_text=True)

    def shown(self) -> list[str]:
        return re.findall(r'href="(/item/[^"]+)"', self.page())


def an_extract(subject: str, text: str = "words") -> bytes:
    return canonical({"sender": "Jo <jo@home.example>", "subject": subject, "text": text})


@dataclass(frozen=True)
class Open:
    """A practice, what is open in it, and two desks."""

    staff: Staff
    tuesday: int
    danger: int
    rita: Desk
    sue: Desk


@pytest.fixture
def open_(postgres: Postgres, tmp_path: Path) -> Open:
    staff = found(postgres, tmp_path)
    with staff.annas() as record:
        tuesday, danger = another_letter(record, b"1"), another_letter(record, b"22")
        share(record, tuesday, staff.rita.grant, an_extract("Tuesday", HOSTILE))
        share(record, danger, staff.sue.grant, an_extract("Not safe"))
    rita, sue = Desk(staff.rita), Desk(staff.sue)
    for one in (rita, sue):
        assert one.enter().status_code == 303
    return Open(staff, tuesday, danger, rita, sue)


def test_each_page_shows_what_is_theirs_and_nothing_else(open_: Open) -> None:
    assert open_.rita.shown() == [f"/item/anna/{open_.tuesday}"]
    assert open_.sue.shown() == [f"/item/anna/{open_.danger}"]
    assert "Not safe" not in open_.rita.page()
    assert "Tuesday" not in open_.sue.page()


def test_the_number_of_somebody_elses_letter_leads_nowhere(open_: Open) -> None:
    for desk, number in ((open_.rita, open_.danger), (open_.sue, open_.tuesday)):
        for path in (
            f"/item/anna/{number}",
            f"/item/berta/{number}",
            f"/item/anna/{open_.staff.anna.item}",
            f"/item/berta/{open_.staff.berta.item}",
            "/item/A%20B/1",
            "/item/anna/99999999999999999999999",
            "/item/anna'%20OR%20true--/1",
        ):
            assert desk.get(path).status_code == 404, path
        assert desk.post(f"/item/anna/{number}/seen").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/clients", "/search", "/report", "/check", "/client/c1", "/item/1", "/model"),
        *("/item/1/message.eml", "/item/1/attachment/0", "/item/1/layout", "/item/1/reminder"),
    ],
)
def test_no_page_of_the_therapists_is_there(open_: Open, path: str) -> None:
    for desk in (open_.rita, open_.sue):
        assert desk.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/item/1/rule", "/item/1/sender", "/item/1/remind", "/undo"])
def test_there_is_nothing_to_rule(open_: Open, path: str) -> None:
    for desk in (open_.rita, open_.sue):
        assert desk.post(path, do="scheduling", seq="1").status_code == 404


def test_a_letter_is_shown_as_text_whatever_it_says(open_: Open) -> None:
    page = open_.rita.page(f"/item/anna/{open_.tuesday}")

    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "Jo &lt;jo@home.example&gt;" in page


def test_the_supervisor_says_that_she_has_seen_it_and_it_reaches_the_record(open_: Open) -> None:
    path = f"/item/anna/{open_.danger}"
    assert "should not wait" in open_.sue.page()

    assert open_.sue.post(f"{path}/seen").status_code == 303
    assert open_.sue.post(f"{path}/seen").status_code == 303

    assert "should not wait" not in open_.sue.page()
    assert "You saw it " in open_.sue.page(path)
    with open_.staff.annas() as record:
        record.catch_up(oldest={}, now=0)
        [said] = record.of_kind("shared")
        told = json.loads(Reader(record, open_.staff.anna.identity).secret(said.seq))
    assert (said.item, told["by"]) == (open_.danger, open_.staff.sue.grant.login)


def test_what_is_withdrawn_is_gone_at_the_next_look(open_: Open) -> None:
    with open_.staff.annas() as record:
        record.revoke(open_.staff.rita.grant.login, now=0)

    assert open_.rita.shown() == []
    assert open_.rita.get(f"/item/anna/{open_.tuesday}").status_code == 404


def test_a_wrong_passphrase_opens_nothing_and_the_page_locks_itself(open_: Open) -> None:
    stranger = Desk(open_.staff.rita)
    assert stranger.enter("wrong").status_code == 403
    assert stranger.get("/").status_code == 303

    open_.rita.clock.pass_(seconds=IDLE_SECONDS + 1)
    assert open_.rita.get("/").headers["Location"] == "/unlock"
    assert open_.rita.desk.session.identity is None


def test_somebody_elses_key_at_ones_own_login_opens_nothing(open_: Open) -> None:
    wrong = Desk(open_.staff.rita, key=Identity.make())
    wrong.enter()

    assert "1 message cannot be opened by your key" in wrong.page()
    assert wrong.get(f"/item/anna/{open_.tuesday}").status_code == 404


def test_a_form_from_elsewhere_says_nothing(open_: Open) -> None:
    path = f"/item/anna/{open_.danger}/seen"
    assert open_.sue.post(path, csrf="0" * 48).status_code == 403
    foreign = {"Origin": "http://evil.example"}
    sent = {"csrf": open_.sue.desk.session.csrf}
    answer = open_.sue.browser.post(path, base_url=f"http://{HOST}", headers=foreign, data=sent)
    assert answer.status_code == 403

    assert "should not wait" in open_.sue.page()


def test_a_database_that_is_gone_is_said_without_a_word_of_mail(open_: Open) -> None:
    server, _, name = open_.staff.superuser.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as db:
        db.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())

    answer = open_.rita.get("/")

    assert answer.status_code in (500, 503)
    assert "Jo" not in answer.get_data(as_text=True)
