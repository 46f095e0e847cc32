"""Walk one folder: find what is new or left over, file it, hand it on, flag it at the end.

Knows no technology: mailbox and record are given.
"""

from collections.abc import Iterator
from datetime import datetime
from mmap import mmap

import msgspec

from guard.config import Settings
from guard.errors import OversizedError, TransientError
from guard.mail.gmail import Numbered
from guard.mail.shown import Batch, Fetched, FolderState
from guard.pipeline import gaps, letters, numbered
from guard.pipeline.due import open_items
from guard.pipeline.house import Folder, House, Summary
from guard.record.entry import Cursor, Fact, Filed, Incoming, Location, Sighting
from guard.record.times import to_ms

OVERSIZED = "oversized"
"""Kind of the entry that says which message was left on the server."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One filed message that waits to be judged."""

    item: int
    """As the record numbers it."""

    owners: tuple[str, ...]
    """Whose keys seal it."""

    received: datetime
    """When the server took it in, aware, UTC."""

    junk: bool
    """Whether it was found in Junk."""

    new: bool
    """Whether this scan filed it, so that nothing was decided about it before."""


class Waiting(msgspec.Struct, kw_only=True):
    """What was filed together and waits to be judged."""

    work: list[Work]
    raws: list[bytes | mmap]
    """The bytes of each. Whoever gives them to the reader empties it: nobody else keeps them."""


