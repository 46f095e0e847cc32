import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from guard.errors import LockedError, RecordError
from guard.record.init import create
from guard.record.passphrase import CHEAPEST
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine

CREATE = """
import os, signal, sys
from pathlib import Path
from guard.record.init import create
# Its default action ends the process on the spot, at a moment that only the kernel knows.
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]))
create(Path(sys.argv[1]), passphrase="p", executor=None, random=os.urandom, work=4)
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def make(folder: Path, *, passphrase: str = "right", executor: str | None = None) -> str:
    return create(
        folder, passphrase=passphrase, executor=executor, random=os.urandom, work=CHEAPEST
    )


def test_makes_a_whole_private_record(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    recovery = make(folder)

    assert sorted(path.name for path in folder.rglob("*")) == [
        "checkpoints", "keys", "recipients.txt", "record.db", "record.db-journal",
        "scanner.key", "therapist.key.age", "unsorted.age", "unsorted.pub", "vkey.txt",
    ]  # fmt: skip
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "keys")}
    assert (modes, folders) == ({0o600}, {0o700})
    assert list(examine(folder, identity=Identity.decode(recovery))) == []


def test_passphrase_and_recovery_text_open_the_same(tmp_path: Path) -> None:
    recovery = make(tmp_path / "record")

    with SqliteRecord.open(tmp_path / "record") as record:
        assert record.keys.unlock("right") == Identity.decode(recovery)
        with pytest.raises(LockedError):
            record.keys.unlock("wrong")


def test_an_executor_can_read_everything(tmp_path: Path) -> None:
    executor = Identity.make()
    make(tmp_path / "record", executor=executor.recipient)

    with SqliteRecord.open(tmp_path / "record") as record:
        assert record.keys.secrets("unsorted", executor)


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    make(tmp_path / "record")

    assert list(examine(tmp_path / "record")) == []


@pytest.mark.parametrize("name", ["record.db", "a letter.txt"])
def test_a_folder_with_something_in_it_is_refused_and_left_alone(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / name).write_text("precious")

    with pytest.raises(RecordError, match="something in the record's folder"):
        make(tmp_path / "record")

    assert [path.name for path in tmp_path.rglob("*")] == ["record", name]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "record").write_text("precious")

    with pytest.raises(RecordError):
        make(tmp_path / "record")


def test_a_missing_parent_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="missing"):
        make(tmp_path / "none" / "record")


@pytest.mark.parametrize(("passphrase", "executor"), [("", None), ("right", "age1nonsense")])
def test_a_mistake_leaves_nothing_behind(
    tmp_path: Path, passphrase: str, executor: str | None
) -> None:
    with pytest.raises(ValueError, match=r"passphrase|age"):
        make(tmp_path / "record", passphrase=passphrase, executor=executor)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("milliseconds", [1, 3, 6, 9, 12, 20])
def test_killed_at_any_moment_it_can_be_made_again(tmp_path: Path, milliseconds: int) -> None:
    folder = tmp_path / "record"
    command = [sys.executable, "-c", CREATE, str(folder), str(milliseconds / 1000)]
    killed = subprocess.run(command, check=False).returncode == -signal.SIGALRM

    assert killed or not list(examine(folder))
    if not folder.exists():
        make(folder)

    assert list(examine(folder)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["record"] or killed


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    command = [sys.executable, "-c", CREATE, str(tmp_path / "record"), "0"]
    tried = subprocess.run(command, capture_output=True, check=False, preexec_fn=limit)

    assert b"RecordError: the disk failed" in tried.stderr
    assert list(tmp_path.iterdir()) == []
