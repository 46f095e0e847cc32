"""A huge message: filed byte for byte, in little memory, with nothing left behind."""

import sys

import pytest

from tests.bench.large import KINDS
from tests.bench.scan import measured
from tests.commands.practice import Practice

MOST_MB = 300

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def peak_mb(practice: Practice) -> float:
    """Run a scan; the most that all its processes had at any one time."""
    command = [sys.executable, "-m", "guard", "--config", str(practice.config), "scan"]
    return measured(command).memory / 1e6


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_huge_message_there_is_one_copy_in_all_processes_together(
    practice: Practice, kind: str
) -> None:
    practice.deliver(KINDS[kind](1_000))
    before = peak_mb(practice)
    raw = KINDS[kind](50_000_000)
    practice.deliver(raw)

    # Beside it, what is fetched and what is read of it at a time.
    assert peak_mb(practice) < before + 1.7 * len(raw) / 1e6
    assert raw in practice.filed().values()
    assert practice.wrong() == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_100_mb_are_filed_in_300_mb(practice: Practice, kind: str) -> None:
    raw = KINDS[kind](101_000_000)
    practice.deliver(raw)

    peak = peak_mb(practice)

    assert len(raw) > 100_000_000
    assert peak < MOST_MB
    assert practice.filed() == {next(iter(practice.filed())): raw}
    assert practice.wrong() == []
