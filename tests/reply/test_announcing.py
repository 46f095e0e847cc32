"""Everybody once, whatever happens: nobody twice, nobody left out, nobody shown to another."""

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guard.clients.directory import Client, Relation
from guard.errors import GuardError, NotSentError, SendRefusedError, SendUncertainError
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from guard.reply.announcement import Announcement, Recipient, letter, recipients
from guard.reply.announcing import IN_PERSON, Announcing
from guard.reply.outbox import Outcome, settle
from guard.reply.wording import Wording
from guard.review.sayings import ENDS
from tests.pipeline.fuse import Crashed, Fuse, Fused
from tests.pipeline.records import a_record, tasks

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
OWN = "andrea@practice.example"
COVER = Wording(name="announcement", subject="An updated policy", words="Hello,\n\nit changed.\n")
PDF = Announcement(cover=COVER, name="policy.pdf", copy=b"%PDF-1.7 \x00\xff made up")
TEXT = Announcement(cover=COVER, name="policy.txt", copy="§ 1\nNo. “E-mail” only.\n".encode())


def a_client(name: str, *addresses: str, **more: object) -> Client:
    at = addresses or (f"{name}@home.example",)
    return Client(id=f"c-{name}", name=name, addresses=at, **more)  # type: ignore[arg-type]  # as named


PEOPLE = [a_client("al"), a_client("bo"), a_client("jo")]


@dataclass
class Tray:
    """A submission server in memory."""

    trouble: dict[str, GuardError] = field(default_factory=dict)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, raw: bytes, *, envelope_from: str, to: str, bounces: bool = False) -> str:
        assert (envelope_from, bounces) == (OWN, True)
        if to in self.trouble:
            raise self.trouble[to]
        self.sent.append((to, raw))
        return envelope_from

    @property
    def told(self) -> list[str]:
        return [to.partition("@")[0] for to, _ in self.sent]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[SqliteRecord]:
    with a_record(tmp_path / "record") as opened:
        yield opened


def tell(
    record: SqliteRecord | Fused,
    tray: Tray | Fused,
    people: list[Client] = PEOPLE,
    *,
    now: datetime = NOON,
    what: Announcement = PDF,
) -> Announcing:
    """One run of the command."""
    letters, personal = recipients(people, today=TODAY)
    settle(record, now=now)
    job = Announcing(what, record=record, sender=OWN, account=OWN)
    job.begin(letters=len(letters), in_person=[one.id for one in personal], now=now)
    for one in letters:
        if job.left(one):
            job.tell(one, sender=tray, now=now)
    return job


# --- who ------------------------------------------------------------------------------------


def test_former_clients_and_professionals_are_told_nothing() -> None:
    people = [
        a_client("al", ended="2026-03-01"),
        a_client("bo", kind=Relation.PROFESSIONAL),
        a_client("jo", ended="2026-03-09"),
    ]
    letters, personal = recipients(people, today=TODAY)

    assert ([one.names for one in letters], personal) == (["jo"], [])


def test_who_gets_no_automatic_mail_is_told_in_person_and_so_is_who_shares_the_address() -> None:
    quiet = a_client("al", "home@x.example", automatic=False)
    shares = a_client("bo", "home@x.example", "bo@work.example")
    letters, personal = recipients([quiet, shares, a_client("jo")], today=TODAY)

    assert [one.names for one in letters] == ["jo"]
    assert personal == [quiet, shares]


def test_who_has_no_plain_address_is_told_in_person() -> None:
    odd = [a_client("al", "jö@x.example"), a_client("bo", "bo+*@x.example")]

    assert recipients(odd, today=TODAY) == ([], odd)


def test_several_who_share_an_address_get_one_letter() -> None:
    people = [a_client("al", "home@x.example"), a_client("bo", "home@x.example")]
    (one,), _ = recipients(people, today=TODAY)

    assert (one.address, one.names, one.ids) == ("home@x.example", "al and bo", ("c-al", "c-bo"))


