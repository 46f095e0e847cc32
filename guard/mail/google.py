"""The first sign-in with Google: its page in the browser, which comes back to this machine.

Edge: a listener on loopback for one answer, and the browser. Source: RFC 8252 sections 7.3 and
8.1 (loopback, PKCE), RFC 7636, RFC 6749 section 10.12 (state); Google, "OAuth 2.0 for desktop
apps".
"""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from guard.errors import ConfigError, SignInError
from guard.mail import oauth, refusals

SCOPE = "https://mail.google.com/"
"""The only one that IMAP and SMTP take (mail-rules B3.17)."""

PATIENCE = 300
"""Seconds that she may take on Google's page."""

_SILENT = 5
"""Seconds that a browser may keep a line open without asking for anything."""

_GLANCE = 0.2
"""Seconds between two looks at whether the answer has come."""

_DONE = b"""<!doctype html><html lang="en"><title>guard</title>
<p>guard has heard from Google. You can close this window and go back to the terminal."""


def client(file: Path) -> tuple[str, str]:
    """Read the id and the secret of a desktop client from the file that Google hands out.

    Raises:
        ConfigError: It cannot be read, or is for another kind of client.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["installed"]
        made = str(found["client_id"]), str(found["client_secret"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"cannot use {file} (oauth.client_file): {type(error).__name__}",
            hint='It must be the JSON file of a client of type "Desktop app": Google Auth '
            "Platform, Clients, Download.",
        ) from None
    return made


def consent(
    where: oauth.Authority,
    *,
    user: str,
    credentials: tuple[str, str],
    secrets: tuple[str, str],
    show: Callable[[str], None],
    paste: Callable[[], str] | None,
) -> Mapping[str, object]:
    """Let her sign in, and return what the token endpoint answers.

    Args:
        where: Google.
        user: The mailbox, which the page proposes.
        credentials: Id and secret of the client.
        secrets: Two unguessable words of 43 to 128 letters and digits: state and verifier.
        show: Shows her an address, in a browser if it can.
        paste: For a browser on another machine: asks her for the address where it ended.

    Raises:
        SignInError: She declined, or nobody came.
        ConfigError: The set-up is wrong.
        UnreachableError: Google cannot be reached.
    """
    state, verifier = secrets
    with _Listener(("127.0.0.1", 0), state) as listener:
        back = f"http://127.0.0.1:{listener.server_port}/"
        show(_page(where, user=user, client_id=credentials[0], back=back, secrets=secrets))
        answer = listener.wait() if paste is None else _pasted(paste(), state)
    if "code" not in answer:
        raise refusals.of_provider(answer, where.name)
    return oauth.ask(
        where,
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "code_verifier": verifier,
            "redirect_uri": back,
            "client_id": credentials[0],
            "client_secret": credentials[1],
        },
    )


def _page(
    where: oauth.Authority, *, user: str, client_id: str, back: str, secrets: tuple[str, str]
) -> str:
    digest = hashlib.sha256(secrets[1].encode("ascii")).digest()
    asked = {
        "client_id": client_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": SCOPE,
        "state": secrets[0],
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        "code_challenge_method": "S256",
        "access_type": "offline",
        # Without it a second sign-in gives no refresh token.
        "prompt": "consent",
        "login_hint": user,
    }
    return f"{where.authorize_url}?{urllib.parse.urlencode(asked)}"


def _pasted(text: str, state: str) -> dict[str, str]:
    answer = _answer(urllib.parse.urlsplit(text.strip()).query, state)
    if answer is None:
        raise SignInError(
            "this is not the address at which the browser ended",
            hint="It begins with http://127.0.0.1 and holds code=. Run guard login again.",
        )
    return answer


def _answer(query: str, state: str) -> dict[str, str] | None:
    """What the browser brought back; None if it is not for us (RFC 6749 section 10.12)."""
    found = dict(urllib.parse.parse_qsl(query))
    same = hmac.compare_digest(found.get("state", "").encode(), state.encode())
    return found if same and ("code" in found or "error" in found) else None


class _Listener(ThreadingHTTPServer):
    """Waits on loopback until the browser comes back with our state.

    In threads, for browsers open lines in advance on which they say nothing.
    """

    answer: dict[str, str] | None = None
    daemon_threads = True
    block_on_close = False
    timeout = _GLANCE

    def __init__(self, address: tuple[str, int], state: str) -> None:
        self.state = state
        super().__init__(address, _Door)

    def wait(self) -> dict[str, str]:
        """Return what the browser brought.

        Raises:
            SignInError: Nobody came in time.
        """
        end = time.monotonic() + PATIENCE
        while self.answer is None:
            if time.monotonic() > end:
                raise SignInError(
                    f"nobody signed in on the page within {PATIENCE // 60} minutes",
                    hint="Run guard login again; with --no-browser if the browser is elsewhere.",
                )
            self.handle_request()
        return self.answer


class _Door(BaseHTTPRequestHandler):
    """Takes one answer, and sends every other visitor away."""

    server: _Listener
    timeout = _SILENT

    def do_GET(self) -> None:
        """Look for the answer in the address."""
        answer = _answer(urllib.parse.urlsplit(self.path).query, self.server.state)
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        if answer is not None:
            self.wfile.write(_DONE)
            self.server.answer = answer

    def log_message(self, *_: object) -> None:
        """Say nothing: the address holds the code."""
