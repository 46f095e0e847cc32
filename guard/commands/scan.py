"""``guard scan``: the cron job."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click
from msgspec.structs import replace

from guard.commands import alarms, entering, judges, lastscan, wiring
from guard.commands.group import show
from guard.commands.patience import obeyed
from guard.commands.progress import Progress
from guard.config import Settings, load
from guard.errors import BusyError
from guard.pipeline import scan as corridor
from guard.pipeline.house import House, Summary

_KEYS = (
    "seen",
    "filed",
    "duplicates",
    "flagged",
    "crisis",
    "held",
    "reminded",
    "signposted",
    "uncertain",
    "unreadable",
    "vanished",
    "errors",
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the counts.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; file and send nothing.")
@click.option("--all", "everyone", is_flag=True, help="Every mailbox of clinic.toml.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, help="With --all: processes.")
@click.option("--stay", is_flag=True, help="With --all: go on until ended by SIGTERM.")
@click.pass_obj
def scan(
    config: Path, *, as_json: bool, dry_run: bool, everyone: bool, workers: int, stay: bool
) -> None:
    """File what is new, hold what needs your eyes, send the reminders. The cron job.

    Silent when all is well. Exit status 0 done, 74 the disk would not, 75 try again later
    (nothing is lost), 77 a password was refused, 78 a setting or the model is wrong. Messages
    that could not be read are filed and held; they are no error. Whatever stops a scan, the
    next one carries on.

    With --all it scans the mailboxes of a clinic that are due, beside any number of others who
    do so on any machine; --json then prints one line a mailbox. See guard/clinic/OPERATE.md.
    """
    if everyone and dry_run:
        raise click.UsageError("--dry-run is for one mailbox: guard --config FILE scan --dry-run")
    if not everyone and (stay or workers > 1):
        raise click.UsageError("--workers and --stay go with --all; see also: guard watch")
    if everyone:
        _everyone(config, workers=workers, stay=stay, as_json=as_json)
        return
    settings = load(config)
    if dry_run:
        from guard.commands.rehearse import rehearse  # noqa: PLC0415  # cron never needs it

        with ExitStack() as stack:
            rehearse(entering.enter_house(stack, settings, readonly=True))
        return
    summary = once(settings)
    if as_json:
        import json  # noqa: PLC0415  # not needed by a silent run

        click.echo(json.dumps(counts(summary)))
    tell(summary)
    if summary.problems:
        raise SystemExit(summary.problems[0].exit_code)


def _everyone(config: Path, *, workers: int, stay: bool, as_json: bool) -> None:
    from guard.commands.clinics import clinic_of  # noqa: PLC0415  # an extra, and few need it

    clinic = clinic_of(config)
    from guard.commands.workers import scan_all  # noqa: PLC0415  # as above

    raise SystemExit(scan_all(clinic, once, workers=workers, stay=stay, as_json=as_json))


def once(
    settings: Settings,
    alive: Callable[[], None] = lambda: None,
    after: Callable[[House], None] = lambda _house: None,
    readers: judges.Readers | None = None,
    last: datetime | None = None,
) -> Summary:
    """Scan once, as cron does.

    Args:
        settings: The practice's choices.
        alive: Called between batches; what it raises ends the scan.
        after: Given the house once it was scanned, before it closes.
        readers: Gives its reader; None for one of its own.
        last: When another machine last scanned it well, aware; None when none did.

    Raises:
        TransientError: Later; what was filed stays filed.
        FatalError: A setting, a password or the disk needs somebody.
    """
    try:
        summary = _scanned(settings, alive, after, readers, last)
    except BusyError:
        raise
    except Exception as problem:
        alarms.failed(settings, problem)
        raise
    alarms.ended(settings, summary)
    return summary


def _scanned(
    settings: Settings,
    alive: Callable[[], None],
    after: Callable[[House], None],
    readers: judges.Readers | None,
    last: datetime | None,
) -> Summary:
    with obeyed(settings.record_folder, clock=wiring.clock), ExitStack() as stack:
        bar = stack.enter_context(Progress(sys.stderr, clock=time.monotonic))

        def step(count: int) -> None:
            alive()
            bar.step(count)

        house = entering.enter_house(
            stack, settings, progress=step, expect=bar.expect, readers=readers
        )
        known = alarms.threads(settings, house.record.code)
        stack.callback(alarms.keep_threads, settings, known)
        newest = max((one for one in (house.last, last) if one is not None), default=None)
        summary = corridor.scan(replace(house, threads=known, last=newest))
        after(house)
        entries = house.record.size()
    lastscan.note(settings.record_folder, counts(summary), entries=entries, now=wiring.clock())
    if settings.record.witness or settings.record.timestamp_url:
        from guard.commands.witnessing import daily  # noqa: PLC0415  # few scans need it

        # After everything, and outside the lock: somebody slow keeps nobody waiting.
        daily(settings)
    return summary


def counts(summary: Summary) -> dict[str, int]:
    """Return the counts of a scan in the order in which they are told."""
    return {key: getattr(summary, key) for key in _KEYS}


def tell(summary: Summary) -> None:
    """Say on standard error what needs somebody; nothing when all is well."""
    if summary.unannounced:
        click.echo(
            f"guard: {summary.unannounced} waiting that should not wait, and no alert is set up",
            err=True,
        )
        click.echo("guard: hint: Run: guard review   Then set [alerts] in guard.toml.", err=True)
    for problem in summary.problems:
        show(problem)
