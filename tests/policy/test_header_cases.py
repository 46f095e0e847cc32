"""Which mails get a reminder: the whole walk from raw bytes, one header at a time."""

from datetime import timedelta

import pytest

from guard.policy.decision import Action
from tests.policy.builders import CLIENT, NOON, OWN
from tests.policy.raw import ALIAS, Clients, case_of, decided, mail, settings

VOUCHED = "Authentication-Results: mx.practice.example; "
DSN = (
    "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--\r\n"
)


def part(content_type: str, *more: str) -> str:
    head = "\r\n".join([f"Content-Type: {content_type}", *more])
    return f"--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n--b\r\n{head}\r\n\r\nx\r\n--b--\r\n"


def attached(name: str) -> str:
    return part("application/octet-stream", f'Content-Disposition: attachment; filename="{name}"')


MIXED = "Content-Type: multipart/mixed; boundary=b"

ANSWERED = {
    "a plain mail": mail(),
    "without Message-ID": mail("-Message-ID"),
    "without To, but Cc": mail("-To", f"+Cc: {OWN}"),
    "to an alias": mail(f"To: {ALIAS}"),
    "own address in other letters": mail("To: Andrea@Practice.Example"),
    "to several": mail(f"To: al@x.example, {OWN}, bo@x.example"),
    "in a group": mail(f"To: clinic: {OWN}, al@x.example;"),
    "as Bcc": mail("-To", f"+Bcc: {OWN}"),
    "resent to her by the client": mail("-To", f"+Resent-To: {OWN}"),
    "From in capitals": mail("From: JO@CLIENT.EXAMPLE", "Return-Path: <Jo@Client.Example>"),
    "the telephone's capital": mail("From: Jo@client.example"),
    "name with a comma": mail(f'From: "Doe, Jo" <{CLIENT}>'),
    "an encoded name": mail(f"From: =?utf-8?q?J=C3=B6?= <{CLIENT}>"),
    "a name that is an address": mail(f'From: "{OWN}" <{CLIENT}>'),
    "forwarded with SRS": mail("Return-Path: <SRS0=Xy1=ZZ=client.example=jo@forward.example>"),
    "forwarded twice": mail(
        "Return-Path: <SRS1=Ab=first.example==Xy1=ZZ=client.example=jo@second.example>"
    ),
    "BATV": mail("Return-Path: <prvs=1234567890=jo@client.example>"),
    "BATV of Barracuda": mail("Return-Path: <btv1==123==jo@client.example>"),
    "Sender is the client": mail(f"+Sender: {CLIENT}"),
    "Reply-To elsewhere": mail("+Reply-To: jo@work.example"),
    "Auto-Submitted: no": mail("+Auto-Submitted: no"),
    "Auto-Submitted: No (comment); parameter": mail('+Auto-Submitted: (x(y)) No ; a="b"'),
    "suppressing receipts only": mail("+X-Auto-Response-Suppress: RN, NRN"),
    "urgent": mail("+Precedence: special-delivery", "+X-Priority: 1"),
    "X-Mailer and the like": mail("+X-Mailer: iPhone Mail", "+X-Spam-Status: No"),
    "a reply": mail("+In-Reply-To: <0@practice.example>", "Subject: Re: Tuesday"),
    "a reply to our reminder": mail("Subject: Re: Automatic reply: about your e-mail"),
    "vouched for by DKIM": mail(VOUCHED + "dkim=pass header.d=client.example"),
    "vouched for by SPF": mail(VOUCHED + "spf=pass smtp.mailfrom=jo@client.example"),
    "vouched for by Microsoft": mail(
        "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=client.example; "
        "dkim=pass (signature was verified) header.d=client.example;dmarc=pass action=none "
        "header.from=client.example;compauth=pass reason=100",
        "Received: from out.client.example by lo2.prod.outlook.com with HTTPS; x",
    ),
    "a forged field below the true one": mail(
        "+" + VOUCHED + "dmarc=fail header.from=client.example"
    ),
    "a photograph": mail(MIXED, body=attached("garden.jpg")),
    "an empty subject": mail("Subject: "),
}

