"""Google's and Microsoft's sign-in servers on loopback: pages, codes, tokens, rotation, faults.

One HTTPS server plays both. It also tells a Dovecot whose an access token is.
"""

import base64
import hashlib
import json
import secrets
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

from tests.servers.desk import Desk, Fault, say

GMAIL = "https://mail.google.com/"


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
        self._leave = threading.Event()
        self._desk = Desk(self.folder, "sign-in", get=self._get, post=self._post)
        self.ca_file, self.url = self._desk.ca_file, self._desk.url
        self._desk.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._desk.__exit__()

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
            say(desk, {"active": good} | ({"username": self.user} if good else {}))
        elif url.path.endswith("/.well-known/openid-configuration"):
            base = f"{self.url}{url.path.removesuffix('/v2.0/.well-known/openid-configuration')}"
            say(
                desk,
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                },
            )
        else:
            say(desk, {"error": "not_found"}, 404)

    def _post(self, desk: BaseHTTPRequestHandler) -> None:
        body = desk.rfile.read(int(desk.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        if desk.path.endswith("/devicecode"):
            answer = {"device_code": "device", "user_code": "GUARD-123", "interval": 0}
            page = {"verification_uri": "https://microsoft.example/devicelogin"}
            say(desk, answer | page | {"expires_in": 900})
            return
        self.heard.append(form)
        if self.fault is not None:
            self._fail(desk, self.fault)
            return
        told = self._token(form)
        say(desk, told, 400 if "error" in told else 200)

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
            say(desk, fault.body, fault.status)
            return
        desk.send_response(200)
        desk.end_headers()
        while not self._leave.wait(0.05):
            desk.wfile.write(b" ")
