"""Setting up, unattended: by options alone, with no terminal."""

import stat
from pathlib import Path

import pytest

from guard.config import load
from guard.record.sqlite import SqliteRecord
from guard.reply.wording import approved, shipped
from tests.commands.practice import PASSPHRASE, guard

FLAGS = {
    "--name": "ASO Therapy Centre",
    "--address": "andrea@practice.example",
    "--imap-host": "imap.practice.example",
    "--smtp-host": "smtp.practice.example",
    "--password-file": "mail.secret",
    "--alerts-to": "andrea.private@home.example",
    "--passphrase-file": "pass.secret",
}


def flags(**changed: str | None) -> list[str]:
    """All options of an unattended run, some changed or left out."""
    wanted = FLAGS | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    return [word for name, value in wanted.items() if value is not None for word in (name, value)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, but for the passphrase."""
    file = tmp_path / "pass.secret"
    file.write_text(f"{PASSPHRASE}\n")
    file.chmod(0o600)
    return tmp_path


def made(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()} - {"pass.secret"}


def test_options_alone_set_everything_up(folder: Path) -> None:
    ran = guard("init", *flags(), "--trust-authserv", "mx.practice.example", cwd=folder)

    settings = load(folder / "guard.toml")
    assert (ran.status, ran.err) == (0, "")
    assert made(folder) == {"guard.toml", "record", "recovery-sheet.txt"}
    assert settings.practice.name == "ASO Therapy Centre"
    assert settings.mailbox.user == "andrea@practice.example"
    assert (settings.mailbox.host, settings.mailbox.port) == ("imap.practice.example", 993)
    assert settings.smtp is not None
    assert settings.reminders.trust_authserv == ["mx.practice.example"]
    assert settings.alerts.to == "andrea.private@home.example"


@pytest.mark.parametrize("options", [["--no-approve-text"], ["--mode", "approve"]])
def test_unattended_the_words_wait_where_that_is_said(folder: Path, options: list[str]) -> None:
    ran = guard("init", *flags(), *options, cwd=folder)

    assert "guard policy approve" in ran.out
    with SqliteRecord.open(folder / "record") as record:
        assert approved(record, shipped()) is None


def test_unattended_automatic_reminders_approve_the_words_that_are_printed(folder: Path) -> None:
    ran = guard("init", *flags(), cwd=folder)

    assert "E-mail is not completely secure or confidential" in ran.out
    with SqliteRecord.open(folder / "record") as record:
        assert approved(record, shipped()) is not None


def test_the_words_are_approved_by_an_option(folder: Path) -> None:
    ran = guard("init", *flags(), "--approve-text", cwd=folder)

    assert "guard policy approve" not in ran.out
    with SqliteRecord.open(folder / "record") as record:
        assert approved(record, shipped()) is not None


@pytest.mark.parametrize(
    ("options", "imap", "smtp", "auth", "trusted"),
    [
        (["--provider", "gmail"], "imap.gmail.com", 465, "password", ["mx.google.com"]),
        (
            ["--provider", "gmail", "--auth", "google", "--client-file", "client.json"],
            "imap.gmail.com",
            465,
            "google",
            ["mx.google.com"],
        ),
        (
            ["--provider", "microsoft", "--client-id", "x", "--tenant", "practice.example"],
            "outlook.office365.com",
            587,
            "microsoft",
            ["microsoft"],
        ),
    ],
    ids=["gmail", "google", "microsoft"],
)
def test_a_provider_fills_in_servers_and_who_vouches(
    folder: Path, options: list[str], imap: str, smtp: int, auth: str, trusted: list[str]
) -> None:
    ran = guard("init", *flags(imap_host=None, smtp_host=None), *options, cwd=folder)

    settings = load(folder / "guard.toml")
    assert (ran.status, ran.err) == (0, "")
    assert (settings.mailbox.host, settings.mailbox.auth) == (imap, auth)
    assert settings.smtp is not None
    assert (settings.smtp.port, settings.smtp.auth) == (smtp, auth)
    assert settings.reminders.trust_authserv == trusted


def test_what_is_said_counts_more_than_the_provider(folder: Path) -> None:
    ran = guard("init", *flags(), "--provider", "gmail", "--smtp-port", "2525", cwd=folder)

    settings = load(folder / "guard.toml")
    assert ran.status == 0
    assert settings.mailbox.host == "imap.practice.example"
    assert settings.smtp is not None
    assert settings.smtp.port == 2525


@pytest.mark.parametrize(
    ("auth", "option"), [("google", "--client-file"), ("microsoft", "--client-id")]
)
def test_a_sign_in_that_lacks_its_application_names_the_option(
    folder: Path, auth: str, option: str
) -> None:
    ran = guard("init", *flags(), "--auth", auth, cwd=folder)

    assert ran.status == 78
    assert option in ran.err.splitlines()[1]
    assert made(folder) == set()


def test_it_says_how_cron_runs_the_scan(folder: Path) -> None:
    ran = guard("init", *flags(), cwd=folder)

    line = next(one for one in ran.out.splitlines() if one.startswith("*/5 * * * * "))
    assert line.endswith(f" -m guard --config {folder / 'guard.toml'} scan")


def test_what_it_makes_is_for_her_eyes_alone(folder: Path) -> None:
    guard("init", *flags(), cwd=folder)

    for one in (*folder.rglob("*"),):
        wanted = 0o700 if one.is_dir() else 0o600
        assert stat.S_IMODE(one.stat().st_mode) & ~wanted == 0, one.name


def test_the_settings_hold_no_secret(folder: Path) -> None:
    guard("init", *flags(), cwd=folder)

    assert PASSPHRASE not in (folder / "guard.toml").read_text()
    assert "AGE-SECRET-KEY" in (folder / "recovery-sheet.txt").read_text()


def test_no_server_for_sending_means_that_nothing_is_ever_sent(folder: Path) -> None:
    ran = guard("init", *flags(smtp_host=None), cwd=folder)

    assert ran.status == 0
    assert load(folder / "guard.toml").smtp is None


@pytest.mark.parametrize("option", ["--name", "--address", "--imap-host", "--password-file"])
def test_a_missing_answer_with_nobody_to_ask_names_its_option(folder: Path, option: str) -> None:
    ran = guard("init", *flags(**{option[2:].replace("-", "_"): None}), cwd=folder)

    lines = ran.err.splitlines()
    assert ran.status == 78
    assert lines[0].startswith("guard: an answer is missing: ")
    assert lines[1:] == [f"guard: hint: Give it as an option: {option} ..."]
    assert made(folder) == set()


def test_a_missing_passphrase_with_nobody_to_ask_makes_nothing(folder: Path) -> None:
    ran = guard("init", *flags(passphrase_file=None), cwd=folder)

    assert ran.status == 77
    assert "--passphrase-file" in ran.err.splitlines()[1]
    assert made(folder) == set()


def test_a_passphrase_that_is_soon_guessed_makes_nothing(folder: Path) -> None:
    short = folder.parent / "short"
    short.write_text("1234567\n")
    short.chmod(0o600)

    ran = guard("init", *flags(passphrase_file=str(short)), cwd=folder)

    assert ran.status == 78
    assert "at least 8 characters, and this has 7" in ran.err
    assert "1234567" not in ran.err
    assert made(folder) == set()


@pytest.mark.parametrize("name", ["guard.toml", "recovery-sheet.txt"])
def test_a_file_that_is_there_is_not_overwritten(folder: Path, name: str) -> None:
    (folder / name).write_text("mine")

    ran = guard("init", *flags(), cwd=folder)

    assert ran.status == 78
    assert ran.err.splitlines()[0] == f"guard: {name} is there already"
    assert (folder / name).read_text() == "mine"
    assert made(folder) == {name}


def test_a_record_that_is_there_is_kept_and_nothing_else_is_made(folder: Path) -> None:
    (folder / "record").mkdir()
    (folder / "record" / "record.db").write_text("mine")

    ran = guard("init", *flags(), cwd=folder)

    assert ran.status == 74
    assert (folder / "record" / "record.db").read_text() == "mine"
    assert made(folder) == {"record"}


def test_a_sheet_that_cannot_be_written_leaves_no_keys_without_one(folder: Path) -> None:
    ran = guard("init", *flags(recovery_file="nowhere/sheet.txt"), cwd=folder)

    assert ran.status == 78
    assert "nowhere" in ran.err.splitlines()[0]
    assert made(folder) == set()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"address": "not an address"}, "practice.addresses"),
        ({"imap_port": "0"}, "mailbox.port"),
        ({"imap_security": "plain"}, "mailbox.security"),
        ({"alerts_to": "nobody"}, "alerts.to"),
        ({"executor": "age1nonsense"}, "not an age public key"),
    ],
)
def test_a_bad_answer_is_refused_before_anything_is_made(
    folder: Path, changed: dict[str, str], says: str
) -> None:
    ran = guard("init", *flags(**changed), cwd=folder)

    lines = ran.err.splitlines()
    assert ran.status == 78
    assert says in lines[0]
    assert len(lines) == 2
    assert made(folder) == set()
