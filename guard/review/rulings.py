"""Her answers: what she ruled about an item, how it is filed, and how it is read again.

Pure over the record and the reader. In public a ruling says only what kind of thing was done;
the label, the sender and the note are sealed to the item's owners. Undoing appends a
reversal: nothing is ever erased. Training reads `rulings`, and nothing else.
"""

from collections.abc import Iterator
from enum import Enum

import msgspec
from msgspec.structs import replace

from guard.errors import RecordError
from guard.policy.minutes import RULED
from guard.record.entry import Entry, Fact
from guard.record.queries import Queries
from guard.record.reading import Reader
from guard.verdict.label import Label

UNDONE = "unruled"
SETTLED = ("review", "alert", "remind")
"""Tasks that are done once she has settled an item."""
TASKS = (*SETTLED, "note")
"""Tasks that a ruling may close. Undoing opens them again, but for ``remind``."""


class Remind(Enum):
    """What becomes of the reminder. The values are filed, so they never change meaning."""

    NOW = "now"
    NEVER = "never"
    LATER = "later"
    """She puts the whole item off; it goes on waiting."""


class Sender(Enum):
    """What she says of the sender. The values are filed, so they never change meaning."""

    CLIENT = "client"
    NEW_CLIENT = "new-client"
    NOT_A_CLIENT = "not-a-client"
    NO_AUTOMATIC_MAIL = "no-automatic-mail"
    KNOWN = "known"
    """The provider does not vouch for the mail, but she knows that the sender is right."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What she ruled about one item; sealed."""

    label: Label | None = None
    """The right label; None when she did not say."""

    remind: Remind | None = None
    """What becomes of the reminder; None when she did not say."""

    seen: bool = False
    """She has seen that somebody may be in danger."""

    talked: bool = False
    """She has spoken of it in the session, so the note is done."""

    sender: Sender | None = None
    """What she says of the sender."""

    client: str = ""
    """Id of the client whom she named."""

    address: str = ""
    """The sender's address, if she ruled about the sender."""

    picture: str = ""
    """If she knows a sender: how the message came, by which the next is recognised."""

    note: str = ""
    """Hers, for the record."""

    @property
    def actions(self) -> tuple[str, ...]:
        """What was done, in public words: they tell nothing of the mail."""
        done = {
            "label": self.label is not None,
            "seen": self.seen,
            "talked": self.talked,
            "sender": self.sender is not None,
            "note": bool(self.note),
            f"remind-{self.remind.value if self.remind else ''}": self.remind is not None,
        }
        return tuple(word for word, is_done in done.items() if is_done)

    @property
    def settles(self) -> bool:
        """Whether the item need not wait any longer."""
        if self.remind is Remind.LATER:
            return False
        return self.label is not None or self.seen or self.remind is not None


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What stands about one item, for the classifier to learn from."""

    item: int
    """As the record numbers it."""

    label: Label
    """The right label."""

    client: str
    """Whose mail it is: the client she named, else the item's first owner."""

    at: int
    """When she said so, milliseconds since 1970-01-01 UTC."""


def ruled(item: int, owners: tuple[str, ...], answer: Answer, closes: tuple[str, ...]) -> Fact:
    """Return the entry of one answer.

    Args:
        item: What it is about.
        owners: Whose keys seal it.
        answer: What she said.
        closes: Those of `TASKS` that are open now and wait no longer; undoing opens them again.
    """
    return Fact(
        kind=RULED,
        item=item,
        owner=answer.client or owners[0],
        body={"actions": [*answer.actions]},
        secret=msgspec.json.encode(answer),
        owners=owners,
        closes=closes,
    )


def unruled(entry: Entry) -> Fact:
    """Return the entry that takes an answer back and lets its item wait again."""
    return Fact(
        kind=UNDONE,
        item=entry.item,
        owner=entry.owner,
        body={"undoes": entry.seq},
        # Not the reminder: what she once stopped must not go out by itself again.
        opens=tuple(task for task in entry.fields.get("closes", ()) if task != "remind"),
    )


def read(secret: bytes) -> Answer:
    """Read the sealed part of a ruling.

    Raises:
        ValueError: The bytes are not an answer.
    """
    return msgspec.json.decode(secret, type=Answer)


def rulings(record: Queries, reader: Reader) -> Iterator[Ruling]:
    """Yield what she says each item is: the latest answer, those undone left out.

    What was sealed to a client whose keys were destroyed is left out too.

    Raises:
        RecordBrokenError: A ruling is not what was filed.
        LockedError: The reader's identity does not open this record.
    """
    found: dict[int, Ruling] = {}
    clients: dict[int, str] = {}
    for entry in _standing(record):
        assert entry.item is not None
        try:
            answer = read(reader.secret(entry.seq))
        except (RecordError, ValueError):
            continue
        if answer.client:
            clients[entry.item] = answer.client
        if answer.label is not None:
            found[entry.item] = Ruling(
                item=entry.item, label=answer.label, client=entry.owner or "", at=entry.at
            )
    for item, ruling in sorted(found.items()):
        yield replace(ruling, client=clients.get(item, ruling.client))


def _standing(record: Queries) -> list[Entry]:
    standing: dict[int, Entry] = {}
    for entry in record.entries():
        if entry.kind == RULED:
            standing[entry.seq] = entry
        elif entry.kind == UNDONE:
            standing.pop(int(entry.data["undoes"]), None)
    return list(standing.values())
