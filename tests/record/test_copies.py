"""Copies made by hand: rolled back, torn, half copied, taken while a scan writes."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from guard.errors import GuardError, RecordBrokenError
from guard.record.backup import back_up
from guard.record.backup_folder import BackupFolder
from guard.record.entry import Incoming, Location
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.record.conftest import NOW, Home
from tests.record.test_crashes import acknowledged, filed_uids, filer

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]
PAGE = 4096


@pytest.fixture
def stocked(home: Home, a_mail: MailBuilder, a_place: PlaceBuilder) -> Home:
    """A record of some forty pages."""
    with home.open() as record:
        for uid in range(1, 31):
            mail = a_mail(b"mail %d " % uid * 200, a_place(uid), owners=(f"c{uid % 3}",))
            record.file([mail], cursor=None, now=NOW)
    return home


def test_a_copy_from_before_is_whole_and_a_kept_checkpoint_shows_it(
    stocked: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    shutil.copy(stocked.folder / "record.db", tmp_path / "old.db")
    with stocked.open() as record:
        record.file([a_mail(b"later")], cursor=None, now=NOW)
        head = record.head()
        back_up(record, BackupFolder(tmp_path / "backup"), now=NOW)
    shutil.copy(tmp_path / "old.db", stocked.folder / "record.db")

    found = list(examine(stocked.folder, witnessed=[head]))

    assert list(examine(stocked.folder)) == []
    assert [one.what for one in found] == ["witness"]
    assert "rolled back" in found[0].detail
    with stocked.open() as record, pytest.raises(RecordBrokenError, match="rolled back"):
        back_up(record, BackupFolder(tmp_path / "backup"), now=NOW)


@pytest.mark.parametrize(
    "left",
    [0, 1, 99, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE, -PAGE, -PAGE // 2, -1],
    ids=lambda left: f"{left} bytes",
)
def test_a_half_copied_database_is_reported(stocked: Home, left: int) -> None:
    path = stocked.folder / "record.db"
    path.write_bytes(path.read_bytes()[:left])

    assert list(examine(stocked.folder)) != []


@pytest.mark.parametrize("left", [0, 1, 99, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE])
def test_half_a_database_is_not_opened_and_not_touched(stocked: Home, left: int) -> None:
    path = stocked.folder / "record.db"
    data = path.read_bytes()[:left]
    path.write_bytes(data)

    with pytest.raises(GuardError) as caught:
        stocked.open()

    assert caught.value.hint
    assert path.read_bytes() == data


@pytest.mark.parametrize("torn", ["zeros", "old", "noise"])
def test_a_torn_last_page_is_reported(stocked: Home, torn: str) -> None:
    path = stocked.folder / "record.db"
    data = bytearray(path.read_bytes())
    half = PAGE // 2
    data[-half:] = {
        "zeros": bytes(half),
        "old": data[-3 * half : -2 * half],
        "noise": b"x" * half,
    }[torn]
    path.write_bytes(data)

    assert list(examine(stocked.folder)) != []


def test_every_torn_page_is_reported(stocked: Home) -> None:
    """Half of any page, as a write leaves it that was cut short."""
    path = stocked.folder / "record.db"
    whole = path.read_bytes()
    unseen = []
    for page in range(len(whole) // PAGE):
        data = bytearray(whole)
        data[page * PAGE + PAGE // 2 : (page + 1) * PAGE] = bytes(PAGE // 2)
        if data == whole:
            continue
        path.write_bytes(data)
        if not list(examine(stocked.folder)):
            unseen.append(page)
    path.write_bytes(whole)

    assert unseen == []


def test_copies_taken_while_a_scan_writes_are_whole_or_reported(
    home: Home, tmp_path: Path
) -> None:
    """A copy of the folder is no backup: but it never passes for whole when it is not."""
    with subprocess.Popen(filer(home, batch=1), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        seen, whole = [], 0
        for number in range(20):
            seen.append(child.stdout.readline())
            copy = tmp_path / f"copy{number}"
            shutil.copytree(home.folder, copy, ignore=shutil.ignore_patterns(".*"))
            if not list(examine(copy)):
                whole += 1
                with SqliteRecord.open(copy, readonly=True) as record:
                    assert record.size() >= len(acknowledged(b"".join(seen)))
        child.stdout.read()

    assert child.wait() == 0
    assert whole
    assert filed_uids(home) == list(range(1, 61))


def test_a_copy_with_its_journal_is_mended_when_it_is_opened(home: Home, tmp_path: Path) -> None:
    """Taken in the middle of a commit, both files of one moment: as after a power cut."""
    script = (
        "import shutil, sys\n"
        "from pathlib import Path\n"
        "from guard.record.entry import Incoming\n"
        "from guard.record.sqlite import SqliteRecord\n"
        "home, copy = map(Path, sys.argv[1:])\n"
        "with SqliteRecord.open(home) as record:\n"
        "    record._db.execute('PRAGMA cache_size = 1')\n"
        "    with record.writing(0) as batch:\n"
        "        for number in range(300):\n"
        "            batch.add('noted', {'owner': 'x' * 60, 'number': number})\n"
        "        shutil.copytree(home, copy)\n"
    )
    subprocess.run([sys.executable, "-c", script, home.folder, tmp_path / "copy"], check=True)
    journal = (tmp_path / "copy" / "record.db-journal").stat().st_size

    assert journal > PAGE
    assert list(examine(tmp_path / "copy")) == []
    with SqliteRecord.open(tmp_path / "copy", readonly=True) as record:
        assert record.size() == 2
