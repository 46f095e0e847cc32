"""A calendar part to the words in it: titles, descriptions, and what people answered.

Total: icalendar reads what is sound; of what is not, the lines with words are read plainly.
Source: RFC 5545 sections 3.1 and 3.8.1, RFC 5546 section 3.2.3.
"""

import re

from icalendar import Calendar

from guard.mail.charset import clean
from guard.mail.message import CalendarPart

MOST_CHARACTERS = 100_000
"""Characters of one calendar part that are read."""

_MOST_WORDS = 20_000
_MOST_EVENTS = 20
_EVENTS = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(r"^(SUMMARY|DESCRIPTION|COMMENT)(?:;[^:\n]{0,500})?:(.*)$", re.MULTILINE)
_METHOD = re.compile(r"^METHOD:(\w+)", re.MULTILINE)
_ESCAPE = re.compile(r"\\([\\;,nN])")


def read_invitation(text: str, method: str = "") -> tuple[CalendarPart, bool]:
    """Read one calendar part.

    Args:
        text: The part, decoded.
        method: The ``method`` parameter of its Content-Type; the part's own goes first.

    Returns:
        What it says, and whether it was sound.
    """
    whole = len(text) <= MOST_CHARACTERS
    text = text[:MOST_CHARACTERS]
    try:
        return _sound(Calendar.from_ical(text), method), whole
    except Exception:  # noqa: BLE001  # a parser of strangers' data; the plain reading follows
        return _plainly(text, method), False


def unfolded(text: str) -> str:
    """Return all that a calendar part says, whichever field says it."""
    return _unescape(_FOLD.sub("", text[:MOST_CHARACTERS]))


def _sound(calendar: Calendar, method: str) -> CalendarPart:
    summaries: list[str] = []
    words: list[str] = []
    events = [one for one in calendar.walk() if one.name in _EVENTS][:_MOST_EVENTS]
    for event in events:
        summaries += _values(event.get("SUMMARY"))
        words += _values(event.get("DESCRIPTION")) + _values(event.get("COMMENT"))
    words += _values(calendar.get("COMMENT"))
    return _part(str(calendar.get("METHOD") or method), summaries, words)


def _values(found: object) -> list[str]:
    if found is None:
        return []
    return [str(one) for one in found] if isinstance(found, list) else [str(found)]


def _plainly(text: str, method: str) -> CalendarPart:
    text = _FOLD.sub("", text)
    own = _METHOD.search(text)
    found = [(match[1], _unescape(match[2])) for match in _LINE.finditer(text)]
    summaries = [value for name, value in found if name == "SUMMARY"]
    words = [value for name, value in found if name != "SUMMARY"]
    return _part(own[1] if own else method, summaries, words)


def _unescape(value: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _part(method: str, summaries: list[str], words: list[str]) -> CalendarPart:
    # Every exception to a series repeats its words.
    summary = " ".join(dict.fromkeys(clean(one).replace("\n", " ") for one in summaries))
    return CalendarPart(
        method="".join(letter for letter in method.upper() if letter.isalpha())[:20],
        summary=summary.strip()[:_MOST_WORDS],
        text="\n".join(dict.fromkeys(clean(one) for one in words)).strip()[:_MOST_WORDS],
    )
