"""Signing in behind a reverse proxy: to the issuer and back, then on to the passphrase.

Edge: Flask. The cookie of an attempt is Lax, for the browser comes back from another site; that
of the session is Strict, so what comes back is a page of ours, which then leads on.
"""

import contextlib
from collections.abc import Iterator
from typing import cast

from flask import (
    Blueprint,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as AnyResponse

from guard.errors import UnreachableError
from guard.review.attempt import MOST_SECONDS
from guard.review.signing import Signing
from guard.review.web_gate import cookie_name, desk

BACK = "/signed-in"
"""Our address for the issuer's answers; registered there."""

signin = Blueprint("signin", __name__)
_ATTEMPT = "__Host-guard-signing-in"


def signing() -> Signing:
    """The way in of the application that answers."""
    return cast(Signing, current_app.extensions["guard-signing"])


@signin.get("/sign-in")
def ask() -> str:
    """Say that she has to sign in, to whoever comes."""
    return render_template("sign-in.html")


@signin.get("/sign-in/go")
def go() -> AnyResponse:
    """Lead to the issuer. A link, for a form may lead to no other site (CSP form-action)."""
    with _waiting() as now:
        attempt, page = signing().begin(now=now)
    response = redirect(page, 303)
    response.set_cookie(
        _ATTEMPT, attempt.cookie, max_age=MOST_SECONDS, secure=True, httponly=True, samesite="Lax"
    )
    return response


@signin.get(BACK)
def back() -> AnyResponse:
    """Take the issuer's answer, and let her go on to the passphrase."""
    kept = request.cookies.get(_ATTEMPT, "")
    with _waiting() as now:
        badge = signing().finish(request.args.to_dict(flat=False), kept, now=now)
    cookie = desk().admit(badge)
    if not cookie:
        abort(403, "tries")
    response = make_response(render_template("signed-in.html"))
    response.delete_cookie(_ATTEMPT, secure=True, httponly=True, samesite="Lax")
    response.set_cookie(cookie_name(), cookie, secure=True, httponly=True, samesite="Strict")
    return response


@contextlib.contextmanager
def _waiting() -> Iterator[int]:
    """Give the time, and note how long the issuer took to fail."""
    begun = desk().now()
    try:
        yield begun
    except UnreachableError:
        signing().failed(begun=begun, now=desk().now())
        raise


def sign_out() -> AnyResponse:
    """Forget everything, and lead to where she signs out at the issuer."""
    page = signing().farewell(desk().session.badge)
    desk().lock()
    response = make_response(render_template("signed-out.html", page=page))
    response.delete_cookie(cookie_name(), secure=True, httponly=True, samesite="Strict")
    return response
