import json
import sqlite3
from collections.abc import Callable

import pytest

from guard.errors import RecordBrokenError, RecordError
from guard.record.entry import Cursor, Fact, Filed, Incoming, Location
from guard.record.sqlite import SqliteRecord
from guard.record.verify import Examination, verify
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]


def test_files_each_content_once(record: SqliteRecord, a_mail: MailBuilder) -> None:
    first = record.file([a_mail(b"one"), a_mail(b"two")], cursor=None, now=NOW)
    second = record.file([a_mail(b"two"), a_mail(b"one")], cursor=None, now=NOW)

    assert [filed.new for filed in first] == [True, True]
    assert second == [Filed(item=filed.item, new=False) for filed in reversed(first)]


def test_adds_nothing_when_nothing_is_new(record: SqliteRecord, a_mail: MailBuilder) -> None:
    cursor = Cursor(account="a", folder="INBOX", validity=1, uid=5)
    record.file([a_mail()], cursor=cursor, now=NOW)
    head = record.head()

    record.file([a_mail()], cursor=cursor, now=NOW + 1)

    assert record.head() == head


def test_the_same_twice_in_one_batch_is_one_item(
    record: SqliteRecord, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    mails = [a_mail(b"same", a_place(1)), a_mail(b"same", a_place(2))]

    first, second = record.file(mails, cursor=None, now=NOW)

    assert (first.item, first.new, second.new) == (second.item, True, False)
    assert record.locations(first.item) == [a_place(1), a_place(2)]


def test_a_moved_message_is_the_same_item_with_one_more_location(
    record: SqliteRecord, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    [filed] = record.file([a_mail(b"x", a_place(1, "Junk"))], cursor=None, now=NOW)
    record.file([a_mail(b"x", a_place(9, "INBOX"))], cursor=None, now=NOW)

    assert record.locations(filed.item) == [a_place(1, "Junk"), a_place(9, "INBOX")]
    assert [entry.kind for entry in record.about(filed.item)] == ["filed", "again"]


def test_one_content_in_two_accounts_is_two_items(
    record: SqliteRecord, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    mails = [a_mail(b"x", a_place(account="a")), a_mail(b"x", a_place(account="b"))]

    assert all(filed.new for filed in record.file(mails, cursor=None, now=NOW))


def test_other_bytes_at_a_known_location_are_filed_too(
    record: SqliteRecord, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    mails = [a_mail(b"draft", a_place(3)), a_mail(b"draft, changed", a_place(3))]

    first, second = record.file(mails, cursor=None, now=NOW)

    assert second.new
    assert record.locations(first.item) == record.locations(second.item) == [a_place(3)]


@pytest.mark.parametrize("raw", [b"", b"\0", b"\r\n" * 3, bytes(range(256)), b"x" * 3_000_000])
def test_files_any_bytes_whatever_they_are(
    record: SqliteRecord, a_mail: MailBuilder, raw: bytes
) -> None:
    [filed] = record.file([a_mail(raw)], cursor=None, now=NOW)

    assert filed.new
    assert list(verify(record)) == []


def test_remembers_how_far_a_folder_was_read(record: SqliteRecord, a_mail: MailBuilder) -> None:
    first = Cursor(account="a", folder="INBOX", validity=1, uid=5, missing=(3, 4))
    other = Cursor(account="a", folder="Sent", validity=2, uid=9)
    later = Cursor(account="a", folder="INBOX", validity=1, uid=6)

    record.file([a_mail()], cursor=first, now=NOW)
    record.file([], cursor=other, now=NOW)
    assert record.cursor("a", "INBOX") == first
    record.file([], cursor=later, now=NOW)

    assert (record.cursor("a", "INBOX"), record.cursor("a", "Sent")) == (later, other)
    assert record.cursor("b", "INBOX") is None


def test_a_failed_batch_leaves_nothing_behind(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"before", owners=("c1",))], cursor=None, now=NOW)
    head = record.head()
    (home.folder / "keys" / "c1.pub").unlink()
    cursor = Cursor(account="a", folder="INBOX", validity=1, uid=5)

    with pytest.raises(RecordError, match="not in keys/"):
        record.file([a_mail(b"good"), a_mail(b"bad", owners=("c1",))], cursor=cursor, now=NOW)

    assert record.head() == head
    assert record.cursor("a", "INBOX") is None


def test_tasks_wait_on_items_until_they_are_closed(
    record: SqliteRecord, a_mail: MailBuilder
) -> None:
    filed = record.file(
        [a_mail(b"1", opens=("judge",)), a_mail(b"2", opens=("judge",)), a_mail(b"3")],
        cursor=None,
        now=NOW,
    )
    one, two, three = (mail.item for mail in filed)
    assert record.tasks("judge") == [one, two]

    record.append(
        [
            Fact(kind="judged", item=one, closes=("judge",), opens=("review",)),
            Fact(kind="noticed", item=three, opens=("judge",)),
        ],
        now=NOW,
    )

    assert record.tasks("judge") == [two, three]
    assert record.tasks("review") == [one]
    assert record.tasks("unheard-of") == []


def test_the_latest_entry_is_found_by_kind_item_and_owner(
    record: SqliteRecord, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail()], cursor=None, now=NOW)
    facts = [
        Fact(kind="judged", item=filed.item, body={"label": "therapy"}),
        Fact(kind="judged", item=filed.item, body={"label": "other"}),
        Fact(kind="judged", owner="c1", body={"label": "scheduling"}),
    ]
    numbers = record.append(facts, now=NOW + 5)

    by_item = record.latest("judged", item=filed.item)
    by_owner = record.latest("judged", owner="c1")
    by_kind = record.latest("judged")
    assert by_item is not None
    assert by_owner is not None
    assert by_kind is not None
    assert (by_item.seq, by_item.data, by_item.at) == (numbers[1], {"label": "other"}, NOW + 5)
    assert by_owner.seq == by_kind.seq == numbers[2]
    assert record.latest("judged", item=filed.item, owner="c1") is None


def test_owners_are_found_by_names_that_the_file_does_not_hold(
    record: SqliteRecord, home: Home
) -> None:
    name = "jo.bloggs@example.org"
    record.append(
        [
            Fact(kind="client", owner="c2", names=(name, "other@example.org")),
            Fact(kind="client", owner="c1", names=(name,)),
        ],
        now=NOW,
    )
    assert record.owners_named(name) == ("c1", "c2")

    record.append([Fact(kind="client", owner="c2", unnames=(name,))], now=NOW)

    assert record.owners_named(name) == ("c1",)
    assert record.owners_named("other@example.org") == ("c2",)
    assert b"bloggs" not in (home.folder / "record.db").read_bytes()


def test_a_fact_about_no_item_is_refused(record: SqliteRecord) -> None:
    with pytest.raises(ValueError, match="no such item"):
        record.append([Fact(kind="judged", item=1)], now=NOW)


def test_time_never_runs_back_and_the_entry_says_when_the_clock_did(
    record: SqliteRecord, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"1")], cursor=None, now=NOW + 100)
    [filed] = record.file([a_mail(b"2")], cursor=None, now=NOW)

    entry = record.entry(filed.item)
    assert (entry.at, entry.fields["clock"]) == (NOW + 100, NOW)


