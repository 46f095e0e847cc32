"""A reader that stays warm from mailbox to mailbox, for whoever scans many."""

from contextlib import AbstractContextManager, nullcontext

from guard.commands import judges
from guard.config import Settings
from guard.record.ledger import Record
from guard.verdict.child import ChildReader


class WarmReaders:
    """Lends one reader to mailbox after mailbox, as long as they use the same model and words.

    To load the model takes longer than a hundred messages. A mailbox with a model of its own
    gets a reader of its own, so no model ever judges another practice's mail.
    """

    def __init__(self) -> None:
        self._warm: ChildReader | None = None

    def __call__(self, settings: Settings, record: Record) -> AbstractContextManager[ChildReader]:
        """Give a reader: the warm one if it does the very same, else a fresh one."""
        fresh = judges.reader(settings, record)
        if fresh.problem is not None:
            return fresh
        if self._warm is None or self._warm.problem is not None:
            self.close()
            self._warm = fresh
        return nullcontext(self._warm) if self._warm.judges == fresh.judges else fresh

    def close(self) -> None:
        """End its processes."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None
