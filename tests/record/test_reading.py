from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.errors import LockedError, RecordError
from guard.record.entry import Fact, Incoming, Location
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(raws=st.lists(st.binary(), min_size=1, max_size=5))
def test_every_message_comes_back_byte_for_byte(
    record: SqliteRecord,
    home: Home,
    a_mail: MailBuilder,
    a_place: Callable[..., Location],
    raws: list[bytes],
) -> None:
    mails = [a_mail(raw, a_place(uid)) for uid, raw in enumerate(raws)]
    filed = record.file(mails, cursor=None, now=NOW)
    reader = Reader(record, home.identity)

    assert [reader.raw(mail.item) for mail in filed] == raws


def test_every_owner_alone_is_enough(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    [filed] = record.file([a_mail(b"x", owners=("c1", "c2"))], cursor=None, now=NOW)
    record.keys.destroy("c1")

    assert Reader(record, home.identity).raw(filed.item) == b"x"


def test_a_secret_is_read_and_a_public_fact_has_none(record: SqliteRecord, home: Home) -> None:
    facts = [Fact(kind="a", secret=b"s", owners=("c1",)), Fact(kind="b", owner="c1")]
    secret, public = record.append(facts, now=NOW)
    reader = Reader(record, home.identity)

    assert reader.secret(secret) == b"s"
    with pytest.raises(RecordError, match="no sealed part"):
        reader.secret(public)
    with pytest.raises(RecordError, match="not a message"):
        reader.raw(public)
    assert reader.identity == home.identity


def test_a_stranger_reads_nothing(record: SqliteRecord, a_mail: MailBuilder) -> None:
    [filed] = record.file([a_mail(b"x")], cursor=None, now=NOW)

    with pytest.raises(LockedError):
        Reader(record, Identity.make()).raw(filed.item)
