"""Who is let in: every request passes here before any page is made.

Edge: Flask. The page is on loopback, where any web site that she has open can knock, and any
program of another user; or behind a reverse proxy, where anybody can. Nothing that a proxy adds
is read or believed: its own name and https come from guard.toml. Source: facts of DNS rebinding
and CSRF; Fetch Metadata (W3C); RFC 6797.
"""

from hmac import compare_digest
from typing import cast

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from guard.review.desk import Desk

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: browsers then send "Origin: null" with our own forms (Fetch, section 3.1).
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
_HSTS = "max-age=31536000"
_ANYBODY = frozenset({"door.link", "door.asset", "signin.ask", "signin.go", "signin.back"})
_FROM_ELSEWHERE = frozenset({"signin.ask", "signin.back"})
"""Where other sites may lead: the issuer does, and these show nothing of hers."""

_LOCKED = frozenset({"door.unlock", "door.try_passphrase", "door.lock", "door.away"})


def desk() -> Desk:
    """The desk of the application that answers."""
    return cast(Desk, current_app.extensions["guard"])


def served() -> bool:
    """Whether a reverse proxy is before us, and she signs in at an issuer."""
    return "guard-signing" in current_app.extensions


def cookie_name() -> str:
    """The cookie's name: cookies know no ports, so two runs on loopback must not share one."""
    if served():
        # The prefix: only we ourselves, over TLS, can set it; no neighbour below our domain.
        return "__Host-guard"
    return f"guard-{current_app.config['GUARD_HOST'].rpartition(':')[2]}"


def install(app: Flask) -> None:
    """Stand before every page of an application."""
    app.before_request(_check)
    app.after_request(_dress)


def _check() -> AnyResponse | None:
    _check_road()
    if request.endpoint in _ANYBODY:
        return None
    desk().expire()
    session = desk().session
    if not session.admits(request.cookies.get(cookie_name(), "")):
        if served():
            return redirect(url_for("signin.ask"), 303)
        abort(403, "cookie")
    if request.method == "POST" and request.headers.get("Origin") != _origin():
        abort(403, "form")
    if request.endpoint not in _LOCKED and not session.touch(now=desk().now()):
        return redirect(url_for("door.unlock"), 303)
    if request.method == "POST":
        _check_token(request.form.get("csrf", ""), session.csrf)
    return None


def _check_road() -> None:
    """Refuse what came by another name, or was led here by another site."""
    if request.headers.get("Host") != current_app.config["GUARD_HOST"]:
        # A foreign name that resolves to this machine: DNS rebinding.
        abort(403, "host")
    led_by = request.headers.get("Sec-Fetch-Site", "none")
    if led_by not in {"none", "same-origin"} and request.endpoint not in _FROM_ELSEWHERE:
        abort(403, "site")


def _origin() -> str:
    return f"http{'s' if served() else ''}://{current_app.config['GUARD_HOST']}"


def _check_token(sent: str, ours: str) -> None:
    """Refuse a form that this run did not make."""
    if not compare_digest(sent.encode(), ours.encode()):
        abort(403, "form")


def _dress(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if served():
        response.headers["Strict-Transport-Security"] = _HSTS
    return response


def download(data: bytes, name: str) -> Response:
    """Return bytes to be saved, under a safe name and with a type that opens nothing."""
    response = Response(data, content_type="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
