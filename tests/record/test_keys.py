import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guard.errors import LockedError, RecordError
from guard.record.keys import Keys
from guard.record.passphrase import CHEAPEST
from guard.record.seal import Identity

HER, EXECUTOR, STRANGER = Identity.make(), Identity.make(), Identity.make()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys.create(tmp_path / "keys", [HER.recipient, EXECUTOR.recipient])
    made.store_identity(HER, "right", random=os.urandom, work=CHEAPEST)
    return made


def test_she_and_the_executor_get_an_owners_secret_and_nobody_else(keys: Keys) -> None:
    recipient = keys.create_owner("c1")

    for identity in (HER, EXECUTOR):
        [secret] = keys.secrets("c1", identity)
        assert secret.recipient == recipient
    with pytest.raises(LockedError):
        keys.secrets("c1", STRANGER)


def test_an_owner_keeps_its_key(keys: Keys) -> None:
    assert keys.create_owner("c1") == keys.create_owner("c1") == keys.recipient("c1")
    assert keys.owners() == ("c1",)


def test_a_secret_left_by_a_crash_is_replaced(keys: Keys, tmp_path: Path) -> None:
    keys.create_owner("c1")
    (tmp_path / "keys" / "c1.pub").unlink()

    recipient = keys.create_owner("c1")

    [secret] = keys.secrets("c1", HER)
    assert secret.recipient == recipient


def test_many_makers_of_one_owner_agree(tmp_path: Path, keys: Keys) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: Keys(tmp_path / "keys").create_owner("c1"), range(24)))

    [secret] = keys.secrets("c1", HER)
    assert made == {secret.recipient}


def test_a_destroyed_owner_is_gone(keys: Keys, tmp_path: Path) -> None:
    keys.create_owner("c1")

    keys.destroy("c1")
    keys.destroy("c1")

    assert keys.secrets("c1", HER) == ()
    assert keys.recipient("c1") is None
    assert not list((tmp_path / "keys").glob("c1*"))


def test_the_passphrase_opens_her_identity(keys: Keys) -> None:
    assert keys.unlock("right") == HER
    with pytest.raises(LockedError):
        keys.unlock("wrong")


def test_the_passphrase_can_be_changed(keys: Keys) -> None:
    keys.store_identity(HER, "newer", random=os.urandom, work=CHEAPEST)

    assert keys.unlock("newer") == HER
    with pytest.raises(LockedError):
        keys.unlock("right")


def test_her_passphrase_and_the_executors_open_side_by_side(keys: Keys) -> None:
    keys.store_identity(EXECUTOR, "theirs", random=os.urandom, work=CHEAPEST)

    assert (keys.unlock("right"), keys.unlock("theirs")) == (HER, EXECUTOR)
    with pytest.raises(LockedError):
        keys.unlock("wrong")


def test_a_foreign_identity_is_not_stored(keys: Keys) -> None:
    with pytest.raises(LockedError):
        keys.store_identity(STRANGER, "x", random=os.urandom, work=CHEAPEST)
    assert keys.unlock("right") == HER


@pytest.mark.parametrize(
    "owner", ["", ".", "..", "a/b", "../x", "A", "a.b", "x" * 65, "\u00e9", "a\n"]
)
def test_a_name_that_could_leave_the_folder_is_refused(keys: Keys, owner: str) -> None:
    with pytest.raises(ValueError, match="owner"):
        keys.create_owner(owner)


def test_all_files_are_private(keys: Keys, tmp_path: Path) -> None:
    keys.create_owner("c1")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_somebody_must_be_able_to_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="somebody"):
        Keys.create(tmp_path / "none", [])
    with pytest.raises(ValueError, match="age public key"):
        Keys.create(tmp_path / "bad", ["age1nonsense"])


def test_a_folder_that_is_there_is_not_taken(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        Keys.create(tmp_path / "keys", [HER.recipient])


@pytest.mark.parametrize(
    "text", ["", "nonsense", "# guard recipients v2\nage1x\n", "# guard recipients v1\n"]
)
def test_damaged_recipients_stop_the_making_of_keys(keys: Keys, tmp_path: Path, text: str) -> None:
    (tmp_path / "keys" / "recipients.txt").write_text(text)

    with pytest.raises(RecordError, match="damaged or newer"):
        keys.create_owner("c1")
    assert keys.owners() == ()


def test_a_damaged_public_key_is_said_so(keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "keys" / "c1.pub").write_bytes(b"\xff")

    with pytest.raises(RecordError, match="damaged"):
        keys.recipient("c1")


def test_a_lost_folder_is_said_so(keys: Keys, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "keys")

    for attempt in (keys.masters, lambda: keys.unlock("right"), lambda: keys.create_owner("c1")):
        with pytest.raises(RecordError, match="missing"):
            attempt()
