"""Options that several commands share, so that each is called and explained alike everywhere."""

from pathlib import Path

import click

PASSPHRASE = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GUARD_PASSPHRASE_FILE",
    help="File (mode 0600) with the passphrase; without it guard asks.",
)

REASON = click.option("--reason", default="", help="Why, in your words; sealed in the record.")
