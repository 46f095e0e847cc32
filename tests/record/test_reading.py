import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

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


@pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")
def test_stock_age_reads_everything_as_the_format_page_says(
    record: SqliteRecord, home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    raw = b"Subject: caf\xe9\r\n\r\n.\r\n"
    [filed] = record.file([a_mail(raw, owners=("c1",))], cursor=None, now=NOW)
    (tmp_path / "her.key").write_text(home.identity.secret)
    (tmp_path / "42.age").write_bytes(record.blob(filed.item))

    def age(key: str, sealed: Path) -> bytes:
        command = ["age", "-d", "-i", str(tmp_path / key), str(sealed)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    (tmp_path / "owner.key").write_bytes(age("her.key", home.folder / "keys" / "c1.age"))

    assert age("owner.key", tmp_path / "42.age")[: len(raw)] == raw
