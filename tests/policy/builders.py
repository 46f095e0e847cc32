"""Builders of the policy's values: a client's plain therapy mail unless a test says otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from guard.mail.message import Address, Attachment, Message
from guard.policy.case import Case
from guard.verdict.label import Label, Scores, Verdict

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OWN = "andrea@practice.example"
CLIENT = "jo@client.example"


def an_address(email: str) -> Address:
    return Address(name="", email=email)


def an_attachment(name: str, content_type: str = "application/octet-stream") -> Attachment:
    return Attachment(name=name, content_type=content_type, size=1)


def a_message(**changes: Any) -> Message:
    plain = Message(
        subject="Last night",
        new_text="I could not sleep again.",
        full_text="I could not sleep again.",
        sender=(an_address(CLIENT),),
        recipients=(an_address(OWN),),
        return_path=CLIENT,
        message_id="<1@client.example>",
        headers=(("from", CLIENT), ("to", OWN), ("return-path", f"<{CLIENT}>")),
    )
    return replace(plain, **changes)


def a_verdict(**changes: Any) -> Verdict:
    sure = Verdict(
        label=Label.THERAPY,
        scores=Scores(scheduling=0.01, therapy=0.97, crisis=0.01, other=0.01),
        flagged=True,
        remind=True,
        crisis=False,
        model="0" * 64,
    )
    return replace(sure, **changes)


def a_case(**changes: Any) -> Case:
    usual = Case(
        message=a_message(),
        verdict=a_verdict(),
        received=NOON - timedelta(minutes=5),
        now=NOON,
        own=(OWN,),
        clients=("c1",),
        authenticated=True,
    )
    return replace(usual, **changes)
