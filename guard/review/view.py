"""What the pages show of items: rows of a list, and one item in full.

Pure over the book that it is given. All is text; the templates escape it.
"""

import msgspec
from msgspec.structs import replace

from guard.errors import GuardError
from guard.mail.message import Message
from guard.policy import words
from guard.policy.decision import Action, Finding, Kind
from guard.policy.minutes import Minutes
from guard.record.entry import UNSORTED
from guard.review import plain, sayings
from guard.review.book import Book
from guard.review.item import Piece, marked, shown
from guard.review.queue import Lane, Waiting
from guard.review.shelf import Row
from guard.verdict.label import Label

_REMINDS = frozenset({Action.REMIND, Action.SHADOW})
_ENDS = _REMINDS | {Action.SIGNPOST}
"""Decided, but told by how it ended."""
_NEIGHBOURS = 10
_UNREADABLE = (
    "This message cannot be shown: it is damaged, or it takes more time or memory than any letter "
    "ought to. It is in the record as it came, and the page can save it."
)
_VOUCHED = frozenset({"dmarc", "dkim", "spf", "known"})
_LANE_SAYS = {
    Lane.CRISIS: frozenset({"crisis", "sensitive"}),
    Lane.HELD: frozenset({"sensitive"}),
}
"""Reasons that the heading of a lane gives already."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One item in a list."""

    item: int
    """As the record numbers it."""

    who: str
    """The sender's name, or address."""

    subject: str
    """Never empty."""

    when: str
    """In words."""

    what: str
    """What guard took it for, or why it waits."""

    ours: bool = False
    """Whether the practice wrote it."""

    also: bool = False
    """Whether the line above it is by the same person."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item in full."""

    row: Row
    """What the record says of it in public."""

    line: Line
    """As in a list."""

    message: Message | None
    """As parsed; None when it cannot be read."""

    minutes: Minutes | None
    """What guard understood and decided."""

    lane: Lane | None
    """Why it waits; None when it does not."""

    new: list[Piece]
    """The new text, with the sentences that spoke for the verdict marked."""

    full: str
    """The whole text."""

    texts: list[tuple[str, list[Piece]]]
    """Names of text attachments, and what they say, marked as the new text is."""

    client: str
    """Name of the client whose it is; empty when it is nobody's."""

    thread: list[Line]
    """What came before and after."""

    has_layout: bool = False
    """Whether its layout can be shown."""

    problem: str = ""
    """Why it cannot be shown."""

    @property
    def blind(self) -> bool:
        """Whether guard keeps its opinion back, so that hers is her own."""
        return self.lane is Lane.SAMPLE

    @property
    def why(self) -> list[tuple[bool, str]]:
        """Every rule about a reminder: whether it stands in the way, and its words."""
        found = self.minutes.decision.findings if self.minutes else ()
        return [(one.holds, _said(one)) for one in found if one.kind is Kind.BAR]

    @property
    def grounds(self) -> str:
        """Why it waits, in words, but for what its lane says already."""
        return _reasons(self.minutes, self.lane) if self.minutes else ""

    @property
    def channel(self) -> tuple[str, str] | None:
        """If it is a notice from another channel: what it is, and the policy's line on it."""
        found = self.minutes.decision.channel if self.minutes else None
        return words.CHANNELS[found] if found else None

    @property
    def vouched(self) -> bool:
        """Whether the provider vouches for the sender."""
        return self.minutes is not None and self.minutes.authenticity in _VOUCHED

    @property
    def waits(self) -> bool:
        """Whether a reminder is about to go by itself."""
        stopped = any("remind" in word or word == "label" for word in self._answered)
        return self.row.due > 0 and bool(_REMINDS & self._actions) and not stopped

    @property
    def proposed(self) -> bool:
        """Whether the reminder is ready and waits for her one click."""
        return Action.PROPOSE in self._actions and not self.row.outcomes and not self._answered

    @property
    def _actions(self) -> frozenset[Action]:
        return self.minutes.decision.actions if self.minutes else frozenset()

    @property
    def _answered(self) -> frozenset[str]:
        return frozenset(word for one in self.row.standing for word in one.actions)

    @property
    def done(self) -> list[str]:
        """What guard did, in words."""
        if self.minutes is None:
            return ["filed it"]
        actions = self.minutes.decision.actions
        said = [words.ACTIONS[one] for one in Action if one in actions and one not in _ENDS]
        if self.waits:
            until = plain.moment(self.row.due)
            said.append(f"the reminder waits until {until}; if you answer before, none is sent")
        ended = [f"{sayings.ENDS[kind]} ({plain.moment(at)})" for kind, at in self.row.outcomes]
        return ["filed it", *said, *ended]


