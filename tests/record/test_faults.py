"""Every write, sync, rename and deletion fails once, or is the last one; or the power goes.

A small library is preloaded (`tests/faults/shim.c`), which SQLite's own calls go through, too.
After each fault the record verifies, and the next run comes to the same end as if nothing had
happened. A control that forgets to sync shows that the power cuts can find something.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
STEPS = ("create", "file", "decide", "erase", "rekey", "passphrase", "export", "backup", "restore")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How a fault was borne."""

    calls: int
    failures: list[str]
    ended: int = 0
    refused: int = 0
    survived: int = 0
    states: int = 0


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("a C compiler on Linux is needed")
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    source = PROJECT / "tests" / "faults" / "shim.c"
    flags = ["-O1", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"]
    subprocess.run([compiler, *flags], check=True)
    return made


def tried(shim: Path, scenario: str, fault: str) -> Tried:
    """How often a fault was tried, and how it was borne; fails if it did harm anywhere."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.disk", scenario, fault],
        env=os.environ | {"LD_PRELOAD": str(shim), "PYTHONPATH": str(PROJECT)},
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()[-4000:]
    return Tried(**json.loads(ran.stdout))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("scenario", "fault"), [*product(STEPS, ("kill", "torn")), ("scan", "kill")]
)
def test_ended_at_any_call_it_is_whole_and_the_next_run_ends_the_same(
    shim: Path, scenario: str, fault: str
) -> None:
    found = tried(shim, scenario, fault)

    assert found.failures == []
    assert found.ended >= found.calls - 5 > -1


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("scenario", "fault"), [*product(STEPS, ("full", "broken")), ("scan", "full")]
)
def test_a_disk_that_fails_at_any_call_is_named_and_the_next_run_ends_the_same(
    shim: Path, scenario: str, fault: str
) -> None:
    found = tried(shim, scenario, fault)

    assert found.failures == []
    assert found.ended == 0
    assert found.refused > found.survived


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("scenario", STEPS)
def test_a_power_cut_after_any_call_loses_nothing_that_was_acknowledged(
    shim: Path, scenario: str
) -> None:
    found = tried(shim, scenario, "power")

    assert found.failures == []
    assert found.states > 10


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_record_that_does_not_sync_loses_mail_in_a_power_cut(shim: Path) -> None:
    found = tried(shim, "careless", "power")

    assert any("lost though acknowledged" in one for one in found.failures)
