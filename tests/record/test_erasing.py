"""An erase order: what it takes out, what it leaves, who may give it, and crashes in between."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from guard.errors import LockedError, RecordBrokenError, RecordError
from guard.record import passphrase
from guard.record.entry import Entry, Fact, Incoming
from guard.record.eraser import complete, erase, finish, insist_orderer, name_orderer, replay
from guard.record.erasures import Erasures
from guard.record.init import create
from guard.record.order import Order, signer, succession, verifier
from guard.record.reading import Reader
from guard.record.schema import STATEMENTS
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine, verify
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]


@pytest.fixture
def filed(record: SqliteRecord, a_mail: MailBuilder) -> list[int]:
    """Three letters: hers alone, of both, another's alone; with what was said of them."""
    mails = [
        a_mail(b"hers", owners=("c1",), opens=("judge",)),
        a_mail(b"of both", owners=("c2", "c1"), opens=("judge",)),
        a_mail(b"another's", owners=("c2",), opens=("judge",)),
    ]
    items = [one.item for one in record.file(mails, cursor=None, now=NOW)]
    record.append(
        [
            Fact(kind="client", owner="c1", secret=b"Jo", owners=("c1",), names=("jo@a.example",)),
            Fact(kind="client", owner="c2", secret=b"Al", owners=("c2",), names=("jo@a.example",)),
            *[
                Fact(kind="judged", item=item, secret=b"because", owners=owners)
                for item, owners in zip(items, [("c1",), ("c2", "c1"), ("c2",)], strict=True)
            ],
        ],
        now=NOW,
    )
    return items


def wrong(record: SqliteRecord, home: Home) -> list[str]:
    return [str(one) for one in verify(record, identity=home.identity)]


