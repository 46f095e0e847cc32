from collections.abc import Callable

import pytest

from guard.errors import RecordError
from guard.record.entry import Fact, Incoming
from guard.record.eraser import erase
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]


def test_shreds_one_owner_and_leaves_the_others(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    mails = [a_mail(b"hers", owners=("c1",)), a_mail(b"theirs", owners=("c1", "c2"))]
    hers, theirs = record.file(mails, cursor=None, now=NOW)
    record.append([Fact(kind="judged", item=hers.item, secret=b"s", owners=("c1",))], now=NOW)

    erase(record, "c1", identity=home.identity, body={"why": "asked"}, now=NOW)

    reader = Reader(record, home.identity)
    with pytest.raises(RecordError, match="erased by your order"):
        reader.raw(hers.item)
    assert reader.raw(theirs.item) == b"theirs"
    assert list(verify(record, identity=home.identity)) == []


def test_a_shredded_owner_who_writes_again_gets_a_new_key(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"old", owners=("c1",))], cursor=None, now=NOW)
    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    [filed] = record.file([a_mail(b"new", owners=("c1",))], cursor=None, now=NOW)

    assert Reader(record, home.identity).raw(filed.item) == b"new"
    assert list(verify(record, identity=home.identity)) == []


def test_what_was_shredded_is_not_filed_again(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"old", owners=("c1",))], cursor=None, now=NOW)
    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    [filed] = record.file([a_mail(b"old", owners=("c1",))], cursor=None, now=NOW)

    assert not filed.new


def test_a_key_that_a_crash_left_is_never_used_again(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"old", owners=("c1",))], cursor=None, now=NOW)
    kept = {path: path.read_bytes() for path in (home.folder / "keys").glob("c1.*")}
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    assert kept
    for path, data in kept.items():
        path.write_bytes(data)

    record.file([a_mail(b"new", owners=("c1",))], cursor=None, now=NOW)

    assert all(path.read_bytes() != data for path, data in kept.items())


def test_a_lost_key_is_not_taken_for_a_shredded_one(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail(b"x", owners=("c1",))], cursor=None, now=NOW)
    for path in (home.folder / "keys").glob("c1.*"):
        path.unlink()

    found = [(finding.what, finding.seq) for finding in verify(record, identity=home.identity)]

    # Both halves of the key are gone, and so is what only they opened.
    assert found == [*[("keys", filed.item - 1)] * 2, ("content", filed.item)]
