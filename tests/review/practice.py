"""A small practice for the page: a record with made-up letters, and a browser of Flask's.

The letters are judged by hand here, so that no model is needed.
"""

import atexit
import io
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from guard.clients import directory
from guard.config import Settings, parse
from guard.mail.message import Message
from guard.mail.parse import parse as parse_mail
from guard.policy.channels import Channel
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind
from guard.policy.minutes import Minutes, fact
from guard.record.entry import Incoming
from guard.record.init import create
from guard.record.ledger import Record
from guard.record.lock import scan_lock
from guard.record.passphrase import CHEAPEST
from guard.record.sqlite import SqliteRecord
from guard.reply.errands import Errands
from guard.reply.wording import approve, shipped, wordings
from guard.review.book import Book
from guard.review.desk import Desk, Edges
from guard.review.letters import Letters
from guard.review.session import Session
from guard.review.web import create_app
from guard.rights.copy import copy
from guard.verdict.label import Label, Scores, Verdict

HOST = "127.0.0.1:4321"
PASSPHRASE = "six words"
START = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
MODEL = "ab" * 32
LETTERS = Letters()
"""One for all practices, as one process can read for many."""
atexit.register(LETTERS.close)
TOML = """
[practice]
name = "The Practice"
addresses = ["andrea@practice.example"]
[mailbox]
host = "localhost"
user = "andrea@practice.example"
[smtp]
host = "localhost"
[record]
path = "record"
"""


def letter(
    text: str = "Could we meet on Tuesday?",
    *,
    sender: str = "Tom Ash <tom@home.example>",
    subject: str = "Tuesday",
    extra: str = "",
) -> bytes:
    head = f"From: {sender}\r\nTo: andrea@practice.example\r\nSubject: {subject}\r\n{extra}"
    return f"{head}\r\n{text}\r\n".encode()


