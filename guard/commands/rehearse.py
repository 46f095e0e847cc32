"""A dry run: the same walk and the same rules as a scan, but nothing filed, flagged or sent."""

import click

from guard.mail.imap import Fetched
from guard.pipeline.house import Folder, House
from guard.pipeline.judging import limits_of
from guard.pipeline.walk import account_of
from guard.policy import words
from guard.policy.circumstances import gather
from guard.policy.decision import Action
from guard.policy.rules import decide
from guard.reply.outbox import last_reminder
from guard.verdict.reading import Reading


def rehearse(house: House) -> None:
    """Print, for every message that a scan would file now, what it would do."""
    total = 0
    for folder in house.folders:
        state = house.mailbox.examine(folder.name)
        cursor = house.record.cursor(account_of(house.settings), folder.name)
        known = cursor is not None and cursor.validity == state.validity
        after = cursor.uid if cursor is not None and known else 0
        uids = house.mailbox.new_uids(after, state.uidnext)
        for batch in house.mailbox.fetch(uids):
            total += len(batch.messages)
            if folder.direction == "out":
                _say_filed(folder, batch.messages)
                continue
            readings = house.reader.start([one.raw for one in batch.messages])()
            for mail, reading in zip(batch.messages, readings, strict=True):
                click.echo(
                    f"{folder.name} {mail.uid}: would be {_would(house, folder, mail, reading)}"
                )
    click.echo(f"{total} messages would be filed. Nothing was filed, flagged or sent.")


def _say_filed(folder: Folder, messages: tuple[Fetched, ...]) -> None:
    for mail in messages:
        click.echo(f"{folder.name} {mail.uid}: would be filed")


def _would(house: House, folder: Folder, mail: Fetched, reading: Reading) -> str:
    case, _ = gather(
        reading,
        received=mail.received,
        junk=folder.direction == "junk",
        now=house.clock(),
        record=house.record,
        settings=house.settings,
        reminded=lambda client: last_reminder(house.record, client),
    )
    decision = decide(case, limits_of(house.settings))
    done = ["filed"]
    done += [words.WOULD[one] for one in Action if one in decision.actions]
    return ", ".join(done)