SILENT = {
    "null-return-path": {
        "null path": mail("Return-Path: <>"),
        "a path that is none": mail("Return-Path: <jo at client.example>"),
    },
    "no-return-path": {
        "no path": mail("-Return-Path"),
    },
    "path-differs": {
        "another path": mail("Return-Path: <al@client.example>"),
        "a path above the true one": mail("^Return-Path: <evil@other.example>"),
        "SRS of somebody else": mail(
            "Return-Path: <SRS0=Xy1=ZZ=other.example=jo@forward.example>"
        ),
    },
    "not-a-client": {
        "plus address in From": mail("From: jo+therapy@client.example"),
        "a stranger": mail("From: al@client.example", "Return-Path: <al@client.example>"),
        "a look-alike domain": mail(
            "From: jo@client.example.evil.example", "Return-Path: <jo@client.example.evil.example>"
        ),
    },
    "auto-submitted": {
        "Auto-Submitted: auto-replied": mail("+Auto-Submitted: auto-replied"),
        "Auto-Submitted: auto-generated": mail("+Auto-Submitted: Auto-Generated"),
        "Auto-Submitted with parameters": mail(
            '+Auto-Submitted: auto-notified; owner-email="a@b.example"'
        ),
        "Auto-Submitted with a comment": mail("+Auto-Submitted: (no) auto-replied (no)"),
        "Auto-Submitted twice": mail("+Auto-Submitted: no", "+Auto-Submitted: auto-replied"),
        "Auto-Submitted unknown": mail("+Auto-Submitted: perhaps"),
        "Auto-Submitted empty": mail("+Auto-Submitted: "),
    },
    "mailing-list": {
        "List-Id": mail("+List-Id: <walkers.client.example>"),
        "List-Post": mail("+LIST-POST: <mailto:x@x.example>"),
        "List-Unsubscribe": mail("+List-Unsubscribe: <mailto:x@x.example>"),
    },
    "precedence": {
        "Precedence: bulk": mail("+Precedence: bulk"),
        "Precedence: list": mail("+Precedence: LIST"),
        "Precedence: junk": mail("+Precedence: junk (really)"),
    },
    "suppress": {
        "suppress all": mail("+X-Auto-Response-Suppress: All"),
        "suppress out-of-office": mail("+X-Auto-Response-Suppress: DR, OOF, AutoReply"),
    },
    "autoreply-field": {
        "X-Autoreply": mail("+X-Autoreply: yes"),
    },
    "loop-field": {
        "X-Loop": mail("+X-Loop: jo@client.example"),
    },
    "feedback-id": {
        "a campaign's Feedback-ID": mail("+Feedback-ID: 1:2:mailer"),
    },
    "robot-address": {
        "no-reply": mail(
            "From: no-reply@client.example", "Return-Path: <no-reply@client.example>"
        ),
        "a bounce address": mail("Return-Path: <bounces+jo=client.example@client.example>"),
        "owner-": mail("+Sender: owner-list@client.example"),
        "-request": mail("+Sender: list-request@client.example"),
        "mailer-daemon": mail("From: MAILER-DAEMON@client.example"),
    },
    "report": {
        "a bounce": mail("Content-Type: multipart/report; boundary=b", body=DSN),
        "a read receipt": mail(
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
            body=part("message/disposition-notification"),
        ),
    },
    "away-subject": {
        "out of office, English": mail("Subject: Out of Office: Re: Tuesday"),
        "out of office, German": mail("Subject: Abwesenheitsnotiz: Re: Dienstag"),
        "out of office, French": mail("Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : mardi"),
        "out of office, Spanish": mail("Subject: Respuesta autom=?utf-8?q?=C3=A1?=tica"),
        "out of office, Spanish, one word": mail("Subject: =?utf-8?q?Respuesta_autom=C3=A1tica?="),
        "out of office, Polish": mail("Subject: Automatyczna =?utf-8?q?odpowied=C5=BA?="),
        "out of office, Dutch": mail("Subject: Automatisch antwoord: Re: dinsdag"),
    },
    "from-practice": {
        "from her own address": mail(f"From: {OWN}", f"Return-Path: <{OWN}>"),
        "from an alias of hers": mail(f"From: {ALIAS}", f"Return-Path: <{ALIAS}>"),
        "her own address in Sender": mail(f"+Sender: {OWN}"),
        "her own address in the path": mail(f"Return-Path: <{OWN}>"),
    },
    "not-addressed": {
        "not addressed to her": mail("To: undisclosed-recipients:;"),
        "to nobody": mail("-To"),
        "to another at her practice": mail("To: reception@practice.example"),
        "her address only as a name": mail(f'To: "{OWN}" <list@client.example>'),
    },
    "from-not-one": {
        "no From": mail("-From"),
        "two in From": mail(f"From: {CLIENT}, al@client.example"),
        "the same twice in From": mail(f"From: {CLIENT}, {CLIENT}"),
        "two From fields": mail(f"+From: {CLIENT}"),
        "a group as From": mail(f"From: us: {CLIENT}, al@client.example;"),
        "an empty group as From": mail("From: undisclosed:;"),
    },
    "not-authenticated": {
        "nobody vouches": mail("-Authentication-Results"),
        "a foreign host vouches": mail(
            "Authentication-Results: mx.other.example; dmarc=pass header.from=client.example"
        ),
        "it failed": mail(VOUCHED + "dmarc=fail header.from=client.example"),
        "it failed, and SPF passed": mail(
            VOUCHED
            + "spf=pass smtp.mailfrom=client.example; dmarc=fail header.from=client.example"
        ),
        "vouched for another domain": mail(VOUCHED + "dkim=pass header.d=other.example"),
        "SPF of another domain": mail(VOUCHED + "spf=pass smtp.mailfrom=jo@other.example"),
        "softfail": mail(VOUCHED + "spf=softfail smtp.mailfrom=client.example"),
        "a forged field below a foreign hop": mail(
            "-Authentication-Results",
            "Received: from x by relay.other.example; y",
            "+" + VOUCHED + "dmarc=pass header.from=client.example",
        ),
        "a huge field": mail(VOUCHED + "dkim=pass " + "x" * 9_000),
    },
    "executable": {
        "a program": mail(MIXED, body=attached("holiday.jpg.exe")),
        "a program with an encoded name": mail(MIXED, body=attached("=?utf-8?q?a=2Eexe?=")),
    },
    "encrypted": {
        "PGP": mail('Content-Type: multipart/encrypted; boundary=b; protocol="application/pgp"'),
        "S/MIME": mail("Content-Type: application/pkcs7-mime; smime-type=enveloped-data"),
    },
}
"""Rule that must stand in the way, and mails that it must stand in the way of."""


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
        mail(), given=settings(without='trust_authserv = ["mx.practice.example", "microsoft"]')
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
