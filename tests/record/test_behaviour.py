"""What a record does, whatever holds it: the same tests on every store."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from guard.errors import RecordBrokenError, RecordError
from guard.record import rekey
from guard.record.entry import Cursor, Fact, Filed, Incoming, Location, Sighting
from guard.record.eraser import erase
from guard.record.ledger import Record
from guard.record.moving import move
from guard.record.passphrase import CHEAPEST
from guard.record.readers import change_readers
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine, verify
from tests.record.conftest import NOW, PASSPHRASE
from tests.record.place import Place

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]


@pytest.fixture
def record(place: Place) -> Iterator[Record]:
    with place.open() as opened:
        yield opened


def test_it_files_each_content_once_and_opens_it_again(
    place: Place, record: Record, a_mail: MailBuilder
) -> None:
    first = record.file([a_mail(b"one"), a_mail(b"two")], cursor=None, now=NOW)
    second = record.file([a_mail(b"two"), a_mail(b"one")], cursor=None, now=NOW)

    assert second == [Filed(item=one.item, new=False) for one in reversed(first)]
    reader = Reader(record, place.home.identity)
    assert [reader.raw(one.item) for one in first] == [b"one", b"two"]
    assert place.wrong() == []


@pytest.mark.parametrize("raw", [b"", b"\0", bytes(range(256)), b"x" * 5_000_000])
def test_any_bytes_come_back(
    place: Place, record: Record, a_mail: MailBuilder, raw: bytes
) -> None:
    [filed] = record.file([a_mail(raw)], cursor=None, now=NOW)

    assert Reader(record, place.home.identity).raw(filed.item) == raw
    assert list(verify(record)) == []


def test_a_moved_message_is_the_same_item_with_one_more_location(
    record: Record, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    [filed] = record.file([a_mail(b"x", a_place(1, "Junk"))], cursor=None, now=NOW)
    record.file([a_mail(b"x", a_place(9))], cursor=None, now=NOW)
    seen = Sighting(
        item=filed.item, locations=(a_place(3, "Zoë & Co"),), direction="in", received=NOW
    )
    record.sight([seen, seen], now=NOW)

    assert record.locations(filed.item) == [a_place(1, "Junk"), a_place(9), a_place(3, "Zoë & Co")]
    assert [entry.kind for entry in record.about(filed.item)] == ["filed", "again", "again"]
    assert record.item_at(a_place(9)) == filed.item
    assert record.shown(a_place().account, "INBOX", 7) == {9: filed.item}
    assert record.holding(a_place().account, b"x") == filed.item
    assert list(verify(record)) == []


def test_it_remembers_how_far_a_folder_was_read(place: Place, record: Record) -> None:
    first = Cursor(account="a", folder="INBOX", validity=1, uid=5, missing=(3, 4))
    later = Cursor(account="a", folder="INBOX", validity=2**62, uid=6)

    for one in (first, later):
        record.file([], cursor=one, now=NOW)
        size = record.size()
        record.file([], cursor=one, now=NOW)
        assert record.size() == size

    with place.open(readonly=True) as again:
        assert again.cursor("a", "INBOX") == later
        assert again.cursor("b", "INBOX") is None


def test_tasks_names_and_facts_follow_the_entries(
    place: Place, record: Record, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail(owners=("c1",), opens=("judge", "look"))], cursor=None, now=NOW)
    [seq] = record.append(
        [
            Fact(
                kind="judged",
                item=filed.item,
                owner="c1",
                body={"label": "therapy"},
                secret=b"why",
                owners=("c1",),
                closes=("judge",),
                names=("a@example.org",),
            )
        ],
        now=NOW + 1,
    )

    assert (record.tasks("judge"), record.tasks("look")) == ([], [filed.item])
    assert record.owners_named("a@example.org") == ("c1",)
    assert record.owners_named("b@example.org") == ()
    assert Reader(record, place.home.identity).secret(seq) == b"why"
    newest = record.latest("judged", owner="c1")
    assert newest == record.entry(seq) == record.of_kind("judged", since=NOW + 1)[0]
    assert record.keyed_owners() == ["c1", "unsorted"]
    assert record.keys.owners() == ("c1", "unsorted")
    record.rebuild()
    assert place.wrong() == []


def test_what_was_filed_since_a_time_is_told_whole_and_nothing_older(record: Record) -> None:
    for at in (1, 2, 2, 3):
        facts = [Fact(kind=kind, owner=owner) for kind in ("said", "done") for owner in ("a", "b")]
        record.append(facts, now=NOW + at)

    def times(since: int, owner: str | None = None) -> list[int]:
        return [one.at - NOW for one in record.of_kind("said", owner=owner, since=NOW + since)]

    assert times(0, "a") == times(1, "a") == [1, 2, 2, 3]
    assert times(2, "b") == [2, 2, 3]
    assert times(3) == [3, 3]
    assert times(4) == times(4, "b") == times(1, "c") == []


def test_what_is_asked_in_one_moment_is_as_of_then(record: Record) -> None:
    record.append([Fact(kind="said", owner="a")], now=NOW)

    with record.moment():
        assert len(record.of_kind("said")) == 1
        assert record.latest("said", owner="a") is not None
    record.append([Fact(kind="said", owner="a")], now=NOW)

    assert len(record.of_kind("said")) == 2


def test_a_failed_batch_leaves_nothing_behind(record: Record, a_mail: MailBuilder) -> None:
    record.file([a_mail(b"before")], cursor=None, now=NOW)
    head, nowhere = record.head(), Fact(kind="judged", item=99_999)

    with pytest.raises(ValueError, match="no such item"):
        record.append(
            [Fact(kind="noted", owner="new", secret=b"s", owners=("new",)), nowhere], now=NOW
        )

    assert record.head() == head
    assert record.file([a_mail(b"after", owners=("new",))], cursor=None, now=NOW)[0].new
    assert list(verify(record)) == []


def test_a_key_that_was_lost_stops_the_filing(record: Record, a_mail: MailBuilder) -> None:
    record.file([a_mail(owners=("c1",))], cursor=None, now=NOW)
    record.keys.destroy("c1")

    with pytest.raises(RecordError, match="not in keys/"):
        record.file([a_mail(b"other", owners=("c1",))], cursor=None, now=NOW)


def test_what_she_erases_is_gone_and_the_log_still_verifies(
    place: Place, record: Record, a_mail: MailBuilder
) -> None:
    mails = [a_mail(b"hers", owners=("c1",)), a_mail(b"both", owners=("c1", "c2"))]
    hers, both = record.file(mails, cursor=None, now=NOW)
    record.append([Fact(kind="noted", owner="c1", names=("a@example.org",))], now=NOW)

    erase(record, "c1", identity=place.home.identity, body={}, now=NOW + 1)

    reader = Reader(record, place.home.identity)
    with pytest.raises(RecordBrokenError, match="holds no message"):
        record.blob(hers.item)
    assert reader.raw(both.item) == b"both"
    assert record.owners_named("a@example.org") == ()
    assert not record.keys.has_any("c1")
    assert not record.file([a_mail(b"hers", owners=("c1",))], cursor=None, now=NOW)[0].new
    record.file([a_mail(b"later", owners=("c1",))], cursor=None, now=NOW)
    assert place.wrong() == []


def test_another_executor_can_read_as_well_as_she(
    place: Place, record: Record, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail(b"raw", owners=("c1",))], cursor=None, now=NOW)
    executor = Identity.make()
    recipients = (place.home.identity.recipient, executor.recipient)
    change = rekey.Change(identity=place.home.identity, recipients=recipients, files={})

    change_readers(record, change, now=NOW)

    assert record.keys.masters() == recipients
    assert Reader(record, executor).raw(filed.item) == b"raw"
    record.keys.store_identity(executor, "theirs", random=os.urandom, work=CHEAPEST)
    assert record.keys.unlock("theirs").recipient == executor.recipient
    assert record.keys.unlock(PASSPHRASE).recipient == place.home.identity.recipient
    assert place.wrong() == []


def test_what_is_only_read_cannot_be_added_to(place: Place, a_mail: MailBuilder) -> None:
    with place.open(readonly=True) as reading, pytest.raises(RecordError, match="read only"):
        reading.file([a_mail()], cursor=None, now=NOW)


def test_a_record_moved_there_and_back_has_the_same_root(
    place: Place, record: Record, a_mail: MailBuilder, a_place: PlaceBuilder, tmp_path: Path
) -> None:
    for start in range(0, 40, 8):
        record.file(
            [a_mail(b"%d" % uid, a_place(uid), owners=(f"c{uid % 3}",))
             for uid in range(start, start + 8)],
            cursor=None, now=NOW,
        )  # fmt: skip
    back = tmp_path / "back"
    back.mkdir()
    for name in ("scanner.key", "vkey.txt"):
        shutil.copy(place.home.folder / name, back / name)

    with SqliteRecord.blank(back) as target:
        stopped = partial(_stop_after, 1)
        with pytest.raises(KeyboardInterrupt):
            move(record, target, now=NOW, progress=stopped)
        move(record, target, now=NOW)
        erase(record, "c1", identity=place.home.identity, body={}, now=NOW)
        move(record, target, now=NOW)
        assert move(record, target, now=NOW) == 0

        assert target.head() == record.head()
        assert [one.body for one in target.entries()] == [one.body for one in record.entries()]
    assert list(examine(back, identity=place.home.identity)) == []


def test_two_records_that_went_apart_are_never_joined(
    place: Place, record: Record, a_mail: MailBuilder, tmp_path: Path
) -> None:
    back = tmp_path / "back"
    back.mkdir()
    for name in ("scanner.key", "vkey.txt"):
        shutil.copy(place.home.folder / name, back / name)
    with SqliteRecord.blank(back) as target:
        move(record, target, now=NOW)
        target.file([a_mail(b"there")], cursor=None, now=NOW)
        record.file([a_mail(b"here")], cursor=None, now=NOW)

        with pytest.raises(RecordError, match="not the beginning"):
            move(record, target, now=NOW)


# Five times a child files everything until it is ended on the spot, then one may finish. It is
# forked, because starting Python anew would cost more than all the filing.
RACER = """
import os, random, signal, sys
from guard.errors import TransientError
from guard.record.entry import Cursor, Incoming, Location
from tests.record.place import opened
import boto3, psycopg

