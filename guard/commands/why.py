"""``guard why``: every rule behind a decision."""

from pathlib import Path

import click

from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.review import minutes_of_item
from guard.config import load
from guard.errors import ConfigError
from guard.policy import words
from guard.policy.decision import Action, Decision, Kind
from guard.policy.minutes import Minutes
from guard.review import plain


@click.command()
@click.argument("item", type=int)
@PASSPHRASE
@click.pass_obj
def why(config: Path, item: int, passphrase_file: Path | None) -> None:
    """Show every rule, pass or fail, behind what was done about ITEM. Needs the passphrase."""
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        reader = asking.unlock(record, passphrase_file)
        minutes = minutes_of_item(record, reader, item)
        known = record.latest("filed", item=item)
    if minutes is None:
        what = "was filed and not judged (sent mail is not)" if known else "is not in the record"
        raise ConfigError(f"item {item} {what}", hint="Numbers are shown by: guard record show")
    click.echo(f"Item {item}, received {minutes.received}")
    click.echo("\n".join(explained(minutes)))


def explained(minutes: Minutes) -> list[str]:
    """Return a decision in words, line by line."""
    verdict, decision = minutes.verdict, minutes.decision
    vouched = words.VOUCHED.get(minutes.authenticity, minutes.authenticity)
    lines = [f"From {plain.one_line(minutes.sender) or '(nobody)'}: {vouched}"]
    if decision.channel is not None:
        lines.append(". ".join(words.CHANNELS[decision.channel]))
    lines.append(f"Judged {verdict.label.value}")
    names = ("scheduling", "therapy", "crisis", "other")
    lines += [f"  {name:11}{getattr(verdict.scores, name):7.1%}" for name in names]
    if verdict.abstained:
        lines.append(f"guard would not say: {words.ABSTAINED[verdict.abstained]}")
    lines += [f"  because of: {plain.one_line(sentence)}" for sentence in verdict.evidence]
    done = [words.ACTIONS[one] for one in Action if one in decision.actions]
    lines.append(f"What guard did: {', '.join(['filed it', *done])}")
    lines += [
        "",
        "In these lists [x] is what counts here, [ ] what was looked at and is no reason.",
    ]
    lines += ["", "Why it waits for you", *_ticked(decision, Kind.GROUND)]
    lines += ["", "What stands in the way of a reminder", *_ticked(decision, Kind.BAR)]
    if own := _ticked(decision, Kind.SIGNPOST):
        lines += ["", "What stands in the way of saying where to find help, besides", *own]
    return lines


def _ticked(decision: Decision, kind: Kind) -> list[str]:
    return [
        f"  [{'x' if finding.holds else ' '}] {words.of(finding)}"
        for finding in decision.findings
        if finding.kind is kind
    ]
