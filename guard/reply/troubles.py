"""What of guard itself does not work, when that is told, and in which words. Pure.

Silence must be loud: a mailbox that nobody reads any more looks just like a quiet week. Not one
word here is of anybody's mail, so that every channel may carry it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from guard.record.times import to_ms


class Trouble(Enum):
    """One thing that does not work. The values are kept between scans."""

    SCAN = "scan"
    BROKEN = "broken"
    SIGN_IN = "sign-in"
    SENT = "sent"
    DISK = "disk"
    WITNESS = "witness"


WORDS: dict[Trouble, str] = {
    Trouble.SCAN: "No scan has ended well for a day, so new mail is not being filed.",
    Trouble.BROKEN: "Scans meet an error that does not pass by itself: a password, a setting, "
    "the model or the disk.",
    Trouble.SIGN_IN: "The sign-in with the mail provider is about to end. Run: guard login",
    Trouble.SENT: "People answer letters of yours that are not in the Sent folder. Does each of "
    "your devices keep what it sends there?",
    Trouble.DISK: "The disk is nearly full. A full disk stops the filing.",
    Trouble.WITNESS: "The record's head has not reached its witness for two days.",
}
"""What she is told."""

LITTLE_BYTES = 1_000_000_000
"""Free disk below which she is told: some years of ordinary mail."""

_FEW_DAYS = 3
"""Of a sign-in. Google's applications in testing have seven in all."""

_AGAIN = timedelta(days=1)

_PATIENCE = {Trouble.SCAN: timedelta(hours=24), Trouble.BROKEN: timedelta(hours=1)}
"""So long it must last before it is told: servers go away for an hour, and come back."""


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at when a scan ended, well or not."""

    ended: bool
    """Whether it came to its end."""

    broken: bool
    """Whether it met an error that needs somebody."""

    sign_in_days: int | None
    """Days until the sign-in ends; None for a password."""

    free_bytes: int
    """Room left on the disk of the record."""

    witness_fails: bool
    """Whether a witness has not been reached for two days."""

    sent_silent: bool
    """Whether people answer letters that are not in Sent."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A trouble that lasts."""

    since: int
    """When it was first seen, or the last good scan before; milliseconds since 1970-01-01 UTC."""

    told: int = 0
    """When she was last told; 0 when she was not."""


def standing(
    signs: Signs, before: Mapping[Trouble, Standing], *, last: datetime | None, now: datetime
) -> dict[Trouble, Standing]:
    """Return what does not work now, and since when.

    Args:
        signs: What was looked at.
        before: What did not work after the scan before.
        last: When a scan last ended well, aware; None when none ever did.
        now: The moment, aware.
    """
    first = Standing(since=to_ms(now))
    found = {one: before.get(one, first) for one in _seen(signs)}
    if Trouble.SCAN in found and Trouble.SCAN not in before and last is not None:
        found[Trouble.SCAN] = Standing(since=min(to_ms(last), to_ms(now)))
    return found


def lasting(found: Mapping[Trouble, Standing], now: datetime) -> list[Trouble]:
    """Return those that have lasted long enough to be told."""
    return [
        one
        for one, it in found.items()
        # A clock that was set back must not silence it, here as below.
        if not 0 <= to_ms(now) - it.since < _PATIENCE.get(one, timedelta(0)) // _MS
    ]


def due(found: Mapping[Trouble, Standing], now: datetime) -> list[Trouble]:
    """Return those of which she is told now; all that last, as soon as one of them is due."""
    lasts = lasting(found, now)
    fresh = [one for one in lasts if not 0 <= to_ms(now) - found[one].told < _AGAIN // _MS]
    return lasts if fresh else []


def _seen(signs: Signs) -> Iterator[Trouble]:
    days = signs.sign_in_days
    holds = {
        Trouble.SCAN: not signs.ended,
        Trouble.BROKEN: signs.broken,
        Trouble.SIGN_IN: days is not None and days < _FEW_DAYS,
        Trouble.SENT: signs.sent_silent,
        Trouble.DISK: signs.free_bytes < LITTLE_BYTES,
        Trouble.WITNESS: signs.witness_fails,
    }
    return (one for one, is_so in holds.items() if is_so)


_MS = timedelta(milliseconds=1)