seed, words = random.Random(int(sys.argv[1])), sys.argv[2:]
uids = list(range(1, 61))

def mail(uid):
    place = Location(account="a", folder="INBOX", validity=1, uid=uid)
    return Incoming(raw=b"mail %d " % uid * 300, locations=(place,), owners=(f"c{uid % 5}",),
                    direction="in", received=0, opens=("judge",))

def file(limit):
    with opened(words) as record:
        # The default action of this signal ends the process on the spot.
        signal.setitimer(signal.ITIMER_REAL, limit)
        for start in range(0, 60, 6):
            some = uids[start : start + 6]
            cursor = Cursor(account="a", folder="INBOX", validity=1, uid=start + 6)
            try:
                record.file([mail(uid) for uid in some], cursor=cursor, now=start)
            except TransientError:
                continue

kills = 0
for turn in range(6):
    seed.shuffle(uids)
    child = os.fork()
    if not child:
        file(seed.uniform(0.001, 0.3) if turn < 5 else 0)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    kills += os.WIFSIGNALED(status)
    assert turn < 5 or status == 0, status
print(kills)
"""


def test_eight_racing_scanners_killed_forty_times_file_each_mail_exactly_once(
    place: Place,
) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(seed), *place.words],
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(8)
    ]
    told = [racer.communicate()[0] for racer in racers]

    assert [racer.returncode for racer in racers] == [0] * 8
    assert sum(map(int, told)) >= 8
    assert place.filed_uids() == list(range(1, 61))
    assert place.wrong() == []


def _stop_after(_most: int, _count: int) -> None:
    raise KeyboardInterrupt
