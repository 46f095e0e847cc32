"""A practice for tests of the whole program: settings, record, mailbox, sending, clients.

Runs the real program in a process of its own, against real servers on loopback.
"""

import functools
import json
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from guard.clients import directory
from guard.commands import wiring
from guard.commands.template import Answers, guard_toml
from guard.record import init as record_init
from guard.record import verify as record_verify
from guard.record.passphrase import CHEAPEST
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.reply.wording import approve, shipped
from tests.servers.dovecot import PASSWORD, MailUser
from tests.servers.smtpd import SmtpSink

OWN = "andrea@practice.example"
PASSPHRASE = "correct horse"
VOUCHER = "mx.practice.example"

_THERAPY = """\
Since our session I have been thinking about my mother and the anger I feel towards her. I had the
dream again. I feel so sad and ashamed about my childhood, and the anxiety is worse at night.
--
My anxiety has been really bad this week. I had two panic attacks and I have been crying a lot
since we talked about my childhood. I feel like a failure.
--
I keep thinking about what you said about my father in our last session, and I felt so ashamed and
anxious that I could not stop crying. I have been feeling very low since then.
"""
SCHEDULING = (
    "Could we move Thursday's appointment to 3 pm next week? Wednesday would suit as well."
)
CRISIS = "I do not want to live any more. I am going to kill myself tonight."


@functools.cache
def therapy() -> str:
    """A text that the model of the day answers with the reminder."""
    texts = _THERAPY.split("--\n")
    lines = [json.dumps({"id": text, "subject": "Hello", "body": text}) for text in texts]
    ran = guard("classify", "--jsonl", stdin="\n".join(lines).encode(), cwd=Path("/"))
    told = [json.loads(line) for line in ran.out.splitlines()]
    sure = [str(one["id"]) for one in told if one["remind"]]
    assert sure, f"the model answers none of these: {ran.out or ran.err}"
    return sure[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How one run of the program ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, int]:
        """The one object that was printed."""
        told: dict[str, int] = json.loads(self.out)
        return told