def test_a_parents_letter_belongs_in_the_childs_record() -> None:
    (one,), _ = recipients([a_client("al", kind=Relation.PARENT, about=("c-jo",))], today=TODAY)

    assert (one.ids, one.owners) == (("c-al",), ("c-jo",))


# --- what -----------------------------------------------------------------------------------


def a_letter(what: Announcement) -> bytes:
    recipient = Recipient(address="jo@home.example", clients=(PEOPLE[2],))
    return letter(what, recipient, sender=OWN, began=NOON).raw


def test_a_pdf_arrives_byte_for_byte() -> None:
    _, words, copy = message_from_bytes(a_letter(PDF)).walk()

    assert words.get_payload(decode=True) == b"Hello,\r\n\r\nit changed."
    assert copy.get_payload(decode=True) == PDF.copy
    assert copy.get_filename() == "policy.pdf"


def test_a_text_stands_in_the_letter() -> None:
    body = message_from_bytes(a_letter(TEXT)).get_payload(decode=True)

    assert isinstance(body, bytes)
    assert body.decode().splitlines()[:3] == ["Hello,", "", "it changed."]
    assert body.decode().splitlines()[-2:] == ["§ 1", "No. “E-mail” only."]


@pytest.mark.parametrize("what", [PDF, TEXT], ids=["pdf", "text"])
def test_a_letter_names_one_recipient_and_no_absence_notice_answers_it(what: Announcement) -> None:
    found = message_from_bytes(a_letter(what))

    assert found["To"] == "jo@home.example"
    assert (found["Cc"], found["Bcc"]) == (None, None)
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Auto-Response-Suppress"] == "All"
    assert all(len(line) <= 998 for line in a_letter(what).split(b"\r\n"))


@given(st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=40))
def test_no_name_of_a_file_becomes_a_header(name: str) -> None:
    what = Announcement(cover=COVER, name=f"a{name}.pdf", copy=b"x")
    found = message_from_bytes(a_letter(what))

    assert set(found.keys()) == set(message_from_bytes(a_letter(PDF)).keys())
    assert len(found.get_payload()) == 2


@pytest.mark.parametrize(
    ("name", "copy"),
    [("policy.exe", b"x"), ("policy", b"x"), ("p.pdf", b""), ("p.pdf", b"x" * 5_000_001)],
)
def test_what_no_letter_should_carry_is_refused(name: str, copy: bytes) -> None:
    with pytest.raises(ValueError, match="a copy "):
        Announcement(cover=COVER, name=name, copy=copy)


def test_a_text_that_is_none_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        Announcement(cover=COVER, name="policy.txt", copy=b"\xff\xfe")


# --- how ------------------------------------------------------------------------------------


def test_everybody_gets_a_letter_of_their_own_filed_under_their_own_key(
    record: SqliteRecord,
) -> None:
    tray = Tray()
    quiet = a_client("mo", automatic=False)
    tell(record, tray, [*PEOPLE, quiet])

    assert tray.told == ["al", "bo", "jo"]
    filed = [one.fields["owners"] for one in record.entries() if one.kind == "filed"]
    assert filed == [["c-al"], ["c-bo"], ["c-jo"]]
    assert [one.owner for one in record.of_kind(IN_PERSON)] == ["c-mo"]
    assert tasks(record) == {}
    assert list(verify(record)) == []


def test_the_same_announcement_again_tells_nobody_twice(record: SqliteRecord) -> None:
    tray = Tray()
    tell(record, tray)
    size = record.size()
    tell(record, tray, now=NOON + timedelta(days=1))

    assert tray.told == ["al", "bo", "jo"]
    assert record.size() == size


def test_who_became_a_client_meanwhile_is_told(record: SqliteRecord) -> None:
    tray = Tray()
    tell(record, tray)
    tell(record, tray, [*PEOPLE, a_client("mo")])

    assert tray.told == ["al", "bo", "jo", "mo"]


def test_a_new_address_is_no_new_client(record: SqliteRecord) -> None:
    tray = Tray()
    tell(record, tray)
    tell(record, tray, [replace(one, addresses=(f"{one.id}@new.example",)) for one in PEOPLE])

    assert tray.told == ["al", "bo", "jo"]


