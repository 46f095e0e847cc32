"""No word of any mail leaves the record: the whole program over mails full of one strange word."""

import base64
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from threading import Thread

import pytest

from guard.clients import directory
from guard.commands.demoserver import DemoServers
from guard.config import load
from guard.errors import GuardError
from guard.mail import wire
from guard.mail.message import Address, Message
from guard.mail.parse import parse
from guard.policy import minutes
from guard.record import init as record_init
from guard.record.passphrase import CHEAPEST
from guard.record.sqlite import SqliteRecord
from guard.reply import compose
from guard.reply.wording import SIGNPOST, approve, shipped

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OWN = "andrea@practice.example"
WORD = "quokka"
"""It is in every field of every mail, and nowhere else."""

CLIENT = f"{WORD}@{WORD}.example"
OTHER = f"{WORD}2@{WORD}.example"
"""A second client, who writes nothing of danger and so gets the reminder."""

TOML = """\
[practice]
addresses = ["andrea@practice.example"]
[mailbox]
host = "localhost"
port = {imap_port}
user = "andrea@practice.example"
password_file = "mail.secret"
ca_file = "ca.pem"
[smtp]
host = "localhost"
port = {smtp_port}
user = "andrea@practice.example"
password_file = "mail.secret"
ca_file = "ca.pem"
[reminders]
trust_authserv = ["mx.practice.example"]
crisis_signpost = true
[alerts]
to = "andrea@home.example"
second = "ruth@home.example"
heartbeat = "http://127.0.0.1:{monitor_port}/ping"
"""


def a_mail(words: str, *more: str, who: str = CLIENT, end: str = "") -> bytes:
    head = [
        f"Return-Path: <{who}>",
        f"Authentication-Results: mx.practice.example; dmarc=pass header.from={WORD}.example",
        f"Received: from {WORD}.example by mx.practice.example; Mon, 2 Mar 2026 11:55:00 +0000",
        f'From: "{WORD} {WORD}" <{who}>',
        f"To: {WORD} <{OWN}>",
        f"Cc: {WORD} <{WORD}@other.example>",
        f"Reply-To: {WORD}@other.example",
        f"Subject: {WORD}",
        f"Message-ID: <{secrets.token_hex(4)}@mail.example>",
        f"X-{WORD}: {WORD}",
        "MIME-Version: 1.0",
        *more,
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + words + end).encode("utf-8", "surrogateescape")


THERAPY = (
    f"I feel so low since {WORD} died. I cried all week, I am ashamed of my drinking and the "
    f"nightmares about {WORD} are back. I keep thinking of what we said about my father.\r\n"
)
DANGER = f"I want to kill myself tonight. I have the pills here, {WORD}. Goodbye.\r\n"
PARTS = (
    f"--b\r\nContent-Type: text/plain\r\n\r\n{THERAPY}\r\n"
    f'--b\r\nContent-Type: image/png; name="{WORD}.png"\r\n'
    f'Content-Disposition: attachment; filename="{WORD}.png"\r\n\r\n{WORD}\r\n'
    f'--b\r\nContent-Type: text/plain; name="{WORD}.txt"\r\n'
    f'Content-Disposition: attachment; filename="{WORD}.txt"\r\n\r\n{WORD} {THERAPY}\r\n'
    "--b\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n"
    f"METHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:{WORD}\r\nDESCRIPTION:{WORD}\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n--b--\r\n"
)
MAILS = [
    a_mail(THERAPY),
    a_mail(THERAPY, who=OTHER),
    # Letters of hers that are not in Sent, so that she is told so.
    *(a_mail(THERAPY, f"In-Reply-To: <{WORD}{one}@{WORD}.example>") for one in range(3)),
    a_mail(DANGER),
    a_mail(PARTS, "Content-Type: multipart/mixed; boundary=b"),
    a_mail(THERAPY, who=f"{WORD}@stranger.example"),
    a_mail(DANGER, who=f'"{WORD} {WORD}"@{WORD}.example'),
    a_mail(f"<p>{WORD}<img src='https://{WORD}.example/{WORD}'>", "Content-Type: text/html"),
    a_mail(THERAPY, f"Content-Type: text/{WORD}; charset={WORD}; boundary={WORD}"),
    a_mail(THERAPY, f"Content-Transfer-Encoding: {WORD}", f"Date: {WORD}", f"From: {WORD}"),
    a_mail("", f"Content-Type: multipart/encrypted; protocol={WORD}; boundary=b", end=WORD),
    a_mail(f"{WORD} BEGIN:VCALENDAR {WORD}", "Content-Type: text/calendar"),
    f"{WORD} without any header\r\n".encode(),
    f"{WORD}: {WORD}".encode() + b"\xff\x00" + f"\r\n{WORD}".encode(),
    b"Subject: =?quokka?b?quokka?=\r\n" + b"Content-Type: multipart/mixed; boundary=b\r\n" * 300,
]


