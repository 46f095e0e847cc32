"""``guard record witness``: somebody outside sees the record's head, now."""

from pathlib import Path

import click

from guard.commands import witnessing
from guard.commands.group import show
from guard.config import load
from guard.record.witness import MAILED, STAMPED

_DONE = {
    MAILED: "The signed head was mailed to the witness.",
    STAMPED: "The signed head was stamped.",
}


@click.command()
@click.pass_obj
def witness(config: Path) -> None:
    """Show the record's signed head to the witnesses, now: by mail, by time stamp.

    They are named in [record] of guard.toml. guard scan does this once a day by itself. What
    they see are numbers. Exit status that of the first witness that could not be reached.
    """
    settings = load(config)
    ended = witnessing.show(settings, witnessing.chosen(settings))
    for name, problem in ended.items():
        if problem is None:
            click.echo(_DONE[name])
        else:
            show(problem)
    problems = [one for one in ended.values() if one is not None]
    if problems:
        raise SystemExit(problems[0].exit_code)