def guard(
    *words: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    under: tuple[str, ...] = (),
) -> Ran:
    """Run the program as cron would: no terminal, nobody to ask.

    `under` is a program that runs it under limits, such as ``prlimit``.
    """
    done = subprocess.run(
        [*under, sys.executable, "-m", "guard", *map(str, words)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return Ran(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


@dataclass(slots=True, kw_only=True)
class Practice:
    """One practice; `guard` runs the program on it."""

    folder: Path
    user: MailUser
    sink: SmtpSink
    settings: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sink.user, self.sink.password = self.user.name, PASSWORD
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.write_secret("mail.secret", PASSWORD)
        self.write_secret("pass.secret", PASSPHRASE)
        self.trust()
        self.config.write_text(self.toml())
        record_init.create(
            self.record_folder,
            passphrase=PASSPHRASE,
            executor=None,
            random=secrets.token_bytes,
            now=wiring.milliseconds(),
            work=CHEAPEST,
        )
        with self.record() as record:
            record.append([approve(shipped())], now=wiring.milliseconds())

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.folder / "guard.toml"

    @property
    def record_folder(self) -> Path:
        """Its record."""
        return self.folder / "record"

    @property
    def passphrase_file(self) -> Path:
        """Opens the record."""
        return self.folder / "pass.secret"

    def trust(self) -> None:
        """Write down both servers' authorities."""
        both = self.user.ca_file.read_text() + self.sink.ca_file.read_text()
        (self.folder / "ca.pem").write_text(both)

    def toml(self) -> str:
        """Its settings as guard init would write them."""
        asked: dict[str, object] = {
            "name": "Practice",
            "addresses": (OWN,),
            "imap_host": "localhost",
            "imap_port": self.user.port,
            "imap_security": "tls",
            "imap_user": self.user.name,
            "smtp_host": "localhost",
            "smtp_port": self.sink.port,
            "smtp_security": "tls",
            "smtp_user": self.sink.user,
            "password_file": "mail.secret",
            "ca_file": "ca.pem",
            "alerts_to": "andrea.private@home.example",
            "mode": "auto",
            "trusted": (VOUCHER,),
        }
        return guard_toml(Answers(**(asked | self.settings)))  # type: ignore[arg-type]  # as above

    def write_secret(self, name: str, text: str) -> Path:
        """Write a file of mode 0600."""
        file = self.folder / name
        file.write_text(f"{text}\n")
        file.chmod(0o600)
        return file

    def change(self, old: str, new: str) -> None:
        """Change the settings."""
        text = self.config.read_text()
        assert old in text, old
        self.config.write_text(text.replace(old, new))

    def guard(self, *words: str | Path, stdin: bytes = b"", under: tuple[str, ...] = ()) -> Ran:
        """Run one command."""
        return guard("--config", self.config, *words, cwd=self.folder, stdin=stdin, under=under)

    def unlocked(self, *words: str | Path) -> Ran:
        """Run one command that needs the passphrase."""
        return self.guard(*words, "--passphrase-file", self.passphrase_file)

    def scan(self) -> dict[str, int]:
        """Scan; it must go well."""
        ran = self.guard("scan", "--json")
        assert (ran.status, ran.err) == (0, "")
        return ran.json

    def add(self, name: str, *addresses: str, automatic: bool = True) -> str:
        """Add a client without the cost of a process."""
        client = directory.Client(
            id=f"c{secrets.token_hex(5)}", name=name, addresses=addresses, automatic=automatic
        )
        with self.record() as record:
            record.append([directory.enrol(client)], now=wiring.milliseconds())
        return client.id

    def record(self) -> SqliteRecord:
        """Its record, opened for writing."""
        return SqliteRecord.open(self.record_folder)

    def filed(self) -> dict[int, bytes]:
        """Every filed message by item, unsealed."""
        with self.record() as record:
            reader = self.reader(record)
            return {
                one.seq: reader.raw(one.seq) for one in record.entries() if one.kind == "filed"
            }

    def reader(self, record: SqliteRecord) -> Reader:
        """Her view of the record."""
        return Reader(record, record.keys.unlock(PASSPHRASE))

    def tasks(self) -> dict[str, int]:
        """How many of each task are open."""
        names = ("judge", "remind", "flag", "alert", "outcome", "review")
        with self.record() as record:
            return {name: len(found) for name in names if (found := record.tasks(name))}

    def wrong(self) -> list[str]:
        """What does not verify, content and all."""
        with self.record() as record:
            identity = self.reader(record).identity
        return [str(one) for one in record_verify.examine(self.record_folder, identity=identity)]

    def bytes_on_disk(self) -> dict[str, bytes]:
        """Every file of the record."""
        files = sorted(self.record_folder.rglob("*"))
        return {str(one): one.read_bytes() for one in files if one.is_file()}

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        """A mail arrives now."""
        self.user.deliver(raw, folder)


def letter(
    text: str,
    *,
    sender: str = "Leo Marsh <leo@inkwell.example>",
    subject: str = "Hello",
    number: int = 0,
    vouched: bool = True,
) -> bytes:
    """A client's plain mail, as the practice's provider hands it over."""
    address = sender.partition("<")[2].rstrip(">") or sender
    now = format_datetime(datetime.now(UTC))  # noqa: TID251  # mail that arrives now
    domain = address.rpartition("@")[2]
    result = "pass" if vouched else "none"
    lines = [
        f"Return-Path: <{address}>",
        f"Authentication-Results: {VOUCHER}; dmarc={result} header.from={domain}",
        f"Message-ID: <{number}.{secrets.token_hex(6)}@{domain}>",
        f"Date: {now}",
        f"From: {sender}",
        f"To: Andrea <{OWN}>",
        f"Subject: {subject}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *text.splitlines(),
        "",
    ]
    return "\r\n".join(lines).encode()
