"""How every mailbox stands, as figures without content. Pure.

To OpenMetrics text for a monitor, and to what is wrong for a person or a health check.
Source: OpenMetrics 1.0.0 (RFC draft), sections 4.4 to 5.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

LATE_S = 900
"""Seconds past its time, or without a good scan, from which on a mailbox is a fault."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox."""

    mailbox: str
    """Its name in the roster."""

    provider: str
    """Its IMAP host."""

    held: bool | None
    """Whether a worker scans it now."""

    worker: str
    """Who does."""

    failures: int
    """Bad ends in a row, with one for the scan that runs."""

    overdue: float
    """Seconds since it was due; negative when it is not."""

    lag: float
    """Seconds since its last good scan, or since it was enrolled."""

    ever: bool
    """Whether it ever was scanned well."""

    status: int | None
    """Exit status of the last scan; None when there was none."""

    error: str
    """Class of the last scan's error."""

    seconds: float
    """How long the last scan took."""

    scans: int
    """Scans so far."""

    failed: int
    """Scans that ended badly."""

    filed: int
    """Messages filed so far."""

    reminded: int
    """Reminders sent so far."""

    waiting: int
    """Items that wait for the therapist."""

    alerts: int
    """Items of which she was not told yet, because no alert could leave."""


def wrong(states: Sequence[State], *, late: float = LATE_S) -> Iterator[str]:
    """What needs an operator, one line a mailbox."""
    for one in states:
        if one.lag > late:
            why = f", last error {one.error}" if one.error else ""
            yield f"{one.mailbox}: no good scan for {one.lag / 60:.0f} minutes{why}"
        elif one.alerts:
            yield f"{one.mailbox}: {one.alerts} that must not wait, and no alert could leave"


def openmetrics(states: Sequence[State]) -> str:
    """Return all figures as OpenMetrics text; no name of a mailbox stands in it."""
    held = [one for one in states if one.held]
    lines = [
        *_gauge("mailboxes", "Mailboxes that are scanned.", len(states)),
        *_gauge("mailboxes_leased", "Mailboxes that a worker scans now.", len(held)),
        *_gauge(
            "mailboxes_failing",
            "Mailboxes whose last scan ended badly.",
            sum(bool(one.status) for one in states),
        ),
        *_gauge(
            "scan_lag_seconds",
            "Longest time since a mailbox was last scanned well.",
            max((one.lag for one in states), default=0),
        ),
        *_gauge(
            "queue_age_seconds",
            "Longest time that a mailbox that is due has waited for a worker.",
            max((one.overdue for one in states if not one.held), default=0),
        ),
        *_gauge(
            "queue_length",
            "Mailboxes that are due and wait for a worker.",
            sum(one.overdue > 0 and not one.held for one in states),
        ),
        *_gauge(
            "scan_seconds", "Longest last scan.", max((one.seconds for one in states), default=0)
        ),
        *_gauge(
            "review_waiting",
            "Items held for a therapist's eyes.",
            sum(one.waiting for one in states),
        ),
        *_gauge(
            "alerts_unsent",
            "Items that must not wait of which nobody could be told.",
            sum(one.alerts for one in states),
        ),
        *_counter("scans", "Scans that ended.", sum(one.scans for one in states)),
        *_counter("scan_failures", "Scans that ended badly.", sum(one.failed for one in states)),
        *_counter("filed", "Messages filed.", sum(one.filed for one in states)),
        *_counter("reminders", "Reminders sent.", sum(one.reminded for one in states)),
        *_by_provider(held),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def _by_provider(held: Sequence[State]) -> list[str]:
    name = "guard_provider_connections"
    return [
        f"# TYPE {name} gauge",
        f"# HELP {name} Mailboxes of one provider that are scanned now.",
        *(
            f'{name}{{provider="{_escaped(provider)}"}} {count}'
            for provider, count in sorted(Counter(one.provider for one in held).items())
        ),
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _gauge(name: str, text: str, value: float) -> list[str]:
    shown = f"{max(0, value):.3f}" if isinstance(value, float) else str(value)
    unit = [f"# UNIT guard_{name} seconds"] if name.endswith("_seconds") else []
    return [
        f"# TYPE guard_{name} gauge",
        *unit,
        f"# HELP guard_{name} {text}",
        f"guard_{name} {shown}",
    ]


def _counter(name: str, text: str, value: int) -> list[str]:
    return [
        f"# TYPE guard_{name} counter",
        f"# HELP guard_{name} {text}",
        f"guard_{name}_total {value}",
    ]
