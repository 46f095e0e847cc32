"""What is kept of the heads that somebody outside has seen."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from guard.errors import RecordBrokenError, RecordError
from guard.record import witness
from guard.record.entry import Incoming
from guard.record.note import notes_in
from guard.record.scanner import ScannerKey
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from guard.record.witness import Seen
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
HOUR, DAY = 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("seen", "due"),
    [
        (Seen(), True),
        (Seen(at=NOW - DAY + 1), False),
        (Seen(at=NOW - DAY), True),
        (Seen(at=NOW - DAY, tried=NOW - HOUR + 1), False),
        (Seen(at=NOW - DAY, tried=NOW - HOUR), True),
        (Seen(tried=NOW), False),
        (Seen(at=NOW + 1), True),
        (Seen(at=NOW + 900 * DAY, tried=NOW + 900 * DAY), True),
    ],
)
def test_a_witness_is_due_after_a_day_or_an_hour_after_a_failure(seen: Seen, *, due: bool) -> None:
    assert seen.due(NOW) is due


def test_how_it_went_is_remembered_for_each(home: Home) -> None:
    one, other = Seen(at=NOW, size=5), Seen(tried=NOW, why="the server is away")
    witness.note_seen(home.folder, "mailed", one)
    witness.note_seen(home.folder, "stamped", other)

    assert witness.seen(home.folder) == {"mailed": one, "stamped": other}


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a":1}', b'{"a":{"x":1}}', b"\xff", b"7"])
def test_a_memory_that_cannot_be_read_is_none(home: Home, text: bytes) -> None:
    (home.folder / "checkpoints" / "witnesses.json").write_bytes(text)

    assert witness.seen(home.folder) == {}


def test_a_head_that_is_shorter_than_one_that_was_shown_is_an_alarm(
    home: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    older = home.copy(tmp_path / "older")
    with home.open() as record:
        record.file([a_mail(b"1")], cursor=None, now=NOW)
        size, note = witness.head_to_show(record)
    witness.keep(older.folder, size, note)

    with older.open() as record, pytest.raises(RecordBrokenError, match="a witness has seen 3"):
        witness.head_to_show(record)
    assert [one.what for one in examine(older.folder)] == ["witness"]


def test_a_head_that_is_not_signed_is_shown_to_nobody(home: Home, record: SqliteRecord) -> None:
    (home.folder / "vkey.txt").write_text(ScannerKey.make(os.urandom(72)).verifier.encode())

    with pytest.raises(RecordBrokenError, match="damaged"):
        witness.head_to_show(record)


def test_a_kept_head_is_compared_from_then_on(record: SqliteRecord, home: Home) -> None:
    size, note = witness.head_to_show(record)
    witness.keep(home.folder, size, note)

    assert (home.folder / "checkpoints" / "0000000002.txt").read_text() == note
    assert list(examine(home.folder)) == []


def test_the_oldest_stamp_that_covers_a_message_proves_it(
    record: SqliteRecord, home: Home, a_mail: MailBuilder
) -> None:
    notes = []
    for number in range(4):
        record.file([a_mail(b"%d" % number)], cursor=None, now=NOW)
        size, note = witness.head_to_show(record)
        notes.append(note)
        stamp = sha256(note.encode()).digest() if number != 1 else b""
        witness.keep(home.folder, size, note, stamp=stamp)
    (home.folder / "checkpoints" / "nonsense.txt").write_text("x")
    (home.folder / "checkpoints" / "0000000004.tsr").write_bytes(b"of something else")

    found = [witness.earliest_stamped(record, item) for item in range(2, 7)]

    assert [head and head.note for head in found] == [notes[0], notes[2], notes[2], notes[3], None]


def test_a_stamp_that_is_of_something_else_is_a_finding(record: SqliteRecord, home: Home) -> None:
    size, note = witness.head_to_show(record)
    witness.keep(home.folder, size, note, stamp=b"of something else", chain=b"pem")

    assert [str(one) for one in examine(home.folder)] == [
        "witness: the stamp 0000000002.tsr is of something else"
    ]


def test_the_head_of_a_lone_stamp_is_found_in_the_record(
    record: SqliteRecord, a_mail: MailBuilder
) -> None:
    note = record.head()
    record.file([a_mail(b"1")], cursor=None, now=NOW)

    assert witness.stamped_note(record, b"..." + sha256(note.encode()).digest()) == note
    assert witness.stamped_note(record, b"...") is None


def test_a_read_only_disk_keeps_nothing_and_says_so(home: Home, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RecordError):
        witness.keep(tmp_path / "file", 1, "x")


@pytest.mark.parametrize("change", ["plain", "quoted", "indented", "crlf", "in a letter", "twice"])
def test_a_head_is_found_in_whatever_somebody_made_of_the_mail(
    record: SqliteRecord, change: str
) -> None:
    note = record.head()
    lines = note.splitlines()
    text = {
        "plain": note,
        "quoted": "\n".join(f"> {line}" for line in lines),
        "indented": "\n".join(f"    {line}  " for line in lines),
        "crlf": "\r\n".join(lines),
        "in a letter": f"Dear Jo,\nkeep this:\n\n{note}\nYours, Kim\n",
        "twice": f"{note}\n{note}",
    }[change]

    assert set(notes_in(text)) == {note}


@pytest.mark.parametrize("text", ["", "guard-record/x\n5\nshort\n\n\u2014 x y\n", "a\nb\nc\n\n"])
def test_no_head_is_found_where_there_is_none(text: str) -> None:
    assert notes_in(text) == []