def line(book: Book, row: Row, *, what: str | None = None) -> Line:
    """Return one item as a list shows it."""
    minutes = book.minutes(row)
    if minutes is not None:
        who, subject, said = minutes.sender, minutes.subject, _opinion(minutes)
    else:
        people, subject = book.head(row)
        ours = row.direction == "out"
        known = book.client(row.client) if ours else None
        who = known.name if known else people
        said = ("automatic reminder" if row.answers >= 0 else "from you") if ours else ""
    return Line(
        item=row.item,
        who=plain.one_line(_name(who)) or "(nobody)",
        subject=plain.one_line(subject) or "(no subject)",
        when=plain.moment(row.received),
        what=said if what is None else what,
        ours=row.direction == "out",
    )


def waiting_line(book: Book, one: Waiting) -> Line:
    """Return one item of the queue."""
    row = book.shelf.rows[one.item]
    shown = line(book, row, what=_waits_for(one, row))
    return replace(shown, when=plain.lately(row.received, book.now))


def _waits_for(one: Waiting, row: Row) -> str:
    if one.why is Lane.SAMPLE:
        return ""
    if one.uncertain:
        return sayings.ENDS[row.outcomes[-1][0]]
    if one.minutes is None:
        return "it cannot be opened"
    channel = one.minutes.decision.channel
    if channel is not None and one.why is Lane.CHANNEL:
        return words.CHANNELS[channel][0]
    said = _reasons(one.minutes, one.why) or _opinion(one.minutes)
    if one.why is Lane.CRISIS and one.minutes.verdict.label is not Label.CRISIS:
        return f"{said}, with words of danger"
    return said


def item(book: Book, row: Row, lane: Lane | None) -> Item:
    """Return one item in full."""
    message, has_layout, problem = None, False, _UNREADABLE
    try:
        message, has_layout = book.opened(row.item)
    except GuardError as error:
        problem = f"{error}. {error.hint}".strip()
    minutes = book.minutes(row)
    evidence = minutes.verdict.evidence if minutes and lane is not Lane.SAMPLE else ()
    known = book.client(row.client)
    return Item(
        row=row,
        line=line(book, row),
        message=message,
        minutes=minutes,
        lane=lane,
        new=marked(shown(message.new_text), evidence) if message else [],
        full=shown(message.full_text) if message else "",
        texts=[
            (plain.one_line(one.name) or "(no name)", marked(shown(one.text), evidence))
            for one in (message.attachments if message else ())
            if one.text.strip()
        ],
        client=known.name if known else "",
        thread=_thread(book, row),
        has_layout=has_layout,
        problem="" if message else problem,
    )


def notes(book: Book) -> list[tuple[str, list[Line]]]:
    """What each client wrote that the next session ought to know, by name."""
    found: dict[str, list[Line]] = {}
    for number in book.record.tasks("note"):
        row = book.shelf.rows[number]
        client = book.client(row.client)
        name = client.name if client else "(a client who cannot be read)"
        found.setdefault(name, []).append(line(book, row, what=""))
    return sorted(found.items())


def _thread(book: Book, row: Row) -> list[Line]:
    if row.client == UNSORTED:
        return []
    rows = sorted(book.shelf.of_client(row.client), key=lambda one: one.received)
    at = next(place for place, one in enumerate(rows) if one is row)
    near = rows[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
    return [line(book, one) for one in near if one is not row]


def _reasons(minutes: Minutes, lane: Lane | None) -> str:
    told = _LANE_SAYS.get(lane, frozenset()) if lane else frozenset()
    grounds = [one for one in minutes.decision.grounds if one not in told]
    return "; ".join(words.GROUNDS.get(one, one) for one in grounds)


def _said(finding: Finding) -> str:
    # A record outlives the rules: a rule that is no more is still told by its id.
    known = finding.rule in words.BARS or finding.rule in words.GROUNDS
    return words.of(finding) if known else finding.rule


def _opinion(minutes: Minutes) -> str:
    if minutes.verdict.abstained:
        return words.ABSTAINED.get(minutes.verdict.abstained, minutes.verdict.abstained)
    return plain.LABELS[minutes.verdict.label]


def _name(sender: str) -> str:
    return sender.partition(" <")[0] or sender
