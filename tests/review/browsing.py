"""What the tests with a real Chromium share.

Without Chromium or playwright they are skipped, and fail where GUARD_REQUIRE_SERVERS=1 says that
everything must be there.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


def missing(why: str) -> None:
    if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def browser(*arguments: str) -> Iterator[Any]:
    """A Chromium without a window."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        missing("Chromium is not installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  # may be absent
    except ImportError:
        missing("playwright is not installed")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=["--no-sandbox", *arguments])
        yield chromium
        chromium.close()


def go(page: Any, link: Any) -> None:
    """Click what leads to another page, and be there: a busy machine takes a moment.

    Raises:
        playwright.sync_api.TimeoutError: the click led nowhere.
    """
    with page.expect_navigation():
        link.click()
