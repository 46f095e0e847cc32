"""Talking to a running ``guard login``: it shows a page, she goes there, it ends."""

import os
import subprocess
import sys
from pathlib import Path

from tests.commands.practice import Ran

_SCREEN = {"DISPLAY", "WAYLAND_DISPLAY"}
"""Without these no browser is opened."""


class Conversation:
    """A running ``guard login``."""

    def __init__(self, config: Path, words: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "guard", "--config", str(config), "login", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A buffer would keep, unseen by `communicate`, what comes right behind a line.
            bufsize=0,
            env={name: value for name, value in os.environ.items() if name not in _SCREEN},
        )

    def page(self) -> str:
        """The address that it shows."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith(b"https://"):
                return line.decode().strip()
        raise AssertionError("no page was shown")

    def end(self, given: str = "") -> Ran:
        """Let it end."""
        out, err = self._process.communicate(given.encode(), timeout=100)
        return Ran(status=self._process.returncode, out=out.decode(), err=err.decode())
