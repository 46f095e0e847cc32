"""A server that asked to be left alone is left alone, by every scan until the time has come.

Edge: one small file in the record's folder. Without it cron would knock every five minutes,
which Google and Microsoft answer with a longer time.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from guard.errors import UnreachableError
from guard.mail.answers import LONGEST_PAUSE

_NAME = "wait.json"


@contextlib.contextmanager
def obeyed(folder: Path, *, clock: Callable[[], datetime]) -> Iterator[None]:
    """Talk to the mail server, unless it asked not to; keep what it asks for.

    Args:
        folder: The record's.
        clock: The time now, aware.

    Raises:
        UnreachableError: The time has not come.
    """
    until, now = wait_until(folder), clock()
    # Longer than anybody may ask for is a clock that was set back.
    if until is not None and now < until <= now + timedelta(seconds=LONGEST_PAUSE):
        raise UnreachableError(f"the mail server asked to be left alone until {until:%H:%M} UTC")
    try:
        yield
    except UnreachableError as error:
        if error.wait:
            # A disk that will not is told by whoever needs it more.
            with contextlib.suppress(OSError):
                told = {"until": (clock() + timedelta(seconds=error.wait)).isoformat()}
                (folder / _NAME).write_text(json.dumps(told), encoding="ascii")
        raise


def wait_until(folder: Path) -> datetime | None:
    """Return when the server may be asked again; None when it never said."""
    try:
        told = datetime.fromisoformat(json.loads((folder / _NAME).read_text())["until"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if told.tzinfo is not None else None
