"""clinic.toml, and the folder that is the list of mailboxes."""

from pathlib import Path

import pytest

from guard.clinic.roster import read
from guard.errors import ConfigError

HERE = 'database = "postgresql:///guard"\n'


def clinic_toml(folder: Path, text: str = HERE) -> Path:
    file = folder / "clinic.toml"
    file.write_text(text)
    return file


def test_each_file_and_each_folder_is_a_mailbox(tmp_path: Path) -> None:
    (tmp_path / "mailboxes" / "berta").mkdir(parents=True)
    (tmp_path / "mailboxes" / "anna.toml").touch()
    (tmp_path / "mailboxes" / "berta" / "guard.toml").touch()
    (tmp_path / "mailboxes" / "berta" / "mail.secret").touch()

    files = read(clinic_toml(tmp_path)).files()

    assert {name: one.relative_to(tmp_path).as_posix() for name, one in files.items()} == {
        "anna": "mailboxes/anna.toml",
        "berta": "mailboxes/berta/guard.toml",
    }


@pytest.mark.parametrize("name", ["a b", "anna@practice.example", "-x", "ä"])
def test_a_name_that_cannot_stand_in_a_log_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "mailboxes").mkdir()
    (tmp_path / "mailboxes" / f"{name}.toml").touch()

    with pytest.raises(ConfigError):
        read(clinic_toml(tmp_path)).files()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        read(clinic_toml(tmp_path)).files()


@pytest.mark.parametrize(
    "database",
    [
        "postgresql:///guard",
        "postgresql:///guard?host=/var/run/postgresql",
        "postgresql://scanner@127.0.0.1:5432/guard",
        "postgresql://scanner@localhost/guard",
        "postgresql://scanner@db.example/guard?sslmode=verify-full",
    ],
)
def test_a_database_that_is_near_or_known_by_its_certificate_will_do(
    tmp_path: Path, database: str
) -> None:
    assert read(clinic_toml(tmp_path, f'database = "{database}"')).database == database


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('database = "mysql://x"', "starts with postgresql"),
        ('database = "postgresql://u:secret@127.0.0.1/guard"', "password"),
        ('database = "postgresql:///guard?password=secret"', "password"),
        ('database = "postgresql://db.example/guard"', "verify-full"),
        ('database = "postgresql://db.example/guard?sslmode=require"', "verify-full"),
        ('database = "postgresql:///guard?host=db.example"', "verify-full"),
        (HERE + "every_seconds = 0", "every_seconds"),
        (HERE + '[connections]\n"imap.example" = 0', "connections"),
        (HERE + "unknown = 1", "unknown"),
        (HERE + 'folder = "x"', "folder"),
        ("mailboxes = 3", "clinic.toml"),
        ("[", "clinic.toml"),
    ],
)
def test_what_is_wrong_is_named_and_no_password_is_shown(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        read(clinic_toml(tmp_path, text))

    assert "secret" not in str(caught.value)


def test_no_clinic_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no"):
        read(tmp_path / "clinic.toml")
