"""A message of 100 MB: filed byte for byte, in little memory, with nothing left behind."""

import contextlib
import secrets
import subprocess
import sys
from base64 import encodebytes
from pathlib import Path

import pytest

from tests.commands.practice import Practice

MOST_MB = 300
_POLL_S = 0.02


def family(pid: int) -> list[int]:
    """A process, and whatever it or its threads started."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def most_kb(pid: int) -> int:
    """The most that a process ever had; 0 once it ended."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(told.split("VmHWM:")[1].split()[0]) if "VmHWM" in told else 0


def peak_mb(practice: Practice) -> int:
    """Run a scan; the memory of its largest process: one seals and files, one reads."""
    command = [sys.executable, "-m", "guard", "--config", str(practice.config), "scan"]
    peak = 0
    running = subprocess.Popen(command)
    while True:
        peak = max(peak, *map(most_kb, family(running.pid)))
        try:
            assert running.wait(_POLL_S) == 0
        except subprocess.TimeoutExpired:
            continue
        return peak // 1000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_100_mb_are_filed_in_300_mb(practice: Practice) -> None:
    body = encodebytes(secrets.token_bytes(74_000_000)).replace(b"\n", b"\r\n")
    raw = b"From: a@b.example\r\nSubject: scan\r\nContent-Type: application/pdf\r\n"
    raw += b"Content-Transfer-Encoding: base64\r\n\r\n" + body
    practice.deliver(raw)

    peak = peak_mb(practice)

    assert len(raw) > 100_000_000
    assert peak < MOST_MB
    assert practice.filed() == {next(iter(practice.filed())): raw}
    assert practice.wrong() == []
