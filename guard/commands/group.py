"""The command ``guard`` and how every command ends.

A command is imported when it is called: a cron run with nothing new must not pay for
scikit-learn, a web framework or the demo's servers.
"""

import importlib
import sys
from pathlib import Path

import click

from guard import __version__
from guard.errors import GuardError

_NAMES = (
    "init",
    "check",
    "scan",
    "review",
    "why",
    "classify",
    "clients",
    "record",
    "model",
    "train",
    "demo",
)


class Commands(click.Group):
    """Loads each command late, and ends every guard error the same way."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order in which a new user meets them."""
        return list(_NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import one command."""
        if cmd_name not in _NAMES:
            return None
        module = importlib.import_module(f"guard.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run, and turn an error of ours into one line, one hint and one exit status."""
        try:
            return super().invoke(ctx)
        except GuardError as error:
            show(error)
            sys.exit(error.exit_code)


def show(error: GuardError) -> None:
    """Print one error: what is wrong, then what to do."""
    click.echo(f"guard: {error}", err=True)
    if error.hint:
        click.echo(f"guard: hint: {error.hint}", err=True)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("guard.toml"),
    envvar="GUARD_CONFIG",
    show_default=True,
    help="The settings that guard init wrote.",
)
@click.version_option(__version__)
@click.pass_context
def guard(ctx: click.Context, config: Path) -> None:
    """File a practice's e-mail, hold what needs the therapist, remind clients kindly.

    New here? Try "guard demo": the whole job on a sample inbox, nothing to set up.

    Exit statuses follow sysexits.h: 0 done, 65 the record or a message is damaged,
    74 the disk would not, 75 try again later, 77 a password was refused,
    78 a setting is wrong.
    """
    ctx.obj = config
