"""Looking back: clients, search, a month's report, the model, the set-up.

Edge: Flask. Search goes by form, not by address: what she looks for must not stay in the
browser's history.
"""

import tomllib
from datetime import datetime

from flask import Blueprint, abort, render_template, request

from guard.clients.workdays import zone
from guard.errors import GuardError
from guard.review import entitled, figures, health, report, sayings, view
from guard.review.book import Book
from guard.review.month import TREND_MONTHS, Month, answered
from guard.review.month import cases as month_cases
from guard.review.search import Wanted, search
from guard.review.web_gate import desk
from guard.review.web_rights import MOST_ZIPPED
from guard.verdict.label import Label

looking = Blueprint("looking", __name__)
_MOST_SHOWN = 500


@looking.get("/clients")
def clients() -> str:
    """Show every client."""
    with desk().open() as book:
        found = []
        for one in book.clients():
            rows = book.shelf.of_client(one.id)
            found.append((one, len(rows), max((row.received for row in rows), default=0)))
        return render_template("clients.html", clients=found)


@looking.get("/client/<owner>")
def client(owner: str) -> str:
    """Show one client's correspondence in time."""
    with desk().open() as book:
        known = book.client(owner)
        if known is None:
            abort(404)
        rows = sorted(book.shelf.of_client(owner), key=lambda one: -one.received)
        before = book.earlier(known)
        return render_template(
            "client.html",
            client=known,
            lines=[view.line(book, row) for row in rows[:_MOST_SHOWN]],
            total=len(rows),
            first=min((row.received for row in rows), default=0),
            last=max((row.received for row in rows), default=0),
            reminders=[
                (sayings.ENDS[kind], at, row.item) for row in rows for kind, at in row.outcomes
            ],
            earlier=[view.line(book, row) for row in before[:_MOST_SHOWN]],
            earlier_total=len(before),
            fits=sum(row.size for row in rows) <= MOST_ZIPPED,
            rights=entitled.of(book, known, desk().edges.settings),
            said=desk().say(),
        )


@looking.get("/search")
def search_form() -> str:
    """Ask what to look for."""
    with desk().open() as book:
        return render_template("search.html", clients=book.clients(), labels=Label, form={})


@looking.post("/search")
def search_result() -> str:
    """Show what was found."""
    form = request.form
    label = form.get("label", "")
    wanted = Wanted(
        words=form.get("words", "").strip()[:200],
        client=form.get("client", ""),
        direction=form.get("direction", ""),
        label=Label(label) if label in {one.value for one in Label} else None,
        since=_day(form.get("since", "")),
        until=_day(form.get("until", "")),
        skip=int(form.get("skip", "")) if form.get("skip", "").isdigit() else 0,
    )
    with desk().open() as book:
        found = search(book.memory.index, book.record, book.reader, wanted)
        rows = [row for item in found.items if (row := book.row(item)) is not None]
        return render_template(
            "search.html",
            clients=book.clients(),
            labels=Label,
            form=form,
            found=found,
            shown=wanted.skip + len(found.items),
            lines=[view.line(book, row) for row in rows],
        )


@looking.get("/report")
@looking.get("/report/<month>")
def monthly(month: str = "") -> str:
    """Show a month in pictures."""
    now = desk().edges.clock()
    try:
        shown = Month.named(month) if month else Month.of(now)
        after, before = shown.moved(1), shown.moved(-1)
        months = shown.before(TREND_MONTHS)
    except (ValueError, OverflowError):
        abort(404)
    with desk().open() as book:
        each = [(one.words, month_cases(book, one)) for one in months]
        cases = each[-1][1]
        return render_template(
            "report.html",
            month=shown.words,
            before=before.name,
            after=after.name if after.first <= now else "",
            total=len(cases),
            charts=[*report.charts(cases), *report.trends(each)],
            answered=any(one.said is not None for one in cases),
            misses=report.misses(cases),
            drift=report.drift(cases),
        )


@looking.get("/model")
def model() -> str:
    """Show the model in use, and what each model got right."""
    try:
        card = tomllib.loads(desk().edges.model_card().read_text(encoding="utf-8"))
    except (OSError, ValueError, GuardError):
        card = {}
    with desk().open() as book:
        models = report.by_model(answered(book))
    plain_ = {name: value for name, value in card.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in card.items() if isinstance(value, dict)}
    return render_template(
        "model.html", card=plain_, tables=tables, models=models, figures=figures.told(tables)
    )


@looking.get("/check")
def check() -> str:
    """Show what is wrong with the set-up, and what is well."""
    with desk().open() as book:
        signs = health_signs(book)
    return render_template("check.html", problems=health.problems(signs), fine=health.fine(signs))


def health_signs(book: Book) -> health.Signs:
    """Look at the cheap signs."""
    edges = desk().edges
    try:
        has_model = edges.model_card().is_file()
    except GuardError:
        has_model = False
    return health.Signs(
        settings=edges.settings,
        last_scan=edges.last_scan(),
        free_bytes=edges.free_bytes(edges.settings.record_folder),
        troubles=tuple(edges.troubles()),
        unannounced=len(book.record.tasks("alert")),
        approved=not book.wordings.problems and all(map(book.approved, book.wordings.all)),
        has_model=has_model,
        now=edges.clock(),
    )


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone())
    except ValueError:
        return None
