"""An OpenID Connect issuer: what it says of itself, the code for a word, its keys.

Edge: HTTPS, by authlib's ways of writing requests. Nothing is ever asked over plain HTTP, and
no redirect is followed. Source: OpenID Connect Discovery 1.0, Core 1.0 section 3.1, RP-Initiated
Logout 1.0; RFC 6749 section 4.1; RFC 7636; RFC 9207.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from guard.errors import ConfigError, SignInError, UnreachableError
from guard.mail import https
from guard.review.attempt import Attempt

_SCOPE = "openid email"
_DEADLINE_S = 10
"""For one request; she waits for it, and so does the page."""

_OK, _BROKEN = 200, 500
_AGAIN = "Open guard's own address and sign in once more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Where she signs in, and as which application we ask."""

    url: str
    """As the issuer writes itself; its description is looked for below."""

    client_id: str
    secret: str = field(repr=False)
    """Empty for a public client."""

    back: str
    """Our own address for its answers; registered there."""

    ca_file: Path | None
    """A private CA, PEM; None: those that the system trusts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an issuer says of itself. Every address is https."""

    authorize: str
    token: str
    keys: str
    person: str
    """Where it tells more of who signed in; empty for nowhere."""

    end: str
    """Where one signs out; empty for nowhere."""

    secret_by: str
    """How it wants the secret: ``client_secret_post`` or ``client_secret_basic``."""

    signs_answers: bool
    """Whether each of its answers names it (RFC 9207)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the token endpoint gave for a code."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def describe(issuer: Issuer) -> Description:
    """Ask an issuer for its description.

    Raises:
        UnreachableError: It does not answer, or answers nonsense.
        ConfigError: It is another issuer, or cannot do what is needed.
    """
    url = f"{issuer.url.rstrip('/')}/.well-known/openid-configuration"
    status, told = _asked(issuer, "GET", url)
    if status != _OK:
        raise ConfigError(
            f"the issuer has no OpenID Connect description (status {status})",
            hint=f"It should be at {url}: check [serve] issuer in guard.toml.",
        )
    if told.get("issuer") != issuer.url:
        named = str(told.get("issuer", ""))
        said = f": {named}" if re.fullmatch(r"https://[!-~]{1,200}", named) else ""
        hint = "If you trust it, write [serve] issuer in guard.toml exactly so."
        if "{tenantid}" in named:
            hint = "Microsoft: in [serve] issuer your directory's id stands for {tenantid}."
        raise ConfigError(f"the issuer calls itself by another name{said}", hint=hint)
    wanted = [_address(told, one) for one in ("authorization_endpoint", "token_endpoint")]
    ways = told.get("token_endpoint_auth_methods_supported")
    post = isinstance(ways, list) and "client_secret_post" in ways
    return Description(
        authorize=wanted[0],
        token=wanted[1],
        keys=_address(told, "jwks_uri"),
        person=_address(told, "userinfo_endpoint") if told.get("userinfo_endpoint") else "",
        end=_address(told, "end_session_endpoint") if told.get("end_session_endpoint") else "",
        secret_by="client_secret_post" if post else "client_secret_basic",
        signs_answers=told.get("authorization_response_iss_parameter_supported") is True,
    )


def page(issuer: Issuer, there: Description, attempt: Attempt) -> str:
    """Return the address of the issuer's page for one attempt."""
    return str(
        prepare_grant_uri(
            there.authorize,
            issuer.client_id,
            "code",
            redirect_uri=issuer.back,
            scope=_SCOPE,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
    )


def farewell(issuer: Issuer, there: Description, id_token: str) -> str:
    """Return where she signs out of the issuer too; empty where it offers none."""
    if not there.end:
        return ""
    query = [("client_id", issuer.client_id), ("id_token_hint", id_token)]
    return str(add_params_to_uri(there.end, query))


def redeem(issuer: Issuer, there: Description, code: str, verifier: str) -> Word:
    """Exchange the code of an answer.

    Raises:
        UnreachableError: The issuer does not answer, or answers nonsense.
        SignInError: The code is not good.
        ConfigError: The issuer does not take us for whom guard.toml says we are.
    """
    body = prepare_token_request(
        "authorization_code", redirect_uri=issuer.back, code=code, code_verifier=verifier
    )
    by = there.secret_by if issuer.secret else "none"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client = ClientAuth(issuer.client_id, issuer.secret, by)
    url, headers, body = client.prepare("POST", there.token, headers, body)
    status, told = _asked(issuer, "POST", url, headers, body)
    if status != _OK or "error" in told:
        raise _refusal(told.get("error"))
    id_token, access_token = told.get("id_token"), told.get("access_token")
    if not isinstance(id_token, str):
        raise ConfigError(
            "the issuer gave no ID token", hint="Is guard registered there for OpenID Connect?"
        )
    return Word(id_token=id_token, access_token=str(access_token or ""))


def keys(issuer: Issuer, there: Description) -> Mapping[str, object]:
    """Fetch the keys that the issuer signs with, as they are now.

    Raises:
        UnreachableError: It does not answer, or answers nonsense.
    """
    status, told = _asked(issuer, "GET", there.keys)
    if status != _OK:
        raise https.unreadable("issuer's list of keys")
    return told


def person(issuer: Issuer, there: Description, access_token: str) -> Mapping[str, object]:
    """Ask for what the ID token left out, as Core section 5.4 lets it; nothing where none is told.

    Raises:
        UnreachableError: The issuer does not answer, or answers nonsense.
    """
    if not (there.person and re.fullmatch(r"[!-~]{1,16000}", access_token)):
        return {}
    bearer = {"Authorization": f"Bearer {access_token}"}
    status, told = _asked(issuer, "GET", there.person, bearer)
    return told if status == _OK else {}


def _asked(
    issuer: Issuer, method: str, url: str, headers: Mapping[str, str] | None = None, body: str = ""
) -> tuple[int, Mapping[str, object]]:
    got = https.exchange(
        method,
        url,
        what="issuer",
        ca_file=issuer.ca_file,
        headers={"Accept": "application/json"} | dict(headers or {}),
        body=body.encode() if body else None,
        deadline=_DEADLINE_S,
    )
    if got.status >= _BROKEN:
        raise UnreachableError(
            f"the issuer is out of order (status {got.status})", hint="It may pass by itself."
        )
    try:
        told = json.loads(got.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        if got.status == _OK:
            raise https.unreadable("issuer")
        told = {}
    return got.status, told


def _address(told: Mapping[str, object], key: str) -> str:
    found = str(told.get(key, ""))
    if not re.fullmatch(r"https://[!-~]{1,2000}", found):
        raise ConfigError(
            f"the issuer's description has no https {key}",
            hint="Does it offer OpenID Connect with the authorization code flow?",
        )
    return found


def _refusal(error: object) -> SignInError | ConfigError:
    match error:
        case "invalid_grant":
            return SignInError("the issuer does not know this sign-in any more", hint=_AGAIN)
        case "invalid_client" | "unauthorized_client":
            return ConfigError(
                "the issuer does not take this guard for the application that it knows",
                hint="Check [serve] client_id and client_secret in guard.toml.",
            )
        case _:
            return ConfigError(
                "the issuer gave nothing for its code",
                hint="Is guard registered there for the authorization code flow with PKCE?",
            )
