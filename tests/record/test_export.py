import csv
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from guard.errors import LockedError, RecordError
from guard.record.entry import Incoming, Location
from guard.record.eraser import erase
from guard.record.export import Exported, export
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]
RAWS = [b"", b"\r\n.\r\n", bytes(range(256)), "Gr\u00fc\u00dfe".encode("latin-1"), b"x" * 100_000]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_message_is_a_file_of_exactly_its_bytes(
    record: SqliteRecord, home: Home, tmp_path: Path, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    mails = [a_mail(raw, a_place(uid)) for uid, raw in enumerate(RAWS)]
    filed = record.file(mails, cursor=None, now=NOW)

    exported = export(record, Reader(record, home.identity), tmp_path / "out")

    assert exported == Exported(items=5, size=sum(map(len, RAWS)), destroyed=(), broken=())
    names = [f"{mail.item:07d}.eml" for mail in filed]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [*names, "index.csv"]
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == RAWS
    assert [row["sha256"] for row in rows(tmp_path / "out")] == [
        sha256(raw).hexdigest() for raw in RAWS
    ]


def test_the_index_says_where_and_when(
    record: SqliteRecord, home: Home, tmp_path: Path, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    mail = a_mail(b"x", a_place(4), a_place(9, "Archive"), direction="out")
    [filed] = record.file([mail], cursor=None, now=NOW)

    export(record, Reader(record, home.identity), tmp_path / "out")

    assert rows(tmp_path / "out") == [
        {
            "item": str(filed.item),
            "sha256": sha256(b"x").hexdigest(),
            "direction": "out",
            "received": "2026-01-01T00:00:00+00:00",
            "locations": "a@practice.example/Archive/7/9 | a@practice.example/INBOX/7/4",
        }
    ]


@pytest.mark.parametrize("account", ["=1+1", "+1", "-1", "@x", "\t=1", '="a,b"'])
def test_no_cell_is_a_formula(
    record: SqliteRecord,
    home: Home,
    tmp_path: Path,
    a_mail: MailBuilder,
    a_place: PlaceBuilder,
    account: str,
) -> None:
    record.file([a_mail(b"x", a_place(account=account))], cursor=None, now=NOW)

    export(record, Reader(record, home.identity), tmp_path / "out")

    assert rows(tmp_path / "out")[0]["locations"] == f"'{account}/INBOX/7/1"


def test_what_was_destroyed_or_broken_is_counted_and_listed(
    record: SqliteRecord, home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    mails = [a_mail(b"kept"), a_mail(b"hers", owners=("c1",)), a_mail(b"broken")]
    kept, hers, broken = record.file(mails, cursor=None, now=NOW)
    erase(record, "c1", identity=home.identity, body={}, now=NOW)
    record._db.execute("DROP TRIGGER blob_delete")
    record._db.execute("DELETE FROM blob WHERE seq = ?", (broken.item,))

    exported = export(record, Reader(record, home.identity), tmp_path / "out")

    assert (exported.items, exported.destroyed, exported.broken) == (
        1,
        (hers.item,),
        (broken.item,),
    )
    assert [row["item"] for row in rows(tmp_path / "out") if not row["sha256"]] == [
        str(hers.item),
        str(broken.item),
    ]
    assert (tmp_path / "out" / f"{kept.item:07d}.eml").exists()


def test_a_folder_with_something_in_it_is_refused_and_left_alone(
    record: SqliteRecord, home: Home, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")

    with pytest.raises(RecordError, match="already"):
        export(record, Reader(record, home.identity), tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_the_wrong_key_leaves_nothing_behind(
    record: SqliteRecord, tmp_path: Path, a_mail: MailBuilder
) -> None:
    record.file([a_mail(b"x")], cursor=None, now=NOW)

    with pytest.raises(LockedError):
        export(record, Reader(record, Identity.make()), tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def test_is_private(record: SqliteRecord, home: Home, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(record, Reader(record, home.identity), tmp_path / "out")

    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out" / "index.csv").stat().st_mode) == 0o600


def test_a_time_that_no_calendar_has_is_still_exported(
    record: SqliteRecord, home: Home, tmp_path: Path, a_place: PlaceBuilder
) -> None:
    mail = Incoming(
        raw=b"x", locations=(a_place(),), owners=("unsorted",), direction="in", received=10**17
    )
    record.file([mail], cursor=None, now=NOW)

    export(record, Reader(record, home.identity), tmp_path / "out")

    assert rows(tmp_path / "out")[0]["received"] == "100000000000000000 ms"


def test_into_the_empty_folder_where_she_stands(
    record: SqliteRecord,
    home: Home,
    tmp_path: Path,
    a_mail: MailBuilder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record.file([a_mail(b"x")], cursor=None, now=NOW)
    stick = tmp_path / "stick"
    stick.mkdir()
    monkeypatch.chdir(stick)

    export(record, Reader(record, home.identity), Path())

    assert len(list(stick.iterdir())) == 2
    assert not list(tmp_path.glob(".*unfinished*"))


@pytest.mark.parametrize("place", ["missing/copy", "file/copy"])
def test_no_place_for_the_folder_is_not_called_a_loss_of_the_record(
    record: SqliteRecord, home: Home, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot make the folder") as refused:
        export(record, Reader(record, home.identity), tmp_path / place)
    assert "Name a new folder" in refused.value.hint
