"""The page of a receptionist or a supervisor: two pages and one button, behind the same gate.

Edge: Flask. What is not here cannot be asked for: no search, no clients, no answers, no files.
"""

from typing import cast

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request
from flask import url_for as to
from werkzeug.wrappers import Response

from guard.policy.roles import Role
from guard.review import keymap, plain
from guard.review.item import shown
from guard.review.role_desk import Letter, RoleDesk
from guard.review.session import WARN_SECONDS
from guard.review.web import foundation
from guard.review.web_door import door
from guard.review.web_gate import cookie_name

# By this name the door leads to what waits, whoever's that is.
waiting = Blueprint("waiting", __name__)


def create_role_app(desk: RoleDesk, *, host: str) -> Flask:
    """Return the application.

    Args:
        desk: What is open to them, locked until they give their passphrase.
        host: Host and port that it is reached by; it answers to no other.
    """
    app = foundation(desk, host=host)
    app.context_processor(_everywhere)
    for group in (door, waiting):
        app.register_blueprint(group)
    return app


@waiting.get("/")
def queue() -> str:
    """Show all that is open to them."""
    letters = _desk().letters()
    open_ = [one for one in letters if one.extract is not None]
    return render_template(
        "role_list.html",
        urgent=[_line(one) for one in open_ if one.urgent],
        appointments=[_line(one) for one in open_ if one.row.role == Role.RECEPTIONIST.value],
        seen=[
            _line(one) for one in open_ if one.row.role == Role.SUPERVISOR.value and not one.urgent
        ],
        sealed=len(letters) - len(open_),
    )


@waiting.get("/item/<practice>/<int:number>")
def one(practice: str, number: int) -> str:
    """Show one message."""
    letter = _find(practice, number)
    return render_template("role_item.html", letter=letter, line=_line(letter))


@waiting.post("/item/<practice>/<int:number>/seen")
def seen(practice: str, number: int) -> Response:
    """Note that the supervisor has seen it."""
    letter = _find(practice, number)
    if letter.row.role != Role.SUPERVISOR.value:
        abort(404)
    _desk().see(practice, number)
    return redirect(to("waiting.one", practice=practice, number=number), 303)


def _find(practice: str, number: int) -> Letter:
    try:
        found = _desk().letter(practice, number)
    except ValueError:
        found = None
    if found is None or found.extract is None:
        abort(404)
    return found


def _line(letter: Letter) -> dict[str, object]:
    row, extract = letter.row, letter.extract
    assert extract is not None
    return {
        "practice": row.practice,
        "number": row.item,
        "who": plain.one_line(extract.sender) or "(nobody)",
        "subject": plain.one_line(extract.subject) or "(no subject)",
        "text": shown(extract.text),
        "when": plain.moment(row.received),
        "seen": plain.moment(row.seen) if row.seen is not None else "",
        "urgent": letter.urgent,
    }


def _desk() -> RoleDesk:
    return cast(RoleDesk, current_app.extensions["guard"])


def _everywhere() -> dict[str, object]:
    """What every template may use; as on the therapist's page, but for what is not here."""
    session = _desk().session
    own = keymap.read(request.cookies.get("guard-keymap", ""))
    inside = session.admits(request.cookies.get(cookie_name(), ""))
    return {
        "csrf": session.csrf if inside else "",
        "unlocked": inside and session.identity is not None,
        "served": False,
        "who": "",
        "practice": "",
        "pages": (("waiting.queue", "Open to you"),),
        "keys_on": request.cookies.get("guard-keys") != "off",
        "key_for": lambda usual: (own.get(usual) or usual).upper(),
        "meanings": keymap.meanings(own),
        "idle": session.idle,
        "warn": min(WARN_SECONDS, session.idle // 2),
    }
