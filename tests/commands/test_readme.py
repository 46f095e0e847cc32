"""The README's lines for servers of one's own, run as they stand there."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.dovecot import free_port, program

PROJECT = Path(__file__).parents[2]


def block() -> str:
    """The lines, with ports that are free here."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    section = text.partition("### Try it against servers of your own\n")[2]
    found = re.search(r"```bash\n(.*?)```", section, re.DOTALL)
    assert found is not None
    lines = found[1].replace("imap=10993", f"imap={free_port()}")
    return lines.replace("smtp=10465", f"smtp={free_port()}")


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the lines print, once."""
    needed = [shutil.which(one) for one in ("bash", "curl", "openssl")]
    if program() is None or not all(needed):
        if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
            pytest.fail("Dovecot, curl and openssl are needed")
        pytest.skip("Dovecot, curl or openssl is not installed")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    running = subprocess.Popen(
        ["bash", "-eu", "-o", "pipefail"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=os.environ | {"PATH": path},
        start_new_session=True,
        text=True,
    )
    try:
        out, err = running.communicate(block(), timeout=300)
    finally:
        # The servers, if it did not come as far as stopping them.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    folder = Path(out.splitlines()[0])
    assert folder.name.startswith("guard-try-")
    shutil.rmtree(folder)
    assert running.returncode == 0, err
    return out.splitlines()


def test_the_first_scan_files_everything_and_the_second_finds_nothing(said: list[str]) -> None:
    first, second = (json.loads(line) for line in said if line.startswith("{"))

    letters = len(list((PROJECT / "data" / "demo").glob("*.eml")))
    assert first["seen"] >= letters
    assert first["reminded"] >= 1
    assert first["errors"] == 0
    assert set(second.values()) == {0}


def test_every_part_is_ok(said: list[str]) -> None:
    assert [line for line in said if line.startswith("not ok")] == []
    assert len([line for line in said if line.startswith("ok ")]) > 8


def test_the_record_verifies_and_can_be_taken_out(said: list[str]) -> None:
    assert any(line.endswith(" entries verified.") for line in said)
    assert any(line.endswith("keep them safe.") for line in said)
