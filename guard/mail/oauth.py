"""The token endpoints of Google and Microsoft: one form out, one JSON object back.

Edge, over HTTPS alone. What cron needs of OAuth is a single POST, so this is all of it; the
first sign-in is `guard.mail.google` and `guard.mail.microsoft`. Source: RFC 6749 sections 3.2
and 6, RFC 8628.
"""

import json
import urllib.parse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from guard.errors import UnreachableError
from guard.mail import https, refusals
from guard.mail.token import Provider, Token, renewed

NAMES: Mapping[Provider, str] = {"google": "Google", "microsoft": "Microsoft"}

_DEADLINE = 30
"""Seconds for the whole conversation."""

_HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
}

_OK, _TOO_MANY, _BROKEN = 200, 429, 500


class Authority(msgspec.Struct, frozen=True, kw_only=True):
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
    got = https.exchange(
        "POST",
        where.token_url,
        what="sign-in server",
        ca_file=where.ca_file,
        headers=_HEADERS,
        body=urllib.parse.urlencode(form).encode("ascii"),
        deadline=_DEADLINE,
    )
    if got.status == _TOO_MANY or got.status >= _BROKEN:
        raise UnreachableError(
            f"the sign-in server of {where.name} is out of order ({got.status})"
        )
    try:
        answer = json.loads(got.body)
    except (ValueError, RecursionError):
        raise unreadable(where) from None
    if not isinstance(answer, dict):
        raise unreadable(where)
    if "error" in answer:
        raise refusals.of_provider(answer, where.name)
    if got.status != _OK:
        raise unreadable(where)
    return answer


def unreadable(where: Authority) -> UnreachableError:
    """Return the error for an answer that is none. No word of it is shown."""
    return https.unreadable(f"sign-in server of {where.name}")
