"""The command ``guard`` and how every command ends.

A command is imported when it is called: a cron run with nothing new must not pay for
scikit-learn, a web framework or the demo's servers.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from guard import __version__
from guard.errors import GuardError

_NAMES = (
    "init",
    "login",
    "check",
    "scan",
    "watch",
    "reconcile",
    "review",
    "why",
    "classify",
    "clients",
    "policy",
    "record",
    "mailboxes",
    "role",
    "model",
    "train",
    "report",
    "demo",
)

_PACKAGE = Path(__file__).parent.parent

_USAGE = 64
"""Exit status for a command that cannot be understood: EX_USAGE of sysexits.h."""

_OURS = 70
"""Exit status for a mistake of guard itself: EX_SOFTWARE of sysexits.h."""

_INTERRUPTED = 130
"""Exit status after Ctrl-C, as a shell tells it: 128 and the signal's number."""


class Commands(click.Group):
    """Loads each command late."""

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


def show(error: GuardError) -> None:
    """Print one error: what is wrong, then what to do."""
    _say(str(error), error.hint or "Run: guard check   It looks at every part in turn.")


def _end(what: str, hint: str, status: int) -> NoReturn:
    _say(what, hint)
    sys.exit(status)


def _say(what: str, hint: str) -> None:
    click.echo(f"guard: {what}", err=True)
    click.echo(f"guard: hint: {hint}", err=True)


def _place(error: BaseException) -> str:
    """The innermost file and line of ours; no text of theirs, nor the error's, is shown."""
    found, trace = "guard", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            found = f"{file.relative_to(_PACKAGE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


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

    Exit statuses follow sysexits.h: 0 done, 64 the command was not understood, 65 the record
    or a message is damaged, 70 a mistake in guard, 74 the disk would not, 75 try again later,
    77 a password was refused, 78 a setting is wrong.
    """
    ctx.obj = config


def run() -> NoReturn:
    """Run the command line, and end every error alike: one line, one hint, one exit status."""
    try:
        status = guard.main(prog_name="guard", standalone_mode=False)
    except GuardError as error:
        show(error)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        sys.exit(_USAGE)
    except click.ClickException as error:
        context: click.Context | None = getattr(error, "ctx", None)
        path = context.command_path if context else "guard"
        _end(error.format_message(), f"Run: {path} --help", _USAGE)
    except click.Abort:
        _end("interrupted", "Nothing is lost; run it again.", _INTERRUPTED)
    except BrokenPipeError:
        # Who read our output has seen enough; Python would complain when it flushes the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001  # no traceback may ever show what a mail says
        what = f"a mistake in guard itself: {type(error).__name__} in {_place(error)}"
        _end(what, "Nothing is lost; the next scan carries on. Please report this line.", _OURS)
    sys.exit(status if isinstance(status, int) else 0)
