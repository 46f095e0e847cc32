"""Sealed messages in a bucket with Object Lock: put once, kept, found changed, swept."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest

from guard.errors import ConfigError, RecordBrokenError, RecordError, UnreachableError
from guard.record.entry import Incoming
from guard.record.eraser import erase
from guard.record.init import create
from guard.record.moving import move
from guard.record.passphrase import CHEAPEST
from guard.record.postgres import PostgresRecord, Where
from guard.record.s3 import FIRST_MS, KEPT_MS, Objects
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.record.conftest import NOW, PASSPHRASE, Home
from tests.servers.postgres import ROLE, Postgres
from tests.servers.s3 import bucket

MailBuilder = Callable[..., Incoming]
LATER = 4_102_444_800_000
"""2100, so that what is locked until then is locked whenever this runs."""

SEALED = b"sealed bytes"
NAME = sha256(SEALED).hexdigest()


@pytest.fixture
def address(s3: str) -> str:
    """A fresh place in a bucket."""
    return bucket(s3)


@pytest.fixture
def objects(s3: str, address: str) -> Objects:
    return Objects.at(address, s3)


@pytest.fixture
def client(s3: str, address: str) -> Any:
    """The store seen from outside guard."""
    return boto3.client("s3", endpoint_url=s3)


def parts(address: str) -> dict[str, str]:
    name, _, prefix = address.removeprefix("s3://").partition("/")
    return {"Bucket": name, "Key": f"{prefix}/{NAME}"}


def until(client: Any, where: dict[str, str]) -> datetime:
    # Not get_object_retention, to which moto answers 500.
    found: datetime = client.head_object(**where)["ObjectLockRetainUntilDate"]
    return found


def test_an_object_is_put_once_and_putting_it_again_is_no_harm(
    objects: Objects, client: Any, address: str
) -> None:
    objects.put(NAME, SEALED, locked=LATER)
    objects.put(NAME, SEALED, locked=LATER + FIRST_MS)

    assert objects.get(NAME) == SEALED
    assert objects.get("0" * 64) is None
    found = client.list_object_versions(Bucket=parts(address)["Bucket"])["Versions"]
    assert len(found) == 1


def test_what_somebody_else_put_under_the_name_is_never_taken_for_ours(
    objects: Objects, client: Any, address: str
) -> None:
    client.put_object(**parts(address), Body=b"another's")

    with pytest.raises(RecordBrokenError, match="not what was put"):
        objects.put(NAME, SEALED, locked=LATER)
    with pytest.raises(RecordBrokenError, match="not what was put"):
        objects.get(NAME)


def test_nobody_deletes_it_before_its_lock_ends(
    objects: Objects, client: Any, address: str
) -> None:
    objects.put(NAME, SEALED, locked=LATER)
    [version] = objects.loose(LATER)

    assert not objects.delete(version)
    assert objects.get(NAME) == SEALED
    objects.extend(NAME, locked=LATER + KEPT_MS)
    assert until(client, parts(address)) == datetime.fromtimestamp(
        (LATER + KEPT_MS) / 1000, tz=UTC
    )


@pytest.mark.parametrize("address", ["", "bucket", "s3://", "s3://UPPER/x", "https://x/y"])
def test_an_address_that_is_none_is_said_so(address: str) -> None:
    with pytest.raises(ConfigError, match="s3://bucket/prefix"):
        Objects.at(address)


def test_a_store_that_fails_is_told_apart(s3: str, address: str) -> None:
    with pytest.raises(RecordError, match="no such thing"):
        Objects.at("s3://not-there/x", s3).put(NAME, SEALED, locked=LATER)
    away = Objects.at(address, "http://127.0.0.1:1")
    away._client.meta.config.retries["total_max_attempts"] = 1
    with pytest.raises(UnreachableError):
        away.get(NAME)


@pytest.fixture
def record(postgres: Postgres, s3: str, address: str, home: Home) -> Iterator[PostgresRecord]:
    where = Where(database=postgres.new_database(ROLE), practice="aso", blobs=address, endpoint=s3)
    with (
        SqliteRecord.open(home.folder) as source,
        PostgresRecord.blank(home.folder, where) as made,
    ):
        move(source, made, now=LATER)
        yield made


def test_a_message_is_locked_for_long_once_its_row_is_there(
    record: PostgresRecord, a_mail: MailBuilder, client: Any, address: str
) -> None:
    [filed] = record.file([a_mail()], cursor=None, now=LATER)

    where = parts(address)
    where["Key"] = where["Key"].replace(NAME, record.entry(filed.item).fields["blob"])
    assert until(client, where).timestamp() * 1000 == LATER + KEPT_MS
    assert record.sweep(LATER) == (0, 0)


def test_a_changed_or_missing_object_is_a_finding(
    record: PostgresRecord, a_mail: MailBuilder, client: Any, address: str
) -> None:
    items = record.file([a_mail(b"1"), a_mail(b"2")], cursor=None, now=LATER)
    where = parts(address)
    for filed, change in zip(items, ("put", "delete"), strict=True):
        key = where["Key"].replace(NAME, record.entry(filed.item).fields["blob"])
        if change == "put":
            client.put_object(Bucket=where["Bucket"], Key=key, Body=b"x")
        else:
            client.delete_object(Bucket=where["Bucket"], Key=key)

    found = [(one.seq, one.what) for one in verify(record)]
    assert found == [(filed.item, "blob") for filed in items]


def test_a_sweep_locks_anew_and_deletes_what_no_row_names(
    record: PostgresRecord, objects: Objects, a_mail: MailBuilder, home: Home
) -> None:
    # Times that have long passed, so that the store lets go of what is no longer locked.
    hers, other = record.file(
        [a_mail(b"hers", owners=("c1",)), a_mail(b"other")], cursor=None, now=NOW - KEPT_MS
    )
    names = [record.entry(one.item).fields["blob"] for one in (hers, other)]
    objects.put(NAME, SEALED, locked=NOW)  # a crash came before its row
    erase(record, "c1", identity=home.identity, body={}, now=NOW)

    assert record.sweep(LATER) == (1, 2)

    assert [objects.get(name) is None for name in (*names, NAME)] == [True, False, True]
    assert record.sweep(LATER) == (0, 0)
    assert list(verify(record)) == []


def test_two_records_never_share_a_place_so_that_no_sweep_takes_anothers_mail(
    record: PostgresRecord,
    postgres: Postgres,
    s3: str,
    address: str,
    a_mail: MailBuilder,
    tmp_path: Path,
) -> None:
    record.file([a_mail(b"ours")], cursor=None, now=NOW - KEPT_MS)
    other = tmp_path / "other"
    create(other, passphrase=PASSPHRASE, executor=None, random=os.urandom, work=CHEAPEST)
    where = Where(database=postgres.new_database(ROLE), practice="b", blobs=address, endpoint=s3)

    with pytest.raises(RecordError, match="belongs to another record"):
        PostgresRecord.blank(other, where)
    # Nor where somebody wrote it into guard.toml by hand.
    with (
        PostgresRecord.open(other, where) as by_hand,
        pytest.raises(RecordError, match="belongs to another record"),
    ):
        by_hand.sweep(LATER)

    assert list(verify(record)) == []
