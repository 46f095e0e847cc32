"""What an IMAP server's answers mean: refusals, sizes, dates, and how much to ask for at once.

Pure. `guard.mail.imap` asks, this file understands. No error shows a server's words unless
they belong to our own command: on a broken line anything else may be a piece of a mail.
"""

import imaplib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guard.errors import GuardError, UnreachableError
from guard.mail.connection import Place, explained, safe_words

ANYTHING = (
    *(imaplib.IMAP4.error, OSError, ValueError, TypeError, LookupError, OverflowError),
    *(AttributeError, AssertionError, RecursionError, MemoryError),
)
"""What a server's answer can make imapclient and imaplib raise."""

MOST_FOUND = 50_000
"""UIDs in one answer to SEARCH: at 11 bytes each well below imaplib's line of 1,000,000."""

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""When the server tells no INTERNALDATE: so old that it is never answered."""

_TAGGED = re.compile(r"\w+ (?:failed|command error): (.*)", re.DOTALL)
_CODE = re.compile(r"\[(OVERQUOTA|LIMIT|UNAVAILABLE|INUSE|THROTTLED|SERVERBUG|EXPIRED)\b")
_LATER = re.compile(
    r"\[(OVERQUOTA|LIMIT|UNAVAILABLE|INUSE|THROTTLED)\b|throttl|not connected|backoff"
    r"|too many|try (again )?later|bandwidth",
    re.IGNORECASE,
)
_BUSY = re.compile(r"\[(OVERQUOTA|THROTTLED)\b|throttl|bandwidth", re.IGNORECASE)
_PAUSE = 900
"""Seconds to wait where a server has had too much of us and names no time."""

LONGEST_PAUSE = 3600
"""Seconds that a server can make us wait: Microsoft asks for up to 50 minutes."""

_BACKOFF = re.compile(r"Backoff Time: (\d{1,9}) milliseconds", re.IGNORECASE)


class RefusedError(UnreachableError):
    """The server said no to one command. The connection is still good."""

    later = False
    """Whether it says no to everything for now, whatever was asked."""


def told(error: BaseException, place: Place) -> GuardError:
    """Tell in guard's words what imapclient, imaplib, ssl or socket raised."""
    # imaplib's errors and those of the socket are strangers to each other.
    if isinstance(error, OSError):
        return explained(error, place)
    if isinstance(error, imaplib.IMAP4.readonly):
        return RefusedError(
            f"a folder of the {place.what} may only be read",
            hint="Set flag = false in [mailbox], or let this user change flags.",
        )
    text = str(error)
    if isinstance(error, imaplib.IMAP4.abort):
        code = _CODE.search(text)
        hung_up = UnreachableError(f"the {place.what} hung up{f' ({code[1]})' if code else ''}")
        hung_up.wait = pause(text)
        return hung_up
    if isinstance(error, imaplib.IMAP4.error) and (tagged := _TAGGED.match(text)):
        return _refusal(tagged[1], place)
    if isinstance(error, imaplib.IMAP4.error) and (code := _CODE.search(text)):
        away = UnreachableError(f"the {place.what} turns us away ({code[1]})")
        away.wait = pause(text)
        return away
    # Its text may quote what came over the line, so only the kind is told.
    return UnreachableError(
        f"the {place.what} answered what guard cannot read ({type(error).__name__})"
    )


def pause(text: str) -> float:
    """Return for how many seconds a server's words ask not to be asked again; 0 for none."""
    if wait := _BACKOFF.search(text):
        return min(int(wait[1]) / 1000, LONGEST_PAUSE)
    return _PAUSE if _BUSY.search(text) else 0


def size(facts: Mapping[bytes, Any]) -> int | None:
    """Return RFC822.SIZE, bytes; None when the server does not tell it."""
    found = facts.get(b"RFC822.SIZE")
    return found if isinstance(found, int) and found >= 0 else None


def received(facts: Mapping[bytes, Any]) -> datetime:
    """Return INTERNALDATE, aware, in UTC."""
    found = facts.get(b"INTERNALDATE")
    if not isinstance(found, datetime) or found.tzinfo is None:
        return UNKNOWN_TIME
    try:
        return found.astimezone(UTC)
    except (OverflowError, ValueError):
        # The second: imapclient takes a zone of more than a day for what it says.
        return UNKNOWN_TIME


def groups(
    sizes: Mapping[int, int | None], *, alone: int, max_bytes: int, max_count: int
) -> Iterator[list[int]]:
    """Divide messages, in their order, into batches.

    Args:
        sizes: UID to size in bytes, None when unknown.
        alone: Size above which, as when it is unknown, a message makes a batch by itself.
        max_bytes: Most in one batch, unless one message is larger.
        max_count: Most messages in one batch.
    """
    group: list[int] = []
    total = 0
    for uid, known in sizes.items():
        single = known is None or known > alone
        weight = known or 0
        if group and (single or total + weight > max_bytes or len(group) >= max_count):
            yield group
            group, total = [], 0
        group.append(uid)
        total += weight
        if single:
            yield group
            group, total = [], 0
    if group:
        yield group


def windows(exists: int) -> Sequence[Sequence[str]]:
    """Divide a folder so that no answer to SEARCH is too long: sequence sets, the last first.

    From the top down, because a message that is deleted meanwhile moves those above it down,
    into a window that is still to come; the other way round one would slip through.
    """
    if exists <= MOST_FOUND:
        return ((),)
    starts = range(1, exists + 1, MOST_FOUND)
    top, *others = reversed(starts)
    return ((f"{top}:*",), *((f"{one}:{one + MOST_FOUND - 1}",) for one in others))


def _refusal(text: str, place: Place) -> RefusedError:
    if wait := _BACKOFF.search(text):
        seconds = -(-int(wait[1]) // 1000)
        refused = RefusedError(f"the {place.what} asks us to wait for {seconds} seconds")
    elif "authenticated but not connected" in text:
        refused = RefusedError(
            f"the {place.what} took the sign-in but does not open the mailbox",
            hint="If this lasts: sign in as the mailbox's own user (guard login), and see that it "
            "has a licence with a mailbox and that IMAP is switched on for it.",
        )
    else:
        refused = RefusedError(f"the {place.what} refused: {safe_words(text)}")
    refused.later = bool(_LATER.search(text))
    refused.wait = pause(text)
    return refused
