"""Small secret files: read if private, replaced whole or not at all."""

import stat
from pathlib import Path

import pytest

from guard.errors import ConfigError, RecordError
from guard.mail import private


def test_what_is_put_there_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    private.replace(file, b"one\n")
    private.replace(file, b"a much longer second one\n")

    assert file.read_bytes() == b"a much longer second one\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_read_is_not_read(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text("geheim")
    file.chmod(mode)

    with pytest.raises(ConfigError) as caught:
        private.read(file, "secret", hint="")

    assert caught.value.hint == f"Run: chmod 600 {file}"


def test_what_goes_wrong_in_between_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    private.replace(file, b"old")

    with pytest.raises(KeyError), private.replacing(file):
        raise KeyError

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".secret.new").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RecordError):
        private.replace(tmp_path / "secret", b"geheim")

    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_a_crash_left_behind_is_written_over(tmp_path: Path) -> None:
    left = tmp_path / ".secret.new"
    left.write_bytes(b"half a tok")
    left.chmod(0o644)

    private.replace(tmp_path / "secret", b"whole")

    assert (tmp_path / "secret").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        private.replace(tmp_path / "no" / "secret", b"geheim")

    assert "ENOENT" in str(caught.value)
