"""The server's folders against the record, in numbers that add up.

Pure but for the mailbox and the record that it is given; files nothing. Where UIDs cannot be
trusted, or when asked to, every message is fetched and known by its bytes.
"""

from mmap import mmap
from typing import Protocol

import msgspec

from guard.mail.shown import FolderState
from guard.pipeline import gaps
from guard.pipeline.house import Folder, Mailbox
from guard.record.entry import Cursor


class Record(gaps.Record, Protocol):
    """What is needed of the record."""

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """How far a folder has been filed."""

    def shown(self, account: str, folder: str, validity: int) -> dict[int, int]:
        """UID to item of everything that was ever filed from a folder."""

    def holding(self, account: str, raw: bytes | mmap) -> int | None:
        """The item that holds these very bytes."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One folder, on the server and in the record."""

    folder: Folder
    cursor: Cursor
    """How far it is filed, in the UIDs that hold now."""

    present: frozenset[int]
    """UIDs on the server."""

    filed: dict[int, int]
    """UIDs on the server that are filed, and their items."""

    withheld: frozenset[int]
    """UIDs that the server lists and does not give, or too large to be filed."""

    departed: int
    """Messages filed from here that have been moved or deleted since."""

    vanished: int
    """Messages that were moved or deleted before guard saw them, as far as UIDs tell."""

    drafts: int = 0
    """Letters that are not sent yet, which Gmail keeps among the mail; not counted as present."""

    changed: int = 0
    """UIDs that show other bytes than were filed from them; known only if all was fetched."""

    @property
    def missing(self) -> frozenset[int]:
        """UIDs on the server that are not filed."""
        return self.present - frozenset(self.filed)

    @property
    def stranded(self) -> frozenset[int]:
        """UIDs that no scan would file by itself: passed, not filed, not to be tried again."""
        passed = frozenset(uid for uid in self.missing if uid <= self.cursor.uid)
        return passed - frozenset(self.cursor.missing)

    @property
    def copies(self) -> int:
        """Messages whose bytes lie in this folder more than once."""
        return len(self.filed) - len(set(self.filed.values()))

    @property
    def mended(self) -> Cursor:
        """The cursor with which the next scan files what is stranded."""
        return Cursor(
            account=self.cursor.account,
            folder=self.cursor.folder,
            validity=self.cursor.validity,
            uid=self.cursor.uid,
            missing=tuple(sorted({*self.cursor.missing, *self.stranded})),
        )


def compare(
    folder: Folder,
    *,
    account: str,
    mailbox: Mailbox,
    record: Record,
    content: bool,
) -> Account:
    """Compare one folder.

    Args:
        folder: Which.
        account: Its name in the record.
        mailbox: Signed in.
        record: Opened with its scanner's key.
        content: Whether to fetch every message and compare the bytes.

    Raises:
        UnreachableError: The line is lost.
        ConfigError: There is no such folder.
    """
    state = mailbox.examine(folder.name)
    known = record.cursor(account, folder.name)
    cursor = _valid(known, state, account=account)
    present = frozenset(mailbox.new_uids(0, state.uidnext))
    shown = record.shown(account, folder.name, cursor.validity) if state.sticky else {}
    drafts = _drafts(folder, mailbox, present - shown.keys())
    present -= drafts
    filed = {uid: item for uid, item in shown.items() if uid in present}
    changed = 0
    # A folder that was rebuilt since the last scan has new UIDs: only bytes can be compared.
    if content or not state.sticky or (known is not None and known != cursor):
        held = _held(present, account=account, mailbox=mailbox, record=record)
        changed = sum(uid in filed and filed[uid] != item for uid, item in held.items())
        filed = {uid: item for uid, item in held.items() if item is not None}
    return Account(
        folder=folder,
        cursor=cursor,
        present=present,
        filed=filed,
        withheld=frozenset(cursor.missing) & present - frozenset(filed),
        departed=len(shown.keys() - present),
        vanished=_vanished(record, cursor, state, present | drafts, frozenset(shown)),
        drafts=len(drafts),
        changed=changed,
    )


def _valid(cursor: Cursor | None, state: FolderState, *, account: str) -> Cursor:
    validity = state.validity if state.sticky else 0
    if cursor is not None and cursor.validity == validity and state.sticky:
        return cursor
    return Cursor(account=account, folder=state.name, validity=validity, uid=0)


def _drafts(folder: Folder, mailbox: Mailbox, uids: frozenset[int]) -> frozenset[int]:
    if folder.direction != "also":
        return frozenset()
    told = mailbox.numbers(sorted(uids))
    return frozenset(uid for uid, one in told.items() if one.draft)


def _held(
    present: frozenset[int],
    *,
    account: str,
    mailbox: Mailbox,
    record: Record,
) -> dict[int, int | None]:
    held: dict[int, int | None] = {}
    for batch in mailbox.fetch(sorted(present)):
        held |= {one.uid: record.holding(account, one.raw) for one in batch.messages}
        # Else it would stay in memory while the next is fetched.
        del batch
    return held


def _vanished(
    record: Record,
    cursor: Cursor,
    state: FolderState,
    present: frozenset[int],
    shown: frozenset[int],
) -> int:
    """How many were noted as gone, and how many since the last scan that no later one follows."""
    if not state.sticky:
        return 0
    ranges = gaps.vanished(record, cursor)
    since = gaps.watched_since(record, cursor)
    if since is not None and state.uidnext:
        ranges += gaps.skipped(max(cursor.uid, since - 1), [*sorted(present), state.uidnext])
    return gaps.size(ranges, but=present | shown)