def test_it_takes_what_is_hers_alone_and_leaves_the_rest(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    rows = record._db.execute("SELECT seq FROM blob ORDER BY seq").fetchall()
    reader = Reader(record, home.identity)
    assert [seq for (seq,) in rows] == filed[1:]
    assert [reader.raw(item) for item in filed[1:]] == [b"of both", b"another's"]
    assert record.tasks("judge") == filed[1:]
    assert record.owners_named("jo@a.example") == ("c2",)
    assert wrong(record, home) == []


def test_when_the_second_of_two_goes_so_does_what_they_shared(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    erase(record, "c2", identity=home.identity, body={}, now=NOW)

    sealed = record._db.execute("SELECT kind FROM entry WHERE sealed IS NOT NULL").fetchall()
    assert sealed == []
    assert record._db.execute("SELECT COUNT(*) FROM blob").fetchone() == (0,)
    assert record.tasks("judge") == []
    assert wrong(record, home) == []


def test_no_byte_of_what_was_sealed_stays_in_the_file(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    sealed = [entry.sealed for entry in record.entries() if entry.owner == "c1" and entry.sealed]
    gone = [record.blob(filed[0]), *sealed]

    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    left = b"".join(path.read_bytes() for path in home.folder.rglob("*") if path.is_file())
    assert len(gone) == 2
    assert [part for part in gone if part[-32:] in left] == []


def test_further_items_go_too_whoever_they_are_sealed_to(
    record: SqliteRecord, home: Home, filed: list[int], a_mail: MailBuilder
) -> None:
    given, other = record.file([a_mail(b"given to her"), a_mail(b"no")], cursor=None, now=NOW)
    record.append(
        [Fact(kind="judged", item=given.item, secret=b"s", owners=("unsorted",))], now=NOW
    )

    erase(record, "c1", identity=home.identity, body={}, now=NOW, items=[given.item])

    kinds = [entry.kind for entry in record.about(given.item) if entry.sealed is not None]
    assert kinds == []
    assert Reader(record, home.identity).raw(other.item) == b"no"
    assert wrong(record, home) == []


def test_what_could_be_searched_is_deleted(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    (home.folder / "search").mkdir()
    (home.folder / "search" / "unsorted.age").write_bytes(b"words")

    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    assert not (home.folder / "search").exists()


def test_a_rescan_does_not_file_it_again(
    record: SqliteRecord, home: Home, filed: list[int], a_mail: MailBuilder
) -> None:
    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    [again] = record.file([a_mail(b"hers", owners=("unsorted",))], cursor=None, now=NOW)

    assert (again.new, again.item) == (False, filed[0])


def test_a_hold_beats_the_order(record: SqliteRecord, home: Home, filed: list[int]) -> None:
    record.append([Fact(kind="held", owner="c1")], now=NOW)
    size = record.size()

    with pytest.raises(RecordError, match="legal hold"):
        erase(record, "c1", identity=home.identity, body={}, now=NOW)

    assert record.size() == size
    assert Reader(record, home.identity).raw(filed[0]) == b"hers"
    record.append([Fact(kind="released", owner="c1")], now=NOW)
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    assert wrong(record, home) == []


def test_nobody_else_may_order(record: SqliteRecord, filed: list[int]) -> None:
    size = record.size()

    with pytest.raises(LockedError):
        erase(record, "c1", identity=Identity.make(), body={}, now=NOW)

    assert record.size() == size
    assert record.keys.recipient("c1")


def test_what_belongs_to_nobody_is_nobodys_to_erase(record: SqliteRecord, home: Home) -> None:
    with pytest.raises(ValueError, match="nobody"):
        erase(record, "unsorted", identity=home.identity, body={}, now=NOW)


def judged(record: SqliteRecord, item: int) -> int:
    [seq] = [entry.seq for entry in record.about(item) if entry.kind == "judged"]
    return seq


def forge(record: SqliteRecord, note: str, item: int) -> None:
    """What a thief of the scanner's key can do."""
    with record.writing(NOW) as batch:
        batch.add("shredded", {"owner": "c1", "order": note, "body": {}})
        record._db.execute("UPDATE entry SET sealed = NULL WHERE item = ?", (item,))
        record._db.execute("DELETE FROM blob WHERE seq = ?", (item,))


@pytest.mark.parametrize("whose", ["a stranger's", "nobody's", "the scanner's"])
def test_a_forged_order_covers_nothing(
    record: SqliteRecord, home: Home, filed: list[int], whose: str
) -> None:
    origin = record.verifier().name
    text = Order(origin=origin, size=record.size(), owner="c1").encode()
    assert record._scanner is not None
    notes = {
        "a stranger's": signer(Identity.make(), origin).sign(text),
        "nobody's": text,
        "the scanner's": record._scanner.signer.sign(text),
    }

    forge(record, notes[whose], filed[0])

    found = [(one.what, one.seq) for one in verify(record)]
    assert ("order", record.size() - 1) in found
    assert ("blob", filed[0]) in found
    assert ("sealed", judged(record, filed[0])) in found
    assert Reader(record, home.identity).raw(filed[2]) == b"another's"


def test_an_old_order_filed_again_covers_nothing_new(
    record: SqliteRecord, home: Home, filed: list[int], a_mail: MailBuilder
) -> None:
    seq = erase(record, "c1", identity=home.identity, body={}, now=NOW)
    order = record.entry(seq).fields["order"]
    [new] = record.file([a_mail(b"new", owners=("c1",))], cursor=None, now=NOW)

    with record.writing(NOW) as batch:
        batch.add("shredded", {"owner": "c1", "order": order, "body": {}})
    finish(record)

    assert Reader(record, home.identity).raw(new.item) == b"new"
    assert wrong(record, home) == []


def test_a_crash_before_the_key_is_destroyed_is_mended(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    kept = {path: path.read_bytes() for path in (home.folder / "keys").glob("c1.*")}
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    for path, data in kept.items():
        path.write_bytes(data)

    finish(record)

    assert list((home.folder / "keys").glob("c1.*")) == []


def test_a_crash_in_the_middle_of_the_key_is_mended(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    secret = home.folder / "keys" / "c1.age"
    data = secret.read_bytes()
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    secret.write_bytes(data)

    finish(record)

    assert not secret.exists()


def test_finishing_spares_the_key_of_one_who_came_back(
    record: SqliteRecord, home: Home, filed: list[int], a_mail: MailBuilder
) -> None:
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    [new] = record.file([a_mail(b"new", owners=("c1",))], cursor=None, now=NOW)

    finish(record)

    assert Reader(record, home.identity).raw(new.item) == b"new"


def test_a_restored_record_is_erased_again_from_its_newer_copy(
    home: Home, tmp_path: Path, record: SqliteRecord, filed: list[int], a_mail: MailBuilder
) -> None:
    old = home.copy(tmp_path / "old")
    record.file([a_mail(b"more", owners=("c3",))], cursor=None, now=NOW)
    order = record.entry(erase(record, "c1", identity=home.identity, body={"n": 1}, now=NOW + 9))

    with old.open() as restored:
        assert replay(restored, order)
        assert not replay(restored, order)
        with pytest.raises(RecordError, match="erased"):
            Reader(restored, home.identity).raw(filed[0])
        assert list(verify(restored, identity=home.identity)) == []
        assert restored.latest("shredded").data == {"n": 1, "again": True}  # type: ignore[union-attr]  # it is there


def test_an_order_for_another_record_is_not_carried_out(
    record: SqliteRecord, home: Home, filed: list[int], tmp_path: Path
) -> None:
    recovery = create(
        tmp_path / "other",
        passphrase="p",
        executor=None,
        random=os.urandom,
        work=passphrase.CHEAPEST,
    )
    with SqliteRecord.open(tmp_path / "other") as other:
        other.key_owner("c1", now=NOW)
        seq = erase(other, "c1", identity=Identity.decode(recovery), body={}, now=NOW)
        order = other.entry(seq)

    with pytest.raises(RecordBrokenError):
        replay(record, order)

    assert Reader(record, home.identity).raw(filed[0]) == b"hers"


def test_a_successor_orders_and_the_old_key_no_longer_does(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    successor = Identity.make()

    with record.writing(NOW) as batch:
        name_orderer(record, batch, successor, home.identity)

    with pytest.raises(LockedError):
        erase(record, "c1", identity=home.identity, body={}, now=NOW)
    erase(record, "c1", identity=successor, body={}, now=NOW)
    assert wrong(record, home) == []


def test_nobody_names_themselves_the_orderer(record: SqliteRecord, home: Home) -> None:
    thief, origin = Identity.make(), record.verifier().name
    text = succession(origin, verifier(thief, origin))

    with pytest.raises(LockedError), record.writing(NOW) as batch:
        insist_orderer(record, batch, thief)
    with record.writing(NOW) as batch:
        batch.add("orderer", {"order": signer(thief, origin).sign(text)})

    assert [(one.what, one.seq) for one in verify(record)] == [("order", record.size() - 1)]
    assert record.erasures().orderer == verifier(home.identity, origin)


def test_the_tables_let_nothing_be_taken_without_an_order(
    record: SqliteRecord, filed: list[int]
) -> None:
    for statement in (
        "UPDATE entry SET sealed = NULL",
        "DELETE FROM blob",
        "DELETE FROM entry",
        "UPDATE blob SET ct = x''",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            record._db.execute(statement)


def test_under_an_order_nothing_but_sealed_bytes_may_go(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    for statement in (
        "UPDATE entry SET body = x''",
        "UPDATE entry SET sealed = x'00'",
        "UPDATE entry SET owner = NULL, sealed = NULL",
        "DELETE FROM entry",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            record._db.execute(statement)


def test_what_is_taken_beside_the_order_is_found(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    record._db.execute("DELETE FROM blob WHERE seq = ?", (filed[2],))
    seq = judged(record, filed[1])
    record._db.execute("UPDATE entry SET sealed = NULL WHERE seq = ?", (seq,))

    assert [(one.what, one.seq) for one in verify(record)] == [
        ("blob", filed[2]),
        ("sealed", seq),
    ]


def test_what_an_order_took_and_is_here_all_the_same_is_found_and_can_be_completed(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    message = record._db.execute("SELECT * FROM blob WHERE seq = ?", (filed[0],)).fetchone()
    [said] = [one for one in record.about(filed[0]) if one.kind == "judged"]
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    # As an older guard leaves it that shares the database, or a copy of the files put back.
    [(trigger,)] = record._db.execute("SELECT sql FROM sqlite_master WHERE name = 'entry_update'")
    record._db.execute("DROP TRIGGER entry_update")
    record._db.execute("INSERT INTO blob VALUES (?, ?)", message)
    record._db.execute("UPDATE entry SET sealed = ? WHERE seq = ?", (said.sealed, said.seq))
    record._db.execute(trigger)

    assert [(one.what, one.seq) for one in verify(record)] == [
        ("erased", filed[0]),
        ("erased", said.seq),
    ]
    size = record.size()

    assert complete(record, "c1", now=NOW) == 1
    assert complete(record, "c1", now=NOW) == 0

    assert (record.size(), wrong(record, home)) == (size, [])


def test_what_waits_because_of_a_letter_that_was_left_behind_waits_no_more(
    record: SqliteRecord, home: Home, filed: list[int]
) -> None:
    with record.writing(NOW) as batch:
        origin = insist_orderer(record, batch, home.identity)
        order = Order(origin=origin, size=batch.size, owner="c1", items=(filed[2],))
        note = signer(home.identity, origin).sign(order.encode())
        batch.add("shredded", {"owner": "c1", "body": {}, "order": note})
    finish(record)
    assert {one.what for one in verify(record)} == {"erased"}

    assert complete(record, "c1", now=NOW) == 2

    assert record.tasks("judge") == [filed[1]]
    assert wrong(record, home) == []


def test_a_record_older_than_orders_takes_whoever_unlocks_it_first(
    home: Home, filed: list[int], record: SqliteRecord, a_mail: MailBuilder
) -> None:
    record.close()
    strip_orderer(home.folder)
    with home.open() as old:
        [one] = old.file([a_mail(b"x", owners=("c9",))], cursor=None, now=NOW)

        erase(old, "c9", identity=home.identity, body={}, now=NOW)

        assert old.latest("orderer") is not None
        with pytest.raises(RecordError, match="erased"):
            Reader(old, home.identity).raw(one.item)
        with pytest.raises(LockedError):
            erase(old, "c2", identity=Identity.make(), body={}, now=NOW)
    assert {one.what for one in examine(home.folder)} <= {"root", "body"}


def strip_orderer(folder: Path) -> None:
    """Take the key for orders out of entry 0, as if an older guard had made the record."""
    with closing(sqlite3.connect(folder / "record.db", isolation_level=None)) as db:
        db.execute("DROP TRIGGER entry_update")
        (body,) = db.execute("SELECT CAST(body AS TEXT) FROM entry WHERE seq = 0").fetchone()
        start = body.index('"orders":')
        end = body.index(",", start) + 1
        changed = (body[:start] + body[end:]).encode()
        db.execute("UPDATE entry SET body = ? WHERE seq = 0", (changed,))
        db.execute(next(one for one in STATEMENTS if "TRIGGER entry_update" in one))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "guard erase order v1\na\n1\nc1\n-",
        "guard erase order v1\na\n01\nc1\n-\n",
        "x\n" * 6,
    ],
)
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"order|invalid literal"):
        Order.decode(text)


@pytest.mark.parametrize("items", [(), (3,), (3, 17)])
def test_an_order_is_read_as_it_was_written(items: tuple[int, ...]) -> None:
    order = Order(origin="guard-record/ab", size=40, owner="c1", items=items)

    assert Order.decode(order.encode()) == order


def test_no_entry_makes_the_rule_of_erasing_raise(record: SqliteRecord) -> None:
    odd = [record.entry(0), *(fake(number, body) for number, body in enumerate(ODD, start=1))]

    assert Erasures(odd).forged == list(range(1, len(ODD) + 1))


ODD = [b"[]", b"{}", b"nonsense", b'{"order":7,"owner":"c"}', b'{"order":"x","owner":[]}']


def fake(seq: int, body: bytes) -> Entry:
    return Entry(
        seq=seq, kind="shredded", item=None, owner=None, at=0, body=body, sealed=None, leaf=b""
    )
