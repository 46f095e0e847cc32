"""The numbers to call in danger, by nation, and when somebody last checked them.

Pure but for the one file beside the texts. Every text that names a number has the place
``{signposts}`` for them, so that there is one list to check and one date.
"""

import tomllib
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import msgspec

PLACE = "{signposts}"
"""What stands in a text for the list."""

GOOD_FOR = timedelta(days=365)
"""So long a check is relied on: lines are merged and closed."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The file, read."""

    checked: date
    """The day on which every number was last checked."""

    signposts: dict[str, tuple[str, ...]]
    """Nation to its lines."""


@cache
def numbers() -> Numbers:
    """Return the numbers that come with guard."""
    told = tomllib.loads((files("guard.reply") / "texts" / "numbers.toml").read_text("utf-8"))
    checked = told.pop("checked")
    lines = {nation: tuple(table["signposts"]) for nation, table in told.items()}
    return Numbers(checked=checked, signposts=lines)


def filled(text: str, nation: str) -> str:
    """Return a text with the list in its place, a line each."""
    lines = "\n".join(f"- {one}" for one in numbers().signposts[nation])
    return text.replace(PLACE, lines)


def is_old(checked: date, today: date) -> bool:
    """Whether the numbers were checked too long ago."""
    return today - checked > GOOD_FOR
