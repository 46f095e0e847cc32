"""A large message goes into the record in pieces, and comes out as it went in."""

import errno
import io
import secrets
import tempfile
from mmap import mmap
from pathlib import Path

import pytest

from guard.errors import RecordError
from guard.record import sqlite_blob
from guard.record.entry import Incoming
from guard.record.reading import Reader
from guard.record.verify import examine
from tests.pipeline.records import EPOCH, PASSPHRASE, a_record


def a_mail(raw: bytes | mmap) -> Incoming:
    return Incoming(
        raw=raw, locations=(), account="a", owners=("unsorted",), direction="in", received=0
    )


@pytest.mark.parametrize("size", [0, 1, sqlite_blob.LARGE, sqlite_blob.LARGE + 1, 6_000_000])
def test_what_goes_in_comes_out_and_leaves_no_file(tmp_path: Path, size: int) -> None:
    raw = secrets.token_bytes(size)
    mail = a_mail(raw)
    with a_record(tmp_path / "record") as record:
        before = {one.name for one in record.folder.rglob("*")}
        (filed,) = record.file([mail], cursor=None, now=EPOCH)
        identity = record.keys.unlock(PASSPHRASE)

        assert Reader(record, identity).raw(filed.item) == raw
        keys = {"unsorted.age", "unsorted.pub"}
        assert {one.name for one in record.folder.rglob("*")} - keys == before - keys
    assert list(examine(tmp_path / "record", identity=identity)) == []


def test_a_huge_message_in_a_map_is_the_same_as_its_bytes(tmp_path: Path) -> None:
    raw = secrets.token_bytes(sqlite_blob.LARGE + 1)
    held = mmap(-1, len(raw))
    held[:] = raw
    with a_record(tmp_path / "record") as record:
        (filed,) = record.file([a_mail(held)], cursor=None, now=EPOCH)
        assert not record.file([a_mail(raw)], cursor=None, now=EPOCH)[0].new
        identity = record.keys.unlock(PASSPHRASE)
        assert Reader(record, identity).raw(filed.item) == raw
    assert list(examine(tmp_path / "record", identity=identity)) == []


class Full(io.BytesIO):
    """A file on a disk without room."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "no room")


def test_a_disk_that_is_full_says_so_and_nothing_is_half_filed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = a_mail(secrets.token_bytes(sqlite_blob.LARGE + 1))
    with a_record(tmp_path / "record") as record:
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
            with pytest.raises(RecordError, match="the disk is full"):
                record.file([mail], cursor=None, now=EPOCH)
        assert record.of_kind("filed") == []
        assert record.stray_blobs() == []

        (filed,) = record.file([mail], cursor=None, now=EPOCH)

        assert filed.new
    assert list(examine(tmp_path / "record")) == []