@dataclass
class Home:
    """A practice with servers of its own."""

    folder: Path
    servers: DemoServers
    heard: list[bytes] = field(default_factory=list)
    """What the monitor was sent, byte for byte."""

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Run the program; what it printed on both streams."""
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "guard",
                "--config",
                str(self.folder / "guard.toml"),
                *arguments,
            ],
            capture_output=True,
            check=False,
            text=True,
            input=given or "",
            timeout=100,
            env=os.environ | {"TMPDIR": str(self.folder / "tmp"), "OPENBLAS_NUM_THREADS": "1"},
        )
        return ended.stdout + ended.stderr


@contextmanager
def monitor(heard: list[bytes]) -> Iterator[int]:
    """A monitor that takes down every byte; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    with line:
                        heard.append(line.recv(65_536))
                        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        Thread(target=answer, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A practice whose mailbox is full of the word, scanned once."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "tmp").mkdir()
    heard: list[bytes] = []
    with DemoServers() as servers, monitor(heard) as monitor_port:
        (folder / "mail.secret").write_text(servers.password)
        (folder / "mail.secret").chmod(0o600)
        (folder / "ca.pem").write_bytes(servers.ca_file.read_bytes())
        text = TOML.format(
            imap_port=servers.imap_port, smtp_port=servers.smtp_port, monitor_port=monitor_port
        )
        (folder / "guard.toml").write_text(text)
        settings = load(folder / "guard.toml")
        record_init.create(
            settings.record_folder,
            passphrase="demo",
            executor=None,
            random=secrets.token_bytes,
            now=0,
            work=CHEAPEST,
        )
        with SqliteRecord.open(settings.record_folder) as record:
            jo = directory.Client(id="c1", name=WORD, addresses=(CLIENT,))
            al = directory.Client(id="c2", name=WORD, addresses=(OTHER,))
            words = [approve(shipped()), approve(shipped(SIGNPOST))]
            record.append([*words, directory.enrol(jo), directory.enrol(al)], now=0)
        for raw in MAILS:
            servers.deliver(raw, "INBOX", datetime.now(UTC) - timedelta(minutes=9))  # noqa: TID251  # the program reads the real clock
        servers.deliver(a_mail(DANGER, end=WORD), "Junk", datetime.now(UTC))  # noqa: TID251  # as above
        servers.deliver(a_mail(THERAPY, end=WORD), "Sent", datetime.now(UTC) - timedelta(days=1))  # noqa: TID251  # as above
        home = Home(folder, servers, heard)
        (folder / "dry").write_text(home.run("scan", "--dry-run"))
        (folder / "first").write_text(home.run("scan", "--json"))
        yield home


def forms() -> list[bytes]:
    """The word as it may hide: in any case, wide, in hex, in base64 at each offset."""
    plain = WORD.encode()
    found = [plain, WORD.encode("utf-16-le"), plain.hex().encode()]
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + plain)
        # The characters at both ends also depend on what stands beside the word.
        found.append(whole[(offset * 8 + 5) // 6 : (offset + len(plain)) * 8 // 6])
    return [one.lower() for one in found]


def shows(data: bytes) -> bool:
    low = data.lower()
    return any(form in low for form in forms())


@pytest.mark.parametrize("beside", ["", "x", "xy", "xyz"])
def test_the_check_itself_can_see(beside: str) -> None:
    text = f"{beside}{WORD.upper()}{beside}"

    assert shows(text.encode())
    assert shows(base64.b64encode(text.lower().encode()))
    assert not shows(base64.b64encode(beside.encode() * 9))


def test_the_scan_did_work(home: Home) -> None:
    told = (home.folder / "first").read_text()

    assert '"filed": ' in told
    assert '"crisis": 0' not in told
    assert [one for one in home.servers.sent if b"auto-generated" in one.raw]


@pytest.mark.parametrize("name", ["dry", "first"])
def test_a_scan_prints_no_word_of_a_mail(home: Home, name: str) -> None:
    printed = (home.folder / name).read_bytes()

    assert printed
    assert not shows(printed)


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan",),
        ("check",),
        ("record", "verify"),
        ("review", "--list"),
        ("why", "9"),
        ("clients", "list"),
        ("record", "show", "9"),
        ("scan", "--nonsense"),
    ],
    ids=" ".join,
)
def test_nobody_without_the_passphrase_is_told_a_word(
    home: Home, arguments: tuple[str, ...]
) -> None:
    assert not shows(home.run(*arguments).encode())


