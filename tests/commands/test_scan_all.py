"""A clinic, as its operator runs it: real Dovecot, PostgreSQL, submission server, processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from guard.clinic.postgres_leases import Leases
from guard.commands import wiring
from guard.commands.warm import WarmReaders
from guard.config import load
from guard.record.moving import move
from guard.record.postgres import PostgresRecord, Where
from guard.record.sqlite import SqliteRecord
from tests.commands.home import Home
from tests.commands.practice import OWN, SCHEDULING, Practice, Ran, guard, letter
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import ROLE, Postgres
from tests.servers.proxy import Fault, Proxy
from tests.servers.smtpd import SmtpSink

NAMES = ("anna", "berta", "carla")


class Clinic:
    """Three therapists, their mailboxes and records, and one table of leases."""

    def __init__(self, folder: Path, dovecot: Dovecot, sink: SmtpSink, database: str) -> None:
        self.folder = folder
        (folder / "mailboxes").mkdir()
        self.config, self.database = folder / "clinic.toml", database
        self.config.write_text(f'database = "{database}"\nevery_seconds = 60\n')
        self.practices = {
            name: Practice(folder=folder / "mailboxes" / name, user=dovecot.new_user(), sink=sink)
            for name in NAMES
        }

    def guard(self, *words: str) -> Ran:
        """Run one command."""
        return guard("--config", self.config, *words, cwd=self.folder)

    def scan(self, *words: str) -> Ran:
        """Scan all that is due."""
        return self.guard("scan", "--all", *words)


@pytest.fixture
def clinic(tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink, database: str) -> Clinic:
    return Clinic(tmp_path, dovecot, smtp_sink, database)


@pytest.fixture
def staying(clinic: Clinic) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts workers that stay; whatever is left of them at the end is ended."""
    started = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "guard", "--config", str(clinic.config)]
        process = subprocess.Popen(
            [*command, "scan", "--all", "--stay", "--json", *words],
            cwd=clinic.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def lines(ran: Ran) -> dict[str, dict[str, object]]:
    return {(one := json.loads(line))["mailbox"]: one for line in ran.out.splitlines()}


def test_every_mailbox_is_scanned_into_its_own_record(clinic: Clinic) -> None:
    for number, practice in enumerate(clinic.practices.values(), start=1):
        for one in range(number):
            practice.deliver(letter(SCHEDULING, number=one))

    ran = clinic.scan("--json")

    assert (ran.status, ran.err) == (0, "")
    assert {name: one["filed"] for name, one in lines(ran).items()} == {
        "anna": 1,
        "berta": 2,
        "carla": 3,
    }
    assert [len(one.filed()) for one in clinic.practices.values()] == [1, 2, 3]


def test_all_is_well_in_silence_and_nothing_is_due_again_so_soon(clinic: Clinic) -> None:
    first, second = clinic.scan(), clinic.scan("--json")

    assert (first.status, first.out, first.err) == (0, "", "")
    assert (second.status, second.out) == (0, "")


def test_a_broken_mailbox_is_named_and_the_rest_is_scanned(clinic: Clinic) -> None:
    clinic.practices["anna"].config.write_text("[practice]\n")
    clinic.practices["berta"].write_secret("mail.secret", "wrong")

    ran = clinic.scan("--workers", "2")

    assert ran.status == 75
    assert "guard: anna: guard.toml" in ran.err
    assert "guard: berta: " in ran.err
    assert "carla" not in ran.err


def test_two_mailboxes_with_one_record_are_refused_and_the_rest_is_scanned(
    clinic: Clinic,
) -> None:
    for one in clinic.practices.values():
        one.deliver(letter(SCHEDULING))
    config = clinic.practices["berta"].config
    config.write_text(config.read_text().replace('path = "record"', 'path = "../anna/record"'))

    ran = clinic.scan()

    assert ran.status == 75
    assert "anna and berta name one record folder" in ran.err
    assert "hint: Give each a record of its own" in ran.err
    assert [len(one.filed()) for one in clinic.practices.values()] == [0, 0, 1]


def test_an_operator_sees_how_they_stand(clinic: Clinic) -> None:
    clinic.practices["berta"].write_secret("mail.secret", "wrong")
    clinic.practices["carla"].deliver(letter("A stranger writes.", sender="x@else.example"))
    clinic.scan()

    listed = clinic.guard("mailboxes", "list").out
    told = {
        (one := json.loads(line))["mailbox"]: one
        for line in clinic.guard("mailboxes", "list", "--json").out.splitlines()
    }
    metrics = clinic.guard("mailboxes", "metrics").out

    assert "berta" in listed
    assert "SignInError" in listed
    assert (told["berta"]["status"], told["berta"]["ever"]) == (77, False)
    assert told["anna"]["status"] == 0
    assert "\nguard_mailboxes 3\n" in metrics
    assert "\nguard_mailboxes_failing 1\n" in metrics
    assert metrics.endswith("# EOF\n")


def test_health_is_silent_until_a_mailbox_is_left_alone_for_too_long(clinic: Clinic) -> None:
    unknown = clinic.guard("mailboxes", "health")
    clinic.scan()
    well = clinic.guard("mailboxes", "health")
    clinic.practices["anna"].config.write_text("[practice]\n")
    clinic.guard("mailboxes", "retry", "anna")
    clinic.scan()
    late = clinic.guard("mailboxes", "health", "--late", "0")

    assert (unknown.status, unknown.out.splitlines()[0]) == (75, "anna: never scanned")
    assert (well.status, well.out) == (0, "")
    assert late.status == 75
    assert "last error ConfigError" in late.out


def test_what_was_moved_away_is_scanned_no_more_and_can_be_forgotten(clinic: Clinic) -> None:
    clinic.scan()
    refused = clinic.guard("mailboxes", "forget", "anna")
    clinic.practices["anna"].folder.rename(clinic.folder / "gone")
    done = clinic.guard("mailboxes", "forget", "anna")
    clinic.guard("mailboxes", "retry", "berta")

    assert (refused.status, done.status) == (78, 0)
    assert list(lines(clinic.scan("--json"))) == ["berta"]


def test_metrics_are_written_at_one_stroke(clinic: Clinic) -> None:
    ran = clinic.guard("mailboxes", "metrics", "--to", "guard.prom")

    assert ran.out == ""
    assert (clinic.folder / "guard.prom").read_text().endswith("# EOF\n")
    assert not (clinic.folder / "guard.prom.new").exists()


def test_no_word_of_anybody_s_mail_is_said_anywhere(clinic: Clinic) -> None:
    for practice in clinic.practices.values():
        practice.deliver(letter("My zebrafish weeps.", sender="Quentin <quince@plum.example>"))
    practice.write_secret("mail.secret", "wrong")

    said = [clinic.scan("--json"), clinic.guard("mailboxes", "metrics")]
    said += [clinic.guard("mailboxes", word) for word in ("list", "health")]

    everything = "".join(one.out + one.err for one in said).lower()
    words = ("zebrafish", "quentin", "quince", "hello", OWN, "praxis")
    assert not [one for one in words if one in everything]


def test_who_stays_ends_well_when_told_to(
    clinic: Clinic, staying: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = staying("--workers", "2")
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline())["mailbox"] for _ in NAMES]

    process.terminate()

    assert sorted(told) == list(NAMES)
    assert process.wait(30) == 0


