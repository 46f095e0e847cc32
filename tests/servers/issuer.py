"""An OpenID Connect issuer on loopback: TLS, real keys, a page with one button, and its faults.

It is strict where the standard is (PKCE, redirect address, codes that work once), and says wrong
things only where a test tells it to.
"""

import base64
import hashlib
import html
import json
import secrets
import ssl
import threading
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
from tests.servers.certificates import Authority
from tests.servers.provider import Fault, _Quiet

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
        server = self
        authority = Authority(self.folder)
        issued = authority.issue("issuer")
        self.ca_file = authority.ca_file

        class Desk(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._get(self)

            def do_POST(self) -> None:
                server._post(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Desk)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self._server.server_address[1])
        self.url = f"https://localhost:{self.port}/realm"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

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
                self._say(desk, self.fault[path].body, self.fault[path].status)
            case "/realm/.well-known/openid-configuration":
                self._say(desk, self._description())
            case "/realm/keys":
                self._say(desk, {"keys": [self.key.as_dict(private=False)]})
            case "/realm/person":
                shown = desk.headers["Authorization"].removeprefix("Bearer ")
                self._say(desk, self._access[shown] | self.told)
            case "/realm/authorize":
                fields = "".join(
                    f"<input type=hidden name={html.escape(name)} value='{html.escape(value)}'>"
                    for name, value in query.items()
                )
                page = f"<title>Issuer</title><form method=post>{fields}<button>I am Anna</button>"
                self._say(desk, page.encode(), kind="text/html")
            case "/realm/end":
                self.left.append(query)
                self._say(desk, b"<h1>You have signed out</h1>", kind="text/html")
            case _:
                self._say(desk, {"error": "not_found"}, 404)

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
            self._say(desk, self.fault[desk.path].body, self.fault[desk.path].status)
        elif desk.path.startswith("/realm/authorize"):
            desk.send_response(303)
            desk.send_header("Location", self._consent(form))
            desk.send_header("Content-Length", "0")
            desk.end_headers()
        else:
            told = self._token(form, desk.headers.get("Authorization", ""))
            self._say(desk, told, 400 if "error" in told else 200)

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

    def _say(
        self,
        desk: BaseHTTPRequestHandler,
        told: dict[str, Any] | bytes,
        status: int = 200,
        kind: str = "application/json",
    ) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        desk.send_response(status)
        desk.send_header("Content-Type", kind)
        desk.send_header("Content-Length", str(len(body)))
        desk.end_headers()
        desk.wfile.write(body)


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