def test_the_wrong_passphrase_opens_no_word(home: Home) -> None:
    wrong = home.folder / "wrong"
    wrong.write_text("not this one")
    wrong.chmod(0o600)

    assert not shows(home.run("review", "--list", "--passphrase-file", str(wrong)).encode())


def test_with_the_passphrase_she_reads_every_word(home: Home) -> None:
    right = home.folder / "right"
    right.write_text("demo")
    right.chmod(0o600)

    assert shows(home.run("review", "--list", "--passphrase-file", str(right)).encode())


def test_no_letter_of_guards_holds_a_word(home: Home) -> None:
    for letter in home.servers.sent:
        # A reminder must name the address that it goes to.
        raw = letter.raw
        for to in (CLIENT, OTHER):
            raw = raw.replace(f"To: {to}\r\n".encode(), b"")
        assert not shows(raw)


def test_every_kind_of_letter_left_and_each_to_whom_it_should(home: Home) -> None:
    left = {
        (told["To"], told["Subject"], b"Sent folder" in one.raw.replace(b"=\r\n", b""))
        for one in home.servers.sent
        for told in [message_from_bytes(one.raw)]
    }

    assert left == {
        ("andrea@home.example", compose.ALERT_SUBJECT, False),
        ("andrea@home.example", compose.ALERT_SUBJECT, True),
        (CLIENT, shipped(SIGNPOST).subject, False),
        (OTHER, compose.REMINDER_SUBJECT, False),
    }


def test_the_monitor_hears_that_all_is_not_well_and_no_word_of_why(home: Home) -> None:
    assert home.heard
    for request in home.heard:
        assert request.startswith(b"GET /ping/fail HTTP/1.1\r\n")
        assert request.endswith(b"\r\n\r\n")
        assert not shows(request)


def test_no_file_holds_a_word_in_clear(home: Home) -> None:
    files = [one for one in home.folder.rglob("*") if one.is_file()]

    assert {"record.db", "last-scan.json", "troubles.json", "threads.json", "vkey.txt"} <= {
        one.name for one in files
    }
    assert [one.name for one in files if shows(one.read_bytes())] == []


def test_nothing_is_left_in_the_temporary_folder(home: Home) -> None:
    assert list((home.folder / "tmp").iterdir()) == []


# --- the text of errors ---------------------------------------------------------------------


def odd_reminder() -> object:
    message = Message(
        subject=WORD, new_text=WORD, full_text=WORD, sender=(Address(name=WORD, email=WORD),)
    )
    return compose.reminder(message, words=WORD, sender=OWN, token="x", now=NOON)


RAISERS: dict[str, Callable[[], object]] = {
    "parse": lambda: parse(f"{WORD}\r\n".encode()),
    "wire": lambda: wire.decode(f'{{"{WORD}": "{WORD}"}}'.encode()),
    "address": lambda: directory.normalise(f"{WORD} {WORD}"),
    "client": lambda: directory.read(f'{{"id": "{WORD}"'.encode()),
    "client of another shape": lambda: directory.read(f'{{"id": ["{WORD}"]}}'.encode()),
    "minutes": lambda: minutes.read(f'"{WORD}"'.encode()),
    "reminder": odd_reminder,
}


@pytest.mark.parametrize("name", RAISERS)
def test_no_error_quotes_a_mail(name: str) -> None:
    with pytest.raises((GuardError, ValueError)) as caught:
        RAISERS[name]()

    told = f"{caught.value} {caught.value!r} {getattr(caught.value, 'hint', '')}"
    assert not shows(told.encode())
    assert caught.value.__cause__ is None
