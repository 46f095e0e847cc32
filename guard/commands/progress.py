"""A line on a terminal that says how far a long scan is, how fast, and how long it will take.

Silent elsewhere: a cron job that goes well says nothing.
"""

from collections.abc import Callable
from typing import Self, TextIO

import click

LONG = 100
"""Messages from which on it is worth a line."""

_MINUTE, _HOUR = 60, 3600


class Progress:
    """Counts what was expected and what was done. A context manager; ends its line."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float]) -> None:
        """Prepare.

        Args:
            out: Where; only a terminal is written to.
            clock: Seconds that only ever rise.
        """
        self._out, self._clock = out, clock
        self._total = self._done = 0
        self._began = 0.0
        self._width = 0

    def __enter__(self) -> Self:
        self._began = self._clock()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._width:
            click.echo(file=self._out)

    def expect(self, count: int) -> None:
        """Expect so many more messages."""
        self._total += count

    def step(self, count: int) -> None:
        """Say that so many more were filed."""
        self._done += count
        if self._total >= LONG and self._out.isatty():
            line = told(self._done, self._total, self._clock() - self._began)
            # The line before may have been longer.
            click.echo(f"\r{line:<{self._width}}", nl=False, file=self._out)
            self._width = len(line)


def told(done: int, total: int, seconds: float) -> str:
    """Return the line.

    Args:
        done: Messages filed so far.
        total: Messages known of so far; each folder adds its own.
        seconds: Since the beginning.
    """
    if not done or seconds <= 0:
        return f"filed {done} of {total}"
    rate = done / seconds
    left = max(0, total - done) / rate
    return f"filed {done} of {total}, {rate:.0f} a second, {_lasting(left)} left"


def _lasting(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"
