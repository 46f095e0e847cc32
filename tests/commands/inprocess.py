"""guard's commands in this process, with one reading process for many scans.

Starting Python and loading the model take a second each; a bench of faults runs hundreds.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Self

import pytest

from guard.commands import group, judges
from guard.errors import GuardError
from guard.verdict.child import ChildReader
from guard.verdict.reading import Reading
from tests.commands.practice import Ran


@dataclass
class Lent:
    """A reader that outlives the scans that it is lent to."""

    owned: ChildReader

    @property
    def problem(self) -> GuardError | None:
        return self.owned.problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The owner closes it."""

    def start(self, raws: Sequence[bytes | mmap]) -> Callable[[], list[Reading]]:
        return self.owned.start(raws)

    def wake(self, count: int) -> None:
        self.owned.wake(count)

    def make_room(self) -> None:
        self.owned.make_room()


@contextlib.contextmanager
def lent_reader() -> Iterator[None]:
    """Give every scan the same real reader."""
    with judges.reader(None) as owned, pytest.MonkeyPatch.context() as patch:
        patch.setattr(judges, "reader", lambda *_: Lent(owned))
        yield


def run(config: Path, *words: str) -> Ran:
    """Run one command as the program does: the same errors, the same exit status."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["guard", "--config", str(config), *words])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                group.run()
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 0
    return Ran(status=status, out=out.getvalue(), err=err.getvalue())
