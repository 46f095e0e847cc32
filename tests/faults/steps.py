"""What is interrupted: each thing that writes, what follows it, and what it must come to."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guard.errors import LockedError
from guard.record.backup import back_up
from guard.record.backup_folder import BackupFolder
from guard.record.entry import Cursor, Fact, Incoming, Location
from guard.record.eraser import erase, finish
from guard.record.export import export
from guard.record.init import create
from guard.record.keys import sealed_identity
from guard.record.passphrase import CHEAPEST
from guard.record.readers import change_readers
from guard.record.reading import Reader
from guard.record.rekey import Change
from guard.record.restore import openable, restore
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.faults import scan

PASSPHRASE, NEWER = "six words", "six newer words"
NOW = 1_767_225_600_000
NEW = Identity.make()


@dataclass(frozen=True)
class Scenario:
    """One thing that may be interrupted."""

    prepare: Callable[[Path], None]
    """Makes what is there before, in a folder."""

    act: Callable[[Path], None]
    """Is interrupted."""

    again: Callable[[Path], None]
    """The next run of the same."""

    state: Callable[[Path], object]
    """What must be the same wherever it was interrupted."""

    kept: Callable[[Path], None] = lambda _place: None
    """Raises unless what was acknowledged is there."""

    mended: Callable[[Path], None] = lambda _place: None
    """Raises unless what is there straight after is whole."""


def _prepare(place: Path) -> None:
    create(
        place / "record", passphrase=PASSPHRASE, executor=None, random=os.urandom, now=NOW,
        work=CHEAPEST,
    )  # fmt: skip
    with SqliteRecord.open(place / "record") as record:
        mails = [_mail(uid, f"c{uid % 3}") for uid in range(1, 7)]
        record.file(mails, cursor=_cursor(6), now=NOW)


def _mail(uid: int, owner: str) -> Incoming:
    place = Location(account="a", folder="INBOX", validity=1, uid=uid)
    return Incoming(
        raw=b"mail %d " % uid * 300,
        locations=(place,),
        owners=(owner,),
        direction="in",
        received=NOW,
        opens=("judge",),
    )


def _cursor(uid: int) -> Cursor:
    return Cursor(account="a", folder="INBOX", validity=1, uid=uid)


def _identity(place: Path) -> Identity:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        for words in (PASSPHRASE, NEWER):
            try:
                return record.keys.unlock(words)
            except LockedError:
                continue
    raise AssertionError("nobody can open it")


def _whole(place: Path) -> None:
    assert list(examine(place / "record")) == []


def _contents(folder: Path, identity: Identity) -> dict[str, int]:
    """Every message that can be read, and how often."""
    with SqliteRecord.open(folder, readonly=True) as record:
        reader = Reader(record, identity)
        raws = [
            reader.raw(entry.seq)
            for entry in record.entries()
            if entry.kind == "filed" and reader.readable(entry)
        ]
    return dict(sorted(Counter(raw.decode()[:7] for raw in raws).items()))


def _state(place: Path) -> object:
    identity = _identity(place)
    assert list(examine(place / "record", identity=identity)) == []
    with SqliteRecord.open(place / "record", readonly=True) as record:
        cursor = record.cursor("a", "INBOX")
        tasks = len(record.tasks("judge")), len(record.tasks("review"))
        owners, known = record.active_owners(), record.keys.owners()
        readers = len(record.erasures().readers)
    assert set(owners) <= set(known)
    leftovers = [one.name for one in place.rglob("*") if "unfinished" in one.name]
    return _contents(place / "record", identity), cursor, tasks, owners, readers, leftovers


# --- filing and deciding ------------------------------------------------------------------


def _file(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        # A new client among them, a mail that is there already, and one seen elsewhere.
        mails = [_mail(7, "new"), _mail(8, "c1"), _mail(6, "c0"), _mail(9, "c2")]
        record.file(mails, cursor=_cursor(9), now=NOW)


def _file_carelessly(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        record._db.execute("PRAGMA synchronous = OFF")
        record.file([_mail(uid, "c1") for uid in (7, 8, 9)], cursor=_cursor(9), now=NOW)


def _filed(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        assert record.cursor("a", "INBOX") == _cursor(9)
    assert len(_contents(place / "record", _identity(place))) == 9


def _decide(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        for item in record.tasks("judge"):
            record.append(
                [
                    Fact(
                        kind="decided",
                        item=item,
                        secret=b"why",
                        owners=("c1",),
                        opens=("review",),
                        closes=("judge",),
                    )
                ],
                now=NOW,
            )


def _decided(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        assert (len(record.tasks("judge")), len(record.tasks("review"))) == (0, 6)


# --- erasing, readers, passphrase ---------------------------------------------------------


def _erase(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        erase(record, "c1", identity=_identity(place), body={}, now=NOW)


def _erase_again(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        if record.latest("shredded", owner="c1") is None:
            erase(record, "c1", identity=_identity(place), body={}, now=NOW)
        finish(record)


def _erased(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        assert record.latest("shredded", owner="c1") is not None
        assert not record.keys.has_any("c1")


def _rekey(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        sealed = sealed_identity(NEW, NEWER, random=os.urandom, work=CHEAPEST)
        change = Change(
            identity=record.keys.unlock(PASSPHRASE),
            recipients=(NEW.recipient,),
            files={"therapist.key.age": sealed},
            successor=NEW,
        )
        change_readers(record, change, now=NOW)


def _rekey_again(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        done = record.erasures().readers == (NEW.recipient,)
    if not done:
        _rekey(place)


def _rekeyed(place: Path) -> None:
    assert _identity(place) == NEW


def _passphrase(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        identity = record.keys.unlock(PASSPHRASE)
        record.keys.store_identity(identity, NEWER, random=os.urandom, work=CHEAPEST)


def _passphrase_again(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        record.keys.store_identity(_identity(place), NEWER, random=os.urandom, work=CHEAPEST)


def _renamed(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        record.keys.unlock(NEWER)


# --- what goes out and comes back ---------------------------------------------------------


def _export(place: Path) -> None:
    with SqliteRecord.open(place / "record", readonly=True) as record:
        export(record, Reader(record, _identity(place)), place / "out")


def _export_again(place: Path) -> None:
    if not (place / "out").exists():
        _export(place)


def _exported(place: Path) -> object:
    return sorted((one.name, one.read_bytes()) for one in (place / "out").glob("*.eml"))


def _export_state(place: Path) -> object:
    return _exported(place), _state(place)


def _export_kept(place: Path) -> None:
    assert _exported(place)


def _back_up(place: Path) -> None:
    with SqliteRecord.open(place / "record") as record:
        back_up(record, BackupFolder(place / "backup"), now=NOW)


def _prepare_backup(place: Path) -> None:
    _prepare(place)
    _back_up(place)
    _file(place)
    _erase(place)


def _backup_state(place: Path) -> object:
    with SqliteRecord.open(place / "record") as record:
        size = record.size()
    _restored(place, "check")
    found = (
        _contents(place / "check", _identity(place)),
        openable(place / "check", _identity(place)),
    )
    doomed = list((place / "check" / "keys").glob("c1.*"))
    _remove(place / "check")
    return found, doomed, size


def _backup_kept(place: Path) -> None:
    assert _backup_state(place)


def _backup_mended(place: Path) -> None:
    """The backup can be restored as it is, old or new."""
    _restored(place, "mended")
    _remove(place / "mended")


def _restored(place: Path, name: str) -> None:
    restore(BackupFolder(place / "backup"), place / name, unlock=None)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder)


def _prepare_restore(place: Path) -> None:
    _prepare(place)
    _back_up(place)


def _restore(place: Path) -> None:
    store = BackupFolder(place / "backup")
    restore(store, place / "back", unlock=lambda keys: keys.unlock(PASSPHRASE))


def _restore_again(place: Path) -> None:
    if not (place / "back" / "record.db").exists():
        _restore(place)


def _restore_state(place: Path) -> object:
    identity = _identity(place)
    assert list(examine(place / "back", identity=identity)) == []
    assert not [one.name for one in place.iterdir() if "unfinished" in one.name]
    with SqliteRecord.open(place / "back") as record:
        record.append([Fact(kind="noted")], now=NOW)
    return _contents(place / "back", identity)


def _restore_kept(place: Path) -> None:
    assert list(examine(place / "back")) == []


def _create(place: Path) -> None:
    create(
        place / "record", passphrase=PASSPHRASE, executor=None, random=os.urandom, now=NOW,
        work=CHEAPEST,
    )  # fmt: skip


def _create_again(place: Path) -> None:
    if not (place / "record" / "record.db").exists():
        _create(place)


def _nothing(_place: Path) -> None:
    pass


def _created(place: Path) -> None:
    _identity(place)


def _made_or_not(place: Path) -> None:
    if (place / "record" / "record.db").exists():
        _whole(place)


SCENARIOS = {
    "create": Scenario(_nothing, _create, _create_again, _state, _created, _made_or_not),
    "file": Scenario(_prepare, _file, _file, _state, _filed, _whole),
    "careless": Scenario(_prepare, _file_carelessly, _file_carelessly, _state, _filed),
    "decide": Scenario(_prepare, _decide, _decide, _state, _decided, _whole),
    "scan": Scenario(scan.prepare, scan.act, scan.again, scan.state),
    "erase": Scenario(_prepare, _erase, _erase_again, _state, _erased, _whole),
    "rekey": Scenario(_prepare, _rekey, _rekey_again, _state, _rekeyed, _whole),
    "passphrase": Scenario(_prepare, _passphrase, _passphrase_again, _state, _renamed, _whole),
    "export": Scenario(_prepare, _export, _export_again, _export_state, _export_kept, _whole),
    "backup": Scenario(
        _prepare_backup, _back_up, _back_up, _backup_state, _backup_kept, _backup_mended
    ),
    "restore": Scenario(
        _prepare_restore, _restore, _restore_again, _restore_state, _restore_kept, _whole
    ),
}
"""By name."""
