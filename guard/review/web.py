"""The review page as a Flask application, on loopback or behind a reverse proxy.

Edge: Flask. Server-rendered, works without JavaScript, fetches nothing from anywhere.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from guard.errors import BusyError, GuardError, SignInError, TransientError
from guard.policy import words
from guard.review import keymap, plain, web_gate
from guard.review.desk import Desk
from guard.review.session import WARN_SECONDS
from guard.review.web_answers import answers
from guard.review.web_door import door
from guard.review.web_gate import cookie_name
from guard.review.web_look import looking
from guard.review.web_rights import entitlements
from guard.review.web_waiting import waiting

if TYPE_CHECKING:
    from guard.review.signing import Signing

_MOST_FORM_BYTES = 65_536
_REFUSED = {
    "link": "This link was used already, or it is not whole.",
    "cookie": "guard opens only in the browser that its link was opened in.",
    "tries": "That was the wrong passphrase ten times, so the page was closed.",
    "host": "This page answers only to its own name.",
    "site": "Another web site led here. guard did nothing.",
    "form": "This form is out of date. guard did nothing.",
}
_PAGES = (
    ("waiting.queue", "Waiting"),
    ("looking.clients", "Clients"),
    ("looking.search_form", "Search"),
    ("looking.monthly", "Report"),
    ("looking.check", "Check"),
    ("door.keys", "Keys"),
)
_AGAIN = "To open guard again, stop it in the terminal (Ctrl and C) and run: guard review"
_SERVED: Mapping[str, str] = {
    "tries": "Tell whoever looks after guard here: it has to be started anew.",
    "host": "Tell whoever looks after guard here: the proxy must pass on the Host that it gets.",
    "site": "Open guard's own address yourself.",
}


def create_app(desk: Desk, *, host: str, signing: "Signing | None" = None) -> Flask:
    """Return the application.

    Args:
        desk: The record, locked until she gives the passphrase.
        host: Host and port that it is reached by; it answers to no other.
        signing: How she signs in behind a reverse proxy; None for the link, on loopback.
    """
    app = foundation(desk, host=host)
    if signing is not None:
        # Late, because it needs what only a clinic has installed.
        from guard.review.web_signin import signin  # noqa: PLC0415

        app.extensions["guard-signing"] = signing
        app.register_blueprint(signin)
    app.context_processor(_everywhere)
    for group in (door, waiting, answers, looking, entitlements):
        app.register_blueprint(group)
    return app


def foundation(desk: object, *, host: str) -> Flask:
    """Return an application without pages: its gate, its limits, and how errors are told.

    Args:
        desk: What the gate locks and unlocks.
        host: Host and port that it is reached by; it answers to no other.
    """
    app = Flask(__name__, template_folder="pages", static_folder=None)
    app.config.update(
        GUARD_HOST=host,
        MAX_CONTENT_LENGTH=_MOST_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=_MOST_FORM_BYTES,
    )
    app.extensions["guard"] = desk
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["plain"] = plain
    web_gate.install(app)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(GuardError, _told)
    app.register_error_handler(Exception, _mistake)
    return app


def _everywhere() -> dict[str, object]:
    """What every template may use."""
    desk = web_gate.desk()
    session = desk.session
    inside = session.admits(request.cookies.get(cookie_name(), ""))
    own = keymap.read(request.cookies.get("guard-keymap", ""))
    return {
        "csrf": session.csrf if inside else "",
        # To a stranger every page looks locked, also one that says what the stranger did wrong.
        "unlocked": inside and session.identity is not None,
        "served": web_gate.served(),
        "who": signing.who if (signing := current_app.extensions.get("guard-signing")) else "",
        "practice": desk.edges.settings.practice.name,
        "pages": _PAGES,
        "words": words,
        "keys_on": request.cookies.get("guard-keys") != "off",
        "key_for": lambda usual: (own.get(usual) or usual).upper(),
        "meanings": keymap.meanings(own),
        "idle": session.idle,
        "warn": min(WARN_SECONDS, session.idle // 2),
    }


def _refused(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    what = _REFUSED.get(error.description or "")
    if what is None:
        phrase = HTTPStatus(status).phrase.lower()
        what, then = f"guard cannot show that ({phrase}).", "Go back to the list."
    else:
        then = "Go back and try once more." if error.description == "form" else _AGAIN
        if web_gate.served():
            then = _SERVED.get(error.description or "", then)
    return render_template("problem.html", what=what, then=then), status


def _told(error: GuardError) -> tuple[str, int]:
    if isinstance(error, BusyError):
        what = "A scan is at work just now, so your answer was not taken."
        then = "Nothing is lost. Wait a moment, go back and press the button again."
        return render_template("problem.html", what=what, then=then), 503
    status = 403 if isinstance(error, SignInError) else 500
    if isinstance(error, TransientError):
        status = 503
    what = f"{error}."
    what = what[0].upper() + what[1:]
    return render_template("problem.html", what=what, then=error.hint), status


def _mistake(error: Exception) -> tuple[str, int]:
    # Only the kind of mistake: its text could quote a mail.
    what = f"There is a mistake in guard itself ({type(error).__name__})."
    then = "Nothing was sent. What you did last may not be in the record. Please report this line."
    return render_template("problem.html", what=what, then=then), 500
