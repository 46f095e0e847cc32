"""After each scan, good or bad: what does not work, told by a channel that still does.

Joins `guard.reply.troubles` to its edges: the signs, two small files in the record's folder, the
alert and the monitor. It runs after the filing, and outside the lock: it keeps no mail waiting.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from guard.commands import lastscan, post, signin, wiring
from guard.config import Settings
from guard.errors import FatalError, GuardError, RecordError, TransientError
from guard.pipeline.house import Summary
from guard.pipeline.threads import Code, Threads
from guard.record import durable
from guard.record.times import to_ms
from guard.reply import troubles
from guard.reply.troubles import Signs, Standing, Trouble

_TROUBLES, _THREADS = "troubles.json", "threads.json"
_PLAIN = (Trouble.SCAN, Trouble.DISK)
"""What page and check look at for themselves."""

_WITNESS_LATE = timedelta(days=2)


def ended(settings: Settings, summary: Summary) -> None:
    """Look after a scan that came to its end."""
    broken = any(isinstance(one, FatalError) for one in summary.problems)
    with suppress(GuardError, OSError):
        # The scan is done: that it cannot be looked after must not make it a bad one.
        _look(settings, ended=True, broken=broken, faultless=not summary.problems)


def failed(settings: Settings, problem: Exception) -> None:
    """Look after a scan that did not; a mistake of guard's own does not pass by itself either."""
    with suppress(GuardError, OSError):
        ring(settings)
    broken = not isinstance(problem, TransientError)
    with suppress(GuardError, OSError):
        # Whatever is wrong with telling it, the problem itself is what counts.
        _look(settings, ended=False, broken=broken, faultless=False)


def ring(settings: Settings) -> None:
    """Announce what waits to be, without the mailbox: it may be away for days.

    Raises:
        TransientError: Another scan is running, and does it.
        FatalError: The record cannot be opened or written.
    """
    with ExitStack() as stack:
        stack.enter_context(wiring.locked(settings))
        record = stack.enter_context(wiring.open_record(settings))
        alerting = post.alerting(stack, settings)
        if alerting is not None:
            alerting.ring(record, now=wiring.clock())


def current(settings: Settings) -> list[str]:
    """Return in words what did not work after the last scan, but for what anybody can look up."""
    lasts = troubles.lasting(_read_troubles(settings), wiring.clock())
    return [troubles.WORDS[one] for one in lasts if one not in _PLAIN]


def threads(settings: Settings, code: Code) -> Threads:
    """Return what is known of letters and answers; `code` gives keyed codes of texts."""
    return Threads(_read(settings.record_folder / _THREADS), code=code)


def keep_threads(settings: Settings, known: Threads) -> None:
    """Keep it for the next scan; that it cannot be kept is no reason to stop one."""
    if known.changed:
        _write(settings.record_folder / _THREADS, known.told())


def _look(settings: Settings, *, ended: bool, broken: bool, faultless: bool) -> None:
    if not settings.record_folder.exists():
        return
    now, before = wiring.clock(), _read_troubles(settings)
    signs = Signs(
        ended=ended,
        broken=broken,
        sign_in_days=signin.days_left(settings, now),
        free_bytes=wiring.free_bytes(settings.record_folder),
        witness_fails=_witness_fails(settings),
        sent_silent=Threads(_read(settings.record_folder / _THREADS)).silent(now),
    )
    found = troubles.standing(signs, before, last=lastscan.ended(settings.record_folder), now=now)
    if due := troubles.due(found, now):
        told = {one: replace(found[one], told=to_ms(now)) for one in due}
        # Noted first: a full disk must not make it a letter every five minutes.
        if _write_troubles(settings, found | told) and _tell(settings, due):
            found |= told
    if found != before:
        _write_troubles(settings, found)
    lasts = bool(troubles.lasting(found, now))
    # Of what may pass by itself the monitor hears nothing, and has patience of its own.
    if settings.alerts.heartbeat and (broken or lasts or faultless):
        from guard.commands.heartbeat import beat  # noqa: PLC0415  # few have a monitor

        beat(settings.alerts.heartbeat, well=faultless and not lasts)


def _tell(settings: Settings, due: list[Trouble]) -> bool:
    with ExitStack() as stack:
        alerting = post.alerting(stack, settings)
        if alerting is None:
            return True
        what = "\n\n".join(troubles.WORDS[one] for one in due)
        return alerting.report(what, now=wiring.clock()) is None


def _witness_fails(settings: Settings) -> bool:
    if not (settings.record.witness or settings.record.timestamp_url):
        return False
    from guard.commands.witnessing import chosen  # noqa: PLC0415  # few have a witness
    from guard.record import witness  # noqa: PLC0415  # as above

    seen, now = witness.seen(settings.record_folder), wiring.milliseconds()
    late = _WITNESS_LATE // timedelta(milliseconds=1)
    return any(
        (one := seen.get(name)) is not None and one.why != "" and now - one.at > late
        for name in chosen(settings)
    )


def _read_troubles(settings: Settings) -> dict[Trouble, Standing]:
    found = {}
    for name, fields in _read(settings.record_folder / _TROUBLES).items():
        try:
            found[Trouble(name)] = Standing(since=int(fields["since"]), told=int(fields["told"]))
        except (ValueError, TypeError, KeyError):
            # Of another guard, or damaged: it is found anew if it is still there.
            continue
    return found


def _write_troubles(settings: Settings, found: Mapping[Trouble, Standing]) -> bool:
    told = {one.value: asdict(it) for one, it in found.items()}
    return _write(settings.record_folder / _TROUBLES, told)


def _read(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(durable.read(file))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(file: Path, told: Mapping[str, object]) -> bool:
    try:
        durable.write(file, json.dumps(told).encode())
    except RecordError:
        return False
    return True
