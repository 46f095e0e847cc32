"""Which mails get a reminder: the whole walk from raw bytes, one header at a time."""

import json
from datetime import timedelta

import pytest

from guard.policy.decision import Action
from tests.policy.builders import CLIENT, NOON
from tests.policy.header_cases import ANSWERED, SILENT, VOUCHED
from tests.policy.raw import TRUSTED, Clients, case_of, decided, mail, settings
from tests.policy.robots import ROBOTS


@pytest.mark.parametrize("name", ROBOTS)
def test_no_robot_is_answered_though_a_client_owns_it(name: str) -> None:
    assert Action.REMIND not in decided(ROBOTS[name]).actions


def test_the_table_is_as_long_as_it_says() -> None:
    assert len(ANSWERED) + sum(map(len, SILENT.values())) + len(ROBOTS) >= 160


@pytest.mark.parametrize("name", ANSWERED)
def test_a_person_who_wrote_it_gets_the_reminder(name: str) -> None:
    decision = decided(ANSWERED[name])

    assert decision.barred == ()
    assert Action.REMIND in decision.actions


@pytest.mark.parametrize(
    ("rule", "name"), [(rule, name) for rule in SILENT for name in SILENT[rule]]
)
def test_gets_no_reminder_and_waits_all_the_same(rule: str, name: str) -> None:
    decision = decided(SILENT[rule][name])

    assert rule in decision.barred
    assert Action.REMIND not in decision.actions
    assert Action.REVIEW in decision.actions


def test_an_answer_to_an_invitation_is_read_like_any_other_mail() -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nSUMMARY:Tuesday\r\n"
        "COMMENT:I cannot face it\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    raw = mail("Content-Type: text/calendar; method=REPLY", body=calendar)
    case = case_of(raw)

    assert case.message is not None
    assert "I cannot face it" in case.message.text
    assert Action.REMIND in decided(raw).actions


CIRCUMSTANCES = {
    "in Junk": decided(mail(), junk=True),
    "older than 72 hours": decided(mail(), age=timedelta(hours=72, seconds=1)),
    "from the future": decided(mail(), age=timedelta(minutes=-6)),
    "a shared address": decided(mail(), record=Clients(known={CLIENT: ("c1", "c2")})),
    "no automatic mail": decided(mail(), record=Clients(silent=frozenset({"c1"}))),
    "nobody is trusted": decided(
        mail(), given=settings(without=f"trust_authserv = {json.dumps(TRUSTED)}")
    ),
    "no server": decided(mail(), given=settings(without='[smtp]\nhost = "smtp.practice.example"')),
}


@pytest.mark.parametrize("name", CIRCUMSTANCES)
def test_the_best_mail_is_not_answered(name: str) -> None:
    assert len(CIRCUMSTANCES[name].barred) == 1
    assert Action.REMIND not in CIRCUMSTANCES[name].actions


@pytest.mark.parametrize(
    ("early", "barred"),
    [(timedelta(), ("already-answered",)), (timedelta(seconds=1), ())],
    ids=["on the dot", "a second early"],
)
def test_her_own_letter_counts_from_the_second_it_left(
    early: timedelta, barred: tuple[str, ...]
) -> None:
    received = NOON - timedelta(minutes=5)

    assert decided(mail(), record=Clients(wrote=received - early)).barred == barred


def test_one_of_two_who_share_an_address_may_forbid_it_for_both() -> None:
    record = Clients(known={CLIENT: ("c1", "c2")}, silent=frozenset({"c2"}))

    assert {"shared-address", "no-automatic-mail"} <= set(decided(mail(), record=record).barred)


def test_the_date_that_a_mail_claims_counts_for_nothing() -> None:
    old = decided(mail("Date: Thu, 1 Jan 1970 00:00:00 +0000"))
    new = decided(mail("Date: Fri, 1 Jan 2100 00:00:00 +0000"))

    assert old.barred == new.barred == ()


def test_an_address_in_international_form_is_the_clients() -> None:
    record = Clients(known={"jo@xn--mller-kva.example": ("c1",)})
    case = case_of(mail("From: jo@müller.example"), record=record)

    assert case.clients == ("c1",)


# --- "I know this sender" -------------------------------------------------------------------

UNVOUCHED = (
    VOUCHED + "spf=none smtp.mailfrom=client.example",
    "Received: from out.client.example ([203.0.113.7]) by mx.practice.example; x",
)
WAY = "known jo@client.example 203.0.113.0/24 spf=none:client.example"
HERS = Clients(known={CLIENT: ("c1",), WAY: ("c1",)})


def test_a_sender_she_knows_is_answered_when_it_came_the_same_way() -> None:
    assert decided(mail(*UNVOUCHED)).barred == ("not-authenticated",)
    assert decided(mail(*UNVOUCHED), record=HERS).barred == ()


@pytest.mark.parametrize(
    "edits",
    [
        ("Received: from out.client.example ([198.51.100.1]) by mx.practice.example; x",),
        (VOUCHED + "spf=softfail smtp.mailfrom=client.example",),
        (
            VOUCHED
            + "spf=none smtp.mailfrom=client.example; dmarc=fail header.from=client.example",
        ),
        ("Return-Path: <x@evil.example>",),
        ("Received: from out.client.example ([203.0.113.7]) by mx.evil.example; x",),
        ("-Authentication-Results",),
    ],
    ids=["from elsewhere", "softfail", "DMARC", "another path", "another border", "nobody says"],
)
def test_a_forger_gains_nothing_by_it(edits: tuple[str, ...]) -> None:
    decision = decided(mail(*UNVOUCHED, *edits), record=HERS)

    assert "not-authenticated" in decision.barred
    assert "forged-client" in decision.grounds


def test_her_word_for_one_client_holds_for_no_other() -> None:
    record = Clients(known={CLIENT: ("c1",), WAY: ("c2",)})

    assert "not-authenticated" in decided(mail(*UNVOUCHED), record=record).barred
