"""A server that asked to be left alone is left alone for as long as it asked, and no longer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard.commands.patience import obeyed, wait_until
from guard.errors import UnreachableError

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def throttled(folder: Path, wait: float) -> None:
    problem = UnreachableError("throttled")
    problem.wait = wait
    with pytest.raises(UnreachableError), obeyed(folder, clock=lambda: NOON):
        raise problem


def allowed(folder: Path, later: timedelta) -> bool:
    try:
        with obeyed(folder, clock=lambda: NOON + later):
            return True
    except UnreachableError:
        return False


def test_until_the_time_has_come_nobody_asks(tmp_path: Path) -> None:
    throttled(tmp_path, 300)

    assert not allowed(tmp_path, timedelta(seconds=299))
    assert allowed(tmp_path, timedelta(seconds=300))


def test_says_until_when(tmp_path: Path) -> None:
    throttled(tmp_path, 300)

    again = obeyed(tmp_path, clock=lambda: NOON)

    with pytest.raises(UnreachableError, match="left alone until 12:05 UTC"), again:
        pass


def test_a_clock_that_was_set_back_stops_no_scan(tmp_path: Path) -> None:
    throttled(tmp_path, 300)

    assert allowed(tmp_path, -timedelta(days=1))


def test_a_server_that_only_hung_up_is_asked_at_once(tmp_path: Path) -> None:
    throttled(tmp_path, 0)

    assert wait_until(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"until": 7}', '{"until": "2026-03-02"}'])
def test_a_damaged_note_stops_no_scan(tmp_path: Path, text: str) -> None:
    (tmp_path / "wait.json").write_text(text)

    assert wait_until(tmp_path) is None
