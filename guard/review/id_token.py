"""The issuer's signed word to who signed in, and whether that is the one who may.

Pure: keys and time are arguments. authlib and joserfc check signature and claims; what is
stricter than theirs stands here. Source: OpenID Connect Core 1.0 sections 2 and 3.1.3.7.
"""

import re
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

import msgspec
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError, MissingClaimError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from guard.errors import SignInError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a key that only the issuer has: neither `none` nor a secret that is shared."""

LEEWAY_S = 60
"""So far the issuer's clock and this one's may be apart."""

Claims = Mapping[str, Any]
"""What a token says; only what was checked may be relied on."""

_REMEDIES: Mapping[str, tuple[str, str]] = {
    "iss": ("was made by another issuer", "Check [serve] issuer in guard.toml."),
    "aud": ("is meant for another application", "Check [serve] client_id in guard.toml."),
    "azp": ("is meant for another application", "Check [serve] client_id in guard.toml."),
    "nonce": ("belongs to another sign-in", "Open guard's own address and sign in once more."),
    "iat": ("is from the future", "Check the clocks of this machine and of the issuer."),
    "nbf": ("is from the future", "Check the clocks of this machine and of the issuer."),
}
_ODD = ("is not as OpenID Connect writes it", "Sign in once more; if it stays, ask the issuer.")


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the ID token of one sign-in must say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    """What came with it; a hash of it may stand in the token."""


def claims(token: str, keys: Mapping[str, object], expected: Expected, *, now: int) -> Claims:
    """Return the claims of a good ID token, as a mapping.

    Args:
        token: As the token endpoint gave it.
        keys: The issuer's key set (RFC 7517).
        expected: What it must say.
        now: In milliseconds.

    Raises:
        SignInError: It is not good; says why, and what to do.
    """
    read = _signed(token, keys)
    wanted = {"iss": expected.issuer, "aud": expected.client_id, "nonce": expected.nonce}
    found = CodeIDToken(
        read.claims,
        read.header,
        {name: {"essential": True, "value": value} for name, value in wanted.items()},
        {
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    if found.get("aud") not in (expected.client_id, [expected.client_id]):
        # Whom else it is meant for, we do not trust: section 3.1.3.7, step 3.
        raise _refused(*_REMEDIES["aud"])
    try:
        found.validate(now=now // 1000, leeway=LEEWAY_S)
    except ExpiredTokenError:
        raise _refused(
            "has expired", "Check the clocks of this machine and of the issuer."
        ) from None
    except MissingClaimError as error:
        raise _refused(
            f"lacks its {error.claim}", "Is guard registered there for OpenID Connect?"
        ) from None
    except JoseError as error:
        raise _refused(*_REMEDIES.get(str(getattr(error, "claim", "")), _ODD)) from None
    except (TypeError, ValueError, AttributeError):
        raise _refused(*_ODD) from None
    if not isinstance(found["nonce"], str) or not 1 <= len(found["sub"]) <= 255:  # noqa: PLR2004  # Core, section 2
        raise _refused(*_ODD)
    return dict(found)


def with_address(found: Claims, told: Mapping[str, object]) -> Claims:
    """Return the claims with the e-mail address that the UserInfo endpoint told.

    Raises:
        SignInError: It told of somebody else (Core, section 5.3.2).
    """
    if told and told.get("sub") != found["sub"]:
        raise SignInError(
            "the issuer told of somebody else than who signed in", hint="Sign in once more."
        )
    added = {name: told[name] for name in ("email", "email_verified") if name in told}
    return {**found, **added}


def insist(found: Mapping[str, object], who: str) -> None:
    """Let one person pass.

    Args:
        found: The claims of a good ID token.
        who: Her verified e-mail address, or, without an ``@``, the issuer's number for her.

    Raises:
        SignInError: It is somebody else, or the issuer has not verified the address.
    """
    sub = str(found["sub"])
    # Some issuers let people choose their own sub: what looks like an address must be verified.
    if "@" not in who:
        if compare_digest(sub.encode(), who.encode()):
            return
    elif not found.get("email"):
        raise SignInError(
            "the issuer does not tell guard your e-mail address",
            hint=f"Let it (scope email), or have guard.toml name you by number: {_put(sub)}",
        )
    elif compare_digest(str(found["email"]).casefold().encode(), who.casefold().encode()):
        if found.get("email_verified") is True:
            return
        raise SignInError(
            "the issuer has not verified your e-mail address",
            hint=f"Verify it there, or have guard.toml name you by number: {_put(sub)}",
        )
    raise SignInError(
        "you signed in as somebody whose record this is not",
        hint="Sign out where you signed in, and come back as yourself. "
        f"If this record is yours, have guard.toml name you: {_put(sub)}",
    )


def _put(sub: str) -> str:
    shown = sub if re.fullmatch(r"[!-~]{1,255}", sub) and not {'"', "\\", "@"} & set(sub) else ""
    return f'[serve] who = "{shown}"' if shown else "[serve] who"


def _signed(token: str, keys: Mapping[str, object]) -> jwt.Token:
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        published = KeySet.import_key_set(keys)  # type: ignore[arg-type]  # what is not one raises
        return jwt.decode(token, published, registry=registry)
    except InvalidKeyIdError:
        raise _refused(
            "is signed with a key that the issuer does not publish", "Sign in once more."
        ) from None
    except (JoseError, TypeError, ValueError, KeyError, AttributeError):
        raise _refused(
            "is not signed as it must be", "Let the issuer sign it with RS256 or ES256."
        ) from None


def _refused(why: str, hint: str) -> SignInError:
    return SignInError(f"the issuer's word (ID token) {why}", hint=hint)
