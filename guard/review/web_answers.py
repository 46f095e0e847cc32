"""Her answers, from the form to the record: durable before the next page is shown.

Edge: Flask. A form carries the newest entry about its item; when that has moved on, the
answer is not taken, so that quick fingers never answer twice.
"""

from flask import Blueprint, abort, redirect, render_template, request
from flask import url_for as to
from msgspec.structs import replace
from werkzeug.wrappers import Response

from guard.record.entry import Fact
from guard.reply.outbox import Outcome
from guard.reply.wording import approve
from guard.review import answering, plain, sayings, sharing, view
from guard.review.book import Book
from guard.review.desk import Said
from guard.review.queue import Lane, Waiting
from guard.review.rulings import Answer, Remind, Sender
from guard.review.shelf import Row
from guard.review.web_gate import desk
from guard.review.web_waiting import find, neighbours
from guard.verdict.label import Label

answers = Blueprint("answers", __name__)
_MOST_NOTE = 4_000
_MOST_NAME = 200

CHOICES: dict[str, tuple[Answer, str]] = {
    "scheduling": (Answer(label=Label.SCHEDULING), "Filed as arranging an appointment."),
    "therapy": (Answer(label=Label.THERAPY), "Filed as therapy content. No reminder was sent."),
    "other": (Answer(label=Label.OTHER), "Filed as something else."),
    "crisis": (
        Answer(label=Label.CRISIS, seen=True),
        "Filed: somebody may be in danger, and you have seen it.",
    ),
    "never": (Answer(remind=Remind.NEVER), "Filed. This one gets no reminder."),
    "talked": (Answer(talked=True), "Noted: you have spoken of it."),
    "later": (Answer(remind=Remind.LATER), "Put off. It waits at the end of the list."),
}
"""What each button says, and what the next page tells."""


@answers.post("/item/<int:number>/rule")
def rule(number: int) -> Response:
    """Take her answer about an item, and go on to the next."""
    chosen = CHOICES.get(request.form.get("do", ""))
    note = request.form.get("note", "").strip()[:_MOST_NOTE]
    if chosen is None and not note:
        abort(400)
    answer, said = chosen or (Answer(), "Your note is in the record.")
    answer = replace(answer, note=note)
    with desk().open(write=True) as book:
        row = find(book, number)
        if _stale(row):
            return _answered_already(number)
        _, _, after = neighbours(book.queue(), number)
        readers = sharing.open_to(book, row)
        seq = answering.rule(book, row, answer)
        said += sharing.change(readers, sharing.open_to(book, row))
        then = number if chosen is None else _following(book, after)
    return _onwards(said, undo=seq, next_=then)


@answers.post("/undo")
def undo() -> Response:
    """Take an answer back, and show its item."""
    try:
        seq = int(request.form.get("seq", ""))
    except ValueError:
        abort(400)
    with desk().open(write=True) as book:
        standing = book.shelf.standing.get(seq)
        if standing is None:
            desk().said = Said(words="That answer was taken back already.")
            return redirect(to("waiting.queue"), 303)
        words, row = sayings.told(book, standing), find(book, standing.item)
        readers = sharing.open_to(book, row)
        item = answering.undo(book, seq)
        also = sharing.change(readers, sharing.open_to(book, row))
    sent = _GONE if "remind-now" in standing.actions else ""
    desk().said = Said(words=f"Taken back: {words}.{sent}{also}")
    return redirect(to("waiting.one", number=item), 303)


@answers.post("/item/<int:number>/sender")
def sender(number: int) -> Response:
    """Take what she says of a sender."""
    with desk().open(write=True) as book:
        row = find(book, number)
        if _stale(row):
            return _answered_already(number)
        done = _about_sender(book, row)
        if isinstance(done, str):
            desk().said = Said(words=done)
        else:
            answer, facts, words = done
            seq = answering.rule(book, row, answer, facts=facts)
            desk().said = Said(words=words, undo=seq)
    return redirect(to("waiting.one", number=number), 303)


@answers.get("/item/<int:number>/reminder")
def reminder(number: int) -> str:
    """Show the reminder exactly as it would go, before it goes."""
    with desk().open() as book:
        row = find(book, number)
        message = book.message(number)
        here = view.item(book, row, None)
        wording = book.wording(row.client)
        return render_template(
            "reminder.html",
            item=here,
            obstacle=answering.obstacle(book, row, message),
            to_address=plain.one_line(message.sender[0].email)
            if message and message.sender
            else "",
            sender=desk().edges.settings.reply_address,
            subject=wording.subject if wording else "",
            text=wording.words if wording else "",
            approves=wording.version if wording and not book.approved(wording) else "",
            against=[words for holds, words in here.why if holds],
        )


