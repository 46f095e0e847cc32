"""A mailbox, a reader and a sender in memory, and a house that joins them to a real record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from guard.clients.directory import Client
from guard.config import Settings, parse
from guard.errors import ConfigError, GuardError, NotSentError, UnreachableError, UnreadableError
from guard.mail.gmail import Numbered
from guard.mail.parse import parse as parse_mail
from guard.mail.shown import Batch, Fetched, FolderState
from guard.pipeline.house import Folder, House
from guard.reply import compose
from guard.reply.alerting import Alerting, Way
from guard.reply.errands import Errands
from guard.reply.wording import wordings
from guard.verdict.label import Label, Scores, Verdict
from guard.verdict.reading import Reading, unjudged

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OWN = "andrea@practice.example"
JO = Client(id="c-jo", name="Jo", addresses=("jo@client.example",))
AL = Client(id="c-al", name="Al", addresses=("al@client.example",))
BO = Client(id="c-bo", name="Bo", addresses=("bo@client.example",), automatic=False)
FOLDERS = (
    Folder(name="Sent", direction="out"),
    Folder(name="INBOX", direction="in"),
    Folder(name="Junk", direction="junk"),
)
SETTINGS = """
[practice]
addresses = ["andrea@practice.example"]
[mailbox]
host = "imap.practice.example"
user = "andrea@practice.example"
[smtp]
host = "smtp.practice.example"
[reminders]
trust_authserv = ["mx.practice.example"]
[alerts]
to = "andrea@home.example"
"""


def settings(old: str = "", new: str = "") -> Settings:
    """The usual settings, with one text replaced."""
    assert old in SETTINGS
    return parse(SETTINGS.replace(old, new) if old else SETTINGS, folder=Path())


def a_mail(who: str = "jo", words: str = "therapy", *, to: str = OWN, ref: str = "") -> bytes:
    """A client's vouched-for mail; `words` are what the fake reader goes by."""
    return (
        f"Return-Path: <{who}@client.example>\r\n"
        "Authentication-Results: mx.practice.example; dmarc=pass header.from=client.example\r\n"
        f"From: {who}@client.example\r\nTo: {to}\r\nSubject: x{ref}\r\n"
        f"Message-ID: <{who}{ref}@client.example>\r\n\r\n{words} {ref}\r\n"
    ).encode()


def a_letter(to: str = "jo@client.example", ref: str = "") -> bytes:
    """A letter that the practice wrote."""
    return f"From: {OWN}\r\nTo: {to}\r\nSubject: y{ref}\r\n\r\nSee you then.\r\n".encode()


@dataclass
class Box:
    """One folder: UID to what lies there."""

    mails: dict[int, Fetched] = field(default_factory=dict)
    validity: int = 7
    sticky: bool = True
    readonly: bool = False
    withheld: set[int] = field(default_factory=set)
    oversized: set[int] = field(default_factory=set)
    flagged: list[int] = field(default_factory=list)

    def put(self, raw: bytes, *, age: timedelta = timedelta(minutes=5)) -> int:
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = Fetched(uid=uid, raw=raw, received=NOON - age)
        return uid


@dataclass
class Server:
    """An IMAP account in memory."""

    boxes: dict[str, Box] = field(default_factory=lambda: {one.name: Box() for one in FOLDERS})
    batch: int = 200
    breaks_after: int | None = None
    opened: str = ""
    numbered: dict[tuple[str, int], Numbered] = field(default_factory=dict)

    def examine(self, folder: str) -> FolderState:
        if folder not in self.boxes:
            raise ConfigError("the mailbox has no such folder")
        self.opened = folder
        box = self.boxes[folder]
        return FolderState(
            name=folder,
            validity=box.validity,
            uidnext=max(box.mails, default=0) + 1,
            exists=len(box.mails),
            sticky=box.sticky,
        )

    def new_uids(self, after: int, uidnext: int) -> list[int]:
        box = self.boxes[self.opened]
        return [uid for uid in sorted(box.mails) if uid > after and (not uidnext or uid < uidnext)]

    def fetch(
        self, uids: Sequence[int], *, before_huge: Callable[[], None] = lambda: None
    ) -> Iterator[Batch]:
        before_huge()
        box = self.boxes[self.opened]
        for start in range(0, len(uids), self.batch):
            if self.breaks_after is not None and start >= self.breaks_after:
                raise UnreachableError("hung up")
            some = uids[start : start + self.batch]
            kept = box.withheld | box.oversized
            given = [uid for uid in some if uid in box.mails and uid not in kept]
            yield Batch(
                messages=tuple(box.mails[uid] for uid in given),
                missing=tuple(uid for uid in some if uid not in given),
                oversized=tuple(uid for uid in some if uid in box.oversized),
            )

    def numbers(self, uids: Sequence[int]) -> dict[int, Numbered]:
        told = {uid: self.numbered.get((self.opened, uid)) for uid in uids}
        return {uid: one for uid, one in told.items() if one is not None}

    def flag(self, folder: str, uids: Sequence[int]) -> None:
        if self.boxes[folder].readonly:
            raise UnreachableError("the folder may only be read")
        self.boxes[folder].flagged += uids


