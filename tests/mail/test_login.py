"""Where a password comes from: a file, a program, the keyring; and what is wrong with each."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from guard.errors import ConfigError, GuardError
from guard.mail import login
from guard.mail.token import granted
from guard.mail.tokenstore import Store

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, *, shut: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.shut = shut
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.shut:
            raise KeyringLocked
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.shut:
            raise KeyringLocked
        self.held[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    """An open keyring."""
    before, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def password(file: Path | None = None, *command: str) -> str:
    return login.password(
        file=file, command=[*command], service="guard mailbox", user="u", key="mailbox.file"
    )


def problem(file: Path | None = None, *command: str) -> GuardError:
    with pytest.raises(ConfigError) as caught:
        password(file, *command)
    return caught.value


def secret(folder: Path, text: str) -> Path:
    file = folder / "mail.secret"
    file.write_bytes(text.encode())
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("text", ["geheim", "geheim\n", "geheim\r\n", "geheim\nmore\n"])
def test_the_first_line_of_the_file_is_the_password(tmp_path: Path, text: str) -> None:
    assert password(secret(tmp_path, text)) == "geheim"


@pytest.mark.parametrize("text", ["", "\n", "  \n", "\ngeheim\n"])
def test_an_empty_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    told = problem(secret(tmp_path, text))

    assert "is empty" in str(told)
    assert "guard login" in told.hint
    assert "chmod 600" in told.hint


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    assert "guard login" in problem(tmp_path / "nowhere").hint


def test_a_passphrase_is_not_written_by_guard_login(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        login.password(
            file=tmp_path / "no", command=[], service="", user="", key="--passphrase-file"
        )

    assert "guard login" not in caught.value.hint


def test_a_program_prints_the_password() -> None:
    assert password(None, sys.executable, "-c", "print('geheim')") == "geheim"


@pytest.mark.parametrize("program", ["pass", "raise SystemExit(1)", "print()"])
def test_a_program_that_prints_none_says_what_to_do(program: str) -> None:
    assert problem(None, sys.executable, "-c", program).hint


def test_what_is_remembered_is_found_again(ring: Ring) -> None:
    login.remember("geheim", service="guard mailbox", user="u", key="mailbox.file")

    assert password() == "geheim"
    assert list(ring.held) == [("guard mailbox", "u")]


def test_an_empty_keyring_says_what_to_run(ring: Ring) -> None:
    assert not ring.held
    assert "guard login" in problem().hint


def test_a_keyring_that_is_shut_says_that_cron_needs_a_file(ring: Ring) -> None:
    ring.shut = True

    assert "closed under cron" in problem().hint


def test_a_sign_in_is_kept_in_the_keyring_too(tmp_path: Path, ring: Ring) -> None:
    lock = tmp_path / ".sign-in.lock"
    store = Store(file=None, lock=lock, provider="google", user="u")
    answer = {"access_token": "a", "refresh_token": "r"}
    token = granted(
        answer,
        provider="google",
        user="u",
        client_id="c",
        client_secret="s",
        scope="",
        now=NOON,
    )
    with store.replacing() as save:
        save(token)

    assert store.read() == token
    assert list(ring.held) == [("guard sign-in", "u")]
    assert list(tmp_path.iterdir()) == [lock]


def test_a_keyring_that_is_shut_keeps_no_sign_in(tmp_path: Path, ring: Ring) -> None:
    ring.shut = True
    store = Store(file=None, lock=tmp_path / ".lock", provider="google", user="u")

    with pytest.raises(ConfigError) as caught:
        store.read()

    assert "token_file" in caught.value.hint
