"""What an OAuth sign-in leaves behind: how long it lasts, when it must be renewed, how it is kept.

Pure. Source: RFC 6749 sections 5.1 and 6; Google, "Using OAuth 2.0", section "Refresh token
expiration"; Microsoft identity platform, "Refresh tokens", section "Token lifetime".
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import asdict, fields, replace

Provider = Literal["google", "microsoft"]

WARN_DAYS = 14
"""Fewer days left than this are worth a warning."""

_UNUSED = {"google": timedelta(days=180), "microsoft": timedelta(days=90)}
"""How long a sign-in lasts that nobody uses."""

_MARGIN = timedelta(minutes=5)
"""An access token is renewed so long before it ends: a scan needs it for a while."""

_HOUR = 3600
"""Seconds that an access token lasts when the provider does not say (RFC 6749 section 5.1)."""

_BEARER = re.compile(r"[\x21-\x7e]{1,20000}")
"""What may stand in a header and in a SASL answer: neither spaces nor control characters."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in. Whoever holds it reads the mailbox until it is withdrawn at the provider."""

    provider: Provider
    user: str
    """The mailbox that it was made for."""

    client_id: str
    client_secret: str
    """Google gives one to desktop programs and calls it no secret; empty for Microsoft."""

    scope: str
    """What was asked for; Microsoft wants to hear it again at each renewal."""

    refresh_token: str
    access_token: str
    consented: datetime
    """When she signed in, aware."""

    renewed: datetime
    """When the access token was had, aware."""

    access_until: datetime
    """When the access token ends, aware."""

    ends: datetime | None
    """When the sign-in ends however much it is used; None when the provider names no end."""


def days_left(token: Token, now: datetime) -> int:
    """Return in how many whole days the sign-in ends unless it is renewed or used; 0 for over."""
    return max(0, (ending(token) - now).days)


def ending(token: Token) -> datetime:
    """Return when the sign-in ends if nobody uses it from now on."""
    unused = token.renewed + _UNUSED[token.provider]
    return unused if token.ends is None else min(unused, token.ends)


def usable(token: Token, now: datetime) -> bool:
    """Whether the access token can be shown without asking for a new one."""
    # A token from the future means that a clock was wrong, so its end means nothing.
    return token.renewed <= now + _MARGIN and now < token.access_until - _MARGIN


def granted(
    answer: Mapping[str, object],
    *,
    provider: Provider,
    user: str,
    client_id: str,
    client_secret: str,
    scope: str,
    now: datetime,
) -> Token:
    """Make a token of the answer to a first sign-in.

    Raises:
        ValueError: The answer holds no token that can be used, or no right to renew it.
    """
    empty = Token(
        provider=provider,
        user=user,
        client_id=client_id,
        client_secret=client_secret,
        scope=scope,
        refresh_token=_bearer(answer, "refresh_token"),
        access_token="",
        consented=now,
        renewed=now,
        access_until=now,
        ends=None,
    )
    return renewed(empty, answer, now=now)


def renewed(token: Token, answer: Mapping[str, object], *, now: datetime) -> Token:
    """Make the next token of the answer to a renewal.

    Microsoft gives a new refresh token each time, Google keeps the old one (RFC 6749 section 6).

    Args:
        token: The one that was renewed.
        answer: What the provider said.
        now: When it was asked, aware.

    Raises:
        ValueError: The answer holds no token that can be used.
    """
    if str(answer.get("token_type", "bearer")).lower() != "bearer":
        raise ValueError("not a bearer token")
    rotated = "refresh_token" in answer
    refresh = _bearer(answer, "refresh_token") if rotated else token.refresh_token
    end = _seconds(answer, "refresh_token_expires_in")
    kept = None if rotated and refresh != token.refresh_token else token.ends
    return replace(
        token,
        refresh_token=refresh,
        access_token=_bearer(answer, "access_token"),
        renewed=now,
        access_until=now + timedelta(seconds=_seconds(answer, "expires_in") or _HOUR),
        ends=now + timedelta(seconds=end) if end else kept,
    )


def ungranted(answer: Mapping[str, object], scope: str) -> list[str]:
    """Return what was asked for and not given: she may have unticked a box on the page.

    Without a word about it everything was given (RFC 6749 section 5.1).
    """
    given = answer.get("scope")
    if not isinstance(given, str):
        return []
    # Microsoft answers with other hosts and spellings; the last part is the right itself.
    names = {_right(one) for one in given.split()}
    return [one for one in scope.split() if _right(one) not in names]


def encode(token: Token) -> bytes:
    """Write a token down."""
    return json.dumps(asdict(token), default=datetime.isoformat, indent=1).encode()


def decode(text: str) -> Token:
    """Read a token that was written down.

    Raises:
        ValueError: It is none.
    """
    found = json.loads(text)
    names = {one.name for one in fields(Token)}
    if not isinstance(found, dict) or set(found) != names:
        raise ValueError("not a token")
    times = {"consented", "renewed", "access_until", "ends"}
    if found["ends"] is None:
        times.remove("ends")
    if not all(isinstance(found[name], str) for name in names - {"ends"} | times):
        raise ValueError("not a token")
    token = Token(**(found | {name: datetime.fromisoformat(found[name]) for name in times}))
    moments = [token.consented, token.renewed, token.access_until, token.ends]
    if token.provider not in _UNUSED or any(one and one.tzinfo is None for one in moments):
        raise ValueError("not a token")
    return token


def _bearer(answer: Mapping[str, object], key: str) -> str:
    found = answer.get(key)
    if not isinstance(found, str) or not _BEARER.fullmatch(found):
        raise ValueError(f"no {key}")
    return found


def _seconds(answer: Mapping[str, object], key: str) -> int:
    """A length of time, 0 when none is told; some servers write numbers as text."""
    found = answer.get(key)
    if isinstance(found, bool) or not re.fullmatch(r"\d{1,9}(\.0*)?", str(found)):
        return 0
    return int(float(str(found)))


def _right(scope: str) -> str:
    return scope.rstrip("/").rpartition("/")[2].lower()
