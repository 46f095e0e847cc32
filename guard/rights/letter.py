"""One letter as its client is shown it, and what is held back of it.

Pure over the book that it is given.
"""

import re
import unicodedata

import msgspec
from msgspec.structs import replace

from guard.clients.rights import Mark, Why
from guard.mail.message import Address, Message
from guard.policy import words
from guard.policy.decision import Action
from guard.policy.minutes import Minutes
from guard.review import plain, sayings
from guard.review.book import Book
from guard.review.shelf import Row

REMOVED = "[removed]"
"""Stands where words were taken out."""

_BETWEEN = r"[\s>|\u00ad\u200b-\u200d\u2060\ufeff]+"
"""What may stand between two words: line breaks, the marks of a quotation, what nobody sees."""

_APOSTROPHE = re.compile("['\u2018\u2019\u02bc]")

_DIRECTIONS = {"in": "received", "out": "sent", "junk": "received, in Junk"}


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One letter of a copy."""

    number: int
    """As the record numbers it."""

    received: int
    """Milliseconds since 1970-01-01 UTC."""

    direction: str
    """Whether it was received or sent, in words."""

    mark: Mark = Mark.INCLUDE
    """Whether it is shown as it is."""

    reason: str = ""
    """Why it is not, in the therapist's words."""

    problem: str = ""
    """Why it cannot be shown, if it cannot be."""

    sender: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    """The whole text, history and all."""

    attachments: tuple[str, ...] = ()
    """Names and sizes."""

    noted: tuple[str, ...] = ()
    """What guard and the therapist noted about it, in words."""

    digest: str = ""
    """SHA-256 of the letter as it came, hex; empty when it is not given as it came."""

    file: str = ""
    """Its file in the copy; empty when there is none."""

    unfound: int = 0
    """How many of the passages that were to be taken out stand nowhere in it."""

    @property
    def when(self) -> str:
        """The day and time, in words."""
        return plain.moment(self.received)

    @property
    def shown(self) -> bool:
        """Whether its text is part of the copy."""
        return self.mark is not Mark.WITHHOLD and not self.problem


def letter(row: Row, mark: Mark, why: Why, *, problem: str = "") -> Letter:
    """Return what may be told of every letter, even of one that is withheld."""
    return Letter(
        number=row.item,
        received=row.received,
        direction=_DIRECTIONS.get(row.direction, row.direction),
        mark=mark,
        reason=why.reason if mark is not Mark.INCLUDE else "",
        problem=problem,
    )


def opened(
    told: Letter, message: Message, *, noted: tuple[str, ...], digest: str, why: Why
) -> Letter:
    """Return a letter with what it says; redacted, if it is to be."""
    whole = replace(
        told,
        sender=_people(message.sender),
        to=_people(message.recipients),
        subject=plain.one_line(message.subject),
        text=message.full_text,
    )
    if told.mark is Mark.REDACT:
        return redacted(whole, why.remove)
    return replace(
        whole,
        attachments=tuple(
            f"{plain.one_line(one.name) or 'without a name'} ({plain.size(one.size)})"
            for one in message.attachments
        ),
        noted=noted,
        digest=digest,
        file=f"mail/{told.number:07d}.eml",
    )


def unread(told: Letter, *, digest: str) -> Letter:
    """Return a letter whose bytes cannot be read as one: as it came, but never to be redacted."""
    if told.mark is Mark.REDACT:
        problem = "withheld: it cannot be read, so nothing could be taken out of it"
        return replace(told, mark=Mark.WITHHOLD, problem=problem)
    return replace(
        told,
        text="(This letter cannot be read as an e-mail. Its file holds the bytes as they came.)",
        digest=digest,
        file=f"mail/{told.number:07d}.eml",
    )


def redacted(whole: Letter, remove: tuple[str, ...]) -> Letter:
    """Return a letter without some words, however they are broken, quoted, cased and spelt."""
    patterns = [_pattern(one) for one in sorted(remove, key=len, reverse=True) if one.strip()]
    found: set[re.Pattern[str]] = set()

    def clean(text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        found.update(one for one in patterns if one.search(text))
        for pattern in patterns:
            text = pattern.sub(REMOVED, text)
        return text

    cleaned = replace(
        whole,
        sender=clean(whole.sender),
        to=clean(whole.to),
        subject=clean(whole.subject),
        text=clean(whole.text),
        file=f"mail/{whole.number:07d}-redacted.txt",
    )
    return replace(cleaned, unfound=len({*patterns} - found))


def _pattern(passage: str) -> re.Pattern[str]:
    spelt = (
        _APOSTROPHE.sub(_APOSTROPHE.pattern, re.escape(word))
        for word in unicodedata.normalize("NFC", passage).split()
    )
    return re.compile(_BETWEEN.join(spelt), re.IGNORECASE)


def noted(book: Book, row: Row) -> tuple[str, ...]:
    """Return what guard and the therapist noted about a letter, in words."""
    minutes = book.minutes(row)
    said = [] if minutes is None else _understood(minutes)
    said += [f"{sayings.ENDS[kind]} ({plain.moment(at)})" for kind, at in row.outcomes]
    if row.answers >= 0:
        said.append(f"guard's automatic reminder, in answer to number {row.answers}")
    said += [f"therapist: {told}" for _, told in sayings.rulings_of(book, row) if told]
    return tuple(said)


def _understood(minutes: Minutes) -> list[str]:
    verdict = minutes.verdict
    if verdict.abstained:
        opinion = f"guard would not say: {words.ABSTAINED.get(verdict.abstained, 'unknown')}"
    else:
        chance = getattr(verdict.scores, verdict.label.value)
        opinion = f"guard took it for {plain.LABELS[verdict.label]} ({plain.in_ten(chance)})"
    done = [one for one in Action if one in minutes.decision.actions and one is not Action.REMIND]
    return [opinion, *(f"guard: {words.ACTIONS[one]}" for one in done)]


def _people(boxes: tuple[Address, ...]) -> str:
    shown = (f"{one.name} <{one.email}>" if one.name else one.email for one in boxes)
    return plain.one_line(", ".join(shown))
