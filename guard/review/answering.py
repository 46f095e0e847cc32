"""What follows from an answer of hers: the facts to append, and those that take it back.

Touches the world only through the book that it is given. Each answer is one transaction.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from guard.clients import directory
from guard.clients.directory import Client
from guard.mail.message import Message
from guard.mail.picture import picture
from guard.policy.decision import Correspondent
from guard.record.entry import UNSORTED, Fact
from guard.reply.outbox import Outcome
from guard.review import rulings, sharing
from guard.review.book import Book, address_of
from guard.review.rulings import Answer, Sender
from guard.review.shelf import Row
from guard.verdict.label import Label

KNOWN = "known"
"""Kind of the entry by which a sender is known again."""

_NOTHING_TO_TALK_OF = frozenset({Label.SCHEDULING, Label.OTHER})


def rule(
    book: Book, row: Row, answer: Answer, *, facts: tuple[Fact, ...] = (), stays: bool = False
) -> int:
    """File one answer, durable on return.

    Args:
        book: The record, open for writing.
        row: The item.
        answer: What she said.
        facts: What follows from it; filed in the same transaction.
        stays: The item goes on waiting, whatever she said.

    Returns:
        The number of the ruling's entry.

    Raises:
        BusyError: Another program writes. Nothing was filed.
        RecordError: Nothing was filed.
    """
    open_ = tuple(task for task in rulings.TASKS if row.item in book.record.tasks(task))
    # Whatever she says of the reminder, the next scan must not send it by itself.
    ends: tuple[str, ...] = ("remind",) if answer.remind or answer.label else ()
    if answer.settles and not stays:
        ends = rulings.SETTLED
    if answer.talked or answer.label in _NOTHING_TO_TALK_OF:
        ends = (*ends, "note")
    closes = tuple(task for task in open_ if task in ends)
    fact = rulings.ruled(row.item, row.owners, answer, closes)
    if answer.label is None and not answer.client:
        seqs = book.record.append([*facts, fact], now=book.now)
    else:
        label = answer.label or book.said(row)
        seqs = sharing.file(book, [*facts, fact], row, label, client=answer.client)
    book.refresh()
    return seqs[-1]


def undo(book: Book, seq: int) -> int:
    """Take one answer back; returns the item, which waits again if it did before.

    Raises:
        BusyError: Another program writes. Nothing was filed.
        RecordError: Nothing was filed.
    """
    entry = book.record.entry(seq)
    assert entry.item is not None
    answer = book.answer(seq)
    back = _taken_back(book, answer, seq) if answer is not None else ()
    facts, row = [*back, rulings.unruled(entry)], book.row(entry.item)
    if row is None or answer is None or not (answer.label or answer.client):
        book.record.append(facts, now=book.now)
    else:
        sharing.file(book, facts, row, book.said(row, but=seq))
    book.refresh()
    return entry.item


def sender_address(book: Book, row: Row) -> str:
    """Return the one address that an item came from, normalised; empty if that is unclear."""
    minutes = book.minutes(row)
    if minutes is None or ", " in minutes.sender.rpartition("<")[2]:
        return ""
    return address_of(minutes.sender)


def give_to(client: Client, address: str) -> tuple[Fact, ...]:
    """Return the facts by which an address is a client's from now on."""
    if not address or address in client.addresses:
        return ()
    return (directory.enrol(replace(client, addresses=(*client.addresses, address))),)


def enlist(name: str, address: str, *, token: str) -> tuple[Client, tuple[Fact, ...]]:
    """Return a new client, and the fact that adds it."""
    client = Client(id=f"c{token[:10]}", name=name, addresses=(address,))
    return client, (directory.enrol(client),)


def silence(client: Client) -> tuple[Fact, ...]:
    """Return the fact by which a client gets no automatic mail, ever."""
    return (directory.enrol(replace(client, automatic=False)),) if client.automatic else ()


def recognise(
    book: Book, row: Row, message: Message | None, *, trusted: Sequence[str]
) -> tuple[str, tuple[Fact, ...]]:
    """Return how a message came, and the facts by which its sender is known again.

    Both are empty where nothing may rest on it: nobody's address, or a way that anybody could
    go (see `guard.mail.picture`). It holds for this client, this address and this way alone.
    """
    whose = book.named(sender_address(book, row))
    way = picture(message, trusted=trusted) if message and whose else None
    if way is None:
        return "", ()
    return way, tuple(Fact(kind=KNOWN, owner=owner, names=(way,)) for owner in whose)


def obstacle(book: Book, row: Row, message: Message | None) -> str:
    """Return why no reminder can be sent for an item, even by her; empty when it can."""
    minutes, client = book.minutes(row), book.client(row.client)
    writers = [book.client(one) for one in book.named(sender_address(book, row))]
    sent = {Outcome.SENT.value, Outcome.UNCERTAIN.value} & {kind for kind, _ in row.outcomes}
    why = {
        "somebody may be in danger, and a notice is not what this person needs now": alarming(
            book, row
        ),
        "nothing is set up for sending (see Check)": not book.can_send,
        "only letters that you got can be answered": row.direction == "out",
        "it cannot be read, so there is no address to write to": message is None
        or minutes is None
        or len(message.sender) != 1,
        "a machine wrote it, and machines are never answered": minutes is not None
        and minutes.decision.correspondent in (Correspondent.MACHINE, Correspondent.PRACTICE),
        "guard never answers a notice from another channel, nor a letter of office": minutes
        is not None
        and minutes.decision.channel is not None,
        "the reminder for this one went out already, or may have": bool(sent),
        "say first whose e-mail this is": row.client == UNSORTED or client is None,
        "there are no words in this client's language": book.wording(row.client) is None,
        "you marked this client: no automatic mail": any(
            one is not None and not one.automatic for one in (client, *writers)
        ),
    }
    return next((words for words, holds in why.items() if holds), "")


def alarming(book: Book, row: Row) -> bool:
    """Whether somebody may be in danger, by her word if she gave it, else by guard's."""
    said = book.said(row)
    if said is not None:
        return said is Label.CRISIS
    minutes = book.minutes(row)
    return minutes is not None and "crisis" in minutes.decision.grounds


def _forgotten(book: Book, way: str, seq: int) -> tuple[Fact, ...]:
    """What takes her word for a way back, unless she gave it for another message too."""
    said = [one.seq for one in book.shelf.standing.values() if "sender" in one.actions]
    others = (book.answer(one) for one in said if one != seq)
    if any(one is not None and one.picture == way for one in others):
        return ()
    return tuple(
        Fact(kind=KNOWN, owner=owner, body={directory.GONE: True}, unnames=(way,))
        for owner in book.record.owners_named(way)
    )


def _taken_back(book: Book, answer: Answer, seq: int) -> tuple[Fact, ...]:
    if answer.picture:
        return _forgotten(book, answer.picture, seq)
    client = book.client(answer.client) if answer.client else None
    if client is None:
        return ()
    if answer.sender is Sender.NO_AUTOMATIC_MAIL:
        return (directory.enrol(replace(client, automatic=True)),)
    if answer.sender is Sender.NEW_CLIENT:
        return (directory.strike(client),)
    if answer.sender is Sender.CLIENT and answer.address:
        left = tuple(one for one in client.addresses if one != answer.address)
        if left:
            fact = directory.enrol(replace(client, addresses=left))
            return (replace(fact, unnames=(answer.address,)),)
    return ()
