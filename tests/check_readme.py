"""Check that README.md shows every command as ``--help`` tells it; exit status 1 if not."""

import re
import sys
from pathlib import Path

import click

from guard.commands.group import guard


def told() -> str:
    """Return the list of commands as the README must show it."""
    context = click.Context(guard, info_name="guard")
    lines = []
    for name in guard.list_commands(context):
        command = guard.get_command(context, name)
        assert command is not None
        lines.append(f"guard {name:<10} {command.get_short_help_str(limit=90)}")
    return "\n".join(lines)


def main() -> int:
    """Compare, and say what differs."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- commands -->\n```\n(.*?)\n```", readme, re.DOTALL)
    if found is None or found[1] != told():
        sys.stderr.write(f"README.md must show, between its marks:\n{told()}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
