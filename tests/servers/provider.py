"""Google's and Microsoft's sign-in servers on loopback: pages, codes, tokens, rotation, faults.

One HTTPS server plays both. It also tells a Dovecot whose an access token is.
"""

import base64
import hashlib
import json
import secrets
import ssl
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.servers.certificates import Authority

GMAIL = "https://mail.google.com/"


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that trust nobody, or go away, are what these tests are about.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the token endpoint says instead of a token."""

    status: int = 200
    body: bytes = b"{}"
    drip: bool = False
    """A byte now and then, for ever."""


def refusal(error: str, description: str = "", **more: object) -> Fault:
    """A no, as RFC 6749 section 5.2 writes it."""
    told = {"error": error, "error_description": description} | more
    return Fault(status=400, body=json.dumps(told).encode())


@dataclass
class SignInServer:
    """The server. A context manager; change its fields at any time."""

    folder: Path
    user: str = "andrea@practice.example"
    client_id: str = "guard.apps.example"
    client_secret: str = "GOCSPX-not-a-secret"
    rotates: bool = False
    """Whether each renewal ends the refresh token that it was made with."""

    lifetime: int = 3600
    """Seconds of an access token."""

    ends_in: int = 0
    """Seconds until the sign-in ends, as Google tells of an application in testing."""

    scope: str = GMAIL
    """What is granted."""

    fault: Fault | None = None
    """For the token endpoint."""

    declines: str = ""
    """The error with which the page comes back."""

    heard: list[dict[str, str]] = field(default_factory=list)
    """Every form that the token endpoint was given."""

    refresh: set[str] = field(default_factory=set)
    """Refresh tokens that are good."""

    access: set[str] = field(default_factory=set)
    """Access tokens that are good."""

    _challenges: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        server = self
        authority = Authority(self.folder)
        issued = authority.issue("sign-in")
        self.ca_file = authority.ca_file
        self._leave = threading.Event()

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
        self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._server.shutdown()
        self._server.server_close()

    def grant(self) -> dict[str, Any]:
        """A new sign-in, as the token endpoint answers it."""
        made = secrets.token_urlsafe(12)
        self.refresh.add(f"refresh-{made}")
        return self._access() | {"refresh_token": f"refresh-{made}"}

    def visit(self, page: str) -> str:
        """She signs in on Google's page; returns where her browser goes."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
        code = secrets.token_urlsafe(12)
        self._challenges[code] = (asked["code_challenge"], asked["redirect_uri"])
        told = {"error": self.declines} if self.declines else {"code": code, "scope": self.scope}
        query = urllib.parse.urlencode(told | {"state": asked["state"]})
        return f"{asked['redirect_uri']}?{query}"

    def _access(self) -> dict[str, Any]:
        made = f"access-{secrets.token_urlsafe(12)}"
        self.access.add(made)
        told = {
            "access_token": made,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "scope": self.scope,
        }
        return told | ({"refresh_token_expires_in": self.ends_in} if self.ends_in else {})

    def _get(self, desk: BaseHTTPRequestHandler) -> None:
        url = urllib.parse.urlsplit(desk.path)
        if url.path == "/introspect":
            shown = desk.headers["Authorization"].removeprefix("Bearer ")
            good = shown in self.access
            self._say(desk, {"active": good} | ({"username": self.user} if good else {}))
        elif url.path.endswith("/.well-known/openid-configuration"):
            base = f"{self.url}{url.path.removesuffix('/v2.0/.well-known/openid-configuration')}"
            self._say(
                desk,
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                },
            )
        else:
            self._say(desk, {"error": "not_found"}, 404)

    def _post(self, desk: BaseHTTPRequestHandler) -> None:
        body = desk.rfile.read(int(desk.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        if desk.path.endswith("/devicecode"):
            answer = {"device_code": "device", "user_code": "GUARD-123", "interval": 0}
            page = {"verification_uri": "https://microsoft.example/devicelogin"}
            self._say(desk, answer | page | {"expires_in": 900})
            return
        self.heard.append(form)
        if self.fault is not None:
            self._fail(desk, self.fault)
            return
        told = self._token(form)
        self._say(desk, told, 400 if "error" in told else 200)

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        if form.get("client_id") != self.client_id:
            return {"error": "invalid_client"}
        match form["grant_type"]:
            case "authorization_code":
                if form.get("client_secret") != self.client_secret:
                    return {"error": "invalid_client"}
                challenge, back = self._challenges.pop(form["code"], ("", ""))
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                if (proof, form["redirect_uri"]) != (challenge, back):
                    return {"error": "invalid_grant"}
                return self.grant()
            case "refresh_token":
                return self._renew(form["refresh_token"])
            case _:
                return {"error": self.declines} if self.declines else self.grant()

    def _renew(self, shown: str) -> dict[str, Any]:
        if shown not in self.refresh:
            return {"error": "invalid_grant", "error_description": "expired or revoked."}
        if not self.rotates:
            return self._access()
        self.refresh.remove(shown)
        return self.grant()

    def _fail(self, desk: BaseHTTPRequestHandler, fault: Fault) -> None:
        if not fault.drip:
            self._say(desk, fault.body, fault.status)
            return
        desk.send_response(200)
        desk.end_headers()
        while not self._leave.wait(0.05):
            desk.wfile.write(b" ")

    def _say(
        self, desk: BaseHTTPRequestHandler, told: dict[str, Any] | bytes, status: int = 200
    ) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        desk.send_response(status)
        desk.send_header("Content-Type", "application/json")
        desk.send_header("Content-Length", str(len(body)))
        desk.end_headers()
        desk.wfile.write(body)