@answers.post("/item/<int:number>/remind")
def remind(number: int) -> Response:
    """Send the reminder, filed and intended first, and file how it ended."""
    make = desk().edges.errands
    with desk().open(write=True) as book:
        row = find(book, number)
        if make is None or _stale(row):
            return _answered_already(number)
        with make(book.record) as errands:
            # The scan that just ended may have answered it.
            book.refresh()
            message = book.message(number)
            if message is None or answering.obstacle(book, row, message) or _stale(row):
                return _answered_already(number)
            if not _approved(book, row):
                return redirect(to("answers.reminder", number=number), 303)
            _, _, after = neighbours(book.queue(), number)
            outcome, _ = errands.send_reminder(
                message, item=number, client=row.client, now=desk().edges.clock()
            )
            book.refresh()
        if outcome is not Outcome.SENT:
            # Left to wait: what she sees next says how it stands.
            answering.rule(book, row, Answer(label=Label.THERAPY), stays=True)
            return _onwards(f"{_ENDED[outcome]} It waits for you.", next_=number)
        seq = answering.rule(book, row, Answer(label=Label.THERAPY, remind=Remind.NOW))
        then = _following(book, after)
    return _onwards(_ENDED[outcome], undo=seq, next_=then)


def _following(book: Book, after: Waiting | None) -> int | None:
    """Return what she looks at next: what stood after it, or at the end what was passed over.

    Once the most pressing of what somebody wrote is answered, the rest moves down the list, and
    she with it: others are left behind.
    """
    if after is not None:
        return after.item
    return next((one.item for one in book.queue() if one.why is not Lane.LATER), None)


def _approved(book: Book, row: Row) -> bool:
    """Whether the words may go: approved before, or now, on the page that shows them."""
    wording = book.wording(row.client)
    if wording is None:
        return False
    if not book.approved(wording) and request.form.get("approves", "") == wording.version:
        book.record.append([approve(wording)], now=book.now)
        book.refresh()
    return book.approved(wording)


_GONE = " The reminder that went out cannot be called back."
_ENDED = {
    Outcome.SENT: "Filed as therapy content. The reminder was sent.",
    Outcome.REFUSED: "The mail server refused the reminder. Nothing was sent.",
    Outcome.UNCERTAIN: "The line broke: the reminder may or may not have been sent. "
    "Look in your Sent folder before you write.",
    Outcome.POSTPONED: "The mail server did not take the reminder. Nothing was sent.",
}


def _about_sender(book: Book, row: Row) -> tuple[Answer, tuple[Fact, ...], str] | str:
    """Return answer, what follows from it and what the page says; only words when it cannot be."""
    said = request.form.get("do", "")
    address = answering.sender_address(book, row)
    client = book.client(request.form.get("client", "") if said == "client" else row.client)
    name = plain.one_line(request.form.get("name", ""))[:_MOST_NAME]
    if said in {"not-a-client", "known"}:
        return _noted(book, row, Sender(said), address)
    if said == "new-client" and name and address:
        new, facts = answering.enlist(name, address, token=desk().edges.token())
        answer = Answer(sender=Sender.NEW_CLIENT, client=new.id, address=address)
        return answer, facts, f"{new.name} is a client from now on."
    if said == "new-client":
        return "There is a problem. Enter a name for the new client." if address else _NO_ADDRESS
    if client is None:
        return "There is a problem. Choose a client first."
    if said == "no-automatic-mail":
        answer = Answer(sender=Sender.NO_AUTOMATIC_MAIL, client=client.id)
        return answer, answering.silence(client), f"{client.name} gets no automatic mail, ever."
    facts = answering.give_to(client, address)
    answer = Answer(sender=Sender.CLIENT, client=client.id, address=address if facts else "")
    return answer, facts, f"This message is {client.name}'s. So is what comes from this address."


def _noted(
    book: Book, row: Row, kind: Sender, address: str
) -> tuple[Answer, tuple[Fact, ...], str]:
    if kind is Sender.NOT_A_CLIENT:
        return Answer(sender=kind, address=address), (), "Noted: not a client."
    trusted = desk().edges.settings.reminders.trust_authserv
    way, facts = answering.recognise(book, row, book.message(row.item), trusted=trusted)
    answer = Answer(sender=kind, address=address, picture=way)
    return answer, facts, f"Noted: you know this sender. {_AGAIN if way else _NOT_AGAIN}"


_NO_ADDRESS = "There is a problem. This message does not name one sender."
_AGAIN = (
    "What comes from this address in the very same way is taken for theirs from now on; "
    "what comes in any other way is not."
)
_NOT_AGAIN = (
    "guard cannot know the next one by itself: how this one came could be copied, or your "
    "provider says too little about it."
)


def _stale(row: Row) -> bool:
    """Whether the form was made before something else was filed about the item."""
    return request.form.get("state", "") != str(row.last)


def _answered_already(number: int) -> Response:
    desk().said = Said(words="That was not taken: this page was out of date. Please look again.")
    return redirect(to("waiting.one", number=number), 303)


def _onwards(words: str, *, undo: int = -1, next_: int | None) -> Response:
    """Go to what waits next, and say what was done."""
    desk().said = Said(words=words, undo=undo)
    if next_ is None:
        return redirect(to("waiting.queue"), 303)
    return redirect(to("waiting.one", number=next_), 303)
