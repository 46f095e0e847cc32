"""``guard reconcile``: the server against the record, and what becomes of a difference."""

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from guard.commands import post, wiring
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.pipeline.reconcile import Account, compare
from guard.pipeline.walk import account_of

_AGAIN = 75
"""Exit status while something is missing: EX_TEMPFAIL of sysexits.h."""

_ROLES = {"in": "inbox", "out": "Sent", "junk": "Junk", "also": "also"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the counts.")
@click.option("--content", is_flag=True, help="Fetch every message and compare its bytes.")
@click.pass_obj
def reconcile(config: Path, *, as_json: bool, content: bool) -> None:
    """Compare the server with the record, folder by folder, and explain every difference.

    By UID, which takes a moment; with --content by every byte, which takes as long as a first
    scan. Files no message: the next scan files what is missing, and what no scan would have
    filed by itself is noted here, so that it does. Exit status 0 when nothing is missing, 75
    when something is, 78 when a folder cannot be opened; the others are compared all the same.
    """
    settings = load(config)
    with ExitStack() as stack:
        record = stack.enter_context(wiring.open_record(settings, readonly=True))
        mailbox = stack.enter_context(post.sign_in(settings))
        accounts: list[Account] = []
        unopened: dict[str, ConfigError] = {}
        for folder in post.folders(settings, mailbox):
            try:
                found = compare(
                    folder,
                    account=account_of(settings),
                    mailbox=mailbox,
                    record=record,
                    content=content,
                )
            except ConfigError as problem:
                # A folder that is gone must not keep the others uncompared.
                unopened[folder.name] = problem
            else:
                accounts.append(found)
    _mend(settings, [one for one in accounts if one.stranded])
    _tell(accounts, [*unopened], as_json=as_json)
    if unopened:
        raise next(iter(unopened.values()))
    if _count(accounts)["missing"]:
        sys.exit(_AGAIN)


def _mend(settings: Settings, accounts: list[Account]) -> None:
    """Let the next scan file what no scan would have filed by itself."""
    if not accounts:
        return
    with wiring.locked(settings), wiring.open_record(settings) as record:
        for one in accounts:
            now = record.cursor(one.cursor.account, one.cursor.folder)
            # A scan that ran meanwhile knows better.
            if now == one.cursor:
                record.file([], cursor=one.mended, now=wiring.milliseconds())


def _count(accounts: list[Account]) -> dict[str, int]:
    return {
        "server": sum(len(one.present) for one in accounts),
        "filed": sum(len(one.filed) for one in accounts),
        "missing": sum(len(one.missing) for one in accounts),
        "withheld": sum(len(one.withheld) for one in accounts),
        "copies": sum(one.copies for one in accounts),
        "departed": sum(one.departed for one in accounts),
        "vanished": sum(one.vanished for one in accounts),
        "changed": sum(one.changed for one in accounts),
    }


def _tell(accounts: list[Account], unopened: list[str], *, as_json: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415  # only this way of telling needs it

        told = [{"folder": one.folder.name, **_count([one])} for one in accounts]
        click.echo(json.dumps({**_count(accounts), "folders": told, "unopened": unopened}))
        return
    for one in accounts:
        click.echo(f"{_ROLES[one.folder.direction]} {one.folder.name}: {_line(_count([one]))}")
        for number, words in _explained(one):
            click.echo(f"        {number} {words}")
    for name in unopened:
        click.echo(f"{name}: cannot be opened")
    click.echo(_line(_count(accounts)))


def _line(count: dict[str, int]) -> str:
    return "{server} on the server, {filed} filed, {missing} missing".format_map(count)


def _explained(one: Account) -> list[tuple[int, str]]:
    withheld = len(one.withheld)
    told = [
        (withheld, "the server lists but does not give, or too large: tried again by each scan"),
        (len(one.stranded), "no scan would have filed: the next one does"),
        (
            len(one.missing) - withheld - len(one.stranded - one.withheld),
            "came since the last scan: the next one files them",
        ),
        (one.drafts, "drafts besides, which are not filed"),
        (one.copies, "the same, byte for byte, as another in this folder: filed once"),
        (one.departed, "filed from here, and moved or deleted since"),
        (one.vanished, "moved or deleted before guard saw them, as gaps in the UIDs tell"),
        (one.changed, "whose bytes are not those that were filed from there"),
    ]
    return [(number, words) for number, words in told if number]
