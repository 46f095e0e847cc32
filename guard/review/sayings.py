"""How a letter of guard's ended, and what she answered, in words.

Pure over the book that it is given.
"""

from guard.reply.outbox import Outcome
from guard.review import plain
from guard.review.book import Book
from guard.review.shelf import Row, Standing

ENDS = {
    Outcome.SENT.value: "the reminder was sent",
    Outcome.REFUSED.value: "the mail server refused the reminder",
    Outcome.UNCERTAIN.value: "the reminder may or may not have been sent",
    Outcome.POSTPONED.value: "the mail server would not take the reminder then",
    Outcome.SHADOWED.value: "a trial: the reminder would have been sent",
    "signpost-sent": "they were told where to find help",
    "signpost-refused": "the mail server refused the letter that says where to find help",
    "signpost-uncertain": "the letter that says where to find help may or may not have been sent",
    "signpost-postponed": "the mail server would not take the letter that says where to find help",
    "announcement-sent": "the announcement was sent",
    "announcement-refused": "the mail server refused the announcement",
    "announcement-uncertain": "the announcement may or may not have been sent",
    "announcement-postponed": "the mail server would not take the announcement then",
}
"""Kinds of the entries of an outcome, in words."""


def rulings_of(book: Book, row: Row) -> list[tuple[Standing, str]]:
    """Her answers about an item that stand, newest first, in words."""
    return [(one, told(book, one)) for one in reversed(row.standing)]


def told(book: Book, one: Standing) -> str:
    """Return one answer of hers in words."""
    answer = book.answer(one.seq)
    if answer is None:
        return "an answer that can no longer be read"
    said = {
        f"filed as {plain.LABELS[answer.label]}" if answer.label else "": True,
        "seen by you": answer.seen,
        "spoken of in the session": answer.talked,
        {
            "now": "reminder sent by you",
            "never": "no reminder for this one",
            "later": "put off",
        }.get(answer.remind.value if answer.remind else "", ""): True,
        {
            "client": "given to a client",
            "new-client": "sender added as a new client",
            "not-a-client": "sender is not a client",
            "no-automatic-mail": "no automatic mail for this client",
            "known": "sender known to you",
        }.get(answer.sender.value if answer.sender else "", ""): True,
        f"note: {answer.note}": bool(answer.note),
    }
    return "; ".join(words_ for words_, holds in said.items() if words_ and holds)
