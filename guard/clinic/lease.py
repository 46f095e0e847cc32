"""A lease on one mailbox, and how long a failing one is left alone. Pure.

A lease only saves work. That no mail is filed twice, and none answered twice, is the record's
own doing: its unique keys, its one writer and the lock of its scan.
"""

from datetime import datetime, timedelta

import msgspec

LIFE = timedelta(seconds=20)
"""After so long without a sign of life a mailbox is anybody's: within a minute it is scanned."""

BEAT = timedelta(seconds=5)
"""Three signs of life may be lost before a lease is."""

_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox, held by one worker until it ends or falls silent."""

    mailbox: str
    """Its name in the roster."""

    fence: int
    """Rises with each holder; who shows an older one no longer holds it."""

    failures: int
    """How often in a row it ended badly or not at all, before this time."""

    well: datetime | None
    """When it was last scanned well, by whichever machine, aware."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a scan of one mailbox ended; counts alone."""

    status: int
    """Exit status as of ``guard scan``; 0 is well."""

    error: str = ""
    """Name of the error's class, such as ``SignInError``."""

    wait: float = 0
    """Seconds for which the mail server asked to be left alone, by whichever machine."""

    seconds: float = 0
    """How long it took."""

    filed: int = 0
    """Messages filed."""

    reminded: int = 0
    """Reminders sent."""

    waiting: int | None = None
    """Items that wait for the therapist; None when it was not come so far."""

    alerts: int | None = None
    """Items that nobody could be told of yet, danger first; None as above."""


def pause(failures: int) -> timedelta:
    """Return how long a mailbox is left alone after so many failures in a row.

    None after the first, which may have been the machine's: then a minute, doubling up to an
    hour. A mailbox that always fails, or kills its worker, so takes ever less from the rest.
    """
    if failures <= 1:
        return timedelta()
    return min(_FIRST * (1 << min(failures - 2, 10)), _LONGEST)
