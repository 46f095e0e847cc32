"""A header block to names and values: splitting, unfolding, encoded words, Message-IDs, dates.

Pure, total and linear. `parse` and `envelope` both split by this file, so they cannot
disagree on where a header ends. Source: RFC 5322 section 2.2, RFC 2047.
"""

import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from guard.mail.charset import clean, decode, unbase64

MOST_BYTES = 262_144
"""Bytes of a header block that are looked at; a long To of 2,000 mailboxes is 100 KB."""

_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^?]*)\?=")
_SPACES = re.compile(r"\s+")
# The same letters that `guard.reply.compose` lets into a header of ours.
_MESSAGE_ID = re.compile(r"<[!#-'*+\-/-9=?A-Z^-~.]{1,200}@[!#-'*+\-/-9=?A-Z^-~.\[\]:]{1,200}>")
_MOST_REFERENCES = 100
_MONTHS_WORDS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = {name: at + 1 for at, name in enumerate(_MONTHS_WORDS.split())}
_DATE = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d\d?) ({'|'.join(_MONTHS)}) ([12]\d{{3}})"
    r" (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)(?: \([A-Z]{1,5}\))?",
    re.ASCII,
)


def split(
    raw: bytes, *, start: int = 0, end: int | None = None, most: int = MOST_BYTES
) -> tuple[list[tuple[str, str]], int, bool]:
    """Split a message or a part into its header fields and the start of its body.

    Args:
        raw: The bytes of a mail.
        start: Offset of the first header line.
        end: Offset after the last byte that belongs to it; None for all.
        most: Bytes to look at.

    Returns:
        The fields (name in lower case, value unfolded, still encoded), the offset of the
        body, and whether the block was whole and well formed.

    Source: RFC 5322 section 2.2.
    """
    fields: list[tuple[str, list[bytes]]] = []
    last = len(raw) if end is None else end
    at, sound, end = start, True, min(last, start + most)
    while at < end:
        stop = raw.find(b"\n", at, end)
        after = end if stop < 0 else stop + 1
        line = raw[at:after].rstrip(b"\r\n")
        if not line:
            return _unfolded(fields), after, sound
        if line[0] in b" \t" and fields:
            fields[-1][1].append(line)
        elif match := _LINE.fullmatch(line):
            fields.append((match[1].decode("ascii").lower(), [match[2]]))
        elif fields:
            # No colon: the blank line is missing and the body begins (as the stdlib reads it).
            return _unfolded(fields), at, False
        elif not line.startswith((b"From ", b">From ")):
            return [], at, False
        at = after
    return _unfolded(fields), at, sound and end == last


def _unfolded(fields: list[tuple[str, list[bytes]]]) -> list[tuple[str, str]]:
    return [(name, _raw_text(b"".join(lines))) for name, lines in fields]


def _raw_text(value: bytes) -> str:
    if value.isascii():
        return value.decode("ascii").replace("\r", " ").strip()
    return decode(value)[0].replace("\r", " ").strip()


def words(value: str) -> str:
    """Decode the encoded words of one unfolded value; the result is one clean line.

    Source: RFC 2047 section 6.2 (white space between encoded words is dropped).
    """
    if "=?" in value:
        value = _decoded(value)
    if value.isascii() and value.isprintable():
        return value
    return _SPACES.sub(" ", clean(value)).strip()


def _decoded(value: str) -> str:
    out: list[str] = []
    pending, charset, at = b"", "", 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        label = match[1].partition("*")[0].lower()
        # Some mailers cut a character of many bytes in two words, so equal charsets join first.
        if pending and (between.strip() or label != charset):
            out.append(decode(pending, charset)[0])
            pending = b""
        if between.strip() or at == 0:
            out.append(between)
        pending, charset, at = pending + _word_bytes(match[2], match[3]), label, match.end()
    if pending:
        out.append(decode(pending, charset)[0])
    out.append(value[at:])
    return "".join(out)


def _word_bytes(kind: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if kind in "bB":
        return unbase64(data)[0]
    return binascii.a2b_qp(data, header=True)


def message_ids(value: str) -> tuple[str, ...]:
    """Return the well-formed Message-IDs of a value, the last hundred at most."""
    return tuple(_MESSAGE_ID.findall(value)[-_MOST_REFERENCES:])


def message_id(value: str) -> str | None:
    """Return the value if it is exactly one well-formed Message-ID."""
    return value if _MESSAGE_ID.fullmatch(value) else None


def iso_date(value: str) -> str | None:
    """Return a Date value as ISO 8601 with offset; None when it is nonsense."""
    try:
        if plain := _DATE.fullmatch(value):
            return _plain_date(plain)
        when = parsedate_to_datetime(value[:200])
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat()
    except Exception:  # noqa: BLE001  # on odd dates it raises half a dozen kinds
        return None


def _plain_date(found: re.Match[str]) -> str:
    """Read a date as nearly all mail has it; what reads every other costs ten times as much."""
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(-offset if sign == "-" else offset)
    clock = int(hour), int(minute), int(second)
    return datetime(int(year), _MONTHS[month], int(day), *clock, tzinfo=zone).isoformat()
