"""The token endpoints of Google and Microsoft: one form out, one JSON object back.

Edge, over HTTPS alone. What cron needs of OAuth is a single POST, so this is all of it; the
first sign-in is `guard.mail.google` and `guard.mail.microsoft`. Source: RFC 6749 sections 3.2
and 6, RFC 8628.
"""

import http.client
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from guard.errors import UnreachableError
from guard.mail import refusals
from guard.mail.connection import Place, Watchdog, connect, context, explained
from guard.mail.token import Provider, Token, renewed

NAMES: Mapping[Provider, str] = {"google": "Google", "microsoft": "Microsoft"}

_TIMEOUT = 15
"""Seconds for TCP, for TLS, and without a single byte."""

_DEADLINE = 30
"""Seconds for the whole conversation."""

_LONGEST = 200_000
"""Bytes of an answer; a real one has some thousands."""

_HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
    "Connection": "close",
}

_OK, _TOO_MANY, _BROKEN = 200, 429, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Where one provider signs people in."""

    provider: Provider
    authorize_url: str
    """Google's page for the browser; empty for Microsoft, whose page comes with the code."""

    token_url: str
    base: str
    """Microsoft's authority, which names the tenant; empty for Google."""

    ca_file: Path | None
    """A private CA, PEM; None: those that the system trusts."""

    @property
    def name(self) -> str:
        """For messages."""
        return NAMES[self.provider]


def authority(provider: Provider, *, tenant: str, server: str, ca_file: Path | None) -> Authority:
    """Return where a provider signs people in.

    Args:
        provider: Google or Microsoft.
        tenant: For Microsoft: whose users may sign in.
        server: ``https://`` and a host for another one than the usual: a national cloud.
        ca_file: A private CA.
    """
    if provider == "google":
        return Authority(
            provider=provider,
            authorize_url=f"{server or 'https://accounts.google.com'}/o/oauth2/v2/auth",
            token_url=f"{server or 'https://oauth2.googleapis.com'}/token",
            base="",
            ca_file=ca_file,
        )
    base = f"{server or 'https://login.microsoftonline.com'}/{urllib.parse.quote(tenant)}"
    return Authority(
        provider=provider,
        authorize_url="",
        token_url=f"{base}/oauth2/v2.0/token",
        base=base,
        ca_file=ca_file,
    )


def renew(token: Token, where: Authority, *, now: datetime) -> Token:
    """Have a new access token; Microsoft gives a new refresh token with it.

    Raises:
        UnreachableError: The provider cannot be reached, or answers nonsense.
        SignInError: The sign-in is over or was withdrawn.
        ConfigError: The set-up is wrong.
    """
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token.refresh_token,
        "client_id": token.client_id,
    }
    if token.client_secret:
        form["client_secret"] = token.client_secret
    if token.provider == "microsoft":
        # Without the last word Microsoft would give no new refresh token.
        form["scope"] = f"{token.scope} offline_access"
    answer = ask(where, form)
    try:
        return renewed(token, answer, now=now)
    except ValueError:
        raise unreadable(where) from None


def ask(where: Authority, form: Mapping[str, str]) -> Mapping[str, object]:
    """Send one form to the token endpoint.

    Raises:
        UnreachableError: The provider cannot be reached, or answers nonsense.
        SignInError: It says no, and a new sign-in mends it.
        ConfigError: It says no because of the set-up.
    """
    status, text = _post(where, urllib.parse.urlencode(form).encode("ascii"))
    if status == _TOO_MANY or status >= _BROKEN:
        raise UnreachableError(f"the sign-in server of {where.name} is out of order ({status})")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise unreadable(where) from None
    if not isinstance(answer, dict):
        raise unreadable(where)
    if "error" in answer:
        raise refusals.of_provider(answer, where.name)
    if status != _OK:
        raise unreadable(where)
    return answer


def unreadable(where: Authority) -> UnreachableError:
    """Return the error for an answer that is none. No word of it is shown."""
    return UnreachableError(
        f"the sign-in server of {where.name} answered what guard cannot read",
        hint="Is there a page to log in to this network? Else it may pass by itself.",
    )


def _post(where: Authority, body: bytes) -> tuple[int, bytes]:
    url = urllib.parse.urlsplit(where.token_url)
    host, port = url.hostname or "", url.port or 443
    place = Place(
        what=f"sign-in server {host}:{port}",
        host=host,
        port=port,
        security="tls",
        ca_file=where.ca_file,
        timeout=_TIMEOUT,
    )
    # Not urllib: it would follow a redirect, and with it show the refresh token to a stranger.
    line = http.client.HTTPSConnection(host, port, context=context(where.ca_file))
    line.sock = sock = connect(place)
    watchdog = Watchdog(lambda: sock, _DEADLINE)
    try:
        line.request("POST", url.path, body=body, headers=_HEADERS)
        with line.getresponse() as answer:
            text = answer.read(_LONGEST + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
        told = TimeoutError() if watchdog.barked else error
        if isinstance(told, OSError):
            raise explained(told, place) from None
        raise unreadable(where) from None
    finally:
        watchdog.stop()
        line.close()
        sock.close()
    if watchdog.barked:
        raise explained(TimeoutError(), place)
    if len(text) > _LONGEST:
        raise unreadable(where)
    return answer.status, text
