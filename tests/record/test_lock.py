import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guard.errors import BusyError, RecordError
from guard.record.lock import scan_lock

HOLD = """
import sys
from pathlib import Path
from guard.record.lock import scan_lock
with scan_lock(Path(sys.argv[1]), now=1_000_000):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_holds_it_and_for_how_long(tmp_path: Path) -> None:
    with (
        scan_lock(tmp_path, now=0),
        pytest.raises(BusyError, match=rf"process {os.getpid()}, for 4 minutes"),
        scan_lock(tmp_path, now=299_999),
    ):
        pass


def test_is_free_again_afterwards(tmp_path: Path) -> None:
    for now in (1, 2):
        with scan_lock(tmp_path, now=now):
            pass


def test_is_free_again_when_its_holder_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BusyError, match=f"process {holder.pid}"), scan_lock(tmp_path, now=2):
            pass
        holder.send_signal(signal.SIGKILL)

    with scan_lock(tmp_path, now=3):
        pass


def test_nonsense_in_the_file_does_not_matter(tmp_path: Path) -> None:
    with scan_lock(tmp_path, now=1):
        (tmp_path / "scan.lock").write_bytes(b"\xff nonsense")
        with (
            pytest.raises(BusyError, match=r"another scan is running$"),
            scan_lock(tmp_path, now=2),
        ):
            pass


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError), scan_lock(tmp_path / "none", now=1):
        pass


def test_follows_no_planted_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "scan.lock").symlink_to(tmp_path / "victim")

    with pytest.raises(RecordError), scan_lock(tmp_path, now=1):
        pass
    assert (tmp_path / "victim").read_text() == "precious"
