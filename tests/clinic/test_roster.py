"""clinic.toml, and the folder that is the list of mailboxes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from guard.clinic.roster import read, shared
from guard.config import Settings, load
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


@pytest.fixture
def a_mailbox(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with a record as given, in a folder of their own."""

    def build(name: str, **record: str) -> Settings:
        folder = tmp_path / name
        folder.mkdir()
        lines = "".join(f'{key} = "{value}"\n' for key, value in record.items())
        (folder / "guard.toml").write_text(SETTINGS + f"[record]\n{lines}")
        return load(folder / "guard.toml")

    return build


SETTINGS = """\
[practice]
name = "A"
addresses = ["a@practice.example"]
[mailbox]
host = "imap.example"
user = "a"
"""
BASE = "postgresql://scanner@db.example/guard?sslmode=verify-full"


@pytest.mark.parametrize(
    ("one", "two", "what"),
    [
        ({"path": "../both"}, {"path": "../one/../both"}, "record folder"),
        (
            {"database": BASE, "practice": "x"},
            {"database": BASE.replace("scanner@", "other@"), "practice": "x"},
            "practice in the database",
        ),
        (
            {"database": "postgresql://localhost/guard"},
            {"database": "postgresql:///guard?host=/run/postgresql&port=5432"},
            "practice in the database",
        ),
        (
            {"database": BASE, "practice": "x", "blobs": "s3://clinic/mail"},
            {"database": BASE, "practice": "y", "blobs": "s3://clinic/mail/"},
            "place in the object store",
        ),
    ],
)
def test_two_mailboxes_that_name_one_record_are_both_named_and_no_other(
    a_mailbox: Callable[..., Settings], one: dict[str, str], two: dict[str, str], what: str
) -> None:
    known = {
        "one": a_mailbox("one", **one),
        "three": a_mailbox("three"),
        "two": a_mailbox("two", **two),
    }

    told = f"one and two name one {what}"
    assert shared(known) == {"one": told, "two": told}


def test_practices_of_one_database_are_each_a_record(
    a_mailbox: Callable[..., Settings],
) -> None:
    known = {
        name: a_mailbox(name, database=BASE, practice=name, blobs=f"s3://clinic/{name}")
        for name in ("one", "two")
    }

    assert shared(known) == {}
