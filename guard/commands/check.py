"""``guard check``: every part in turn, each line ok or not, and what to do."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click

from guard.commands import alarms, judges, lastscan, post, signin, wiring
from guard.commands.patience import wait_until
from guard.commands.record_access import owed
from guard.commands.review_serve import checked as _serving
from guard.commands.trust import vouching
from guard.commands.witnessing import chosen
from guard.config import Settings, load
from guard.errors import (
    ConfigError,
    GuardError,
    ModelError,
    OversizedError,
    RecordBrokenError,
    RecordError,
    UnreachableError,
)
from guard.mail.folders import INBOX
from guard.mail.token import WARN_DAYS, days_left
from guard.pipeline import gaps
from guard.pipeline.walk import OVERSIZED
from guard.record import witness
from guard.record.entry import Entry
from guard.record.ledger import Record
from guard.record.scanner import ScannerKey
from guard.record.times import from_ms
from guard.record.verify import Examination
from guard.reply import numbers
from guard.reply.wording import approved, wordings

_LATE = timedelta(hours=24)
_OLD_BACKUP = timedelta(days=7)
_LITTLE = 1_000_000_000
"""Bytes of free disk below which a line warns: some years of ordinary mail."""


@click.command()
@click.pass_obj
def check(config: Path) -> None:
    """Check every part in turn: settings, record, model, disk, mailbox, sending, last run.

    Signs in to the servers, and sends nothing. On a terminal it offers to trust the provider
    that vouches for your mail's senders, and writes that into guard.toml if you say yes.
    Exit status 0 when every line is ok, else that of the first line that is not.
    """
    settings = load(config)
    click.echo("ok      settings: every key is known")
    worst = 0
    for name, part in _PARTS.items():
        try:
            for line in part(settings):
                click.echo(f"ok      {name}: {line}")
        except GuardError as error:
            click.echo(f"not ok  {name}: {error}")
            if error.hint:
                click.echo(f"        {error.hint}")
            worst = worst or error.exit_code
    if worst:
        sys.exit(worst)


def _record(settings: Settings) -> Iterator[str]:
    look = Examination(wiring.record_folder(settings), full=False, opener=wiring.opener(settings))
    first = next(look.findings(), None)
    if first is not None:
        raise RecordBrokenError(
            f"does not verify: {first}", hint="See: guard record verify   Do not write to it."
        )
    with wiring.open_record(settings, readonly=True) as record:
        yield f"{record.size()} entries, verified"
        if not record.keys.masters():
            raise RecordError("no key can open it", hint="Restore the folder keys/.")
        # A scan with nothing new does not touch it; the first mail would.
        ScannerKey.fitting(settings.record_folder, record.verifier())
        waiting, alerts = len(record.tasks("review")), len(record.tasks("alert"))
    yield f"{waiting} held for your eyes; guard review also asks about strangers, and a sample"
    if alerts:
        raise ConfigError(
            f"{alerts} that should not wait could not be announced", hint="Run: guard review"
        )


def _witness(settings: Settings) -> Iterator[str]:
    if not (settings.record.witness or settings.record.timestamp_url):
        yield "none; see [record] in guard.toml, or keep what guard record verify prints"
        return
    for name in chosen(settings):
        seen = witness.seen(settings.record_folder).get(name, witness.Seen())
        if seen.why:
            raise UnreachableError(f"not {name}: {seen.why}", hint="Try: guard record witness")
        last = from_ms(seen.at)
        yield f"{name} {last:%Y-%m-%d}, {seen.size} entries" if seen.at else f"{name}: not yet"


def _disk(settings: Settings) -> Iterator[str]:
    free = wiring.free_bytes(wiring.record_folder(settings))
    if free < _LITTLE:
        raise RecordError(
            f"only {free // 1_000_000} MB are left", hint="Make room; a full disk stops filing."
        )
    yield f"{free // 1_000_000_000} GB are left"


def _model(settings: Settings) -> Iterator[str]:
    with judges.reader(settings) as reader:
        reading = reader.start([b"Subject: guard check\r\n\r\nCan we move to 4 on Tuesday?\r\n"])()
        if reader.problem is not None:
            raise reader.problem
    if reading[0].message is None:
        raise ModelError("the reading process does not work")
    yield f"{reading[0].verdict.model[:12]} loads and judges"


def _sign_in(settings: Settings) -> Iterator[str]:
    if settings.provider is None:
        return
    # Asked for anew, so that a sign-in that has ended shows now and not within the hour.
    now = wiring.clock()
    token = signin.current(settings, now, fresh=True)
    left = days_left(token, now)
    if token.ends is not None and left < WARN_DAYS:
        raise ConfigError(
            f"the sign-in ends in {left} days, however much it is used",
            hint="Run guard login before. Google: an application in testing is signed in for 7 "
            "days only; publish it (Google Auth Platform, Audience), then: guard login",
        )
    yield f"renewed with {settings.provider.title()}; unused, it would last {left} days"


def _mailbox(settings: Settings) -> Iterator[str]:
    with post.sign_in(settings) as mailbox:
        yield f"signed in to {settings.mailbox.host}"
        there = mailbox.names()
        for folder in post.folders(settings, mailbox):
            if folder.name not in there and folder.name.upper() != INBOX:
                raise ConfigError(
                    f"there is no folder {folder.name!r}, which guard.toml names",
                    hint=f"There are: {', '.join(there)}",
                )
            state = mailbox.examine(folder.name)
            yield f"{_ROLES[folder.direction]} {folder.name}: {state.exists} messages"
        found = {one.direction for one in post.folders(settings, mailbox)}
        for direction, key in (("out", "sent"), ("junk", "junk")):
            if direction not in found:
                raise ConfigError(
                    f"no {_ROLES[direction]} folder was found",
                    hint=f"Name it in guard.toml: [mailbox] {key} = [...]. "
                    f"There are: {', '.join(mailbox.names())}",
                )
        for name in set(mailbox.folders("all")) - set(settings.mailbox.also):
            yield f'what a filter archives unread is not looked at; to add: also = ["{name}"]'


def _sending(settings: Settings) -> Iterator[str]:
    if settings.smtp is None:
        raise ConfigError("no [smtp]: reminders and alerts cannot be sent", hint="Add it.")
    with post.outbox(settings, settings.smtp) as outbox:
        outbox.check()
    yield f"signed in to {settings.smtp.host}; nothing was sent"
    yield f"reminders: {settings.reminders.mode}"


def _words(settings: Settings) -> Iterator[str]:
    found = wordings(settings)
    for problem in found.problems:
        raise problem
    with wiring.open_record(settings, readonly=True) as record:
        waiting = [one.name for one in found.all if approved(record, one) is None]
    if waiting:
        raise ConfigError(
            f"you have not approved {', '.join(waiting)}, so none goes out without your click",
            hint="Read and approve them: guard policy approve",
        )
    yield f"approved: {', '.join(one.name for one in found.all)}"


def _numbers(settings: Settings) -> Iterator[str]:
    shipped, own = numbers.numbers().checked, settings.reminders.numbers_checked
    checked = max(shipped, own or shipped)
    if numbers.is_old(checked, wiring.today()):
        raise ConfigError(
            f"the numbers to call in danger were last checked on {checked}",
            hint="Ring or look up each one (guard policy show). If they are right, set "
            "[reminders] numbers_checked to today; if not, take a newer guard, or your own words.",
        )
    yield f"last checked on {checked}"


def _alerts(settings: Settings) -> Iterator[str]:
    if not settings.alerts.to:
        raise ConfigError(
            "nobody is told when something must not wait",
            hint="Set [alerts] to = a private address.",
        )
    for words in alarms.current(settings):
        raise ConfigError(words, hint="You were told, and are once a day until it is mended.")
    own = settings.alerts.smtp
    if own is not None:
        with post.outbox(settings, own, table="alerts.smtp") as outbox:
            outbox.check()
        yield f"signed in to {own.host}, by which they leave; nothing was sent"
    else:
        yield "an address is set"
    if not (own or settings.alerts.heartbeat):
        yield "if the mailbox's provider is away, so are they: see [alerts] in guard.toml"
    if settings.alerts.heartbeat:
        yield "a monitor hears of each good scan"


def _gaps(settings: Settings) -> Iterator[str]:
    with wiring.open_record(settings, readonly=True) as record:
        pauses, vanished = record.of_kind(gaps.PAUSED), record.of_kind(gaps.VANISHED)
        large = sum(_lies_there(record, entry) for entry in record.of_kind(OVERSIZED))
    wait = wait_until(settings.record_folder)
    if wait is not None and wait > wiring.clock():
        yield f"the mail server asked to be left alone until {wait:%H:%M} UTC"
    for entry in pauses[-3:]:
        since, until = (_day(entry.data[key]) for key in ("since", "until"))
        yield f"no scan from {since} to {until}"
    if vanished:
        count = gaps.total(vanished)
        yield f"{count} moved or deleted before guard saw them, last noted {_day(vanished[-1].at)}"
    if large:
        raise OversizedError(f"{large} too large to be filed, over 500 MB")
    if not (pauses or vanished):
        yield "none that the record knows of"


def _lies_there(record: Record, entry: Entry) -> bool:
    """Whether what was too large to be filed still lay on the server at the last scan."""
    told = entry.data
    cursor = record.cursor(told["account"], told["folder"])
    return (
        cursor is not None
        and cursor.validity == told["validity"]
        and told["uid"] in cursor.missing
    )


def _day(at: int) -> str:
    return from_ms(at).strftime("%Y-%m-%d %H:%M UTC")


def _last_run(settings: Settings) -> Iterator[str]:
    ended = lastscan.ended(settings.record_folder)
    if ended is None:
        raise ConfigError("no scan has ended yet", hint="Run: guard scan")
    ago = wiring.clock() - ended
    if ago > _LATE:
        raise ConfigError(
            f"the last scan ended {ago.days} days ago",
            hint="Is the line in crontab -l? Run: guard scan",
        )
    yield f"{int(ago.total_seconds() // 60)} minutes ago"


def _backup(settings: Settings) -> Iterator[str]:
    try:
        note = json.loads((settings.record_folder / "last-backup.json").read_text())
        made = datetime.fromisoformat(note["at"])
    except (OSError, ValueError, KeyError, TypeError):
        made = None
    with wiring.open_record(settings, readonly=True) as record:
        begun = from_ms(record.entry(0).at)
    ago = wiring.clock() - (made or begun)
    if ago > _OLD_BACKUP:
        raise RecordError(
            f"the last one is {ago.days} days old" if made else "there is none",
            hint="Run, or let cron run every day: guard record backup FOLDER",
        )
    yield f"{ago.days} days ago" if made else "none yet; make one: guard record backup FOLDER"


_ROLES = {"in": "inbox", "out": "Sent", "junk": "Junk", "also": "also"}

_PARTS: dict[str, Callable[[Settings], Iterator[str]]] = {
    "record": _record,
    "witness": _witness,
    "disk": _disk,
    "model": _model,
    "sign-in": _sign_in,
    "mailbox": _mailbox,
    "vouching": vouching,
    "sending": _sending,
    "words": _words,
    "numbers": _numbers,
    "alerts": _alerts,
    "gaps": _gaps,
    "last scan": _last_run,
    "backup": _backup,
    "copies": owed,
    "serve": _serving,
}