@dataclass
class Words:
    """A reader that goes by the first word of the body."""

    problem: GuardError | None = None
    broken: bool = False
    read: list[bytes] = field(default_factory=list)

    def start(self, raws: Sequence[bytes | mmap]) -> Callable[[], list[Reading]]:
        read = [raw[:] for raw in raws]
        self.read += read
        return lambda: [self._reading(raw) for raw in read]

    def wake(self, count: int) -> None:
        """Nothing to start."""

    def make_room(self) -> None:
        """Nothing to end."""

    def _reading(self, raw: bytes) -> Reading:
        try:
            message = parse_mail(raw, own=compose.text("reminder.en").splitlines())
        except UnreadableError:
            return Reading(message=None, verdict=unjudged("unreadable"))
        if self.broken:
            return Reading(message=message, verdict=unjudged("no model"))
        first = (message.new_text.split() or ["other"])[0]
        if first in ("odd", "worse"):
            # A lone surrogate can be held but not written: what no parser should let through.
            message = replace(message, subject="\ud800")
        return Reading(message=message, verdict=verdict("crisis" if first == "worse" else first))


def verdict(word: str) -> Verdict:
    known = {one.value: one for one in Label}
    label = known.get(word, Label.OTHER)
    if word == "perhaps":
        label = Label.THERAPY
    scores = {one.value: 0.985 if one is label else 0.005 for one in Label}
    return Verdict(
        label=label,
        scores=Scores(**scores),
        flagged=label in (Label.THERAPY, Label.CRISIS),
        remind=word == "therapy",
        crisis=label is Label.CRISIS,
        abstained="empty" if word == "empty" else "",
        model="0" * 64,
    )


@dataclass
class Tray:
    """A submission server in memory."""

    trouble: GuardError | None = None
    never: str = ""
    """To this address: later, always later."""
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        if to == self.never:
            raise NotSentError("greylisted", this_letter=True)
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((to, raw))
        return ""

    @property
    def reminders(self) -> list[str]:
        """To whom, in order."""
        return [to for to, raw in self.sent if b"auto-replied" in raw]

    @property
    def alerts(self) -> int:
        return sum(b"auto-generated" in raw for _, raw in self.sent)


@dataclass
class Practice:
    """All that a scan touches; `house` joins it."""

    record: Any
    server: Server = field(default_factory=Server)
    words: Words = field(default_factory=Words)
    tray: Tray = field(default_factory=Tray)
    now: datetime = NOON
    folders: tuple[Folder, ...] = FOLDERS
    settings: Settings = field(default_factory=settings)
    mailbox: Any = None
    tokens: int = 0

    @property
    def inbox(self) -> Box:
        return self.server.boxes["INBOX"]

    @property
    def sent(self) -> Box:
        return self.server.boxes["Sent"]

    @property
    def junk(self) -> Box:
        return self.server.boxes["Junk"]

    def token(self) -> str:
        self.tokens += 1
        return f"guard.{self.tokens}"

    def keep(self, raw: bytes) -> None:
        self.sent.put(raw)

    def house(self, record: Any = None, tray: Any = None) -> House:
        errands = Errands(
            record=record or self.record,
            sender=tray or self.tray,
            settings=self.settings,
            wordings=wordings(self.settings),
            token=self.token,
            keep=self.keep,
        )
        return House(
            settings=self.settings,
            mailbox=self.mailbox or self.server,
            record=record or self.record,
            folders=self.folders,
            reader=self.words,
            errands=errands,
            alerts=self._alerting(tray),
            clock=lambda: self.now,
            wordings=wordings(self.settings),
        )

    def _alerting(self, tray: Any) -> Alerting | None:
        if not self.settings.alerts.to:
            return None
        way = Way(sender=tray or self.tray, address=self.settings.reply_address)
        return Alerting(ways=(way,), settings=self.settings.alerts, token=self.token)
