import pytest

from guard.mail.automatic import checks, robot_signs
from guard.mail.parse import parse

PERSON = b"Return-Path: <jo@client.example>\r\nFrom: Jo <jo@client.example>\r\n"


def signs(*fields: str, person: bytes = PERSON) -> tuple[str, ...]:
    head = "".join(f"{field}\r\n" for field in fields).encode()
    return robot_signs(parse(person + head + b"\r\nhello\r\n"))


@pytest.mark.parametrize(
    ("field", "sign"),
    [
        ("Auto-Submitted: auto-replied", "auto-submitted"),
        ("Auto-Submitted: AUTO-GENERATED", "auto-submitted"),
        ("Auto-Submitted: (a (nested) comment) auto-replied; owner-email=x", "auto-submitted"),
        ("Auto-Submitted:", "auto-submitted"),
        ("Auto-Submitted: no\r\nAuto-Submitted: auto-notified", "auto-submitted"),
        ("Auto-Submitted:\r\n auto-replied\r\n (folded)", "auto-submitted"),
        ("List-Id: <x.example>", "mailing-list"),
        ("List-Help: <mailto:x@y.example>", "mailing-list"),
        ("List-Subscribe: <x>", "mailing-list"),
        ("LIST-UNSUBSCRIBE: <x>", "mailing-list"),
        ("List-Post: NO", "mailing-list"),
        ("List-Owner: <x>", "mailing-list"),
        ("List-Archive: <x>", "mailing-list"),
        ("Precedence: bulk", "precedence"),
        ("Precedence: JUNK (really)", "precedence"),
        ("Precedence: list", "precedence"),
        ("X-Auto-Response-Suppress: DR, OOF , AutoReply", "suppress"),
        ("X-Auto-Response-Suppress: all", "suppress"),
        ("Sender: owner-news@x.example", "robot-address"),
        ("Sender: MAILER-DAEMON@x.example", "robot-address"),
        ("Sender: news-request@x.example", "robot-address"),
        ("Sender: no-reply@x.example", "robot-address"),
        ("Sender: noreply+12@x.example", "robot-address"),
        ("Sender: bounces+12=x@x.example", "robot-address"),
        ("Sender: Majordomo@x.example", "robot-address"),
        ("Sender: calendar-noreply@x.example", "robot-address"),
        ("Content-Type: multipart/report; boundary=x", "report"),
        ("X-Autoreply: yes", "autoreply-field"),
        ("X-Autorespond: x", "autoreply-field"),
        ("X-MS-Exchange-Inbox-Rules-Loop: x@x.example", "autoreply-field"),
        ("X-POST-MessageClass: 9; Autoresponder", "autoreply-field"),
        ("X-Loop: x", "loop-field"),
        ("Feedback-ID: 1:campaign:esp", "feedback-id"),
        ("Subject: Out of Office: Re: Thursday", "away-subject"),
        ("Subject: Automatic reply: x", "away-subject"),
        ("Subject: Abwesenheitsnotiz: x", "away-subject"),
        ("Subject: =?utf-8?q?R=C3=A9ponse_automatique?=: x", "away-subject"),
        ("Subject: Undeliverable: x", "away-subject"),
    ],
)
def test_a_robots_field_is_a_sign(field: str, sign: str) -> None:
    assert signs(field) == (sign,)


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: (comment) No ; x=y",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "Sender: norepliescope@x.example",
        "Sender: bouncer.jo@x.example",
        "Sender: owner@x.example",
        "Content-Type: multipart/mixed; boundary=x",
        "Feedback-ID: 123:user:proton",
        "Feedback-ID: i123:Fastmail",
        "Subject: Re: out of office next week",
        "List: milk",
    ],
)
def test_a_persons_field_is_none(field: str) -> None:
    assert signs(field) == ()


def test_an_empty_envelope_sender_is_a_sign() -> None:
    assert signs(person=b"Return-Path: <>\r\nFrom: jo@client.example\r\n") == ("null-return-path",)


def test_a_missing_envelope_sender_is_a_sign() -> None:
    assert signs(person=b"From: jo@client.example\r\n") == ("no-return-path",)


def test_a_robots_envelope_sender_is_a_sign() -> None:
    person = b"Return-Path: <bounce-7@x.example>\r\nFrom: jo@client.example\r\n"

    assert signs(person=person) == ("robot-address",)


def test_shows_every_rule_with_pass_or_fail() -> None:
    found = dict(checks(parse(PERSON + b"Precedence: bulk\r\n\r\nx")))

    assert len(found) == 12
    assert [name for name, passed in found.items() if not passed] == ["precedence"]