def test_a_worker_that_is_killed_is_replaced(
    clinic: Clinic, staying: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = staying("--workers", "2")
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline()) for _ in NAMES]
    os.kill(told[0]["pid"], signal.SIGKILL)
    for name in NAMES:
        clinic.guard("mailboxes", "retry", name)

    again = [json.loads(process.stdout.readline())["mailbox"] for _ in NAMES]

    assert sorted(again) == list(NAMES)
    process.terminate()
    assert process.wait(30) in (0, 75)


def test_workers_that_are_told_to_end_are_told_once(
    clinic: Clinic, staying: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """Told again and again they once ended by a RecursionError in the middle of a mailbox."""
    anna = clinic.practices["anna"]
    with Proxy(anna.user.port, deque([Fault(kind="stall", at=3000)])) as line:
        anna.change(f"port = {anna.user.port}", f"port = {line.port}")
        process = staying("--workers", "2")
        with Leases(clinic.database) as leases:
            wait_until(lambda: any(one.held for one in leases.states()))
            process.terminate()
            time.sleep(2)
            process.terminate()
    _, told = process.communicate(timeout=60)

    assert process.returncode in (0, 75)
    assert b"RecursionError" not in told


@pytest.mark.slow
def test_a_mailbox_whose_worker_is_killed_at_it_is_scanned_again_within_a_minute(
    clinic: Clinic, staying: Callable[..., subprocess.Popen[bytes]]
) -> None:
    for name in ("berta", "carla"):
        shutil.move(clinic.folder / "mailboxes" / name, clinic.folder / name)
    anna = clinic.practices["anna"]
    anna.deliver(letter(SCHEDULING))
    stall = deque([Fault(kind="stall", at=3000)])
    with Proxy(anna.user.port, stall) as line:
        anna.change(f"port = {anna.user.port}", f"port = {line.port}")
        first = staying("--workers", "1")
        with Leases(clinic.database) as leases:
            # In the middle of a scan: what the server says comes no further.
            wait_until(lambda: not stall and any(one.held for one in leases.states()))
            first.kill()
            killed = time.monotonic()
            second = staying("--workers", "1")
            assert second.stdout is not None
            told = json.loads(second.stdout.readline())

    assert time.monotonic() - killed < 60
    assert (told["mailbox"], told["fence"], told["status"], told["filed"]) == ("anna", 2, 0, 1)


def wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "words", [("--all", "--dry-run"), ("--workers", "4"), ("--stay",)], ids=" ".join
)
def test_options_that_would_be_passed_over_are_refused(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = guard("scan", *words, cwd=tmp_path)

    assert (ran.status, "--all" in ran.err or "--dry-run" in ran.err) == (64, True)


def test_without_a_clinic_the_settings_are_asked_for(tmp_path: Path) -> None:
    ran = guard("scan", "--all", cwd=tmp_path)

    assert ran.status == 78
    assert "clinic.toml" in ran.err


def test_a_reader_stays_warm_only_for_the_same_model_and_words(home: Home) -> None:
    settings = load(home.folder / "guard.toml")
    with (
        wiring.open_record(settings, readonly=True) as record,
        closing(WarmReaders()) as readers,
        readers(settings, record) as first,
        readers(settings, record) as again,
    ):
        other = msgspec.structs.replace(
            settings,
            reminders=msgspec.structs.replace(settings.reminders, texts={"cy": "cy.txt"}),
        )
        (home.folder / "cy.txt").write_text("Geiriau eraill.\n")
        with readers(other, record) as theirs:
            assert again is first
            assert theirs is not first


def test_two_machines_share_the_records_and_file_everything_once(
    clinic: Clinic, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The settings are on both, the records in the database; each asks for whatever is due."""
    shared = postgres.new_database(ROLE)
    for name, practice in clinic.practices.items():
        place = Where(database=shared, practice=name)
        with (
            SqliteRecord.open(practice.record_folder) as source,
            PostgresRecord.blank(practice.record_folder, place) as target,
        ):
            move(source, target, now=wiring.milliseconds())
        (practice.record_folder / "record.db").unlink()
        kept = f'[record]\ndatabase = "{shared}"\npractice = "{name}"\n'
        practice.change("[record]\n", kept)
        for number in range(6):
            practice.deliver(letter(SCHEDULING, number=number))
    other = tmp_path_factory.mktemp("other") / "machine"
    shutil.copytree(clinic.folder, other)
    words = [sys.executable, "-m", "guard", "scan", "--all", "--workers", "2", "--json"]

    machines = [
        subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE)
        for folder in (clinic.folder, other)
    ]
    told = [
        json.loads(line)
        for machine in machines
        for line in machine.communicate(timeout=100)[0].splitlines()
    ]

    assert [machine.returncode for machine in machines] == [0, 0]
    assert sorted((one["mailbox"], one["filed"]) for one in told) == [(name, 6) for name in NAMES]
    for practice in clinic.practices.values():
        ran = practice.guard("record", "verify")
        assert (ran.status, ran.err) == (0, "")
