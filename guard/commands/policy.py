"""``guard policy``: what guard says in her name, and that she approved it."""

from pathlib import Path

import click

from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.policy_announce import announce
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.reply.wording import Wording, Wordings, approve, approved, doubts, wordings
from guard.review.plain import moment


@click.group()
def policy() -> None:
    """See and approve what guard says in your name; tell clients of a change."""


@policy.command()
@click.pass_obj
def show(config: Path) -> None:
    """Show every text to the letter, in each language, and what was approved.

    Words of your own: write a file, name it in guard.toml ([reminders] texts, or signpost_texts
    for who may be in danger), approve it. Its first line may be a subject line, "Subject: ...";
    a line {signposts} stands for the numbers to call.
    """
    settings = load(config)
    found = _found(settings)
    with wiring.open_record(settings, readonly=True) as record:
        for one in found.all:
            at = approved(record, one)
            said = f"approved on {moment(at)}" if at is not None else "NOT APPROVED"
            click.echo(f"{one.name}, version {one.version[:12]}, {said}\n\n{shown(one)}\n")


@policy.command("approve")
@click.argument("language", required=False)
@click.option("--yes", is_flag=True, help="You have read them: guard policy show")
@PASSPHRASE
@click.pass_obj
def approve_(
    config: Path, language: str | None, *, yes: bool, passphrase_file: Path | None
) -> None:
    """Approve the words that guard may send: all that you have not approved, or LANGUAGE's.

    Needs the passphrase. Every version is filed, word for word, with its hash. Until then no
    letter of these words goes out without your click. Who had other words before may get the
    new ones at once: once per client and version.
    """
    settings = load(config)
    found = _found(settings)
    wanted = [one for one in found.all if language in (None, one.language)]
    if not wanted:
        raise ConfigError("there are no words in this language", hint="See: guard policy show")
    with wiring.locked(settings), wiring.open_record(settings) as record:
        asking.unlock(record, passphrase_file)
        fresh = [one for one in wanted if approved(record, one) is None]
        facts = [approve(one) for one in fresh if _agrees(one, yes=yes)]
        record.append(facts, now=wiring.milliseconds())
    if not fresh:
        click.echo("You have approved them already.")
    elif facts:
        click.echo(f"Approved: {len(facts)} of {len(fresh)}.")
    else:
        click.echo("Nothing was approved.")


def shown(wording: Wording) -> str:
    """Return a text as it will be read, indented."""
    words = "\n".join(f"  {line}".rstrip() for line in wording.words.splitlines())
    return f"  Subject: {wording.subject}\n\n{words}"


def _agrees(wording: Wording, *, yes: bool) -> bool:
    click.echo(f"{wording.name}, version {wording.version[:12]}\n\n{shown(wording)}\n")
    for doubt in doubts(wording):
        click.echo(f"Please look again: {doubt}.", err=True)
    return yes or asking.confirmed("May guard send these words to your clients?", option="--yes")


def _found(settings: Settings) -> Wordings:
    found = wordings(settings)
    for problem in found.problems:
        raise problem
    return found


policy.add_command(announce)
