"""A large message goes into the record in pieces, and comes out as it went in."""

import secrets
from pathlib import Path

import pytest

from guard.record import sqlite_blob
from guard.record.entry import Incoming
from guard.record.reading import Reader
from guard.record.verify import examine
from tests.pipeline.records import EPOCH, PASSPHRASE, a_record


@pytest.mark.parametrize("size", [0, 1, sqlite_blob.LARGE, sqlite_blob.LARGE + 1, 6_000_000])
def test_what_goes_in_comes_out_and_leaves_no_file(tmp_path: Path, size: int) -> None:
    raw = secrets.token_bytes(size)
    mail = Incoming(
        raw=raw, locations=(), account="a", owners=("unsorted",), direction="in", received=0
    )
    with a_record(tmp_path / "record") as record:
        before = {one.name for one in record.folder.rglob("*")}
        (filed,) = record.file([mail], cursor=None, now=EPOCH)
        identity = record.keys.unlock(PASSPHRASE)

        assert Reader(record, identity).raw(filed.item) == raw
        keys = {"unsorted.age", "unsorted.pub"}
        assert {one.name for one in record.folder.rglob("*")} - keys == before - keys
    assert list(examine(tmp_path / "record", identity=identity)) == []
