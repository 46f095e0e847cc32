"""Numbers, times and names in words that she can read between two sessions. Pure.

Source: the style guides of the NHS and GOV.UK: frequencies instead of decimals, dates with
the month in letters, no Latin.
"""

import re

from guard.clients.workdays import zone
from guard.policy.minutes import Minutes
from guard.record.times import from_ms
from guard.review.queue import Lane
from guard.verdict.label import Label

LABELS: dict[Label, str] = {
    Label.SCHEDULING: "arranging an appointment",
    Label.THERAPY: "therapy content",
    Label.CRISIS: "somebody may be in danger",
    Label.OTHER: "something else",
}
"""What a label is called on the page."""

SHORT: dict[Label, str] = {
    Label.SCHEDULING: "appointments",
    Label.THERAPY: "therapy content",
    Label.CRISIS: "possible danger",
    Label.OTHER: "something else",
}
"""The same where there is little room."""

LANES: dict[Lane, tuple[str, str]] = {
    Lane.CRISIS: ("Somebody may be in danger", "Please look at these first."),
    Lane.HELD: (
        "More than an appointment",
        "They seem to hold more than arranging an appointment.",
    ),
    Lane.UNCERTAIN: (
        "A reminder may not have gone out",
        "The line broke while it was sent. guard never sends it again by itself.",
    ),
    Lane.UNMATCHED: ("People guard does not know", "Are they clients?"),
    Lane.CHANNEL: (
        "From other channels",
        "Social networks, review sites, locations. Your policy does not answer them.",
    ),
    Lane.UNREADABLE: ("Messages guard cannot read", "The bytes are kept as they came."),
    Lane.SAMPLE: (
        "Picked by lot",
        "A few of those that guard took for appointments, so that you can see what it misses.",
    ),
    Lane.LATER: ("Put off", "You said: later."),
}
"""A lane's heading, and one sentence about it."""

_SURE = ((0.95, "Very sure"), (0.8, "Fairly sure"), (0.6, "Not very sure"))
_TRICKS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSAFE = re.compile(r"[^\w .,()+-]")
_SIZES = ((1_000_000, "MB"), (1_000, "kB"))
_LONGEST_NAME = 80
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


def sureness(minutes: Minutes) -> str:
    """Return how sure guard is, in two or three words."""
    chance = getattr(minutes.verdict.scores, minutes.verdict.label.value)
    return next((words for least, words in _SURE if chance >= least), "Only a guess")


def in_ten(chance: float) -> str:
    """Return a probability as a frequency."""
    tenths = round(chance * 10)
    if not tenths:
        return "fewer than 1 in 20" if chance < 0.05 else "1 in 20"  # noqa: PLR2004  # half a tenth
    return "nearly all" if tenths == 10 else f"{tenths} in 10"  # noqa: PLR2004  # all tenths


def moment(milliseconds: int) -> str:
    """Return a time as ``22 November 2026, 2:05pm``, by the clocks in London."""
    at = from_ms(milliseconds).astimezone(zone())
    half = "am" if at.hour < 12 else "pm"  # noqa: PLR2004  # noon
    return f"{at.day} {at:%B} {at.year}, {at.hour % 12 or 12}:{at:%M}{half}"


def lately(milliseconds: int, now: int) -> str:
    """Return a time as `moment` does, but ``today, 2:05pm`` and ``yesterday, 2:05pm``."""
    words = moment(milliseconds)
    on, _, clock = words.partition(",")
    for name, days in (("today", 0), ("yesterday", 1)):
        if on == day(now - days * _DAY_MS):
            return f"{name},{clock}"
    return words


def day(milliseconds: int) -> str:
    """Return a day as ``22 November 2026``."""
    return moment(milliseconds).partition(",")[0]


def iso(milliseconds: int) -> str:
    """Return a time as machines sort it, in UTC."""
    return from_ms(milliseconds).isoformat(timespec="seconds")


def age(milliseconds: int) -> str:
    """Return a length of time in its largest unit."""
    for unit, word in ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (_MINUTE_MS, "minute")):
        if milliseconds >= unit:
            count = milliseconds // unit
            return f"{count} {word}{'s' * (count > 1)}"
    return "less than a minute"


def count(number: int, noun: str) -> str:
    """Return ``1 message``, ``2 messages``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def size(octets: int) -> str:
    """Return a size in a unit of its own."""
    for unit, word in _SIZES:
        if octets >= unit:
            return f"{octets / unit:.0f} {word}"
    return f"{octets} bytes"


def safe(text: str) -> str:
    """Return text of a mail without the characters that trick an eye or a terminal.

    Those that turn the reading direction can make ``exe.fdp`` look like ``pdf.exe``, and a
    stranger's name like a client's; control characters can make a terminal do things.
    """
    return _TRICKS.sub("", text)


def one_line(text: str) -> str:
    """Return a line of mail, safe as `safe` makes it."""
    return safe(" ".join(text.split()))


def file_name(name: str, kind: str = "bin") -> str:
    """Return a name that is safe for a download: no path, no device, no turned letters."""
    last = re.split(r"[/\\]", one_line(name))[-1]
    safe = _UNSAFE.sub("_", last).strip(" .")
    return safe[-_LONGEST_NAME:].lstrip(" .") or f"attachment.{kind}"
