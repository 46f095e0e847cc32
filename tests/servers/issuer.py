"""An OpenID Connect issuer on loopback: TLS, real keys, a page with one button, and its faults.

It is strict where the standard is (PKCE, redirect address, codes that work once), and says wrong
things only where a test tells it to.
"""

import base64
import hashlib
import html
import json
import secrets
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from guard.commands import wiring
from tests.servers.desk import Desk, Fault, say

CLIENT, SECRET = "guard-anna", "not:a%secret"
ANNA = {"sub": "0815-anna", "email": "anna@clinic.example", "email_verified": True}


@dataclass
class IssuerServer:
    """The server. A context manager; change its fields at any time."""

    folder: Path
    clock: Callable[[], datetime] = wiring.clock
    person: dict[str, Any] = field(default_factory=lambda: dict(ANNA))
    """Who presses the button."""

    claims: dict[str, Any] = field(default_factory=dict)
    """What the ID token says otherwise; None takes a claim out."""

    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256"})
    described: dict[str, Any] = field(default_factory=dict)
    """What the description says otherwise."""

    answer: dict[str, str] = field(default_factory=dict)
    """What is added to the answer that the browser brings back."""

    fault: dict[str, Fault] = field(default_factory=dict)
    """Path to what is said there instead."""

    thin: bool = False
    """Whether only the UserInfo endpoint tells an address (Core, section 5.4)."""

    told: dict[str, Any] = field(default_factory=dict)
    """What that says otherwise."""

    meanwhile: Callable[[], object] = lambda: None
    """What happens while one waits for a token."""

    public: bool = False
    """Whether the client has no secret."""

    heard: list[str] = field(default_factory=list)
    """Paths that were asked for."""

    left: list[dict[str, str]] = field(default_factory=list)
    """Queries of those who signed out."""

    key: Key = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signer: Key | None = None
    """Signs instead of the key that is published."""

    _access: dict[str, dict[str, Any]] = field(default_factory=dict)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._desk = Desk(self.folder, "issuer", get=self._get, post=self._post)
        self.ca_file, self.url = self._desk.ca_file, f"{self._desk.url}/realm"
        self._desk.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._desk.__exit__()

    def visit(self, page: str) -> str:
        """She presses the button; returns where her browser goes."""
        return self._consent(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query)))

    def id_token(self, nonce: str, access_token: str = "") -> str:
        """What says who she is."""
        now = int(self.clock().timestamp())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        told: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
        }
        told |= ({"sub": self.person["sub"]} if self.thin else self.person) | self.claims
        told = {name: value for name, value in told.items() if value is not None}
        signer = self.signer or self.key
        if self.header["alg"] == "none":
            return f"{_encoded(self.header)}.{_encoded(told)}."
        return jwt.encode({"kid": "one"} | self.header, told, signer, [self.header["alg"]])

    def _consent(self, asked: dict[str, str]) -> str:
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid email"
        code = secrets.token_urlsafe(12)
        self._codes[code] = asked
        told = {"code": code, "state": asked["state"]} | self.answer
        told = {name: value for name, value in told.items() if value}
        return f"{asked['redirect_uri']}?{urllib.parse.urlencode(told)}"

    def _get(self, desk: BaseHTTPRequestHandler) -> None:
        url = urllib.parse.urlsplit(desk.path)
        self.heard.append(url.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        match url.path:
            case path if path in self.fault:
                say(desk, self.fault[path].body, self.fault[path].status)
            case "/realm/.well-known/openid-configuration":
                say(desk, self._description())
            case "/realm/keys":
                say(desk, {"keys": [self.key.as_dict(private=False)]})
            case "/realm/person":
                shown = desk.headers["Authorization"].removeprefix("Bearer ")
                say(desk, self._access[shown] | self.told)
            case "/realm/authorize":
                fields = "".join(
                    f"<input type=hidden name={html.escape(name)} value='{html.escape(value)}'>"
                    for name, value in query.items()
                )
                page = f"<title>Issuer</title><form method=post>{fields}<button>I am Anna</button>"
                say(desk, page.encode(), kind="text/html")
            case "/realm/end":
                self.left.append(query)
                say(desk, b"<h1>You have signed out</h1>", kind="text/html")
            case _:
                say(desk, {"error": "not_found"}, 404)

    def _description(self) -> dict[str, Any]:
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/person",
            "end_session_endpoint": f"{self.url}/end",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
        }
        told |= self.described
        return {name: value for name, value in told.items() if value is not None}

    def _post(self, desk: BaseHTTPRequestHandler) -> None:
        body = desk.rfile.read(int(desk.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        self.heard.append(desk.path.partition("?")[0])
        self.meanwhile()
        if desk.path in self.fault:
            say(desk, self.fault[desk.path].body, self.fault[desk.path].status)
        elif desk.path.startswith("/realm/authorize"):
            desk.send_response(303)
            desk.send_header("Location", self._consent(form))
            desk.send_header("Content-Length", "0")
            desk.end_headers()
        else:
            told = self._token(form, desk.headers.get("Authorization", ""))
            say(desk, told, 400 if "error" in told else 200)

    def _token(self, form: dict[str, str], basic: str) -> dict[str, Any]:
        if basic:
            shown = base64.b64decode(basic.removeprefix("Basic ")).decode()
            user, _, secret = shown.partition(":")
            form |= {"client_id": user, "client_secret": secret}
        secret = "" if self.public else SECRET
        if (form.get("client_id"), form.get("client_secret", "")) != (CLIENT, secret):
            return {"error": "invalid_client"}
        asked = self._codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return {"error": "invalid_grant"}
        access = secrets.token_urlsafe(12)
        self._access[access] = self.person
        token = {"access_token": access, "token_type": "Bearer"}
        return token | {"id_token": self.id_token(asked["nonce"], access)}


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