class Walk:
    """One folder in one scan."""

    def __init__(self, house: House, folder: Folder, summary: Summary, handed: set[int]) -> None:
        """Prepare a walk; `handed` is shared by all walks of a scan: items already handed on."""
        self.folder = folder
        self._handed = handed
        self._house = house
        self._summary = summary
        self._account = account_of(house.settings)
        self._state: FolderState | None = None
        self._shown: dict[int, int] = {}
        """UID to item since the folder was opened: all there is where UIDs do not last."""
        self._numbers: dict[int, Numbered] = {}
        """UID to the account's own number, where the provider has such numbers."""

    def file_new(self) -> Iterator[Waiting]:
        """File what is new or was left over; yield what waits to be judged, batch by batch."""
        house = self._house
        self._state = state = house.mailbox.examine(self.folder.name)
        self._shown = {}
        cursor = house.record.cursor(self._account, self.folder.name)
        if cursor is None or cursor.validity != state.validity or not state.sticky:
            # A new UIDVALIDITY voids every UID, and some servers' UIDs never last: all is
            # fetched again and known by its content.
            # Source: RFC 3501 section 2.3.1.1; RFC 4315 section 3 (UIDNOTSTICKY).
            cursor = self._cursor(0, ())
        missing = self._still_there(cursor.missing)
        left = self._left_over()
        new = house.mailbox.new_uids(cursor.uid, state.uidnext)
        if state.sticky:
            self._summary.vanished += gaps.note(
                house.record, cursor, new=new, uidnext=state.uidnext, now=self._now()
            )
        passed = self._pass_over(new)
        wanted = sorted({*missing, *left, *new} - passed)
        house.expect(len(wanted))
        if wanted and self.folder.direction != "out":
            house.reader.wake(len(wanted))
        highest = cursor.uid
        for batch in house.mailbox.fetch(wanted, before_huge=house.reader.make_room):
            self._note_oversized(batch, known=missing)
            missing = self._still_missing(missing, batch, asked=new)
            highest = max(highest, *_uids(batch))
            waiting = self._file(batch, self._cursor(highest, missing))
            # Else it would stay in memory while the next is fetched.
            del batch
            yield waiting
        if passed and max(passed) > highest and state.sticky:
            last = self._cursor(max(passed), missing)
            house.record.file([], cursor=last, now=self._now())

    def shows(self, item: int) -> bool:
        """Whether the server still shows an item in this folder."""
        uids = tuple(self._here(item))
        if not uids:
            return False
        self._house.mailbox.examine(self.folder.name)
        return bool(self._still_there(uids))

    def flag(self) -> None:
        """Flag in the mailbox what was decided to be flagged and lies in this folder."""
        record = self._house.record
        places = {uid: item for item in record.tasks("flag") for uid in self._here(item)}
        if places:
            try:
                self._house.mailbox.flag(self.folder.name, sorted(places))
            except TransientError as problem:
                # A folder that may only be read must not stop the others; tried again.
                self._summary.note(problem)
                return
            done = [
                Fact(kind="flagged", item=item, owner=None, body={}, closes=("flag",))
                for item in dict.fromkeys(places.values())
            ]
            record.append(done, now=self._now())

    def _pass_over(self, new: list[int]) -> set[int]:
        """Note what is filed already; return the UIDs that need no fetching."""
        house = self._house
        self._numbers = house.mailbox.numbers(new)
        if not self._numbers:
            return set()
        unsent = numbered.drafts(self._numbers, self.folder)
        filed = numbered.filed(self._numbers, account=self._account, record=house.record)
        known = {uid: item for uid, item in filed.items() if uid not in unsent}
        sightings = [self._sighting(uid, item) for uid, item in known.items()]
        if sightings:
            house.record.sight(sightings, now=self._now())
        self._summary.seen += len(known)
        self._summary.duplicates += len(known)
        return unsent | set(known)

    def _sighting(self, uid: int, item: int) -> Sighting:
        told = self._numbers[uid]
        direction = "out" if told.sent else "in"
        return Sighting(
            item=item,
            locations=(self._place(uid),),
            direction=direction if self.folder.direction == "also" else self.folder.direction,
            received=to_ms(told.received),
        )

    def _file(self, batch: Batch, cursor: Cursor) -> Waiting:
        record, summary = self._house.record, self._summary
        with record.moment():
            mails = [self._incoming(mail) for mail in batch.messages]
        filed = record.file(mails, cursor=cursor if self._sticky else None, now=self._now())
        self._shown |= {
            mail.uid: one.item for mail, one in zip(batch.messages, filed, strict=True)
        }
        new = sum(one.new for one in filed)
        summary.seen += len(filed)
        summary.filed += new
        summary.duplicates += len(filed) - new
        self._house.progress(len(filed))
        if any(one.direction == "out" for one in mails):
            letters.note_letters(record, now=self._house.clock())
        if self.folder.direction == "out":
            return Waiting(work=[], raws=[])
        waiting = self._waiting(batch, mails, filed)
        # The same bytes may come again before the first of them is decided.
        self._handed.update(one.item for one in waiting.work)
        return waiting

    def _waiting(self, batch: Batch, mails: list[Incoming], filed: list[Filed]) -> Waiting:
        record = self._house.record
        waiting = open_items(record, now=self._now()) - self._handed
        found: dict[int, tuple[Work, bytes | mmap]] = {}
        for one, mail, fetched in zip(filed, mails, batch.messages, strict=True):
            if one.item in waiting:
                junk = self.folder.direction == "junk"
                work = Work(
                    item=one.item,
                    owners=mail.owners,
                    received=fetched.received,
                    junk=junk,
                    new=one.new,
                )
                found[one.item] = work, fetched.raw
        return Waiting(
            work=[work for work, _raw in found.values()],
            raws=[raw for _work, raw in found.values()],
        )

    def _incoming(self, mail: Fetched) -> Incoming:
        from guard.mail.envelope import peek  # noqa: PLC0415  # not for nothing new
        from guard.pipeline.incoming import incoming  # noqa: PLC0415  # as above

        direction = self._direction(mail)
        if direction == "out":
            head = peek(mail.raw)
            threads = self._house.threads
            threads.wrote(head.message_id, mail.received, automatic=head.automatic)
        told = self._numbers.get(mail.uid)
        account = () if told is None else (numbered.place(self._account, told.number),)
        return incoming(
            mail,
            direction=direction,
            locations=(self._place(mail.uid), *account),
            record=self._house.record,
        )

    def _direction(self, mail: Fetched) -> str:
        if self.folder.direction != "also":
            return self.folder.direction
        from guard.pipeline.incoming import is_own  # noqa: PLC0415  # as in `_incoming`

        told = self._numbers.get(mail.uid)
        own = self._house.settings.practice.addresses
        return "out" if (told and told.sent) or is_own(mail.raw, own) else "in"

    @property
    def _validity(self) -> int:
        return self._state.validity if self._state is not None and self._sticky else 0

    @property
    def _sticky(self) -> bool:
        return self._state is not None and self._state.sticky

    def _left_over(self) -> list[int]:
        """UIDs here of what an earlier scan filed but did not see through."""
        record = self._house.record
        items = open_items(record, now=self._now())
        return [uid for item in items for uid in self._here(item)]

    def _here(self, item: int) -> list[int]:
        if not self._sticky:
            return [uid for uid, shown in self._shown.items() if shown == item]
        return [
            place.uid
            for place in self._house.record.locations(item)
            if (place.account, place.folder, place.validity)
            == (self._account, self.folder.name, self._validity)
        ]

    def _still_there(self, uids: tuple[int, ...]) -> tuple[int, ...]:
        mailbox = self._house.mailbox
        return tuple(one for one in uids if mailbox.new_uids(one - 1, one + 1) == [one])

    def _note_oversized(self, batch: Batch, *, known: tuple[int, ...]) -> None:
        """Say once, in the record and aloud, what is too large to be filed."""
        fresh = [uid for uid in batch.oversized if uid not in known]
        if not fresh:
            return
        places = [self._place(uid) for uid in fresh]
        facts = [
            Fact(
                kind=OVERSIZED,
                body={
                    "account": one.account,
                    "folder": one.folder,
                    "validity": one.validity,
                    "uid": one.uid,
                },
            )
            for one in places
        ]
        self._house.record.append(facts, now=self._now())
        self._summary.note(OversizedError(f"{len(fresh)} too large to be filed, over 500 MB"))

    def _still_missing(
        self, missing: tuple[int, ...], batch: Batch, *, asked: list[int]
    ) -> tuple[int, ...]:
        came = {mail.uid for mail in batch.messages}
        failed = {*batch.missing} & {*asked, *missing}
        return tuple(sorted(({*missing} - came) | failed))

    def _cursor(self, uid: int, missing: tuple[int, ...]) -> Cursor:
        return Cursor(
            account=self._account,
            folder=self.folder.name,
            validity=self._validity,
            uid=uid,
            missing=missing,
        )

    def _place(self, uid: int) -> Location:
        return Location(
            account=self._account,
            folder=self.folder.name,
            validity=self._validity,
            # Where UIDs do not last, a number would only look like a place.
            uid=uid if self._sticky else 0,
        )

    def _now(self) -> int:
        return to_ms(self._house.clock())


def account_of(settings: Settings) -> str:
    """Return the name under which this mailbox stands in the record."""
    return settings.mailbox.user


def _uids(batch: Batch) -> list[int]:
    return [*(mail.uid for mail in batch.messages), *batch.missing]
