"""The server against the record: every message is accounted for, every difference explained."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from mmap import mmap
from pathlib import Path

import pytest

from guard.errors import UnreachableError
from guard.mail.gmail import Numbered
from guard.pipeline.house import Folder
from guard.pipeline.reconcile import Account, compare
from guard.pipeline.scan import scan
from guard.pipeline.walk import account_of
from guard.record.entry import Cursor, Fact, Location
from guard.verdict.reading import Reading
from tests.pipeline.fakes import FOLDERS, JO, NOON, OWN, Box, Practice, Words, a_letter, a_mail
from tests.pipeline.records import EPOCH, a_record, tasks

INBOX = FOLDERS[1]
ALL = Folder(name="[Gmail]/All Mail", direction="also")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with a_record(tmp_path / "record", JO) as record:
        yield Practice(record)


def compared(practice: Practice, *, content: bool = False, folder: Folder = INBOX) -> Account:
    return compare(
        folder,
        account=account_of(practice.settings),
        mailbox=practice.server,
        record=practice.record,
        content=content,
    )


def numbers(one: Account) -> tuple[int, int, int]:
    return len(one.present), len(one.filed), len(one.missing)


@pytest.mark.parametrize("content", [False, True])
def test_after_a_scan_nothing_is_missing(practice: Practice, *, content: bool) -> None:
    for ref in "12":
        practice.inbox.put(a_mail(ref=ref))
    practice.inbox.put(a_mail(ref="2"))
    scan(practice.house())

    found = compared(practice, content=content)

    assert numbers(found) == (3, 3, 0)
    assert (found.copies, found.changed, found.vanished, found.departed) == (1, 0, 0, 0)


def test_what_came_since_is_missing_and_will_be_filed(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    practice.inbox.put(a_mail(ref="2"))

    found = compared(practice)

    assert numbers(found) == (2, 1, 1)
    assert found.stranded == frozenset()


def test_what_no_scan_would_file_is_filed_once_it_is_noted(practice: Practice) -> None:
    for ref in "123":
        practice.inbox.put(a_mail(ref=ref))
    late = practice.inbox.mails.pop(2)
    scan(practice.house())
    # A server that shows a UID late breaks the rules; the letter must still not be lost.
    practice.inbox.mails[2] = late
    assert scan(practice.house()).filed == 0
    found = compared(practice)
    assert found.stranded == {2}

    practice.record.file([], cursor=found.mended, now=EPOCH)

    assert scan(practice.house()).filed == 1
    assert numbers(compared(practice)) == (3, 3, 0)


def test_what_is_withheld_and_what_left_are_told_apart(practice: Practice) -> None:
    for ref in "123":
        practice.inbox.put(a_mail(ref=ref))
    practice.inbox.withheld.add(3)
    scan(practice.house())
    del practice.inbox.mails[1]

    found = compared(practice)

    assert numbers(found) == (2, 1, 1)
    assert (found.withheld, found.departed, found.stranded) == (frozenset({3}), 1, frozenset())


def test_what_came_and_went_is_counted_before_and_after_the_next_scan(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    for ref in "234":
        practice.inbox.put(a_mail(ref=ref))
    del practice.inbox.mails[2], practice.inbox.mails[3]
    assert compared(practice).vanished == 2

    scan(practice.house())

    assert compared(practice).vanished == 2


@pytest.mark.parametrize("sticky", [True, False])
def test_a_folder_that_was_rebuilt_is_known_by_its_bytes(
    practice: Practice, *, sticky: bool
) -> None:
    for ref in "12":
        practice.inbox.put(a_mail(ref=ref))
    scan(practice.house())
    practice.inbox.validity, practice.inbox.sticky = 8, sticky
    practice.inbox.put(a_mail(ref="3"))

    found = compared(practice)

    assert numbers(found) == (3, 2, 1)
    assert found.stranded == frozenset()


def test_bytes_that_changed_on_the_server_show_only_when_compared(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    practice.inbox.put(a_mail(ref="2"))
    scan(practice.house())
    practice.inbox.mails[1], practice.inbox.mails[2] = (
        practice.inbox.mails[2],
        practice.inbox.mails[1],
    )
    swapped = {1: practice.inbox.mails[1].raw, 2: practice.inbox.mails[2].raw}
    assert swapped[1] != swapped[2]
    for uid in (1, 2):
        one = practice.inbox.mails[uid]
        practice.inbox.mails[uid] = type(one)(uid=uid, raw=one.raw, received=one.received)

    assert compared(practice).changed == 0
    assert compared(practice, content=True).changed == 2


def test_a_planted_place_keeps_no_letter_out(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    place = Location(account=account_of(practice.settings), folder="", validity=0, uid=77)
    (item,) = practice.record.tasks("review")
    practice.record._db.execute(
        "INSERT INTO location VALUES (?, '', 0, 77, ?, ?)", (place.account, item, item)
    )

    assert practice.record.item_at(place) is None


# --- further folders, and Gmail's ------------------------------------------------------------


@pytest.fixture
def gmail(practice: Practice) -> Practice:
    practice.folders = (*FOLDERS, ALL)
    practice.server.boxes[ALL.name] = Box()
    return practice


def number(count: int, *, draft: bool = False) -> Numbered:
    return Numbered(number=count, sent=False, draft=draft, received=NOON)


def everywhere(gmail: Practice, raw: bytes, told: Numbered, *folders: str) -> None:
    """Gmail shows one message in several folders, under one number."""
    for name in folders:
        uid = gmail.server.boxes[name].put(raw)
        gmail.server.numbered[name, uid] = told


def test_in_all_mail_only_what_no_folder_showed_is_fetched(gmail: Practice) -> None:
    everywhere(gmail, a_mail(ref="1"), number(1), "INBOX", ALL.name)
    everywhere(gmail, a_mail(ref="2"), number(2), ALL.name)
    everywhere(gmail, b"Subject: half a letter\r\n\r\n", number(3, draft=True), ALL.name)

    told = scan(gmail.house())

    # The copy of the reminder in Sent is the second duplicate.
    assert (told.filed, told.duplicates, told.reminded) == (2, 2, 1)
    assert len(gmail.words.read) == 2
    assert scan(gmail.house()).seen == 0
    found = compared(gmail, folder=ALL)
    assert (numbers(found), found.drafts) == ((2, 2, 0), 1)


def test_a_mail_that_is_archived_before_it_is_judged_is_judged_there(gmail: Practice) -> None:
    everywhere(gmail, a_mail(ref="1"), number(1), "INBOX")
    gmail.words = Dead()
    with pytest.raises(UnreachableError):
        scan(gmail.house())
    gmail.words = Words()
    everywhere(gmail, gmail.inbox.mails.pop(1).raw[:], number(1), ALL.name)

    assert scan(gmail.house()).reminded == 1
    assert "judge" not in tasks(gmail.record)


class Dead(Words):
    """A reader whose machine goes down."""

    def start(self, raws: Sequence[bytes | mmap]) -> Callable[[], list[Reading]]:
        raise UnreachableError("the power went")


def test_what_she_sent_lies_in_a_further_folder_as_sent(practice: Practice) -> None:
    practice.folders = (*FOLDERS, Folder(name="Archive", direction="also"))
    practice.server.boxes["Archive"] = Box()
    practice.server.boxes["Archive"].put(a_letter(ref="1"), age=timedelta(days=9))
    practice.server.boxes["Archive"].put(a_mail(ref="2"), age=timedelta(days=9))

    told = scan(practice.house())

    filed = [one.fields["direction"] for one in practice.record.of_kind("filed")]
    assert filed == ["out", "in"]
    assert (told.filed, told.reminded) == (2, 0)
    assert practice.record.latest("wrote", owner=JO.id) is not None


def test_a_mail_moved_to_a_further_folder_is_the_same_item(practice: Practice) -> None:
    practice.folders = (*FOLDERS, Folder(name="Archive", direction="also"))
    practice.server.boxes["Archive"] = Box()
    practice.inbox.put(a_mail(ref="1"))
    assert scan(practice.house()).reminded == 1
    practice.server.boxes["Archive"].put(practice.inbox.mails.pop(1).raw[:])

    told = scan(practice.house())

    assert (told.filed, told.duplicates, told.reminded) == (0, 1, 0)
    (entry,) = [one for one in practice.record.of_kind("filed") if one.fields["direction"] == "in"]
    places = [one.folder for one in practice.record.locations(entry.seq)]
    assert places == ["INBOX", "Archive"]


def test_a_cursor_that_was_noted_meanwhile_is_left_alone(practice: Practice) -> None:
    cursor = Cursor(account=OWN, folder="INBOX", validity=7, uid=3)
    practice.record.file([], cursor=cursor, now=EPOCH)
    practice.record.append([Fact(kind="note")], now=EPOCH)

    assert compared(practice).mended == cursor
