"""Whatever comes: nothing raises, and nothing but a client's own vouched-for mail is answered."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import UnreadableError
from guard.mail.sender import authenticity, same_mailbox
from guard.policy import words
from guard.policy.case import Case, Limits
from guard.policy.decision import Action
from guard.policy.minutes import fact, minutes_of, read
from guard.policy.rules import decide
from guard.reply import compose
from guard.verdict.reading import Reading
from tests.policy.builders import CLIENT, NOON, OWN, a_case, a_message, a_verdict
from tests.policy.raw import BODY, USUAL, case_of, decided
from tests.policy.robots import ROBOTS

NAMES = st.sampled_from(
    """From To Cc Bcc Sender Reply-To Return-Path Subject Date Message-ID References In-Reply-To
    Auto-Submitted Precedence List-Id List-Unsubscribe Received Authentication-Results
    Content-Type Content-Transfer-Encoding Content-Disposition MIME-Version X-Loop Resent-To
    X-Auto-Response-Suppress Feedback-ID X-Autoreply""".split()  # noqa: SIM905  # a list is longer
)
PIECES = [
    *(line.partition(": ")[2] for line in USUAL),
    CLIENT,
    OWN,
    "no",
    "auto-replied",
    "<>",
    ",",
    ";",
    ":",
    "(",
    ")",
    '"',
    "\\",
    "@",
    "\r\n ",
    "=?utf-8?q?=0D=0ABcc:_x@x.example?=",
    "=?utf-8?b?////?=",
    "=?utf-16?q?=D8?=",
    "\x00",
    "\u202e",
    "é",
    "multipart/report",
    "multipart/mixed; boundary=b",
    "dmarc=pass header.from=client.example",
    "mx.practice.example;",
]
VALUES = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=5).map("".join)
LINES = st.sampled_from(USUAL) | st.builds("{}: {}".format, NAMES, VALUES)
MAILS = st.builds(
    lambda lines, body: ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", "replace"),
    st.lists(LINES, max_size=16) | st.permutations(USUAL),
    st.just(BODY) | st.text(max_size=60),
)


def case_or_none(raw: bytes) -> Case:
    try:
        return case_of(raw)
    except UnreadableError:
        return a_case(message=None)


@given(MAILS)
def test_nothing_raises_and_only_a_clients_vouched_for_mail_is_answered(raw: bytes) -> None:
    case = case_or_none(raw)
    decision = decide(case, Limits())

    if Action.REMIND in decision.actions:
        assert case.message is not None
        (writer,) = case.message.sender
        assert same_mailbox(writer.email, CLIENT)
        assert authenticity(case.message, trusted=["mx.practice.example"]).authenticated


@given(MAILS)
def test_every_decision_can_be_made_again_and_filed_and_read(raw: bytes) -> None:
    case = case_or_none(raw)
    decision = decide(case, Limits())
    reading = Reading(message=case.message, verdict=case.verdict)
    minutes = minutes_of(reading, decision, received="", authenticity="dmarc")
    entry = fact(1, ("c1",), minutes)

    assert decide(case, Limits()) == decision
    assert entry.secret is not None
    assert read(entry.secret) == minutes
    assert all(words.of(one) for one in decision.findings)


def test_the_soup_does_hold_mails_that_are_answered() -> None:
    assert Action.REMIND in decided(("\r\n".join([*USUAL, "", BODY])).encode()).actions


@given(st.permutations(USUAL))
def test_the_order_of_headers_can_only_silence(lines: list[str]) -> None:
    # A field below a foreign Received line is the sender's own, so some orders are not believed.
    barred = decided(("\r\n".join([*lines, "", BODY])).encode()).barred

    assert set(barred) <= {"not-authenticated"}


# --- what guard writes ----------------------------------------------------------------------

REMINDER = compose.reminder(
    a_message(), words=compose.text("reminder.en"), sender=OWN, token="guard.1", now=NOON
)
ALERT = compose.alert(count=2, sender=OWN, to=OWN, token="guard.2", now=NOON)
HOPS = st.lists(
    st.sampled_from(
        [
            f"Return-Path: <{CLIENT}>",
            f"Return-Path: <{OWN}>",
            "Return-Path: <>",
            "Received: from out.client.example by mx.practice.example; x",
            "Received: by store.internal; x",
            "Authentication-Results: mx.practice.example; dmarc=pass header.from=client.example",
            "Authentication-Results: mx.practice.example; dmarc=pass header.from=practice.example",
            f"Delivered-To: {OWN}",
            f"Resent-From: {CLIENT}",
            f"Resent-To: {OWN}",
            f"Cc: {OWN}",
            "Auto-Submitted: no",
        ]
    ),
    max_size=6,
)


@given(raw=st.sampled_from([REMINDER.raw, ALERT.raw]), hops=HOPS, us=st.booleans())
def test_guard_never_answers_what_guard_wrote(raw: bytes, hops: list[str], *, us: bool) -> None:
    # Somebody may even send it back under a client's name.
    written = raw if us else raw.replace(f"From: {OWN}".encode(), f"From: {CLIENT}".encode())
    decision = decided("".join(f"{one}\r\n" for one in hops).encode() + written)

    assert "auto-submitted" in decision.barred
    assert Action.REMIND not in decision.actions


@given(raw=st.sampled_from(list(ROBOTS.values())), hops=HOPS)
def test_guard_never_answers_a_robot_whatever_is_put_before_it(
    raw: bytes, hops: list[str]
) -> None:
    # But for the null path, which only the last server can have written.
    before = [one for one in hops if not one.startswith("Return-Path: <jo")]

    assert (
        Action.REMIND
        not in decided("".join(f"{one}\r\n" for one in before).encode() + raw).actions
    )


def test_minutes_of_a_future_guard_are_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match="Expected `str`"):
        read(msgspec.json.encode({"subject": 1}))


def test_a_second_decision_opens_anew_only_the_reminder() -> None:
    case = a_case(verdict=a_verdict())
    decision = decide(case, Limits())
    reading = Reading(message=case.message, verdict=case.verdict)
    minutes = minutes_of(reading, decision, received="", authenticity="dmarc")

    assert fact(1, ("c1",), minutes).opens == ("flag", "remind", "review")
    again = fact(1, ("c1",), minutes, before=frozenset({"flag", "remind", "review"}))
    assert again.opens == ("remind",)
    assert again.closes == ("judge",)
