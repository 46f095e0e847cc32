"""What is wrong with the set-up, as far as it can be told without signing in anywhere. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from guard.config import Settings
from guard.review.plain import age, count

LATE = timedelta(hours=24)
"""Without a scan for so long, she is told."""

LITTLE_BYTES = 1_000_000_000
"""Free disk below which she is told: some years of ordinary mail."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    what: str
    """What is wrong, in a sentence."""

    then: str
    """What to do, in a sentence."""


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at."""

    settings: Settings
    """The practice's choices."""

    last_scan: Mapping[str, object]
    """What the last scan noted; empty when none has ended."""

    free_bytes: int
    """Room left on the disk."""

    troubles: tuple[str, ...]
    """What did not work after the last scan, in words."""

    unannounced: int
    """Messages that should not wait and could not be announced."""

    approved: bool
    """Whether she approved every text of the reminder."""

    has_model: bool
    """Whether there is a model with a card."""

    now: datetime
    """The moment, aware."""


def problems(signs: Signs) -> list[Problem]:
    """Return what is wrong, most pressing first."""
    settings = signs.settings
    count_ = count(signs.unannounced, "message")
    checks = [
        (bool(signs.unannounced), f"{count_} should not wait and could not be announced to you.",
         "Look below, and run: guard check"),
        (not signs.last_scan, "No scan has ended yet.", "Run: guard scan"),
        (_late(signs) != "", f"The last scan ended {_late(signs)} ago.",
         "New mail is not being filed. Run: guard scan"),
        *((True, words, "See: guard check") for words in signs.troubles),
        (signs.free_bytes < LITTLE_BYTES,
         f"Only {signs.free_bytes // 1_000_000} MB are left on the disk.",
         "A full disk stops the filing. Make room."),
        (not signs.has_model, "The model cannot be found.",
         "guard goes on filing and holds every message. Run: guard check"),
        (not signs.approved, "You have not approved the words of the reminder.",
         "Until then each one waits for your click. Run: guard policy approve"),
        (not settings.alerts.to, "Nobody is told when a message should not wait.",
         "Set a private address in guard.toml: [alerts] to"),
        (settings.smtp is None, "No server for sending is set up.",
         "Reminders and alerts cannot go out. Add [smtp] to guard.toml."),
        (not any(settings.reminders.trust_authserv), "Nobody is trusted to vouch for senders.",
         "Until then no reminder goes out by itself. Run: guard check"),
    ]  # fmt: skip
    return [Problem(what=what, then=then) for holds, what, then in checks if holds]


def fine(signs: Signs) -> list[str]:
    """Return what is well, in sentences."""
    reminders = signs.settings.reminders
    said = {
        f"The last scan ended {_ago(signs)} ago.": bool(signs.last_scan) and not _late(signs),
        f"{signs.free_bytes // 1_000_000_000} GB are left on the disk.": signs.free_bytes
        >= LITTLE_BYTES,
        "A model is chosen.": signs.has_model,
        "An address for alerts is set.": bool(signs.settings.alerts.to),
        f"{_MODES[reminders.mode]} At most one goes to a client in "
        f"{count(reminders.every_days, 'day')}.": True,
        "You approved the words of the reminder.": signs.approved,
    }
    return [words for words, holds in said.items() if holds]


_MODES = {
    "auto": "Reminders go out by themselves.",
    "approve": "Reminders wait for your click.",
    "shadow": "This is a trial: reminders are noted and not sent.",
    "off": "Reminders are switched off.",
}


def _since(signs: Signs) -> timedelta | None:
    try:
        return signs.now - datetime.fromisoformat(str(signs.last_scan["at"]))
    except (KeyError, ValueError, TypeError):
        return None


def _ago(signs: Signs) -> str:
    since = _since(signs)
    return age(int(since.total_seconds() * 1000)) if since is not None else "some time"


def _late(signs: Signs) -> str:
    since = _since(signs)
    return _ago(signs) if since is not None and since > LATE else ""
