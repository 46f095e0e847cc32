"""Coming in and going out: the one-time link, the passphrase, the lock.

Edge: Flask.
"""

from importlib.resources import files

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import url_for as to
from werkzeug.wrappers import Response as AnyResponse

from guard.errors import LockedError
from guard.review import keymap
from guard.review.plain import count
from guard.review.web_gate import cookie_name, desk, served

door = Blueprint("door", __name__)
_YEAR_S = 365 * 86_400
_SHOWN_FIRST = ("queue.html", "item.html")
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


@door.get("/asset/<name>")
def asset(name: str) -> Response:
    """Our own style and script; they hold nothing that is anybody's."""
    if name not in _ASSETS:
        abort(404)
    data = (files("guard.review") / "pages" / name).read_bytes()
    return Response(data, content_type=f"{_ASSETS[name]}; charset=utf-8")


@door.get("/open/<token>")
def link(token: str) -> AnyResponse:
    """Exchange the one-time link for a cookie, and get the secret out of the address bar."""
    if request.method == "HEAD":
        # Who only looks whether a link is good must not use it up.
        abort(405)
    cookie = desk().session.exchange(token)
    if not cookie:
        abort(403, "link")
    return _with_cookie(redirect(to("door.unlock"), 303), cookie)


@door.get("/unlock")
def unlock() -> AnyResponse:
    """Ask for the passphrase."""
    if desk().session.identity is not None:
        return redirect(to("waiting.queue"), 303)
    page = make_response(render_template("unlock.html"))
    templates = current_app.jinja_env
    desk().prepare(lambda: [templates.get_template(name) for name in _SHOWN_FIRST])
    return page


@door.post("/unlock")
def try_passphrase() -> AnyResponse:
    """Open with the passphrase."""
    try:
        cookie = desk().unlock(request.form.get("passphrase", ""))
    except LockedError:
        left = desk().session.refuse()
        if not left:
            abort(403, "tries")
        wrong = f"This passphrase does not open the record. You can try {count(left, 'more time')}"
        return make_response(render_template("unlock.html", wrong=wrong), 403)
    return _with_cookie(redirect(to("waiting.queue"), 303), cookie)


@door.post("/lock")
def lock() -> AnyResponse:
    """Forget everything, at once."""
    if served():
        # Late: it needs what only a clinic has installed.
        from guard.review.web_signin import sign_out  # noqa: PLC0415

        return sign_out()
    desk().lock()
    return redirect(to("door.unlock"), 303)


@door.get("/away")
def away() -> str:
    """Take what was shown off the screen; when it locks is settled by the clicks alone."""
    return render_template("away.html", unlocked=False)


@door.post("/stay")
def stay() -> AnyResponse:
    """Stay open; the click itself was noted at the gate."""
    return redirect(_back(), 303)


@door.get("/keys")
def keys() -> str:
    """Every key, her own for each, and the switch that turns them off (WCAG 2.1.4)."""
    return render_template("keys.html", all_keys=keymap.KEYS, fault="")


@door.post("/keys")
def switch_keys() -> AnyResponse:
    """Turn single keys off or on, in this browser."""
    response = redirect(to("door.keys"), 303)
    value = "off" if request.form.get("keys") == "off" else "on"
    return _kept(response, "guard-keys", value)


@door.post("/keys/own")
def choose_keys() -> AnyResponse:
    """Take her own keys for this browser, or go back to the usual ones."""
    typed = {usual: request.form.get(f"key-{usual}", "").strip().lower() for usual in keymap.KEYS}
    chosen = {usual: own for usual, own in typed.items() if own not in ("", usual)}
    if request.form.get("do") != "save":
        chosen = {}
    if fault := keymap.fault(chosen):
        return make_response(render_template("keys.html", all_keys=keymap.KEYS, fault=fault), 422)
    return _kept(redirect(to("door.keys"), 303), "guard-keymap", keymap.write(chosen))


def _kept(response: AnyResponse, name: str, value: str) -> AnyResponse:
    response.set_cookie(
        name, value, secure=served(), httponly=True, samesite="Strict", max_age=_YEAR_S
    )
    return response


def _back() -> str:
    """The page that she was on: a path of ours, never another site's."""
    path = request.form.get("back", "")
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if safe else to("waiting.queue")


def _with_cookie(response: AnyResponse, cookie: str) -> AnyResponse:
    response.set_cookie(cookie_name(), cookie, secure=served(), httponly=True, samesite="Strict")
    return response
