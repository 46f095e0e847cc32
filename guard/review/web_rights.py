"""A client's rights from the page: holds, the clock of a request for a copy, and the copy.

Edge: Flask. Erasing is not here: it takes two steps a day apart, in a terminal.
"""

from datetime import date

from flask import Blueprint, Response, abort, redirect, request
from flask import url_for as to
from werkzeug.wrappers import Response as AnyResponse

from guard.clients import rights
from guard.clients.access import STEPS, Step, obstacle, told
from guard.clients.directory import Client
from guard.review import entitled, plain
from guard.review.book import Book
from guard.review.desk import Said
from guard.review.earlier import given
from guard.review.web_gate import desk, download

entitlements = Blueprint("rights", __name__)
MOST_ZIPPED = 200_000_000
"""Bytes of letters that are packed in memory; nothing unsealed is ever put on the disk."""

_MOST_REASON = 1_000


@entitlements.post("/client/<owner>/hold")
def hold(owner: str) -> AnyResponse:
    """Set a legal hold, or end one."""
    wanted, reason = request.form.get("do", ""), _reason()
    if wanted not in {"hold", "release"}:
        abort(400)
    with desk().open(write=True) as book:
        client = _client(book, owner)
        if book.record.held(owner) == (wanted == "hold"):
            return _back(owner, "That was not taken: this page was out of date.")
        made = rights.hold if wanted == "hold" else rights.release
        book.record.append([made(owner, reason)], now=book.now)
    said = "is kept until you end the hold." if wanted == "hold" else "is no longer under a hold."
    return _back(owner, f"Everything of {client.name} {said}")


@entitlements.post("/client/<owner>/earlier")
def earlier(owner: str) -> AnyResponse:
    """Give a client the letters that were filed before they were one."""
    with desk().open(write=True) as book:
        client = _client(book, owner)
        rows = book.earlier(client)
        if request.form.get("count", "") != str(len(rows)):
            return _back(owner, "That was not taken: this page was out of date.")
        book.record.append(given(rows, client), now=book.now)
    return _back(owner, f"{plain.count(len(rows), 'message')} added to the record.")


@entitlements.post("/client/<owner>/access")
def access(owner: str) -> AnyResponse:
    """Enter one step of a request for a copy."""
    nation = desk().edges.settings.practice.nation
    with desk().open(write=True) as book:
        _client(book, owner)
        today = entitled.today_of(book)
        step = _step(today)
        if step is None:
            return _back(owner, "There is a problem. Enter a day that has come.")
        why = obstacle(rights.asked(book.record, owner), step, nation)
        if why:
            return _back(owner, f"There is a problem. {why[0].upper()}{why[1:]}.")
        book.record.append([rights.access(owner, step, _reason())], now=book.now)
        words = told(rights.asked(book.record, owner)[-1], nation, today)
    return _back(owner, f"{words[0].upper()}{words[1:]}.")


@entitlements.post("/client/<owner>/copy.zip")
def copy(owner: str) -> Response:
    """Make the copy that is handed to the client."""
    with desk().open(write=True) as book:
        client = _client(book, owner)
        if sum(row.size for row in book.shelf.of_client(owner)) > MOST_ZIPPED:
            abort(413)
        return download(desk().edges.copy(book, client), f"copy-{owner}.zip")


def _client(book: Book, owner: str) -> Client:
    found = book.client(owner)
    if found is None:
        abort(404)
    return found


def _reason() -> str:
    return request.form.get("reason", "").strip()[:_MOST_REASON]


def _step(today: date) -> Step | None:
    """The step of the form; None when its day is none, or has not come."""
    word = request.form.get("do", "")
    if word not in STEPS:
        abort(400)
    try:
        on = date.fromisoformat(request.form.get("on", ""))
    except ValueError:
        return None
    return Step(step=word, on=on) if on <= today else None


def _back(owner: str, words: str) -> AnyResponse:
    desk().said = Said(words=words)
    return redirect(to("looking.client", owner=owner), 303)
