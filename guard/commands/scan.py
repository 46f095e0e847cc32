"""``guard scan``: the cron job."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import click

from guard.commands import wiring
from guard.commands.group import show
from guard.config import load
from guard.pipeline import scan as corridor
from guard.pipeline.house import Summary

_KEYS = (
    "seen",
    "filed",
    "duplicates",
    "flagged",
    "crisis",
    "held",
    "reminded",
    "uncertain",
    "unreadable",
    "vanished",
    "errors",
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the counts.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; file and send nothing.")
@click.pass_obj
def scan(config: Path, *, as_json: bool, dry_run: bool) -> None:
    """File what is new, hold what needs your eyes, send the reminders. The cron job.

    Silent when all is well. Exit status 0 done, 74 the disk would not, 75 try again later
    (nothing is lost), 77 a password was refused, 78 a setting or the model is wrong. Messages
    that could not be read are filed and held; they are no error. Whatever stops a scan, the
    next one carries on.
    """
    settings = load(config)
    with ExitStack() as stack:
        bar = stack.enter_context(_Bar())
        house = wiring.enter_house(
            stack, settings, readonly=dry_run, progress=bar.step, expect=bar.expect
        )
        if dry_run:
            from guard.commands.rehearse import rehearse  # noqa: PLC0415  # cron never needs it

            rehearse(house)
            return
        summary = corridor.scan(house)
    wiring.note_run(settings, counts(summary))
    _tell(summary, as_json=as_json)


def counts(summary: Summary) -> dict[str, int]:
    """Return the counts of a scan in the order in which they are told."""
    return {key: getattr(summary, key) for key in _KEYS}


def _tell(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415  # not needed by a silent run

        click.echo(json.dumps(counts(summary)))
    if summary.unannounced:
        click.echo(
            f"guard: {summary.unannounced} waiting that should not wait, and no alert is set up",
            err=True,
        )
        click.echo("guard: hint: Run: guard review   Then set [alerts] in guard.toml.", err=True)
    for problem in summary.problems:
        show(problem)
    if summary.problems:
        raise SystemExit(summary.problems[0].exit_code)


class _Bar:
    """A progress bar on a terminal, when there is much to do; silence elsewhere."""

    LONG = 100

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._total = 0
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._tty and self._total >= self.LONG:
            click.echo(err=True)

    def expect(self, count: int) -> None:
        """Expect so many more messages."""
        self._total += count

    def step(self, count: int) -> None:
        """Say that so many more were filed."""
        self._done += count
        if self._tty and self._total >= self.LONG:
            click.echo(f"\rfiled {self._done} of {self._total}", nl=False, err=True)
