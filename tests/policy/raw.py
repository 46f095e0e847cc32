"""From raw bytes to a decision, as the corridor goes, with a verdict that is sure."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from guard.config import Settings, parse
from guard.mail.parse import parse as parse_mail
from guard.policy.case import Case, Limits
from guard.policy.circumstances import gather
from guard.policy.decision import Decision
from guard.policy.rules import decide
from guard.record.entry import JSON, Entry, canonical
from guard.verdict.label import Verdict
from guard.verdict.reading import Reading
from tests.policy.builders import CLIENT, NOON, OWN, a_verdict

ALIAS = "hello@practice.example"
USUAL = (
    f"Return-Path: <{CLIENT}>",
    "Authentication-Results: mx.practice.example; dmarc=pass header.from=client.example",
    "Received: from out.client.example by mx.practice.example; Mon, 2 Mar 2026 11:55:00 +0000",
    f"From: Jo Doe <{CLIENT}>",
    f"To: Andrea <{OWN}>",
    "Subject: Last night",
    "Date: Mon, 2 Mar 2026 11:54:58 +0000",
    "Message-ID: <1@client.example>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
)
TRUSTED = (
    "mx.practice.example",
    "microsoft",
    "mx.google.com",
    "mx6.messagingengine.com",
    "dmarc.icloud.com",
)
BODY = "I could not sleep again, and I keep thinking of what you said.\r\n"
SETTINGS = f"""
[practice]
addresses = ["andrea@practice.example", "hello@practice.example"]
[mailbox]
host = "imap.practice.example"
user = "andrea@practice.example"
[smtp]
host = "smtp.practice.example"
[reminders]
trust_authserv = {json.dumps(TRUSTED)}
[alerts]
to = "andrea@home.example"
"""


def settings(*, more: str = "", without: str = "") -> Settings:
    text = SETTINGS.replace(without, "") if without else SETTINGS
    return parse(text + more, folder=Path())


def mail(*edits: str, body: str = BODY) -> bytes:
    """The usual mail, edited: ``Name: x`` replaces, ``-Name`` removes, ``+`` and ``^`` add."""
    lines = list(USUAL)
    for edit in edits:
        sign, line = (edit[0], edit[1:]) if edit[0] in "-+^" else ("", edit)
        name = line.partition(":")[0].lower()
        at = [i for i, one in enumerate(lines) if one.partition(":")[0].lower() == name]
        match sign:
            case "-":
                lines = [one for i, one in enumerate(lines) if i not in at]
            case "+":
                lines.append(line)
            case "^":
                lines.insert(0, line)
            case _:
                lines[at[0] : at[0] + 1] = [line]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass
class Clients:
    """A record that knows clients by address, and nothing else."""

    known: dict[str, tuple[str, ...]] = field(default_factory=lambda: {CLIENT: ("c1",)})
    silent: frozenset[str] = frozenset()
    said: dict[str, dict[str, JSON]] = field(default_factory=dict)
    """More of what stands of a client in clear."""

    wrote: datetime | None = None

    def owners_named(self, text: str) -> tuple[str, ...]:
        return self.known.get(text, ())

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        body: dict[str, JSON] = {}
        if kind == "client":
            body = {"automatic": owner not in self.silent, **self.said.get(owner or "", {})}
        elif self.wrote is not None:
            body = {"last": int(self.wrote.timestamp() * 1000)}
        whole = canonical({"kind": kind, "body": body})
        found = Entry(seq=0, kind=kind, item=item, owner=owner, at=0, body=whole, sealed=None)
        return found if body else None


class Blank:
    """Nothing was ever sent, and the words are approved."""

    def has_text(self, client: str) -> bool:
        return True

    def approved(self, client: str) -> bool:
        return True

    def reminded(self, client: str, since: datetime) -> datetime | None:
        return None

    def alarmed(self, client: str, since: datetime) -> datetime | None:
        return None

    def signpost_approved(self, client: str) -> bool:
        return False

    def signposted(self, client: str, since: datetime) -> datetime | None:
        return None

    def restored(self) -> datetime | None:
        return None

    def within_the_hour(self, now: datetime) -> int:
        return 0

    def tripped(self, now: datetime) -> bool:
        return False


def case_of(
    raw: bytes,
    *,
    verdict: Verdict | None = None,
    junk: bool = False,
    age: timedelta = timedelta(minutes=5),
    record: Clients | None = None,
    given: Settings | None = None,
    own_text: tuple[str, ...] = (),
) -> Case:
    case, _ = gather(
        Reading(message=parse_mail(raw, own=own_text), verdict=verdict or a_verdict()),
        received=NOON - age,
        junk=junk,
        now=NOON,
        record=record or Clients(),
        settings=given or settings(),
        history=Blank(),
    )
    return case


def decided(raw: bytes, **circumstances: object) -> Decision:
    return decide(case_of(raw, **circumstances), Limits())  # type: ignore[arg-type]  # as case_of
