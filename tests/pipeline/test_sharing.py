"""What a scan opens to a receptionist and to a supervisor, in a clinic's own database."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from guard.clients.directory import enrol
from guard.pipeline.scan import scan
from guard.policy.roles import KEPT, Extract, read
from guard.policy.sharing import Sharing, keep_apart
from guard.record.entry import Fact
from guard.record.grant import SHARED, UNSHARED, Grant
from guard.record.moving import move
from guard.record.postgres import PostgresRecord, Where
from guard.record.reading import Reader
from guard.record.seal import Identity, unseal
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from guard.verdict.reading import Reading
from tests.pipeline.fakes import AL, JO, NOON, Practice, Words, a_mail
from tests.pipeline.records import EPOCH, PASSPHRASE, a_record
from tests.servers.postgres import ROLE, Postgres


@dataclass
class Clinic:
    """One practice in a database, with a receptionist and a supervisor."""

    record: PostgresRecord
    practice: Practice
    rita: Identity
    sue: Identity

    def scan(self, record: Any = None) -> None:
        house = self.practice.house(record)
        scan(replace(house, sharing=Sharing(record or self.record)))

    def mail(self, words: str, *, who: str = "jo", raw: bytes = b"") -> None:
        self.practice.inbox.put(raw or a_mail(who, words, ref=str(len(self.practice.inbox.mails))))

    def shown(self, whose: Identity) -> list[Extract]:
        rows = self.record._store.ask("SELECT sealed, login FROM guard_roles.shared ORDER BY item")
        login = "rita" if whose is self.rita else "sue"
        return [read(unseal(bytes(ct), [whose])) for ct, name in rows if name == login]

    def texts(self, whose: Identity) -> list[str]:
        return [one.text.split()[0] for one in self.shown(whose)]


@pytest.fixture
def clinic(postgres: Postgres, tmp_path: Path) -> Iterator[Clinic]:
    where = Where(database=postgres.new_database(ROLE), practice="andrea")
    a_record(tmp_path / "record", JO, AL).close()
    with (
        SqliteRecord.open(tmp_path / "record") as source,
        PostgresRecord.blank(tmp_path / "record", where) as record,
    ):
        move(source, record, now=EPOCH)
        rita, sue = Identity.make(), Identity.make()
        hers = record.keys.unlock(PASSPHRASE)
        for login, role, key in (("rita", "receptionist", rita), ("sue", "supervisor", sue)):
            grant = Grant(role=role, login=login, recipient=key.recipient)
            record.grant(grant, hers, now=EPOCH)
        yield Clinic(record, Practice(record), rita, sue)


def test_scheduling_goes_to_one_and_danger_to_the_other_and_the_rest_to_nobody(
    clinic: Clinic,
) -> None:
    for word in ("scheduling", "crisis", "therapy", "perhaps", "other", "empty"):
        clinic.mail(word)
    clinic.mail("scheduling", who="stranger")

    clinic.scan()

    assert clinic.texts(clinic.rita) == ["scheduling"]
    assert clinic.texts(clinic.sue) == ["crisis"]
    assert [one.sender for one in clinic.shown(clinic.sue)] == ["jo@client.example"]
    assert len(clinic.record.of_kind(SHARED)) == 2
    assert list(verify(clinic.record)) == []


def test_a_reply_that_quotes_therapy_shows_its_new_words_alone(clinic: Clinic) -> None:
    quoted = "\r\n\r\nOn Monday, Andrea wrote:\r\n> about the dream of your mother\r\n"
    clinic.mail("", raw=a_mail("jo", f"scheduling on Tuesday please{quoted}"))

    clinic.scan()

    [one] = clinic.shown(clinic.rita)
    assert "Tuesday" in one.text
    assert "dream" not in one.text


def test_what_carries_an_attachment_goes_to_nobody(clinic: Clinic) -> None:
    head = a_mail("jo", "").partition(b"\r\n\r\n")[0]
    parts = (
        b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
        b"--x\r\n\r\nscheduling, see attached\r\n--x\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="diary.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
    )
    clinic.mail("", raw=head + parts)

    clinic.scan()

    assert clinic.texts(clinic.rita) == []


def test_a_first_run_shows_nobody_the_mail_of_years(clinic: Clinic) -> None:
    for word in ("scheduling", "crisis"):
        clinic.practice.inbox.put(a_mail("jo", word, ref=word), age=KEPT + timedelta(days=1))

    clinic.scan()

    assert clinic.texts(clinic.rita) == []
    assert clinic.texts(clinic.sue) == []


def test_no_public_byte_tells_what_was_shared_with_whom(clinic: Clinic) -> None:
    clinic.mail("scheduling")
    clinic.mail("crisis")
    clinic.scan()

    said = clinic.record.of_kind(SHARED)
    bodies = b"".join(one.body for one in said)
    assert {frozenset(one.fields) for one in said} == {
        frozenset({"kind", "seq", "at", "item", "owner", "owners", "sealed"})
    }
    for word in (b"rita", b"sue", b"receptionist", b"supervisor"):
        assert word not in bodies


def test_a_crash_before_the_decision_is_durable_shares_nothing_and_the_next_scan_does(
    clinic: Clinic,
) -> None:
    class Torn(Sharing):
        def file(self, *_args: Any, **_more: Any) -> list[int]:
            raise ConnectionError

    clinic.mail("crisis")
    house = clinic.practice.house()
    with pytest.raises(ConnectionError):
        scan(replace(house, sharing=Torn(clinic.record)))
    assert clinic.texts(clinic.sue) == []

    clinic.scan()
    clinic.scan()

    assert clinic.texts(clinic.sue) == ["crisis"]
    assert len(clinic.record.of_kind(SHARED)) == 1


def test_a_second_look_that_is_less_sure_takes_it_back(clinic: Clinic) -> None:
    clinic.mail("scheduling")
    clinic.scan()
    [item] = [one.item for one in clinic.record.of_kind(SHARED)]
    assert item is not None
    clinic.record.append([Fact(kind="again-please", item=item, opens=("judge",))], now=EPOCH)
    clinic.practice.words.broken = True

    clinic.scan()

    assert clinic.texts(clinic.rita) == []
    [ended] = clinic.record.of_kind(UNSHARED)
    assert ended.item == item


def test_what_she_ruled_is_not_opened_by_a_second_look(clinic: Clinic) -> None:
    clinic.mail("perhaps")
    clinic.scan()
    [item] = clinic.record.tasks("review")
    ruled = Fact(kind="ruled", item=item, body={"actions": ["label"]}, opens=("judge",))
    clinic.record.append([ruled], now=EPOCH)

    class Otherwise(Words):
        def _reading(self, raw: bytes) -> Reading:
            return super()._reading(raw.replace(b"perhaps", b"crisis"))

    clinic.practice.words = Otherwise()

    clinic.scan()

    assert clinic.texts(clinic.sue) == []


def test_a_client_who_is_added_after_the_grant_is_shown_as_well(clinic: Clinic) -> None:
    late = replace(JO, id="c-late", name="Late", addresses=("late@client.example",))
    clinic.record.append([enrol(late)], now=EPOCH)
    clinic.mail("scheduling", who="late")

    clinic.scan()

    assert clinic.texts(clinic.rita) == ["scheduling"]


def test_a_client_who_is_kept_apart_from_somebody_is_shown_to_the_others_alone(
    clinic: Clinic,
) -> None:
    clinic.record.append([keep_apart(JO.id, "rita", apart=True)], now=EPOCH)
    for who in ("jo", "al"):
        clinic.mail("scheduling of", who=who)
        clinic.mail("crisis of", who=who)

    clinic.scan()

    assert [one.sender for one in clinic.shown(clinic.rita)] == ["al@client.example"]
    assert len(clinic.texts(clinic.sue)) == 2

    clinic.record.append([keep_apart(JO.id, "rita", apart=False)], now=EPOCH)
    clinic.mail("scheduling again")
    clinic.scan()
    assert len(clinic.texts(clinic.rita)) == 2


def test_a_scan_closes_what_is_long_past_and_files_who_has_seen_what(
    clinic: Clinic, postgres: Postgres
) -> None:
    clinic.mail("scheduling")
    clinic.mail("crisis")
    clinic.scan()
    name = clinic.record._store.ask("SELECT current_database()")[0][0]
    with psycopg.connect(postgres.url(name), autocommit=True) as db:
        db.execute("UPDATE guard_roles.shared SET seen = 1 WHERE login = 'sue'")
    clinic.practice.now = NOON + KEPT + timedelta(days=1)

    clinic.scan()

    reader = Reader(clinic.record, clinic.record.keys.unlock(PASSPHRASE))
    said = [json.loads(reader.secret(one.seq)) for one in clinic.record.of_kind(SHARED)]
    assert [one["by"] for one in said if "by" in one] == ["sue"]
    assert clinic.texts(clinic.rita) == []
    assert clinic.texts(clinic.sue) == ["crisis"]
