"""Who can read the record is changed: at once, for all, and whole after any interruption."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from guard.errors import GuardError, LockedError, RecordError
from guard.record import durable, rekey
from guard.record.entry import Fact, Incoming
from guard.record.eraser import erase
from guard.record.key_folder import STAGING
from guard.record.keys import Keys, sealed_identity
from guard.record.passphrase import CHEAPEST
from guard.record.readers import change_readers
from guard.record.reading import Reader
from guard.record.rekey import Change
from guard.record.seal import Identity, unseal
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.record.conftest import NOW, PASSPHRASE, Home

MailBuilder = Callable[..., Incoming]

NEW, EXECUTOR = Identity.make(), Identity.make()
OWNERS = ("c1", "c2")


@pytest.fixture
def stocked(record: SqliteRecord, home: Home, a_mail: MailBuilder) -> SqliteRecord:
    """A record with a mail of two clients each, and one who was shredded."""
    mails = [a_mail(owner.encode(), owners=(owner,)) for owner in (*OWNERS, "gone")]
    record.file(mails, cursor=None, now=NOW)
    erase(record, "gone", identity=home.identity, body={}, now=NOW)
    return record


def to_new(home: Home, *, recipients: tuple[str, ...] = (NEW.recipient,)) -> Change:
    sealed = sealed_identity(NEW, "newer", random=os.urandom, work=CHEAPEST)
    return Change(
        identity=home.identity,
        recipients=recipients,
        files={"therapist.key.age": sealed},
        successor=NEW,
    )


def to_executor(home: Home) -> Change:
    recipients = (home.identity.recipient, EXECUTOR.recipient)
    return Change(identity=home.identity, recipients=recipients, files={})


def readable(record: SqliteRecord, identity: Identity) -> set[bytes]:
    reader = Reader(record, identity)
    found = set()
    for entry in record.entries():
        if entry.kind == "filed" and reader.readable(entry):
            found.add(reader.raw(entry.seq))
    return found


def test_a_new_identity_opens_everything_and_the_old_one_nothing(
    stocked: SqliteRecord, home: Home
) -> None:
    change_readers(stocked, to_new(home), now=NOW)

    assert readable(stocked, NEW) == {b"c1", b"c2"}
    assert stocked.keys.unlock("newer") == NEW
    with pytest.raises(LockedError):
        stocked.keys.unlock(PASSPHRASE)
    for file in (home.folder / "keys").glob("*.age"):
        with pytest.raises(LockedError):
            unseal(file.read_bytes(), [home.identity])
    assert list(verify(stocked, identity=NEW)) == []


def test_a_copy_of_the_old_keys_does_not_open_what_comes_later(
    stocked: SqliteRecord, home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    shutil.copytree(home.folder / "keys", tmp_path / "stolen" / "keys")
    change_readers(stocked, to_new(home), now=NOW)
    [later] = stocked.file([a_mail(b"later", owners=("c1",))], cursor=None, now=NOW)

    stolen = Keys(tmp_path / "stolen" / "keys").secrets("c1", home.identity)

    with pytest.raises(LockedError):
        unseal(stocked.blob(later.item), stolen)
    assert Reader(stocked, NEW).raw(later.item) == b"later"


def test_an_executor_is_added_and_reads_what_was_there_before(
    stocked: SqliteRecord, home: Home
) -> None:
    change_readers(stocked, to_executor(home), now=NOW)

    assert readable(stocked, EXECUTOR) == readable(stocked, home.identity) == {b"c1", b"c2"}
    assert stocked.keys.unlock(PASSPHRASE) == home.identity
    assert list(verify(stocked, identity=EXECUTOR)) == []


def test_an_executor_who_is_taken_out_reads_nothing_more(
    stocked: SqliteRecord, home: Home
) -> None:
    change_readers(stocked, to_executor(home), now=NOW)
    stocked.keys.store_identity(EXECUTOR, "theirs", random=os.urandom, work=CHEAPEST)
    hers = (home.identity.recipient,)
    change_readers(stocked, replace(to_executor(home), recipients=hers), now=NOW)

    with pytest.raises(LockedError):
        readable(stocked, EXECUTOR)
    with pytest.raises(LockedError):
        stocked.keys.unlock("theirs")
    assert readable(stocked, home.identity) == {b"c1", b"c2"}


def test_who_was_shredded_stays_shredded(stocked: SqliteRecord, home: Home) -> None:
    change_readers(stocked, to_new(home), now=NOW)

    assert "gone" not in stocked.keys.owners()
    assert stocked.active_owners() == ("c1", "c2", "unsorted")


def test_a_client_can_be_shredded_after_the_change(stocked: SqliteRecord, home: Home) -> None:
    change_readers(stocked, to_new(home), now=NOW)
    erase(stocked, "c1", identity=NEW, body={}, now=NOW)

    assert readable(stocked, NEW) == {b"c2"}


def test_a_foreign_identity_changes_nothing(stocked: SqliteRecord, home: Home) -> None:
    before, files = stocked.head(), key_files(home)

    with pytest.raises(LockedError):
        change_readers(stocked, replace(to_new(home), identity=NEW), now=NOW)

    assert stocked.head() == before
    assert key_files(home) == files
    stocked.append([Fact(kind="noted")], now=NOW)
    assert not (home.folder / STAGING).exists()


def test_a_missing_key_changes_nothing(stocked: SqliteRecord, home: Home) -> None:
    (home.folder / "keys" / "c2.age").unlink()
    before = stocked.head()

    with pytest.raises(RecordError, match="not in keys/"):
        change_readers(stocked, to_new(home), now=NOW)

    assert stocked.head() == before
    assert stocked.keys.unlock(PASSPHRASE) == home.identity


@pytest.mark.parametrize(
    "recipients",
    [(), ("age1nonsense",), (NEW.recipient, NEW.recipient)],
    ids=["nobody", "nonsense", "the same twice"],
)
def test_nobody_or_a_stranger_to_age_cannot_be_a_reader(
    home: Home, recipients: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"somebody|age"):
        to_new(home, recipients=recipients)


def test_recipients_edited_by_hand_show(stocked: SqliteRecord, home: Home) -> None:
    change_readers(stocked, to_new(home), now=NOW)
    text = f"# guard recipients v1\n{NEW.recipient}\n{EXECUTOR.recipient}\n"
    (home.folder / "keys" / "recipients.txt").write_text(text)

    assert [finding.what for finding in verify(stocked)] == ["keys"]


def test_a_forged_order_about_readers_counts_for_nothing_and_shows(
    stocked: SqliteRecord, home: Home
) -> None:
    change_readers(stocked, to_executor(home), now=NOW)
    signed = stocked.latest("rekeyed")
    assert signed is not None
    change_readers(
        stocked, replace(to_executor(home), recipients=(home.identity.recipient,)), now=NOW
    )

    # Whoever holds scanner.key can file; an order of hers from another place is no order.
    with stocked.writing(NOW) as batch:
        fields = {name: signed.fields[name] for name in ("recipients", "order")}
        forged = batch.add("rekeyed", fields)

    assert stocked.erasures().readers == (home.identity.recipient,)
    assert [(one.what, one.seq) for one in verify(stocked)] == [("order", forged)]


def key_files(home: Home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home.folder / "keys").iterdir()}


class Stopped(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("made", range(9))
def test_stopped_while_the_new_files_are_made_nothing_has_changed(
    stocked: SqliteRecord, home: Home, made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, real, calls = key_files(home), durable.write, []

    def write(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) > made:
            raise Stopped
        real(path, data)

    monkeypatch.setattr("guard.record.durable.write", write)
    # Three owners of two files, her identity, the recipients.
    if made < 8:
        with pytest.raises(Stopped):
            change_readers(stocked, to_new(home), now=NOW)
        monkeypatch.undo()
        assert key_files(home) == files
        with home.open() as again:
            assert readable(again, home.identity) == {b"c1", b"c2"}
            again.append([Fact(kind="noted")], now=NOW)
            assert not (home.folder / STAGING).exists()
            change_readers(again, to_new(home), now=NOW)
    else:
        change_readers(stocked, to_new(home), now=NOW)
    with home.open() as again:
        assert readable(again, NEW) == {b"c1", b"c2"}


@pytest.mark.parametrize("moved", range(8))
@pytest.mark.parametrize("readonly", [True, False])
def test_stopped_while_the_files_are_moved_whoever_opens_it_finishes(
    stocked: SqliteRecord,
    home: Home,
    moved: int,
    monkeypatch: pytest.MonkeyPatch,
    *,
    readonly: bool,
) -> None:
    real, calls = Path.replace, []

    def replace_(path: Path, target: Path) -> Path:
        if path.parent.name == STAGING and target.parent.name == "keys":
            calls.append(path)
            if len(calls) > moved:
                raise Stopped
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace_)
    with pytest.raises(Stopped):
        change_readers(stocked, to_new(home), now=NOW)
    monkeypatch.undo()

    with SqliteRecord.open(home.folder, readonly=readonly) as again:
        assert not (home.folder / STAGING).exists()
        assert readable(again, NEW) == {b"c1", b"c2"}
        assert again.keys.unlock("newer") == NEW
        assert list(verify(again, identity=NEW)) == []


def test_a_reader_leaves_alone_what_somebody_is_making(stocked: SqliteRecord, home: Home) -> None:
    rekey.stage(stocked.keys, stocked.active_owners(), to_new(home))

    with SqliteRecord.open(home.folder, readonly=True) as reading:
        assert readable(reading, home.identity) == {b"c1", b"c2"}

    assert (home.folder / STAGING / "recipients.txt").exists()


def test_a_record_opened_to_be_read_cannot_be_given_other_readers(home: Home) -> None:
    with (
        SqliteRecord.open(home.folder, readonly=True) as reading,
        pytest.raises(GuardError, match="read only"),
    ):
        change_readers(reading, to_new(home), now=NOW)