@dataclass
class Clock:
    """Stands still until told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Postman:
    """Keeps what it is given, or raises what it was told to."""

    sent: list[bytes] = field(default_factory=list)
    problem: BaseException | None = None

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        if self.problem is not None:
            raise self.problem
        self.sent.append(raw)
        return ""


@dataclass
class Practice:
    """A record's folder, a desk, and a browser."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)
    postman: Postman = field(default_factory=Postman)
    letters: Letters = LETTERS
    tokens: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As if `guard review` had been stopped and started again."""
        self.desk = Desk(self.edges(), Session(self.token))
        self.app: Flask = create_app(self.desk, host=HOST)
        self.browser: FlaskClient = self.app.test_client()

    def token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:048x}"

    def edges(self) -> Edges:
        return Edges(
            settings=self.settings,
            open_record=self.open,
            clock=self.clock,
            token=self.token,
            errands=self.errands,
            model_card=lambda: self.settings.folder / "card.toml",
            last_scan=lambda: {"at": START.isoformat()},
            troubles=list,
            free_bytes=lambda _folder: 50_000_000_000,
            copy=self.copy,
            letters=self.letters,
        )

    def open(self, *, readonly: bool = False) -> SqliteRecord:
        return SqliteRecord.open(self.settings.record_folder, readonly=readonly)

    def copy(self, book: Book, client: directory.Client) -> bytes:
        packed = io.BytesIO()

        def read(raws: Sequence[bytes]) -> list[Message | None]:
            return [parse_mail(raw) for raw in raws]

        with zipfile.ZipFile(packed, "w") as archive:
            copy(book, client, practice="The Practice", read=read, put=archive.writestr)
        return packed.getvalue()

    @contextmanager
    def errands(self, record: Record) -> Iterator[Errands]:
        with scan_lock(self.settings.record_folder, now=self.now):
            yield Errands(
                record=record,
                sender=self.postman,
                settings=self.settings,
                wordings=wordings(self.settings),
                token=self.token,
                keep=lambda _raw: None,
            )

    @property
    def now(self) -> int:
        return int(self.clock().timestamp() * 1000)

    def add_client(self, name: str, *addresses: str, automatic: bool = True) -> str:
        client = directory.Client(
            id=f"c{name.lower()}", name=name, addresses=addresses, automatic=automatic
        )
        with self.open() as record:
            record.append([directory.enrol(client)], now=self.now)
        return client.id

    def add(
        self,
        raw: bytes,
        label: Label = Label.THERAPY,
        *,
        grounds: tuple[str, ...] = ("sensitive",),
        evidence: tuple[str, ...] = (),
        bars: tuple[str, ...] = ("not-sure",),
        owner: str = "unsorted",
        who: Correspondent = Correspondent.UNKNOWN,
        direction: str = "in",
        channel: Channel | None = None,
        vouched: str = "dmarc",
        abstained: str = "",
    ) -> int:
        """File a letter as the scan does, and a decision about it; returns the item."""
        filed = Incoming(
            raw=raw,
            locations=(),
            account="andrea@practice.example",
            owners=(owner,),
            direction=direction,
            received=self.now,
            opens=("judge",) if direction == "in" else (),
        )
        with self.open() as record:
            item = record.file([filed], cursor=None, now=self.now)[0].item
            if direction == "in":
                minutes = _minutes(raw, label, grounds, evidence, bars, who, self.clock())
                decision = replace(minutes.decision, channel=channel)
                verdict = replace(minutes.verdict, abstained=abstained)
                minutes = replace(
                    minutes, verdict=verdict, decision=decision, authenticity=vouched
                )
                record.append([fact(item, (owner,), minutes)], now=self.now)
        return item

    # --- the browser ---------------------------------------------------------------------

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.browser.get(path, base_url=f"http://{HOST}", headers=headers)

    def post(self, path: str, _headers: dict[str, str] | None = None, **form: str) -> TestResponse:
        headers = {"Origin": f"http://{HOST}"} if _headers is None else _headers
        form.setdefault("csrf", self.desk.session.csrf)
        return self.browser.post(path, base_url=f"http://{HOST}", headers=headers, data=form)

    def enter(self) -> TestResponse:
        """Open the link and give the passphrase."""
        self.get(f"/open/{self.desk.session.link}")
        return self.post("/unlock", passphrase=PASSPHRASE)

    def state(self, item: int) -> str:
        """What the form of an item carries."""
        found = re.search(r'name="state" value="(\d+)"', self.page(f"/item/{item}"))
        assert found is not None
        return found[1]

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return answer.get_data(as_text=True)

    def answer(self, item: int, do: str, **form: str) -> TestResponse:
        form |= {"do": do, "state": self.state(item)}
        return self.post(f"/item/{item}/rule", None, **form)

    def waiting(self) -> list[int]:
        """Numbers of what waits, in the order of the page."""
        return list(
            dict.fromkeys(map(int, re.findall(r'<li><a href="/item/(\d+)"', self.page("/"))))
        )


def _minutes(
    raw: bytes,
    label: Label,
    grounds: tuple[str, ...],
    evidence: tuple[str, ...],
    bars: tuple[str, ...],
    who: Correspondent,
    now: datetime,
) -> Minutes:
    message = parse_mail(raw)
    shares = {one.value: 0.1 for one in Label} | {label.value: 0.7}
    actions = {Action.REVIEW} if grounds else set()
    if "crisis" in grounds:
        actions.add(Action.ALERT)
    found = [Finding(rule=one, kind=Kind.GROUND, holds=True) for one in grounds]
    found += [Finding(rule=one, kind=Kind.BAR, holds=True) for one in bars]
    return Minutes(
        subject=message.subject,
        sender=", ".join(f"{one.name} <{one.email}>" for one in message.sender),
        received=now.isoformat(),
        verdict=Verdict(
            label=label,
            scores=Scores(**shares),
            flagged=bool(grounds),
            remind=False,
            crisis="crisis" in grounds,
            evidence=evidence,
            model=MODEL,
        ),
        decision=Decision(actions=frozenset(actions), findings=tuple(found), correspondent=who),
        authenticity="dmarc",
    )


def found(folder: Path) -> None:
    """Make an empty record, as ``guard init`` does."""
    create(
        folder / "record",
        passphrase=PASSPHRASE,
        executor=None,
        random=os.urandom,
        now=int((START - timedelta(days=1)).timestamp() * 1000),
        work=CHEAPEST,
    )
    with SqliteRecord.open(folder / "record") as record:
        record.append(
            [approve(shipped())], now=int((START - timedelta(days=1)).timestamp() * 1000)
        )


def at(folder: Path) -> Practice:
    """Return the practice of a folder, locked."""
    return Practice(settings=parse(TOML, folder=folder))
