"""What an outsider can do with stock programs, by the very lines of FORMAT.md."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from guard.record.entry import Incoming
from guard.record.keys import Keys
from guard.record.sqlite import SqliteRecord
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
FORMAT = Path(__file__).parents[2] / "guard" / "record" / "FORMAT.md"
RAW = b"Subject: for the year 2051\r\n\r\n\x00\xff bytes\r\n"


@pytest.fixture
def lines() -> str:
    """The block of commands, for a shell that stops at the first that fails."""
    for program in ("age", "openssl", "sha256sum", "sqlite3"):
        if shutil.which(program) is None:
            if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
                pytest.fail(f"{program} is not installed")
            pytest.skip(f"{program} is not installed")
    section = FORMAT.read_text().partition("## Reading without guard")[2]
    found = re.search(r"```bash\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return f"set -euo pipefail\n{found[1]}"


@pytest.fixture
def filed(record: SqliteRecord, home: Home, a_mail: MailBuilder) -> int:
    """A message of c1 and c2, and her key typed in from the recovery sheet."""
    record.file([a_mail(b"before")], cursor=None, now=NOW)
    [one] = record.file([a_mail(RAW, owners=("c1", "c2"))], cursor=None, now=NOW)
    (home.folder / "her.key").write_text(f"{home.identity.secret}\n")
    return one.item


def run(lines: str, home: Home, item: int, owner: str) -> subprocess.CompletedProcess[str]:
    asked = lines.replace("item=42 owner=c1", f"item={item} owner={owner}")
    assert asked != lines
    return subprocess.run(
        ["bash", "-c", asked],
        cwd=home.folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("owner", ["c1", "c2"])
def test_stock_programs_read_a_message_and_check_it(
    lines: str, home: Home, filed: int, owner: str
) -> None:
    done = run(lines, home, filed, owner)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "item.age: OK",
        "salted.eml: OK",
        "Signature Verified Successfully",
    ]
    assert (home.folder / "item.eml").read_bytes() == RAW


@pytest.mark.parametrize("number", [1, 2])
def test_stock_programs_read_a_message_of_an_older_record(
    lines: str, tmp_path: Path, number: int
) -> None:
    name = f"format-{number}"
    with tarfile.open(Path(__file__).parent / "vectors" / f"{name}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    old = Home(
        folder=tmp_path / name, identity=Keys(tmp_path / name / "keys").unlock("format one")
    )
    (old.folder / "her.key").write_text(f"{old.identity.secret}\n")
    with SqliteRecord.open(old.folder, readonly=True) as record:
        [item] = [entry.seq for entry in record.entries() if entry.kind == "filed"]
        [owner] = record.entry(item).fields["owners"]
    # A part that an older message left there is not taken for this one's.
    (old.folder / "salt.age").write_bytes(b"of another")

    done = run(lines, old, item, owner)

    assert (done.returncode, done.stderr) == (0, "")
    assert (old.folder / "item.eml").read_bytes() == b"Subject: format 1\r\n\r\nhello\r\n"


@pytest.mark.parametrize("table", ["blob", "entry"])
def test_stock_programs_notice_what_was_changed(
    lines: str, home: Home, record: SqliteRecord, filed: int, table: str
) -> None:
    record._db.execute(f"DROP TRIGGER {table}_update")
    change = {
        "blob": "UPDATE blob SET ct = (SELECT ct FROM blob ORDER BY seq LIMIT 1)",
        "entry": "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'commitment\":\"',"
        " 'commitment\":\"0') AS BLOB)",
    }
    record._db.execute(change[table])

    assert run(lines, home, filed, "c1").returncode != 0


def test_stock_programs_notice_a_head_that_somebody_else_signed(
    lines: str, home: Home, record: SqliteRecord, filed: int
) -> None:
    record._db.execute("DROP TRIGGER checkpoint_update")
    record._db.execute(
        "UPDATE checkpoint SET note = replace(note, 'guard-record', 'guard-recorD')"
    )

    assert run(lines, home, filed, "c1").returncode != 0
