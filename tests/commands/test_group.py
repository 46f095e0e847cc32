"""How every command is found and ends."""

import click
import pytest

from guard.commands.group import guard as group
from tests.commands.practice import guard


def test_a_bare_guard_says_where_to_begin() -> None:
    ran = guard()

    assert ran.status == 64
    assert 'New here? Try "guard demo"' in ran.err


def test_every_command_in_the_list_is_there_and_explains_itself() -> None:
    context = click.Context(group, info_name="guard")

    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.help


@pytest.mark.parametrize(
    ("words", "says", "manual"),
    [
        (["bogus"], "guard: No such command 'bogus'.", "guard"),
        (["scan", "--bogus"], "guard: No such option '--bogus'.", "guard scan"),
        (["why"], "guard: Missing argument 'ITEM'.", "guard why"),
        (
            ["why", "x"],
            "guard: Invalid value for 'ITEM': 'x' is not a valid integer.",
            "guard why",
        ),
    ],
)
def test_what_is_not_understood_is_one_line_and_one_hint(
    words: list[str], says: str, manual: str
) -> None:
    ran = guard(*words)

    assert ran.status == 64
    assert ran.err.splitlines() == [says, f"guard: hint: Run: {manual} --help"]


def test_the_version_is_told() -> None:
    assert guard("--version").out.startswith("guard, version ")


def test_settings_that_are_not_there_say_how_to_make_them() -> None:
    ran = guard("--config", "/nowhere/guard.toml", "scan")

    assert ran.status == 78
    assert ran.err.splitlines() == [
        "guard: there is no /nowhere/guard.toml",
        "guard: hint: Run: guard init   (or name the file: guard --config FILE)",
    ]