def test_a_planted_content_row_keeps_no_mail_out(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    [known] = record.file([a_mail(b"known")], cursor=None, now=NOW)
    scanner = record._scanner
    assert scanner is not None
    mac = scanner.content("a@practice.example", b"victim")
    with sqlite3.connect(home.folder / "record.db") as db:
        db.execute("INSERT INTO content VALUES (?, ?)", (mac, known.item))
    db.close()

    [filed] = record.file([a_mail(b"victim")], cursor=None, now=NOW)

    assert filed.new


def test_a_planted_cursor_skips_no_mail(record: SqliteRecord, home: Home) -> None:
    record.file([], cursor=Cursor(account="a", folder="b", validity=1, uid=5), now=NOW)
    with sqlite3.connect(home.folder / "record.db") as db:
        db.execute("UPDATE cursor SET uid = 900")
        db.execute("INSERT INTO cursor VALUES ('a', 'INBOX', 1, 900, '', 2)")
        db.execute("INSERT INTO cursor VALUES ('a', 'Junk', 1, 900, '', 99)")
    db.close()

    assert record.cursor("a", "b") == Cursor(account="a", folder="b", validity=1, uid=5)
    assert record.cursor("a", "INBOX") is None
    assert record.cursor("a", "Junk") is None


def test_a_swapped_public_key_is_noticed_before_anything_is_sealed_to_it(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    thief = (home.folder / "keys" / "unsorted.pub").read_text()
    record.file([a_mail(b"1", owners=("c1",))], cursor=None, now=NOW)
    (home.folder / "keys" / "c1.pub").write_text(thief)

    with pytest.raises(RecordBrokenError, match="not the one in the record"):
        record.file([a_mail(b"2", owners=("c1",))], cursor=None, now=NOW)


def test_rebuild_restores_what_verify_misses(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"1", opens=("judge",))], cursor=None, now=NOW)
    record.append([Fact(kind="client", owner="c1", names=("x",))], now=NOW)
    with sqlite3.connect(home.folder / "record.db") as db:
        for table in ("location", "content", "task", "name"):
            db.execute(f"DELETE FROM {table}")
        db.execute("INSERT INTO task VALUES ('planted', 2, 2)")
    db.close()
    assert len(list(verify(record))) == 5

    record.rebuild()

    assert list(verify(record)) == []
    assert record.owners_named("x") == ("c1",)


