"""The issuer's word is believed when everything in it is as it must be, and about one person."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from guard.errors import SignInError
from guard.review.id_token import ALGORITHMS, Expected, claims, insist
from tests.review.practice import START
from tests.servers.issuer import ANNA, CLIENT, IssuerServer

NOW = int(START.timestamp() * 1000)
SECONDS = NOW // 1000
ISSUER = "https://login.clinic.example"


@pytest.fixture(scope="module")
def keys() -> tuple[RSAKey, RSAKey]:
    return RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def issuer(keys: tuple[RSAKey, RSAKey], tmp_path: Path) -> IssuerServer:
    """Not started: it only signs."""
    made = IssuerServer(tmp_path, clock=lambda: START, key=keys[0])
    made.url = ISSUER
    return made


def read(issuer: IssuerServer, token: str, *, now: int = NOW) -> Any:
    published = {"keys": [issuer.key.as_dict(private=False)]}
    expected = Expected(issuer=ISSUER, client_id=CLIENT, nonce="nonce", access_token="access")
    return claims(token, published, expected, now=now)


def test_a_good_word_is_believed(issuer: IssuerServer) -> None:
    assert read(issuer, issuer.id_token("nonce", "access"))["sub"] == ANNA["sub"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": f"{ISSUER}/"}, "another issuer"),
        ({"iss": None}, "lacks its iss"),
        ({"aud": "another-client"}, "another application"),
        ({"aud": ["another-client"]}, "another application"),
        ({"aud": [CLIENT, "another-client"], "azp": CLIENT}, "another application"),
        ({"aud": [CLIENT, "another-client"]}, "another application"),
        ({"aud": None}, "another application"),
        ({"aud": []}, "another application"),
        ({"azp": "another-client"}, "another application"),
        ({"nonce": "replayed"}, "another sign-in"),
        ({"nonce": None}, "lacks its nonce"),
        ({"nonce": ["nonce"]}, "another sign-in"),
        ({"exp": SECONDS - 61}, "has expired"),
        ({"exp": None}, "lacks its exp"),
        ({"exp": "soon"}, "OpenID Connect"),
        ({"iat": SECONDS + 61}, "from the future"),
        ({"iat": None}, "lacks its iat"),
        ({"nbf": SECONDS + 61}, "from the future"),
        ({"sub": None}, "lacks its sub"),
        ({"sub": 4711}, "OpenID Connect"),
        ({"sub": ""}, "OpenID Connect"),
        ({"sub": "x" * 256}, "OpenID Connect"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "OpenID Connect"),
        ({"at_hash": 1}, "OpenID Connect"),
        ({"amr": "pwd"}, "OpenID Connect"),
    ],
)
def test_a_word_with_one_wrong_claim_is_refused(
    issuer: IssuerServer, wrong: dict[str, Any], why: str
) -> None:
    issuer.claims = wrong
    with pytest.raises(SignInError, match=why) as refused:
        read(issuer, issuer.id_token("nonce", "access"))
    assert refused.value.hint


@pytest.mark.parametrize("skew", [-59, 59])
def test_a_clock_that_is_a_little_off_does_no_harm(issuer: IssuerServer, skew: int) -> None:
    issuer.claims = {"iat": SECONDS + skew, "exp": SECONDS + skew + 1}
    assert read(issuer, issuer.id_token("nonce", "access"))


def test_a_word_signed_by_another_key_is_refused(
    issuer: IssuerServer, keys: tuple[RSAKey, RSAKey]
) -> None:
    issuer.signer = keys[1]
    with pytest.raises(SignInError, match="not signed as it must be"):
        read(issuer, issuer.id_token("nonce"))
    issuer.header = {"alg": "RS256", "kid": "two"}
    with pytest.raises(SignInError, match="does not publish"):
        read(issuer, issuer.id_token("nonce"))


def test_a_word_that_is_not_signed_is_refused(issuer: IssuerServer) -> None:
    for alg in ("none", "None", "nOnE"):
        issuer.header = {"alg": "none"}
        token = issuer.id_token("nonce").replace("none", alg)
        with pytest.raises(SignInError, match="not signed"):
            read(issuer, token)


def test_a_word_signed_with_the_public_key_as_if_it_were_a_secret_is_refused(
    issuer: IssuerServer,
) -> None:
    public = issuer.key.as_pem(private=False)  # type: ignore[union-attr]  # an RSA key
    told = {"iss": ISSUER, "aud": CLIENT, "sub": "x", "nonce": "nonce", "exp": SECONDS + 9}
    for secret in (public, b"x" * 32):
        head, body = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in ({"alg": "HS256", "kid": "one"}, told)
        )
        import hashlib  # noqa: PLC0415  # for this forgery alone
        import hmac  # noqa: PLC0415  # as above

        mac = hmac.digest(secret, head + b"." + body, hashlib.sha256)
        token = b".".join((head, body, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()
        with pytest.raises(SignInError, match="not signed"):
            read(issuer, token)


def test_a_published_shared_secret_signs_nothing(issuer: IssuerServer) -> None:
    shared = OctKey.import_key("x" * 48, {"kid": "one"})
    token = jwt.encode({"alg": "HS256", "kid": "one"}, {"sub": "x"}, shared)
    expected = Expected(issuer=ISSUER, client_id=CLIENT, nonce="nonce", access_token="")
    with pytest.raises(SignInError, match="not signed"):
        claims(token, {"keys": [shared.as_dict(private=True)]}, expected, now=NOW)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_signature_of_the_list_is_read(issuer: IssuerServer, alg: str) -> None:
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(alg)
    if curve:
        issuer.key = ECKey.generate_key(curve, {"kid": "one"})
    issuer.header = {"alg": alg}
    issuer.claims = {"at_hash": None}
    assert read(issuer, issuer.id_token("nonce"))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "a.b.c.d.e", "é", "eyJhbGciOiJSUzI1NiJ9." + "A" * 200_000]
)
def test_what_is_no_token_is_refused(issuer: IssuerServer, token: str) -> None:
    with pytest.raises(SignInError):
        read(issuer, token)


@pytest.mark.parametrize(
    "published", [{}, {"keys": []}, {"keys": "x"}, {"keys": [1]}, {"keys": [{"kty": "RSA"}]}]
)
def test_what_is_no_key_set_is_refused(issuer: IssuerServer, published: dict[str, object]) -> None:
    expected = Expected(issuer=ISSUER, client_id=CLIENT, nonce="nonce", access_token="")
    with pytest.raises(SignInError):
        claims(issuer.id_token("nonce"), published, expected, now=NOW)


@pytest.mark.parametrize("who", ["0815-anna", "anna@clinic.example", "Anna@Clinic.Example"])
def test_she_may_by_her_number_or_her_verified_address(who: str) -> None:
    insist(ANNA, who)


@pytest.mark.parametrize(
    ("found", "who", "why"),
    [
        ({"sub": "berta"}, "0815-anna", "whose record this is not"),
        ({"sub": "0815-ANNA"}, "0815-anna", "whose record this is not"),
        ({"sub": "x", "email": "0815-anna", "email_verified": True}, "0815-anna", "is not"),
        ({"sub": "x", "email": "berta@clinic.example", "email_verified": True},
         "anna@clinic.example", "is not"),
        ({"sub": "anna@clinic.example"}, "anna@clinic.example", "does not tell"),
        ({"sub": "x", "email": "anna@clinic.example"}, "anna@clinic.example", "not verified"),
        ({"sub": "x", "email": "anna@clinic.example", "email_verified": "true"},
         "anna@clinic.example", "not verified"),
        ({"sub": "x", "email": None, "email_verified": True}, "anna@clinic.example", "not tell"),
    ],
)  # fmt: skip
def test_nobody_else_may(found: dict[str, Any], who: str, why: str) -> None:
    with pytest.raises(SignInError, match=why):
        insist(found, who)


def test_the_refusal_shows_what_guard_toml_must_say_and_nothing_that_could_break_it() -> None:
    with pytest.raises(SignInError) as refused:
        insist({"sub": "berta-1"}, "0815-anna")
    assert 'who = "berta-1"' in refused.value.hint
    with pytest.raises(SignInError) as refused:
        insist({"sub": 'x"\n[smtp]'}, "0815-anna")
    assert "smtp" not in refused.value.hint
