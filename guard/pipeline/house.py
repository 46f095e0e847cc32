"""What one scan is given, and what it tells at the end. Pure but for what it holds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from mmap import mmap
from typing import TYPE_CHECKING, Protocol

import msgspec

from guard.config import Settings
from guard.errors import GuardError
from guard.mail.gmail import Numbered
from guard.mail.shown import Batch, FolderState
from guard.pipeline.threads import Threads
from guard.record.entry import Cursor, Entry, Fact, Filed, Incoming, Location, Sighting

if TYPE_CHECKING:
    # A scan with nothing new must not pay for what decides and answers.
    from guard.policy.sharing import Sharing
    from guard.reply.alerting import Alerting
    from guard.reply.errands import Errands
    from guard.reply.wording import Wordings
    from guard.verdict.reading import Reading


class Mailbox(Protocol):
    """An IMAP account."""

    def examine(self, folder: str) -> FolderState:
        """Open a folder read-only."""

    def new_uids(self, after: int, uidnext: int) -> list[int]:
        """UIDs above `after`, ascending."""

    def fetch(
        self, uids: Sequence[int], *, before_huge: Callable[[], None] = ...
    ) -> Iterator[Batch]:
        """Fetch whole messages in batches; call `before_huge` before one that takes memory."""

    def numbers(self, uids: Sequence[int]) -> dict[int, Numbered]:
        """Tell the account's own numbers of messages; empty where there are none."""

    def flag(self, folder: str, uids: Sequence[int]) -> None:
        """Set the flag that every mail program shows."""


class Record(Protocol):
    """The legal record, as far as the scan needs it."""

    def file(self, mails: Sequence[Incoming], *, cursor: Cursor | None, now: int) -> list[Filed]:
        """File messages and move the cursor, in one transaction."""

    def append(self, facts: Sequence[Fact], *, now: int) -> list[int]:
        """Append facts, in one transaction."""

    def moment(self) -> AbstractContextManager[None]:
        """Answer all that is asked meanwhile as of now; nothing is added."""

    def size(self) -> int:
        """Number of entries."""

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """How far a folder has been filed."""

    def tasks(self, name: str) -> list[int]:
        """Items that have this task open."""

    def locations(self, item: int) -> list[Location]:
        """Where a server showed an item."""

    def item_at(self, place: Location) -> int | None:
        """The item that was filed from a place."""

    def sight(self, sightings: Sequence[Sighting], *, now: int) -> None:
        """Note where else items are shown, in one transaction."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Entries of a kind, oldest first."""

    def owners_named(self, text: str) -> tuple[str, ...]:
        """Ids of the clients that have this address."""

    def code(self, text: str) -> bytes:
        """Identity of a text that nobody can test a guess against without the record's key."""


class Reader(Protocol):
    """Reads and judges untrusted bytes."""

    problem: GuardError | None
    """Why no verdict could be given, if the model would not load."""

    def start(self, raws: Sequence[bytes | mmap]) -> "Callable[[], list[Reading]]":
        """Start a batch; the result is waited for when called. A map is let go of meanwhile."""

    def wake(self, count: int) -> None:
        """Get ready for so many messages, which are still to come. The call returns at once."""

    def make_room(self) -> None:
        """Get ready for a huge message, which takes much memory. The call returns at once."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """One folder to scan."""

    name: str
    """As the server calls it."""

    direction: str
    """``in``, ``out``, ``junk``, or ``also``: whatever she keeps there, hers and theirs."""


class House(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a scan is given."""

    settings: Settings
    mailbox: Mailbox
    record: Record
    folders: tuple[Folder, ...]
    """In the order of the scan: Sent first, so that her own answers are known."""

    reader: Reader
    """Reads and judges; started when first needed."""

    errands: "Errands | None"
    """Sends reminders; None when no submission server is set up."""

    alerts: "Alerting | None"
    """Tells her what must not wait; None when there is no address, or nothing to send with."""

    clock: Callable[[], datetime]
    """The time now, aware."""

    wordings: "Wordings"
    """What the reminder says, in every language that there is."""

    sharing: "Sharing | None" = None
    """Opens scheduling to a receptionist and crises to a supervisor; None when there are none."""

    threads: Threads = msgspec.field(default_factory=Threads)
    """Her letters, and those that clients answer."""

    last: datetime | None = None
    """When the scan before this one ended, aware; None when there was none."""

    noted: int = 0
    """Entries that the record had when that scan ended; 0 when that is not known."""

    progress: Callable[[int], None] = lambda _count: None
    """Told how many more messages were filed."""

    expect: Callable[[int], None] = lambda _count: None
    """Told how many more messages there are to file."""


class Summary(msgspec.Struct, kw_only=True):
    """What one scan did; the keys of ``guard scan --json``."""

    seen: int = 0
    filed: int = 0
    duplicates: int = 0
    flagged: int = 0
    crisis: int = 0
    held: int = 0
    reminded: int = 0
    signposted: int = 0
    """Clients in danger who were told where to turn."""
    uncertain: int = 0
    unreadable: int = 0
    errors: int = 0
    unannounced: int = 0
    """Messages that must not wait, of which nobody could be told because no alert is set up."""

    vanished: int = 0
    """Messages that came and were deleted or moved away before guard saw them."""

    problems: list[GuardError] = msgspec.field(default_factory=list)
    """What went wrong without stopping the scan; the first decides the exit status."""

    def note(self, problem: GuardError) -> None:
        """Keep a problem that must not stop the scan."""
        self.errors += 1
        self.problems.append(problem)
