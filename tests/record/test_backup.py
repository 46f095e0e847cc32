"""A backup to a folder and to a bucket: whole, incremental, forgetful of who was erased."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from guard.errors import GuardError, LockedError, RecordBrokenError, RecordError, UnreachableError
from guard.record import backup as backup_module
from guard.record.backup import BackedUp, Store, back_up, compare, load
from guard.record.backup_folder import BackupFolder
from guard.record.backup_s3 import BackupBucket
from guard.record.entry import Fact, Incoming, Location
from guard.record.eraser import erase, replay
from guard.record.init import create
from guard.record.keys import sealed_identity
from guard.record.manifest import HORIZON_MS, NAME, decode
from guard.record.passphrase import CHEAPEST
from guard.record.readers import change_readers
from guard.record.reading import Reader
from guard.record.rekey import Change
from guard.record.restore import open_scanner, openable, orders, restore
from guard.record.scanner import ScannerKey
from guard.record.seal import Identity, seal
from guard.record.sqlite import SqliteRecord
from guard.record.sqlite_segment import pack, unpack
from guard.record.verify import examine
from tests.record.conftest import NOW, PASSPHRASE, Home

moto = pytest.importorskip("moto.server")

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]
DAY = 86_400_000


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """A store that speaks S3, on loopback."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupBucket:
    """An empty bucket that keeps versions."""
    boto3 = pytest.importorskip("boto3")
    for name, value in {
        "AWS_ENDPOINT_URL": s3_address,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"guard-{os.urandom(6).hex()}"
    client = boto3.client("s3")
    client.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return BackupBucket(name, "practice/one")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Where a backup goes."""
    if request.param == "folder":
        return BackupFolder(tmp_path / "backup")
    found: BackupBucket = request.getfixturevalue("bucket")
    return found


@pytest.fixture
def folder_store(tmp_path: Path) -> BackupFolder:
    return BackupFolder(tmp_path / "backup")


@pytest.fixture
def stocked(record: SqliteRecord, a_mail: MailBuilder, a_place: PlaceBuilder) -> SqliteRecord:
    """A record with thirty mails of three clients."""
    stock(record, a_mail, a_place, range(30))
    return record


def stock(
    record: SqliteRecord, a_mail: MailBuilder, a_place: PlaceBuilder, numbers: range
) -> None:
    for number in numbers:
        mail = a_mail(b"mail %d" % number, a_place(number + 1), owners=(f"c{number % 3}",))
        record.file([mail], cursor=None, now=NOW + number)


def objects(store: Store) -> set[str]:
    return {*store.names("segments/"), *store.names("files/")}


def bring_back(store: Store, folder: Path) -> SqliteRecord:
    restore(store, folder, unlock=lambda keys: keys.unlock(PASSPHRASE))
    return SqliteRecord.open(folder)


def test_what_comes_back_is_the_record(
    stocked: SqliteRecord, home: Home, store: Store, tmp_path: Path
) -> None:
    done = back_up(stocked, store, now=NOW)

    with bring_back(store, tmp_path / "back") as back:
        assert done.entries == done.added == back.size() == stocked.size()
        assert [*back.entries()] == [*stocked.entries()]
        assert [*back.checkpoints(0, 10**9)] == [*stocked.checkpoints(0, 10**9)]
        assert back.keys.masters() == stocked.keys.masters()
        back.append([Fact(kind="noted")], now=NOW)
    assert list(examine(tmp_path / "back", identity=home.identity)) == []
    assert openable(tmp_path / "back", home.identity) == (3, [])


def test_nothing_in_it_is_secret(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)

    data = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*.*"))
    data += b"".join(path.read_bytes() for path in (tmp_path / "backup/files").iterdir())
    assert b"mail 1" not in data
    assert b"AGE-SECRET-KEY" not in data
    assert (home.folder / "scanner.key").read_text().splitlines()[1].encode() not in data
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "backup").rglob("*")}
    assert modes == {0}


def test_a_second_run_with_nothing_new_writes_the_manifest_alone(
    stocked: SqliteRecord, store: Store
) -> None:
    back_up(stocked, store, now=NOW)
    before = objects(store)

    done = back_up(stocked, store, now=NOW)

    assert (done.added, done.removed) == (0, 0)
    assert done.size < 10_000
    assert objects(store) == before


def test_it_grows_by_what_is_new(
    stocked: SqliteRecord,
    store: Store,
    a_mail: MailBuilder,
    a_place: PlaceBuilder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backup_module, "SEGMENT_BYTES", 12_000)
    back_up(stocked, store, now=NOW)
    before = {*store.names("segments/")}
    for start in range(30, 60, 6):
        stock(stocked, a_mail, a_place, range(start, start + 6))
        back_up(stocked, store, now=NOW)

    assert len(before) > 2
    assert len(before & {*store.names("segments/")}) >= len(before) - 1
    with bring_back(store, tmp_path / "back") as back:
        assert [*back.entries()] == [*stocked.entries()]
    assert list(examine(tmp_path / "back")) == []


def test_the_key_of_who_was_erased_is_gone_at_the_next_run(
    stocked: SqliteRecord, home: Home, store: Store, tmp_path: Path
) -> None:
    back_up(stocked, store, now=NOW)
    old = load(store)
    assert old is not None
    doomed = {old.current()[f"keys/c1.{kind}"].name for kind in ("age", "pub")}
    segments = {*store.names("segments/")}

    erase(stocked, "c1", identity=home.identity, body={}, now=NOW)
    back_up(stocked, store, now=NOW)

    assert not doomed & objects(store)
    assert not segments & objects(store)
    assert all(store.get(name) is None for name in doomed)
    with bring_back(store, tmp_path / "back") as back:
        assert [*back.entries()] == [*stocked.entries()]
    assert list(examine(tmp_path / "back", identity=home.identity)) == []
    assert openable(tmp_path / "back", home.identity) == (2, [])


def test_an_erased_client_who_writes_again_leaves_no_old_key(
    stocked: SqliteRecord, home: Home, store: Store, a_mail: MailBuilder, a_place: PlaceBuilder
) -> None:
    back_up(stocked, store, now=NOW)
    old = load(store)
    assert old is not None
    erase(stocked, "c1", identity=home.identity, body={}, now=NOW)
    stock(stocked, a_mail, a_place, range(31, 32))

    back_up(stocked, store, now=NOW)

    assert old.current()["keys/c1.age"].name not in objects(store)
    new = load(store)
    assert new is not None
    assert "keys/c1.age" in new.current()


def test_a_bucket_keeps_no_version_of_a_destroyed_key(
    stocked: SqliteRecord, home: Home, bucket: BackupBucket
) -> None:
    back_up(stocked, bucket, now=NOW)
    old = load(bucket)
    assert old is not None
    erase(stocked, "c1", identity=home.identity, body={}, now=NOW)
    back_up(stocked, bucket, now=NOW)

    prefix = "practice/one/" + old.current()["keys/c1.age"].name
    kept = bucket._client.list_object_versions(Bucket=bucket._bucket, Prefix=prefix)

    assert "Versions" not in kept
    assert "DeleteMarkers" not in kept


def test_a_replaced_key_file_is_kept_for_its_time_and_no_longer(
    stocked: SqliteRecord, home: Home, store: Store
) -> None:
    back_up(stocked, store, now=NOW)
    old = load(store)
    assert old is not None
    before = old.current()["keys/therapist.key.age"].name
    stocked.keys.store_identity(home.identity, "newer", random=os.urandom, work=CHEAPEST)

    kept = []
    for now in (NOW, NOW + DAY, NOW + HORIZON_MS - 1, NOW + HORIZON_MS):
        back_up(stocked, store, now=now)
        kept.append(before in objects(store))

    assert kept == [True, True, True, False]


def test_a_shorter_horizon_is_kept_to_at_once(
    stocked: SqliteRecord, home: Home, store: Store
) -> None:
    back_up(stocked, store, now=NOW)
    stocked.keys.store_identity(home.identity, "newer", random=os.urandom, work=CHEAPEST)
    back_up(stocked, store, now=NOW)
    count = len(objects(store))

    back_up(stocked, store, now=NOW + 1, horizon=0)

    assert len(objects(store)) == count - 1


def test_a_new_identity_is_backed_up_and_opens_what_comes_back(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)
    new = Identity.make()
    change_readers(
        stocked,
        Change(
            identity=home.identity,
            recipients=(new.recipient,),
            files={
                "therapist.key.age": sealed_identity(new, "n", random=os.urandom, work=CHEAPEST)
            },
            successor=new,
        ),
        now=NOW,
    )
    back_up(stocked, folder_store, now=NOW)

    restore(folder_store, tmp_path / "back", unlock=lambda keys: keys.unlock("n"))

    assert openable(tmp_path / "back", new) == (3, [])
    assert list(examine(tmp_path / "back", identity=new)) == []


def test_a_lost_key_stops_the_backup_and_comes_back_from_it(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)
    manifest = folder_store.get(NAME)
    (home.folder / "keys" / "c1.age").unlink()

    with pytest.raises(RecordError, match="not in keys/"):
        back_up(stocked, folder_store, now=NOW)

    assert folder_store.get(NAME) == manifest
    with bring_back(folder_store, tmp_path / "back"):
        shutil.copy(tmp_path / "back/keys/c1.age", home.folder / "keys/c1.age")
    assert list(examine(home.folder, identity=home.identity)) == []


def key_id(text: str) -> str:
    """The one that a `scanner.key` says."""
    return text.splitlines()[1].split("+", 4)[3]


def seed(text: str) -> str:
    """A part of the seed that it holds."""
    return text.splitlines()[1].split("+", 4)[4][8:-8]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(key_id(text), "0" * 8),
        lambda text: text.replace(seed(text), seed(text).swapcase()),
        lambda text: text[:-20],
        lambda _text: ScannerKey.make(bytes(72)).encode(),
    ],
    ids=["key id", "seed", "cut", "another's"],
)
def test_a_damaged_scanners_key_does_not_replace_the_good_one(
    stocked: SqliteRecord,
    home: Home,
    folder_store: BackupFolder,
    damage: Callable[[str], str],
) -> None:
    back_up(stocked, folder_store, now=NOW)
    manifest = folder_store.get(NAME)
    key = home.folder / "scanner.key"
    good = key.read_text()
    key.write_text(damage(good))
    assert key.read_text() != good

    with pytest.raises(RecordError, match=r"scanner\.key is missing or damaged"):
        back_up(stocked, folder_store, now=NOW)

    assert folder_store.get(NAME) == manifest


def test_a_key_id_that_was_damaged_before_the_backup_is_right_after_the_restore(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)
    restore(folder_store, tmp_path / "back", unlock=None)
    good = (home.folder / "scanner.key").read_text()
    damaged = good.replace(key_id(good), "0" * 8)
    sealed = seal(damaged.encode(), [home.identity.recipient])
    (tmp_path / "back" / "scanner.key.age").write_bytes(sealed)

    assert open_scanner(tmp_path / "back", home.identity)

    assert (tmp_path / "back" / "scanner.key").read_text() == good
    with SqliteRecord.open(tmp_path / "back") as back:
        back.append([Fact(kind="noted")], now=NOW)


def test_a_record_that_was_rolled_back_does_not_replace_its_backup(
    stocked: SqliteRecord,
    home: Home,
    folder_store: BackupFolder,
    tmp_path: Path,
    a_mail: MailBuilder,
    a_place: PlaceBuilder,
) -> None:
    shutil.copytree(home.folder, tmp_path / "yesterday")
    stock(stocked, a_mail, a_place, range(30, 33))
    back_up(stocked, folder_store, now=NOW)

    with SqliteRecord.open(tmp_path / "yesterday") as rolled:
        with pytest.raises(RecordBrokenError, match="rolled back"):
            back_up(rolled, folder_store, now=NOW)
        # Nor when other mail makes it as long again.
        stock(rolled, a_mail, a_place, range(40, 50))
        with pytest.raises(RecordBrokenError, match="rolled back"):
            compare(rolled, folder_store)

    assert compare(stocked, folder_store) == stocked.size()


def test_the_backup_of_another_record_is_left_alone(
    stocked: SqliteRecord, folder_store: BackupFolder, tmp_path: Path
) -> None:
    create(tmp_path / "other", passphrase="p", executor=None, random=os.urandom, work=CHEAPEST)
    with SqliteRecord.open(tmp_path / "other") as other:
        back_up(other, folder_store, now=NOW)
    before = folder_store.get(NAME)

    with pytest.raises(RecordError, match="another record"):
        back_up(stocked, folder_store, now=NOW)

    assert folder_store.get(NAME) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entry SET body = replace(body, '\"in\"', '\"out\"') WHERE kind = 'filed'",
        "UPDATE entry SET sealed = x'00' WHERE seq = 5",
        "UPDATE blob SET ct = x'00' WHERE seq = 10",
        "DELETE FROM blob WHERE seq = 10",
        "UPDATE checkpoint SET frontier = x'00' WHERE size = 10",
        "DELETE FROM entry WHERE seq = 12",
    ],
)
def test_a_damaged_record_is_not_backed_up(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, damage: str
) -> None:
    for table in ("entry", "blob", "checkpoint"):
        for verb in ("update", "delete"):
            stocked._db.execute(f"DROP TRIGGER {table}_{verb}")
    stocked._db.execute(
        damage.replace("replace(body", "CAST(replace(CAST(body AS TEXT)").replace(
            "'\"out\"')", "'\"out\"') AS BLOB)"
        )
    )

    with pytest.raises(GuardError):
        back_up(stocked, folder_store, now=NOW)

    assert folder_store.get(NAME) is None


@pytest.mark.parametrize("change", ["flip", "cut", "drop"])
@pytest.mark.parametrize("which", ["segments/", "files/", NAME])
def test_a_damaged_backup_is_refused_and_nothing_is_made(
    stocked: SqliteRecord, folder_store: BackupFolder, tmp_path: Path, change: str, which: str
) -> None:
    back_up(stocked, folder_store, now=NOW)
    name = which if which == NAME else next(folder_store.names(which))
    path = tmp_path / "backup" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = {"flip": data, "cut": data[: len(data) // 2]}
    if change == "drop":
        path.unlink()
    else:
        path.write_bytes(damaged[change])

    with pytest.raises(GuardError) as caught:
        restore(folder_store, tmp_path / "back", unlock=None)

    assert caught.value.hint
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".back*"))


def test_a_forged_backup_does_not_verify_and_can_be_had_all_the_same(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)
    old = load(folder_store)
    assert old is not None
    rows = list(backup_rows(folder_store))
    rows[10] = replace(rows[10], ct=None)
    data = pack(rows)
    forged = replace_segment(old, data)
    folder_store.put(forged.segments[0].name, data)
    folder_store.put(NAME, forged.encode())

    with pytest.raises(RecordBrokenError, match="does not verify"):
        restore(folder_store, tmp_path / "back", unlock=None)
    done = restore(folder_store, tmp_path / "back", unlock=None, anyway=True)

    assert [(one.what, one.seq) for one in done.findings] == [("blob", 10)]


def backup_rows(store: Store) -> Iterator[Any]:
    found = load(store)
    assert found is not None
    for segment in found.segments:
        data = store.get(segment.name)
        assert data is not None
        yield from unpack(data)


def replace_segment(old: Any, data: bytes) -> Any:
    segment = msgspec.structs.replace(old.segments[0], sha256=sha256(data).hexdigest())
    return msgspec.structs.replace(old, segments=(segment,))


@pytest.mark.parametrize("name", ["/etc/x", "../x", "keys/../../x", "models/x", "a/b/c"])
def test_a_backup_cannot_write_outside_the_record(
    stocked: SqliteRecord, folder_store: BackupFolder, tmp_path: Path, name: str
) -> None:
    back_up(stocked, folder_store, now=NOW)
    data = folder_store.get(NAME)
    assert data is not None
    folder_store.put(NAME, data.replace(b"vkey.txt", name.encode()))

    with pytest.raises(RecordBrokenError):
        restore(folder_store, tmp_path / "back", unlock=None)

    assert not (tmp_path / "back").exists()


def test_a_newer_backup_is_refused() -> None:
    text = b'{"at":0,"files":[],"guard":"backup v3","head":"","origin":"x","segments":[]}'

    with pytest.raises(RecordError, match="newer"):
        decode(text)


def test_a_folder_with_something_in_it_is_left_alone(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder
) -> None:
    back_up(stocked, folder_store, now=NOW)

    with pytest.raises(RecordError, match="something in"):
        restore(folder_store, home.folder, unlock=None)


def test_no_backup_is_said_so(folder_store: BackupFolder, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no backup here"):
        restore(folder_store, tmp_path / "back", unlock=None)


def test_a_wrong_passphrase_makes_nothing(
    stocked: SqliteRecord, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)

    with pytest.raises(LockedError):
        restore(folder_store, tmp_path / "back", unlock=lambda keys: keys.unlock("wrong"))

    assert not (tmp_path / "back").exists()


def test_without_a_passphrase_it_can_be_read_and_made_writable_later(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)
    restore(folder_store, tmp_path / "back", unlock=None)

    with SqliteRecord.open(tmp_path / "back", readonly=True) as back:
        assert Reader(back, home.identity).raw(3) == b"mail 0"
    with pytest.raises(RecordError, match=r"scanner\.key"):
        SqliteRecord.open(tmp_path / "back")
    with pytest.raises(LockedError):
        open_scanner(tmp_path / "back", Identity.make())

    assert open_scanner(tmp_path / "back", home.identity)
    assert not open_scanner(tmp_path / "back", home.identity)
    with SqliteRecord.open(tmp_path / "back") as back:
        back.append([Fact(kind="noted")], now=NOW)


def test_an_order_given_after_the_backup_is_carried_out_again(
    stocked: SqliteRecord, home: Home, folder_store: BackupFolder, tmp_path: Path
) -> None:
    back_up(stocked, folder_store, now=NOW)
    erase(stocked, "c1", identity=home.identity, body={}, now=NOW)
    newer = BackupFolder(tmp_path / "newer")
    back_up(stocked, newer, now=NOW)

    with bring_back(folder_store, tmp_path / "back") as back:
        assert [replay(back, entry) for entry in orders(newer)] == [True]
        assert [replay(back, entry) for entry in orders(newer)] == [False]
        assert "c1" not in back.keys.owners()
    assert list(examine(tmp_path / "back", identity=home.identity)) == []
    assert openable(tmp_path / "back", home.identity) == (2, [])


class Meddling(BackupFolder):
    """Does something to the record when the first segment is put."""

    def __init__(self, folder: Path, deed: Callable[[], None]) -> None:
        super().__init__(folder)
        self._deed: Callable[[], None] | None = deed

    def put(self, name: str, data: bytes) -> None:
        super().put(name, data)
        if name.startswith("segments/") and self._deed is not None:
            deed, self._deed = self._deed, None
            deed()


def test_a_client_erased_while_it_is_made_is_erased_in_it(
    stocked: SqliteRecord, home: Home, tmp_path: Path
) -> None:
    def deed() -> None:
        with home.open() as other:
            erase(other, "c1", identity=home.identity, body={}, now=NOW)

    store = Meddling(tmp_path / "backup", deed)
    back_up(stocked, store, now=NOW)

    with bring_back(store, tmp_path / "back") as back:
        assert "c1" not in back.keys.owners()
    assert list(examine(tmp_path / "back", identity=home.identity)) == []


def test_mail_filed_while_it_is_made_comes_with_the_next_one(
    stocked: SqliteRecord,
    home: Home,
    tmp_path: Path,
    a_mail: MailBuilder,
    a_place: PlaceBuilder,
) -> None:
    def deed() -> None:
        with home.open() as other:
            stock(other, a_mail, a_place, range(100, 105))
            other.file([a_mail(b"new", owners=("c9",))], cursor=None, now=NOW)

    store = Meddling(tmp_path / "backup", deed)
    size = stocked.size()
    first = back_up(stocked, store, now=NOW)
    with bring_back(store, tmp_path / "first"):
        pass
    second = back_up(stocked, store, now=NOW)

    assert first.entries == size
    assert second.entries == stocked.size() > size
    assert list(examine(tmp_path / "first", identity=home.identity)) == []


def test_a_scan_is_not_held_up_and_the_copy_is_whole(
    stocked: SqliteRecord,
    home: Home,
    tmp_path: Path,
    a_mail: MailBuilder,
    a_place: PlaceBuilder,
) -> None:
    stop = threading.Event()
    filed: list[int] = []

    def scan() -> None:
        with home.open() as other:
            while not stop.is_set():
                stock(other, a_mail, a_place, range(200 + len(filed), 201 + len(filed)))
                filed.append(1)

    thread = threading.Thread(target=scan)
    thread.start()
    try:
        stores = [BackupFolder(tmp_path / f"backup{number % 2}") for number in range(6)]
        for store in stores:
            back_up(stocked, store, now=NOW)
    finally:
        stop.set()
        thread.join()

    assert filed
    for number in range(2):
        with bring_back(BackupFolder(tmp_path / f"backup{number}"), tmp_path / f"r{number}"):
            pass
        assert list(examine(tmp_path / f"r{number}", identity=home.identity)) == []


class Stopped(BaseException):
    """The process ended here."""


class Stopping(BackupFolder):
    """Ends the process at one write or deletion: before it, or just after."""

    def __init__(self, folder: Path, *, at: int, after: bool) -> None:
        super().__init__(folder)
        self.at, self.after, self.calls = at, after, 0

    def _call(self, deed: Callable[[], None]) -> None:
        burns = self.calls == self.at
        self.calls += 1
        if burns and not self.after:
            raise Stopped
        deed()
        if burns:
            raise Stopped

    def put(self, name: str, data: bytes) -> None:
        self._call(lambda: super(Stopping, self).put(name, data))

    def delete(self, name: str) -> None:
        self._call(lambda: super(Stopping, self).delete(name))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ended_at_any_step_the_backup_is_whole_and_the_next_run_finishes(
    stocked: SqliteRecord, home: Home, tmp_path: Path, *, after: bool
) -> None:
    whole = BackupFolder(tmp_path / "whole")
    back_up(stocked, whole, now=NOW)
    erase(stocked, "c1", identity=home.identity, body={}, now=NOW)
    counting = Stopping(tmp_path / "count", at=-1, after=False)
    shutil.copytree(tmp_path / "whole", tmp_path / "count")
    back_up(stocked, counting, now=NOW)
    wanted = objects(counting)

    assert counting.calls > 4
    for at in range(counting.calls):
        place = tmp_path / f"at{at}"
        shutil.copytree(tmp_path / "whole", place)
        with pytest.raises(Stopped):
            back_up(stocked, Stopping(place, at=at, after=after), now=NOW)
        restore(BackupFolder(place), tmp_path / f"mid{at}", unlock=None)
        back_up(stocked, BackupFolder(place), now=NOW)
        names = {name for name in objects(BackupFolder(place)) if "scanner" not in name}
        assert len(names) == len(wanted)
        restore(BackupFolder(place), tmp_path / f"back{at}", unlock=None)
        assert not (tmp_path / f"back{at}" / "keys" / "c1.age").exists()


def test_a_bucket_that_is_not_there_is_said_so(
    stocked: SqliteRecord, bucket: BackupBucket
) -> None:
    with pytest.raises(RecordError, match="bucket is not there"):
        back_up(stocked, BackupBucket("nobody-has-this", ""), now=NOW)


def test_a_store_that_cannot_be_reached_is_tried_later(
    stocked: SqliteRecord, bucket: BackupBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(UnreachableError):
        back_up(stocked, BackupBucket("x", ""), now=NOW)


def test_the_counts_are_told(stocked: SqliteRecord, folder_store: BackupFolder) -> None:
    size = stocked.size()

    done = back_up(stocked, folder_store, now=NOW)

    assert done == BackedUp(entries=size, added=size, size=done.size, removed=0)
