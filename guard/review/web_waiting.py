"""What waits, and one item with everything about it.

Edge: Flask. Nothing of a mail ever leaves as markup: templates escape, downloads are attached.
"""

from flask import Blueprint, Response, abort, render_template
from msgspec.structs import replace

from guard.review import answering, entitled, health, plain, sayings, sharing, view
from guard.review.book import Book
from guard.review.queue import Lane, Waiting
from guard.review.shelf import Row
from guard.review.web_gate import desk, download
from guard.review.web_look import health_signs

waiting = Blueprint("waiting", __name__)
_LATEST = 10
_NO_SCRIPT = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@waiting.get("/")
def queue() -> str:
    """Show what waits."""
    with desk().open() as book:
        found = book.queue()
        lanes: dict[Lane, list[view.Line]] = {lane: [] for lane in Lane}
        for before, one in zip([None, *found], found, strict=False):
            line = view.waiting_line(book, one)
            if before is not None and (before.why, before.together) == (one.why, one.together):
                line = replace(line, also=True)
            lanes[one.why].append(line)
        oldest = min((one.received for one in found), default=0)
        latest = list(reversed(book.shelf.standing.values()))[:_LATEST]
        return render_template(
            "queue.html",
            lanes=[(lane, *plain.LANES[lane], lines) for lane, lines in lanes.items() if lines],
            notes=view.notes(book),
            trial=desk().edges.settings.reminders.mode == "shadow",
            total=len(found),
            urgent=len(lanes[Lane.CRISIS]),
            oldest=plain.age(desk().now() - oldest) if found else "",
            latest=[
                (one, sayings.told(book, one), view.line(book, book.shelf.rows[one.item]))
                for one in latest
            ],
            problems=health.problems(health_signs(book)),
            filed=len(book.shelf.rows),
            clients=len(book.shelf.clients),
            said=desk().say(),
        )


@waiting.get("/item/<int:number>")
def one(number: int) -> str:
    """Show one item."""
    with desk().open() as book:
        row = find(book, number)
        found = book.queue()
        before, here, after = neighbours(found, number)
        shown = view.item(book, row, here.why if here else None)
        return render_template(
            "item.html",
            item=shown,
            alarming=answering.alarming(book, row),
            obstacle=answering.obstacle(book, row, shown.message),
            rulings=sayings.rulings_of(book, row),
            shared=sharing.lines(book, row),
            asking=entitled.asking(book, row, shown.message, desk().edges.settings),
            noted=number in book.record.tasks("note"),
            approved=(words := book.wording(row.client)) is not None and book.approved(words),
            clients=book.clients(),
            before=before,
            after=after,
            left=len(found),
            latest=next(reversed(book.shelf.standing.values()), None),
            said=desk().say(),
        )


@waiting.get("/item/<int:number>/message.eml")
def eml(number: int) -> Response:
    """Give the message as it came, byte for byte."""
    with desk().open() as book:
        return download(book.raw(find(book, number).item), f"message-{number}.eml")


@waiting.get("/item/<int:number>/attachment/<int:which>")
def attachment(number: int, which: int) -> Response:
    """Give one attachment, never to be opened by the browser itself."""
    with desk().open() as book:
        message = book.message(find(book, number).item)
        data = book.memory.letters.attachment(book.raw(number), which) if message else None
    if message is None or data is None:
        abort(404)
    return download(data, plain.file_name(message.attachments[which].name))


@waiting.get("/item/<int:number>/layout")
def layout(number: int) -> Response:
    """Show the layout of an HTML mail: cleaned, in a sandbox, without pictures or links."""
    with desk().open() as book:
        _, has_layout = book.opened(find(book, number).item)
        clean = book.memory.letters.layout(book.raw(number)) if has_layout else ""
    if not has_layout:
        abort(404)
    page = render_template("layout.html", number=number, clean=clean)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _NO_SCRIPT
    return response


def find(book: Book, number: int) -> Row:
    """Return an item's row, or end with a page that says there is none."""
    row = book.row(number)
    if row is None:
        abort(404)
    return row


def neighbours(
    found: list[Waiting], number: int
) -> tuple[Waiting | None, Waiting | None, Waiting | None]:
    """Return what waits before an item, the item itself if it waits, and what waits after it."""
    at = next((place for place, one in enumerate(found) if one.item == number), -1)
    if at < 0:
        return None, None, found[0] if found else None
    before = found[at - 1] if at else None
    return before, found[at], found[at + 1] if at + 1 < len(found) else None
