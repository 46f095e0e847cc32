"""What the record says in public of every item, folded from its entries one by one.

Pure. Kept in memory and brought up to date with what was added since, so that a page need
not ask the record fifty thousand times. Nothing here is unsealed.
"""

from collections.abc import Iterable

import msgspec

from guard.clients import directory
from guard.policy import minutes
from guard.record.entry import UNSORTED, Entry
from guard.reply.outbox import Outcome
from guard.reply.wording import REMINDER, SIGNPOST
from guard.review import rulings
from guard.review.queue import SAMPLE_SHARE, lot

_OUTCOMES = frozenset(
    one.of(what) for one in Outcome for what in (REMINDER, SIGNPOST, "announcement")
)
_SETTLED = frozenset({"label", "seen", "remind-never", "remind-now"})


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One ruling that was not undone."""

    seq: int
    """Its entry."""

    item: int
    """What it is about."""

    at: int
    """Milliseconds since 1970-01-01 UTC."""

    actions: tuple[str, ...]
    """What was done, in public words."""

    client: str
    """Whose the item was said to be."""


class Row(msgspec.Struct, kw_only=True):
    """One item. Not frozen: it is built up entry by entry, and copied nowhere."""

    item: int
    """As the record numbers it."""

    received: int
    """Milliseconds since 1970-01-01 UTC."""

    direction: str
    """``in``, ``out`` or ``junk``."""

    owners: tuple[str, ...]
    """Whose keys seal it."""

    client: str
    """Whose it is: as she said, else as it was filed; ``unsorted`` when nobody's."""

    size: int
    """Bytes."""

    lot: float
    """Its lot for the sample, 0 to 1."""

    last: int
    """The newest entry about it; a form that was made before it is out of date."""

    decided: int = -1
    """The entry of the newest decision; -1 when there is none."""

    actions: tuple[str, ...] = ()
    """What guard decided to do."""

    model: str = ""
    """Digest of the model that judged it."""

    letter: int = -1
    """The reminder that was filed for it; -1 when there is none."""

    answers: int = -1
    """If this is a reminder: the item that it answers."""

    due: int = 0
    """When its reminder may go, milliseconds since 1970-01-01 UTC; 0: nothing holds it."""

    outcomes: list[tuple[str, int]] = msgspec.field(default_factory=list)
    """How reminders ended, and when."""

    standing: list[Standing] = msgspec.field(default_factory=list)
    """Her answers that stand, oldest first."""

    @property
    def drawn(self) -> bool:
        """Whether its lot was drawn."""
        return self.lot < SAMPLE_SHARE

    @property
    def ruled(self) -> bool:
        """Whether she said anything that settles it or names its label."""
        return any(_SETTLED & {*one.actions} for one in self.standing)

    @property
    def put_off(self) -> bool:
        """Whether the last thing she said was: later."""
        return bool(self.standing) and "remind-later" in self.standing[-1].actions


class Shelf:
    """Every item of one record."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        """Item to what is known of it, in order of filing."""
        self.standing: dict[int, Standing] = {}
        """Her answers that stand, oldest first."""
        self.clients: dict[str, Entry] = {}
        """Client to the newest entry that says who it is."""
        self._of: dict[str, dict[int, Row]] = {}
        """Owner or client to the items that are, or once were said to be, theirs."""
        self.size = 0
        """Entries that were read."""
        self.root = b""
        """Leaf of the first entry, fixed before the first mail."""

    def take(self, entries: Iterable[Entry]) -> None:
        """Take in what was added to the record."""
        for entry in entries:
            self.size = entry.seq + 1
            if not entry.seq:
                self.root = entry.leaf
            if entry.kind == "filed":
                self._filed(entry)
            elif entry.kind == directory.KIND and entry.owner is not None:
                self._client(entry, entry.owner)
            elif entry.item in self.rows:
                row = self.rows[entry.item]
                row.last = entry.seq
                self._about(row, entry)

    def of_client(self, client: str) -> list[Row]:
        """Every item of a client, oldest first."""
        mine = sorted(self._of.get(client, {}).items())
        return [row for _, row in mine if client in (row.client, *row.owners)]

    def _filed(self, entry: Entry) -> None:
        fields = entry.fields
        owners = tuple(fields["owners"])
        self.rows[entry.seq] = row = Row(
            item=entry.seq,
            received=fields["received"],
            direction=fields["direction"],
            owners=owners,
            client=owners[0],
            size=fields["size"],
            lot=lot(self.root, entry.seq),
            last=entry.seq,
        )
        for owner in owners:
            self._of.setdefault(owner, {})[row.item] = row

    def _client(self, entry: Entry, owner: str) -> None:
        if directory.is_client(entry):
            self.clients[owner] = entry
        else:
            self.clients.pop(owner, None)

    def _about(self, row: Row, entry: Entry) -> None:
        data = entry.data
        if entry.kind == minutes.KIND:
            row.decided = entry.seq
            row.actions = tuple(data.get("actions", ()))
            row.model = data.get("model", "")
            row.due = int(data.get("due", 0))
        elif entry.kind == "reminding":
            row.letter = int(data["letter"])
            if row.letter in self.rows:
                self.rows[row.letter].answers = row.item
        elif entry.kind in _OUTCOMES:
            row.outcomes.append((entry.kind, entry.at))
            row.due = int(data.get("due", 0))
        elif entry.kind == minutes.RULED:
            self._rule(row, entry)
        elif entry.kind == rulings.UNDONE:
            self._unrule(row, int(data["undoes"]))

    def _rule(self, row: Row, entry: Entry) -> None:
        one = Standing(
            seq=entry.seq,
            item=row.item,
            at=entry.at,
            actions=tuple(entry.data.get("actions", ())),
            client=entry.owner or UNSORTED,
        )
        self.standing[one.seq] = one
        row.standing.append(one)
        row.client = _whose(row)
        self._of.setdefault(row.client, {})[row.item] = row

    def _unrule(self, row: Row, seq: int) -> None:
        self.standing.pop(seq, None)
        row.standing = [one for one in row.standing if one.seq != seq]
        row.client = _whose(row)


def _whose(row: Row) -> str:
    said = [one.client for one in row.standing if "sender" in one.actions]
    return said[-1] if said else row.owners[0]


def is_client(row: Row) -> bool:
    """Whether an item belongs to somebody who is known."""
    return row.client != UNSORTED
