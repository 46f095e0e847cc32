"""The proof of one message, checked by somebody who has no guard."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard.errors import LockedError, RecordBrokenError, RecordError
from guard.record import proof_check
from guard.record.entry import Cursor, Fact, Incoming
from guard.record.log import inclusion, leaf_hash, root_of, siblings
from guard.record.proof import Head, prove, write
from guard.record.reading import Reader
from guard.record.scanner import ScannerKey
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
MINE = b"Subject: mine\r\n\r\nthis one\r\n"
OTHERS = [b"Subject: other %d\r\n\r\nquokka\r\n" % number for number in range(6)]


@pytest.fixture
def item(record: SqliteRecord, a_mail: MailBuilder) -> int:
    """One message among others of other people."""
    for raw in OTHERS[:3]:
        record.file([a_mail(raw, owners=("c2",))], cursor=None, now=NOW)
    [mine] = record.file([a_mail(MINE, owners=("c1",))], cursor=None, now=NOW)
    cursor = Cursor(account="a@practice.example", folder="INBOX", validity=7, uid=4)
    record.file([a_mail(raw, owners=("c3",)) for raw in OTHERS[3:]], cursor=cursor, now=NOW)
    return mine.item


@pytest.fixture
def folder(record: SqliteRecord, home: Home, item: int, tmp_path: Path) -> Path:
    """A proof as it is given away."""
    reader = Reader(record, home.identity)
    write(prove(record, reader, item, head=Head(note=record.head())), tmp_path / "proof")
    return tmp_path / "proof"


def outsider(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program of the folder itself, where no guard can be imported."""
    # However guard may be installed here, it is not there.
    program = (
        "import runpy, sys; sys.modules['guard'] = None; sys.argv = ['proof_check.py', '.'];"
        "runpy.run_path('proof_check.py', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-I", "-O", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("size", range(1, 40))
def test_the_ranges_of_a_path_give_the_path(size: int) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    for index in range(size):
        ranges = siblings(index, size)
        assert tuple(root_of(leaves[a:b]) for a, b in ranges) == inclusion(leaves, index)


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_there_is_no_path_from_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        siblings(index, 5)


def test_an_outsider_without_guard_can_check_it(folder: Path, item: int) -> None:
    ran = outsider(folder)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"PROVED: message.eml is entry {item} of ")
    assert (folder / "vkey.txt").read_text().strip() in ran.stdout


def test_guard_cannot_be_imported_where_the_outsider_runs(folder: Path) -> None:
    (folder / "proof_check.py").write_text("import guard")

    assert "ModuleNotFoundError: import of guard halted" in outsider(folder).stderr


def test_every_message_of_a_record_can_be_proved(
    record: SqliteRecord, home: Home, item: int, tmp_path: Path
) -> None:
    reader = Reader(record, home.identity)
    filed = [entry.seq for entry in record.entries() if entry.kind == "filed"]
    assert item in filed
    for seq in filed:
        for size, _, note in record.checkpoints(seq + 1, 99):
            target = tmp_path / f"{seq}-{size}"
            write(prove(record, reader, seq, head=Head(note=note)), target)
            assert proof_check.check(target).startswith("PROVED")


def test_it_holds_the_message_byte_for_byte_and_nothing_of_any_other(
    folder: Path, record: SqliteRecord, item: int
) -> None:
    everything = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))

    assert (folder / "message.eml").read_bytes() == MINE
    assert (folder / "entry.json").read_bytes() == record.entry(item).body
    assert b"quokka" not in everything
    for entry in record.entries():
        if entry.seq != item:
            assert entry.body not in everything
            assert (
                entry.leaf == b""
                or entry.seq == item ^ 1
                or entry.leaf.hex() not in str(everything)
            )


def test_nobody_can_guess_the_entries_whose_hashes_it_shows(
    folder: Path, record: SqliteRecord, item: int
) -> None:
    # A body that could be guessed could be confirmed by its hash in a neighbour's proof.
    record.append([Fact(kind="flagged", item=item)], now=NOW)
    for entry in record.entries():
        told = (entry.fields.get(name) for name in ("sealed", "blob", "nonce"))
        unguessable = next(filter(None, told))
        assert len(bytes.fromhex(unguessable)) >= 16

    nonces = [entry.fields["nonce"] for entry in record.entries() if "nonce" in entry.fields]
    assert len(set(nonces)) == len(nonces)