def test_another_change_is_told_anew(record: SqliteRecord) -> None:
    tray = Tray()
    tell(record, tray)
    tell(record, tray, what=replace(PDF, copy=b"%PDF-1.7 another"))

    assert Counter(tray.told) == {"al": 2, "bo": 2, "jo": 2}


def test_who_joins_an_address_that_was_told_is_not_told_there_again(record: SqliteRecord) -> None:
    tray = Tray()
    job = tell(record, tray, [a_client("al", "home@x.example")])
    tell(record, tray, [a_client("al", "home@x.example"), a_client("bo", "home@x.example")])

    assert tray.told == ["home"]
    assert job.ended("c-bo") == "announcement-sent"


@pytest.mark.parametrize("trouble", [SendRefusedError("no"), NotSentError("later")])
def test_who_was_certainly_not_told_is_told_by_the_next_run(
    record: SqliteRecord, trouble: GuardError
) -> None:
    tray = Tray({"bo@home.example": trouble})
    tell(record, tray)
    assert tray.told == ["al", "jo"]
    tray.trouble = {}
    tell(record, tray)

    assert tray.told == ["al", "jo", "bo"]
    assert tasks(record) == {}
    assert sum(one.kind == "filed" for one in record.entries()) == 3


def test_who_may_have_been_told_is_shown_to_her_and_not_told_again(record: SqliteRecord) -> None:
    tray = Tray({"bo@home.example": SendUncertainError("perhaps")})
    tell(record, tray)
    tray.trouble = {}
    job = tell(record, tray)

    assert tray.told == ["al", "jo"]
    assert job.ended("c-bo") == "announcement-uncertain"
    assert len(record.tasks("review")) == 1


def test_the_hour_counts_letters_and_not_people(record: SqliteRecord) -> None:
    job = tell(record, Tray(), [a_client("al", "h@x.example"), a_client("bo", "h@x.example")])

    assert job.within_the_hour(NOON + timedelta(minutes=59)) == [NOON]
    assert job.within_the_hour(NOON + timedelta(minutes=61)) == []


CALLS = ("append", "file", "send")


@pytest.mark.parametrize("after", [False, True])
def test_stopped_at_any_step_it_goes_on_and_ends_whole(tmp_path: Path, *, after: bool) -> None:
    whole = Fuse()
    with a_record(tmp_path / "whole") as record:
        tell(Fused(record, whole, only=CALLS), Fused(Tray(), whole, only=CALLS))
    for at in range(len(whole.calls)):
        tray, fuse = Tray(), Fuse(at=at, after=after)
        with a_record(tmp_path / f"record-{at}") as record:
            with pytest.raises(Crashed):
                tell(Fused(record, fuse, only=CALLS), Fused(tray, fuse, only=CALLS))
            settle(record, now=NOON)
            job = tell(record, tray, now=NOON + timedelta(hours=1))
            # Nobody twice; nobody left out, but for one who may have it and is shown to her.
            assert max(Counter(tray.told).values()) == 1
            shown = [one.id for one in PEOPLE if job.ended(one.id) == "announcement-uncertain"]
            missing = {one.id for one in PEOPLE} - {f"c-{name}" for name in tray.told}
            assert missing <= set(shown)
            assert len(record.tasks("review")) == len(shown) <= 1
            assert sum(one.kind == "filed" for one in record.entries()) == 3
            assert {one.kind for one in record.of_kind("outcome")} <= {"outcome"}
            assert record.tasks("outcome") == []
            assert list(verify(record)) == []


def test_the_record_keeps_no_name_in_clear(record: SqliteRecord) -> None:
    tell(record, Tray())

    bodies = b"".join(one.body for one in record.entries())
    assert b"home.example" not in bodies
    assert b"policy" not in bodies
    assert base64.b64encode(b"updated") not in bodies


def test_every_outcome_of_an_announcement_has_its_words() -> None:
    told = {one.value.replace("reminder", "announcement") for one in Outcome}
    assert told - {"announcement-shadowed"} <= ENDS.keys()
