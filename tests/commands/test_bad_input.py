"""Whatever is wrong: one line, one hint, the right exit status, and the next scan carries on."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from guard import shipped
from guard.commands import wiring
from guard.record.lock import scan_lock
from tests.commands.practice import CRISIS, SCHEDULING, Practice, Ran, letter, therapy
from tests.servers.certificates import Authority
from tests.servers.dovecot import free_port
from tests.servers.smtpd import SmtpSink

ROOT = os.geteuid() == 0
NO_POWERS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if ROOT else ()
"""Root without its powers must obey the modes of files, as an ordinary user must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One thing that can be wrong."""

    name: str
    spoil: Callable[[Practice], None]
    status: int
    says: str
    hints: str


def secret(text: str, mode: int = 0o600) -> Callable[[Practice], None]:
    def spoil(practice: Practice) -> None:
        practice.write_secret("mail.secret", text).chmod(mode)

    return spoil


def setting(old: str, new: str) -> Callable[[Practice], None]:
    return lambda practice: practice.change(old, new)


def gone(name: str) -> Callable[[Practice], None]:
    def spoil(practice: Practice) -> None:
        target = practice.folder / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return spoil


def foreign_authority(practice: Practice) -> None:
    folder = practice.folder / "foreign"
    folder.mkdir()
    (practice.folder / "ca.pem").write_bytes(Authority(folder).ca_file.read_bytes())


def nobody_there(practice: Practice) -> None:
    practice.change(f"port = {practice.user.port}", f"port = {free_port()}")


def tls_on_the_starttls_port(practice: Practice) -> None:
    practice.change(f"port = {practice.user.port}", f"port = {practice.user.starttls_port}")


def not_a_database(practice: Practice) -> None:
    (practice.record_folder / "record.db").write_bytes(b"not a database, not at all" * 100)


TABLE = [
    Wrong(
        name="wrong password",
        spoil=secret("wrong"),
        status=77,
        says="refused the user or the password",
        hints="Check user and password",
    ),
    Wrong(
        name="no password file",
        spoil=gone("mail.secret"),
        status=78,
        says="cannot read the password file",
        hints="chmod 600",
    ),
    Wrong(
        name="a password that others can read",
        spoil=secret("geheim", 0o644),
        status=78,
        says="others on this machine can read",
        hints="chmod 600",
    ),
    Wrong(
        name="an empty password file",
        spoil=secret(""),
        status=78,
        says="is empty",
        hints="first line",
    ),
    Wrong(
        name="bad certificate",
        spoil=foreign_authority,
        status=78,
        says="is signed by nobody this computer trusts",
        hints="ca_file",
    ),
    Wrong(
        name="no authority file",
        spoil=gone("ca.pem"),
        status=78,
        says="cannot use the certificates",
        hints="PEM",
    ),
    Wrong(
        name="nobody there",
        spoil=nobody_there,
        status=75,
        says="nothing answers at the mail server",
        hints="Check host and port",
    ),
    Wrong(
        name="unknown host",
        spoil=setting('host = "localhost"', 'host = "no-such-host.invalid"'),
        status=75,
        says="is not found",
        hints="Check the network",
    ),
    Wrong(
        name="TLS where there is none",
        spoil=tls_on_the_starttls_port,
        status=78,
        says="does not speak TLS on this port",
        hints="starttls",
    ),
    Wrong(
        name="missing folder",
        spoil=setting('inbox = ["INBOX"]', 'inbox = ["Praxis"]'),
        status=78,
        says="the mailbox has no folder",
        hints="guard check",
    ),
    Wrong(
        name="unknown key",
        spoil=setting("every_days = 7", "every_day = 7"),
        status=78,
        says="unknown key `every_day`",
        hints="guard init",
    ),
    Wrong(
        name="bad value",
        spoil=setting("every_days = 7", 'every_days = "seven"'),
        status=78,
        says="every_days",
        hints="guard init",
    ),
    Wrong(
        name="not TOML",
        spoil=setting("[mailbox]", "[mailbox"),
        status=78,
        says="guard.toml is not TOML",
        hints="Mend that line",
    ),
    Wrong(
        name="no settings",
        spoil=gone("guard.toml"),
        status=78,
        says="there is no",
        hints="guard init",
    ),
    Wrong(
        name="no record",
        spoil=gone("record"),
        status=74,
        says="there is no record here",
        hints="guard init",
    ),
    Wrong(
        name="not a database",
        spoil=not_a_database,
        status=74,
        says="not an SQLite database",
        hints="backup",
    ),
    Wrong(
        name="no scanner key",
        spoil=gone("record/scanner.key"),
        status=74,
        says="scanner.key is missing",
        hints="backup",
    ),
    Wrong(
        name="no client keys",
        spoil=gone("record/keys"),
        status=74,
        says="is not in keys/",
        hints="backup",
    ),
]


def told(ran: Ran) -> list[str]:
    """The lines of an error; there is nothing else."""
    assert ran.out == ""
    return ran.err.splitlines()


def is_one_line_and_one_hint(ran: Ran, *, status: int, says: str, hints: str) -> None:
    lines = told(ran)
    assert ran.status == status, ran.err
    assert lines[0].startswith("guard: ")
    assert says in lines[0]
    assert hints in "".join(lines[1:])
    assert len(lines) == 2
    assert lines[1].startswith("guard: hint: ")


def carries_on(practice: Practice) -> None:
    """The next scan files all that the server holds, once."""
    practice.scan()
    held = sorted(practice.user.raw_messages().values())
    inbound = [raw for raw in practice.filed().values() if b"auto-replied" not in raw]
    assert sorted(inbound) == held
    assert practice.wrong() == []
    assert set(practice.tasks()) <= {"review"}


@pytest.fixture
def working(practice: Practice) -> Practice:
    """A practice that has scanned once, and then got new mail."""
    practice.add("Leo", "leo@inkwell.example")
    practice.scan()
    practice.deliver(letter(SCHEDULING))
    practice.deliver(letter(therapy()))
    return practice


@pytest.mark.parametrize("wrong", TABLE, ids=lambda one: one.name)
def test_says_what_is_wrong_changes_nothing_and_carries_on_once_mended(
    working: Practice, tmp_path: Path, wrong: Wrong
) -> None:
    shutil.copytree(working.folder, tmp_path / "backup")
    wrong.spoil(working)
    before = kept(working)

    ran = working.guard("scan")

    is_one_line_and_one_hint(ran, status=wrong.status, says=wrong.says, hints=wrong.hints)
    assert kept(working) == before
    assert working.sink.received == []
    shutil.rmtree(working.folder)
    shutil.copytree(tmp_path / "backup", working.folder)
    carries_on(working)
    assert len(working.sink.received) == 1


def kept(practice: Practice) -> dict[str, bytes]:
    """The record but for the notes of who scans, and when somebody last did."""
    notes = ("scan.lock", "last-scan.json", "troubles.json", "threads.json")
    return {one: data for one, data in practice.bytes_on_disk().items() if not one.endswith(notes)}


def test_a_second_scan_at_once_does_nothing(working: Practice) -> None:
    with scan_lock(working.record_folder, now=wiring.milliseconds()):
        ran = working.guard("scan")

    is_one_line_and_one_hint(
        ran, status=75, says="another scan is running", hints="This one did nothing"
    )
    carries_on(working)


def altered_model(practice: Practice) -> None:
    folder = practice.folder / "models"
    shutil.copytree(shipped.folder("models"), folder)
    with (folder / "model.joblib").open("ab") as file:
        file.write(b"x")
    practice.change('[model]\npath = ""', '[model]\npath = "models"')


def no_card(practice: Practice) -> None:
    altered_model(practice)
    (practice.folder / "models" / "card.toml").unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(altered_model, "is not the one its card names"), (no_card, "no")],
    ids=["another file", "no card"],
)
def test_a_model_that_is_not_the_chosen_one_stops_the_judging_and_not_the_filing(
    working: Practice, spoil: Callable[[Practice], None], says: str
) -> None:
    spoil(working)

    ran = working.guard("scan")

    is_one_line_and_one_hint(ran, status=78, says=says, hints="filing and holds every message")
    assert len(working.filed()) == 2
    assert working.tasks() == {"review": 2}
    assert working.sink.received == []
    working.change('path = "models"', 'path = ""')
    working.deliver(letter(therapy(), number=3))
    carries_on(working)
    assert len(working.sink.received) == 1


@pytest.mark.parametrize(
    ("spoil", "status", "says"),
    [
        (lambda sink: setattr(sink, "password", "other"), 77, "refused the user or the password"),
        (lambda sink: sink.answers.update(MAIL="451 4.3.0 later", null="451 4.3.0 later"), 75, ""),
        (lambda sink: sink.answers.update(RCPT="450 4.2.0 later"), 75, ""),
    ],
    ids=["wrong password", "sender later", "recipient later"],
)
def test_a_reminder_that_cannot_leave_now_leaves_with_a_later_scan(
    working: Practice, spoil: Callable[[SmtpSink], None], status: int, says: str
) -> None:
    sink = working.sink
    password = sink.password
    spoil(sink)

    ran = working.guard("scan")

    is_one_line_and_one_hint(ran, status=status, says=says, hints="")
    assert len(working.filed()) >= 2
    assert sink.received == []
    sink.password = password
    sink.answers.clear()
    working.scan()
    assert [one.rcpt for one in sink.received] == [("leo@inkwell.example",)]
    working.scan()
    assert len(sink.received) == 1
    assert set(working.tasks()) <= {"review"}


def test_an_alert_that_cannot_leave_is_told_again_until_it_does(working: Practice) -> None:
    working.sink.answers["RCPT"] = "450 4.2.0 later"
    working.deliver(letter(CRISIS, sender="A <a@b.example>"))

    first = working.guard("scan")
    again = working.guard("scan")
    working.sink.answers.clear()
    working.scan()
    working.scan()

    assert (first.status, again.status) == (75, 75)
    to = [one.rcpt for one in working.sink.received]
    assert to.count(("andrea.private@home.example",)) == 1


def test_a_record_that_may_only_be_read_says_so(working: Practice) -> None:
    files = [working.record_folder, *working.record_folder.rglob("*")]
    modes = {one: one.stat().st_mode for one in files}
    before = working.bytes_on_disk()
    for one in files:
        one.chmod(0o500 if one.is_dir() else 0o400)

    ran = working.guard("scan", under=NO_POWERS)

    is_one_line_and_one_hint(
        ran, status=74, says="the record cannot be written", hints="read-only"
    )
    for one, mode in modes.items():
        one.chmod(mode)
    assert working.bytes_on_disk() == before
    carries_on(working)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own that is quickly full."""
    if not ROOT:
        pytest.skip("only root may mount a disk")
    folder = Path(tempfile.mkdtemp(prefix="full-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_says_so_and_loses_nothing(working: Practice, small_disk: Path) -> None:
    shutil.copytree(working.record_folder, small_disk / "record")
    working.change('path = "record"', f'path = "{small_disk}/record"')
    for number in range(40):
        working.deliver(letter("word " * 4_000, number=number))

    ran = working.guard("scan")
    again = working.guard("scan")

    for one in (ran, again):
        is_one_line_and_one_hint(one, status=74, says="the disk is full", hints="Nothing is lost")
    shutil.rmtree(working.record_folder)
    shutil.copytree(small_disk / "record", working.record_folder)
    working.change(f'path = "{small_disk}/record"', 'path = "record"')
    carries_on(working)


def test_a_file_that_may_not_grow_stops_the_scan_and_loses_nothing(working: Practice) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("there is no prlimit here")
    size = (working.record_folder / "record.db").stat().st_size
    working.deliver(letter("word " * 40_000))

    ran = working.guard("scan", under=("prlimit", f"--fsize={size + 4096}"))

    is_one_line_and_one_hint(ran, status=74, says="disk", hints="Nothing is lost")
    carries_on(working)


def test_a_mistake_in_guard_shows_no_word_of_any_mail(working: Practice) -> None:
    script = (
        "import sys\n"
        "from guard.commands import entering, scan\n"
        "from guard.commands.group import run\n"
        "def broken(*_words, **_more):\n    raise KeyError('Dear Andrea, I am so sad')\n"
        "entering.enter_house = broken\n"
        f"sys.argv = ['guard', '--config', {str(working.config)!r}, 'scan']\n"
        "run()\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
    )

    ran = Ran(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
    is_one_line_and_one_hint(
        ran, status=70, says="a mistake in guard itself: KeyError in", hints="report this line"
    )
    assert "sad" not in ran.err