CHANGES: dict[str, Callable[[Path], object]] = {
    "another message": lambda f: (f / "message.eml").write_bytes(MINE + b"!"),
    "a shifted salt": lambda f: _edit(f, lambda p: p | {"salt": p["salt"] + MINE[:1].hex()}),
    "no salt": lambda f: _edit(f, lambda p: p | {"salt": ""}),
    "another entry": lambda f: (f / "entry.json").write_bytes(
        (f / "entry.json").read_bytes().replace(b'"c1"', b'"c9"')
    ),
    "a longer path": lambda f: _edit(f, lambda p: p | {"path": [*p["path"], "00" * 32]}),
    "a shorter path": lambda f: _edit(f, lambda p: p | {"path": p["path"][:-1]}),
    "no path": lambda f: _edit(f, lambda p: p | {"path": []}),
    "a swapped path": lambda f: _edit(f, lambda p: p | {"path": p["path"][::-1]}),
    "another root": lambda f: _note(f, 2, "A" * 43 + "="),
    "another size": lambda f: _note(f, 1, "99"),
    "another origin": lambda f: _note(f, 0, "guard-record/0000000000000000"),
    "no signature": lambda f: (f / "checkpoint.txt").write_text("a\n1\nb\n\n"),
    "no checkpoint": lambda f: (f / "checkpoint.txt").write_text(""),
    "another key": lambda f: (f / "vkey.txt").write_text(
        "x+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    ),
    "nonsense": lambda f: (f / "proof.json").write_text("[]"),
    "a missing file": lambda f: (f / "entry.json").unlink(),
}


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    told = json.loads((folder / "proof.json").read_text())
    (folder / "proof.json").write_text(json.dumps(change(told)))


def _note(folder: Path, line: int, text: str) -> None:
    lines = (folder / "checkpoint.txt").read_text().split("\n")
    lines[line] = text
    (folder / "checkpoint.txt").write_text("\n".join(lines))


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_of_it_can_be_changed(folder: Path, change: str) -> None:
    CHANGES[change](folder)

    ran = outsider(folder)

    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith("NOT PROVED")


def test_a_proof_of_another_record_is_no_proof_of_this_one(folder: Path) -> None:
    other = ScannerKey.make(os.urandom(72)).verifier.encode()
    (folder / "vkey.txt").write_text(other)

    assert outsider(folder).returncode == 1


def test_a_head_that_does_not_cover_the_message_proves_nothing(
    record: SqliteRecord, home: Home, item: int
) -> None:
    early = next(record.checkpoints(2, item))[2]

    with pytest.raises(RecordError, match="does not cover"):
        prove(record, Reader(record, home.identity), item, head=Head(note=early))


@pytest.mark.parametrize("seq", [0, 1, 10_000])
def test_only_messages_can_be_proved(
    record: SqliteRecord, home: Home, item: int, seq: int
) -> None:
    with pytest.raises(RecordError):
        prove(record, Reader(record, home.identity), seq, head=Head(note=record.head()))


def test_a_record_that_was_tampered_with_proves_nothing(
    record: SqliteRecord, home: Home, item: int
) -> None:
    record._db.execute("DROP TRIGGER entry_update")
    record._db.execute("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 2")

    with pytest.raises(RecordBrokenError):
        prove(record, Reader(record, home.identity), item, head=Head(note=record.head()))


def test_a_record_with_a_gap_proves_nothing(record: SqliteRecord, home: Home, item: int) -> None:
    record._db.execute("DROP TRIGGER entry_delete")
    record._db.execute("DELETE FROM entry WHERE seq = 2")

    with pytest.raises(RecordBrokenError):
        prove(record, Reader(record, home.identity), item, head=Head(note=record.head()))


def test_without_her_key_there_is_no_proof(record: SqliteRecord, item: int) -> None:
    with pytest.raises(LockedError):
        prove(record, Reader(record, Identity.make()), item, head=Head(note=record.head()))


def test_nothing_is_overwritten(folder: Path, record: SqliteRecord, home: Home, item: int) -> None:
    made = prove(record, Reader(record, home.identity), item, head=Head(note=record.head()))

    with pytest.raises(RecordError, match="already"):
        write(made, folder)
    assert not list(folder.parent.glob(".*unfinished*"))


def test_a_stamp_goes_with_it(record: SqliteRecord, home: Home, item: int, tmp_path: Path) -> None:
    head = Head(note=record.head(), stamp=b"stamp")
    write(prove(record, Reader(record, home.identity), item, head=head), tmp_path / "p")

    assert (tmp_path / "p" / "checkpoint.tsr").read_bytes() == b"stamp"
    assert "openssl ts -verify" in (tmp_path / "p" / "README.txt").read_text()