def test_what_is_filed_is_read_back_in_order(record: SqliteRecord, a_mail: MailBuilder) -> None:
    mails = [a_mail(b"%d" % number) for number in range(600)]
    record.file(mails, cursor=None, now=NOW)

    numbers = [entry.seq for entry in record.entries(since=2)]

    assert numbers == list(range(2, 602))
    assert record.size() == 602


def test_what_is_not_there_is_a_clear_error(record: SqliteRecord) -> None:
    with pytest.raises(RecordError, match="no entry 77"):
        record.entry(77)
    with pytest.raises(RecordBrokenError, match="holds no message"):
        record.blob(0)


def test_no_word_of_a_mail_stands_in_the_folder(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail(b"Subject: Xylophone\r\n\r\nquokka")], cursor=None, now=NOW)
    record.append(
        [Fact(kind="judged", item=filed.item, secret=b"zeppelin", owners=("unsorted",))], now=NOW
    )

    held = b"".join(path.read_bytes() for path in home.folder.rglob("*") if path.is_file())

    for word in (b"Xylophone", b"quokka", b"zeppelin", b"AGE-SECRET-KEY"):
        assert word not in held


def test_the_public_body_says_what_format_md_says(
    record: SqliteRecord, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail(b"raw", opens=("judge",))], cursor=None, now=NOW)
    fields = json.loads(record.entry(filed.item).body)

    assert {name: fields[name] for name in ("at", "direction", "kind", "size", "owners")} == {
        "at": NOW,
        "direction": "in",
        "kind": "filed",
        "size": 3,
        "owners": ["unsorted"],
    }
    assert sorted(fields) == [
        "at", "blob", "commitment", "content", "direction", "item", "kind", "locations",
        "opens", "owner", "owners", "received", "seq", "size",
    ]  # fmt: skip


def test_a_damaged_signing_key_adds_nothing_and_is_named(home: Home, a_mail: MailBuilder) -> None:
    path = home.folder / "scanner.key"
    head, signing, codes = path.read_text().splitlines()
    # Any 32 bytes are a seed: only its public half, whose hash stands beside it, tells.
    other = "A" if signing[-4] != "A" else "B"
    path.write_text(f"{head}\n{signing[:-4]}{other}{signing[-3:]}\n{codes}\n")
    with home.open() as record:
        before = record.size()
        with pytest.raises(RecordError, match=r"scanner\.key is missing or damaged") as caught:
            record.file([a_mail(b"x")], cursor=None, now=NOW)
        assert record.size() == before
    assert "backup" in caught.value.hint
    look = Examination(home.folder)
    assert list(look.findings()) == []
    assert not look.remember()
