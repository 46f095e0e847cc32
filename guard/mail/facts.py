"""Sizes and dates of many messages, from a server's answers to one FETCH.

Pure. imapclient's parser reads whatever a server may say, letter by letter; on the
plain line that servers do say it takes five times as long as one regular expression, and
years of mail are as many such lines. Source: RFC 3501 sections 7.4.2 and 9 (date-time).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from imapclient.response_parser import parse_fetch_response

WANTED = "(RFC822.SIZE INTERNALDATE)"
"""What is to be asked for."""

_PLAIN = re.compile(
    rb"[1-9]\d{0,9} \((?:(?:UID (?P<uid>\d{1,10})|RFC822\.SIZE (?P<size>\d{1,15})"
    rb'|INTERNALDATE "(?P<day>[ 0-3]\d)-(?P<month>[A-Z][a-z]{2})-(?P<year>\d{4})'
    rb' (?P<time>\d\d:\d\d:\d\d) (?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)")'
    rb"(?: (?!\))|(?=\)))){3}\)"
)
_MONTHS = {
    name: at + 1
    for at, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
}

Facts = Mapping[int, Mapping[bytes, Any]]
"""UID to items and their values, as imapclient gives them."""


def facts(lines: Sequence[Any]) -> Facts:
    """Read what a server told.

    Args:
        lines: The untagged answers, as imaplib gives them.

    Raises:
        Exception: They are no answers to FETCH: whatever imapclient's parser raises for such,
            one of `guard.mail.answers.ANYTHING`.
    """
    told = {}
    for line in lines:
        one = _PLAIN.fullmatch(line) if isinstance(line, bytes) else None
        # A group keeps what it met last, so an item told twice leaves another one empty.
        if one is None or None in one.groups():
            return _of_any_kind(lines)
        try:
            told[int(one["uid"])] = {b"RFC822.SIZE": int(one["size"]), b"INTERNALDATE": _date(one)}
        except (ValueError, KeyError):
            return _of_any_kind(lines)
    return told


def _of_any_kind(lines: Sequence[Any]) -> Facts:
    told: Facts = parse_fetch_response(lines, normalise_times=False)
    return told


def _date(told: re.Match[bytes]) -> datetime:
    offset = timedelta(hours=int(told["hours"]), minutes=int(told["minutes"]))
    hour, minute, second = map(int, told["time"].split(b":"))
    return datetime(
        *(int(told["year"]), _MONTHS[told["month"]], int(told["day"]), hour, minute, second),
        tzinfo=timezone(-offset if told["sign"] == b"-" else offset),
    )
