"""``guard review``: what waits for the therapist."""

import json
from pathlib import Path

import click

from guard.commands import wiring
from guard.config import load
from guard.errors import GuardError
from guard.policy import words
from guard.policy.minutes import KIND, Minutes, read
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.reply.outbox import Outcome
from guard.review.queue import Waiting, order


@click.command()
@click.option("--list", "as_list", is_flag=True, help="Print the queue (the default for now).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an item.")
@click.option("--passphrase-file", type=click.Path(path_type=Path), envvar="GUARD_PASSPHRASE_FILE")
@click.pass_obj
def review(config: Path, *, as_list: bool, as_json: bool, passphrase_file: Path | None) -> None:
    """Show what waits for your eyes, most pressing first. Needs the passphrase."""
    del as_list
    settings = load(config)
    with wiring.open_record(settings, readonly=True) as record:
        reader = wiring.unlock(record, passphrase_file)
        queue = waiting(record, reader)
    if as_json:
        for one in queue:
            click.echo(json.dumps(_fields(one), ensure_ascii=False))
        return
    if not queue:
        click.echo("Nothing waits for you.")
        return
    click.echo(f"{len(queue)} waiting for your eyes.\n")
    for one in queue:
        click.echo(_shown(one))


def waiting(record: SqliteRecord, reader: Reader) -> list[Waiting]:
    """Return the queue, unsealed and in order."""
    found = []
    for item in record.tasks("review"):
        minutes = minutes_of_item(record, reader, item)
        uncertain = record.latest(Outcome.UNCERTAIN.value, item=item) is not None
        found.append(Waiting(item=item, minutes=minutes, uncertain=uncertain))
    return order(found)


def minutes_of_item(record: SqliteRecord, reader: Reader, item: int) -> Minutes | None:
    """Return the newest decision about an item; None when there is none or it cannot be read."""
    entry = record.latest(KIND, item=item)
    if entry is None:
        return None
    try:
        return read(reader.secret(entry.seq))
    except (GuardError, ValueError):
        return None


def _shown(one: Waiting) -> str:
    if one.minutes is None:
        why = (
            "a reminder may or may not have been sent" if one.uncertain else "it cannot be opened"
        )
        return f"{one.item:>6}  {why}\n"
    minutes = one.minutes
    why = "; ".join(words.GROUNDS.get(ground, ground) for ground in minutes.decision.grounds)
    lines = [
        f"{one.item:>6}  {minutes.received[:16].replace('T', ' ')}  {minutes.sender}",
        f"        {minutes.subject or '(no subject)'}",
        f"        {minutes.verdict.label.value}: {why}",
    ]
    lines += [f"        “{sentence}”" for sentence in minutes.verdict.evidence]
    return "\n".join([*lines, ""])


def _fields(one: Waiting) -> dict[str, object]:
    if one.minutes is None:
        return {"item": one.item, "uncertain": one.uncertain}
    minutes = one.minutes
    return {
        "item": one.item,
        "received": minutes.received,
        "sender": minutes.sender,
        "subject": minutes.subject,
        "label": minutes.verdict.label.value,
        "grounds": list(minutes.decision.grounds),
        "evidence": list(minutes.verdict.evidence),
        "uncertain": one.uncertain,
    }
