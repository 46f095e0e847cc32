"""A message of 100 MB: filed byte for byte, in little memory, with nothing left behind."""

import secrets
import subprocess
import sys
from base64 import encodebytes
from pathlib import Path

import pytest

from tests.commands.practice import Practice

MOST_MB = 300
_POLL_S = 0.02


def peak_mb(practice: Practice) -> int:
    """Run a scan; the largest memory of its own process, which talks, seals and files."""
    command = [sys.executable, "-m", "guard", "--config", str(practice.config), "scan"]
    peak = 0
    running = subprocess.Popen(command)
    status = Path(f"/proc/{running.pid}/status")
    while True:
        told = status.read_text()
        if "VmHWM" in told:
            peak = max(peak, int(told.split("VmHWM:")[1].split()[0]))
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
