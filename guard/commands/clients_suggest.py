"""``guard clients suggest``: who may be a client, and is not in the directory."""

import json
from pathlib import Path

import click
from msgspec.structs import asdict

from guard.clients import directory
from guard.commands.options import PASSPHRASE
from guard.commands.review import unlocked_book
from guard.config import load
from guard.review import plain
from guard.review.suggestions import Suggestion, suggestions


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an address.")
@PASSPHRASE
@click.pass_obj
def suggest(config: Path, *, as_json: bool, passphrase_file: Path | None) -> None:
    """Show who wrote to you and is not in the directory. Needs the passphrase.

    Those you wrote to as well come first. Only what a scan has filed is known. Nobody is added.
    """
    settings = load(config)
    own = tuple(directory.normalise(one) for one in settings.practice.addresses)
    with unlocked_book(settings, passphrase_file) as book:
        found = suggestions(book, own)
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one), ensure_ascii=False))
        return
    for heading, chosen in (
        ("You write with each other:", [one for one in found if one.both_ways]),
        ("They only wrote to you:", [one for one in found if not one.both_ways]),
    ):
        if chosen:
            click.echo("\n".join([heading, *map(_line, chosen), ""]))
    if found:
        click.echo("Add one: guard clients add NAME ADDRESS   Not clients? Say so: guard review")
    else:
        click.echo("Nobody: everybody who writes with you is in the directory.")


def _line(one: Suggestion) -> str:
    counts = f"heard {one.heard}, wrote {one.wrote}, last {plain.day(one.last)}"
    name = plain.one_line(one.name)
    return "  " + "  ".join(part for part in (one.address, name, counts) if part)
