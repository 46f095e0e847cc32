"""The record from the command line: verify, show, export; and what was decided about an item."""

import json
import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from tests.commands.practice import CRISIS, SCHEDULING, Practice, letter, therapy


@pytest.fixture
def filed(practice: Practice) -> Practice:
    """A practice with three filed mails, one reminder and one alert."""
    practice.add("Leo", "leo@inkwell.example")
    practice.add("Kim", "kim@home.example")
    practice.deliver(letter(SCHEDULING))
    practice.deliver(letter(therapy()))
    # Of somebody else: whoever wrote of danger gets no reminder for a while.
    practice.deliver(letter(CRISIS, sender="Kim Lee <kim@home.example>"))
    practice.scan()
    return practice


def item_of(practice: Practice, text: str) -> int:
    first = text.split("\n", maxsplit=1)[0].encode()
    return next(item for item, raw in practice.filed().items() if first in raw)


def test_a_whole_record_verifies_without_a_key_and_prints_its_head(filed: Practice) -> None:
    ran = filed.guard("record", "verify")

    assert (ran.status, ran.err) == (0, "")
    with filed.record() as record:
        assert ran.out == f"{record.size()} entries verified.\n{record.head()}"


def test_it_verifies_with_every_message_opened(filed: Practice) -> None:
    ran = filed.unlocked("record", "verify", "--with-content")

    assert (ran.status, ran.err) == (0, "")


def test_a_flipped_byte_is_found(filed: Practice) -> None:
    file = filed.record_folder / "record.db"
    data = bytearray(file.read_bytes())
    place = data.index(b"age-encryption.org/v1") + 300
    data[place] ^= 1
    file.write_bytes(data)

    ran = filed.guard("record", "verify")

    assert ran.status == 65
    assert ran.out
    assert ran.err.startswith("guard: the record does not verify: ")
    assert len(ran.err.splitlines()) == 2


def test_indexes_that_are_damaged_are_made_anew_from_the_log(filed: Practice) -> None:
    with sqlite3.connect(filed.record_folder / "record.db") as db:
        db.execute("DELETE FROM location")
        db.execute("INSERT INTO task VALUES ('planted', 2, 2)")
    db.close()
    told = filed.guard("record", "verify")
    assert told.status == 65
    assert "guard record verify --mend" in told.err

    ran = filed.guard("record", "verify", "--mend")

    assert (ran.status, ran.err) == (0, "")
    assert "The indexes were made anew from the log." in ran.out
    assert filed.guard("record", "verify", "--full").status == 0


def test_nothing_is_mended_where_more_than_indexes_is_wrong(filed: Practice) -> None:
    file = filed.record_folder / "record.db"
    with sqlite3.connect(file) as db:
        db.execute("DELETE FROM location")
    db.close()
    data = bytearray(file.read_bytes())
    data[data.index(b"age-encryption.org/v1") + 300] ^= 1
    file.write_bytes(data)

    ran = filed.guard("record", "verify", "--mend")

    assert ran.status == 65
    assert "made anew" not in ran.out
    assert "--mend" not in ran.err


def test_no_record_says_how_to_make_one(practice: Practice) -> None:
    shutil.rmtree(practice.record_folder)

    ran = practice.guard("record", "verify")

    moved = "Was it moved, or is its disk not there? Name its folder in guard.toml: [record] path."
    moved += " If there was none yet: guard init"
    assert ran.status == 74
    assert ran.err.splitlines() == [
        "guard: there is no record here",
        f"guard: hint: It should be {practice.record_folder}. " + moved,
    ]


def test_the_list_shows_who_and_when(filed: Practice) -> None:
    ran = filed.unlocked("record", "show")

    rows = [line.split() for line in ran.out.splitlines()]
    assert ran.status == 0
    assert [row[3] for row in rows] == ["in", "in", "in", "out"]
    assert [row[4] for row in rows[:3]] == ["scheduling", "therapy", "crisis"]
    assert "leo@inkwell.example" in ran.out


def test_an_item_is_printed_byte_for_byte(filed: Practice) -> None:
    item = item_of(filed, therapy())

    ran = filed.unlocked("record", "show", str(item))

    assert ran.out.encode() == filed.filed()[item]


@pytest.mark.parametrize("words", [("record", "show"), ("why",)])
def test_an_item_that_is_not_there_is_refused(filed: Practice, words: tuple[str, ...]) -> None:
    ran = filed.unlocked(*words, "99999")

    assert ran.status in {74, 78}
    assert len(ran.err.splitlines()) == 2


def test_an_export_is_every_message_and_an_index(filed: Practice, tmp_path: Path) -> None:
    ran = filed.unlocked("record", "export", tmp_path / "out")

    found = {sha256(one.read_bytes()).digest() for one in (tmp_path / "out").glob("*.eml")}
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("4 messages in ")
    assert found == {sha256(raw).digest() for raw in filed.filed().values()}
    assert len((tmp_path / "out" / "index.csv").read_text().splitlines()) == 5


def test_an_export_overwrites_nothing(filed: Practice, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    ran = filed.unlocked("record", "export", tmp_path)

    assert ran.status == 74
    assert len(ran.err.splitlines()) == 2
    assert (tmp_path / "mine").read_text() == "mine"


def test_an_export_into_nowhere_says_so(filed: Practice, tmp_path: Path) -> None:
    ran = filed.unlocked("record", "export", tmp_path / "nowhere" / "out")

    assert ran.status == 74
    assert len(ran.err.splitlines()) == 2


def test_why_tells_every_rule_behind_a_reminder(filed: Practice) -> None:
    ran = filed.unlocked("why", str(item_of(filed, therapy())))

    assert (ran.status, ran.err) == (0, "")
    assert "What guard did: filed it, " in ran.out
    assert "sent the reminder" in ran.out
    assert "[x]" not in ran.out.partition("What stands in the way of a reminder")[2]
    assert "[ ] the address is a client's" in ran.out


def test_why_tells_what_stood_in_the_way(filed: Practice) -> None:
    ran = filed.unlocked("why", str(item_of(filed, CRISIS)))

    bars = ran.out.partition("What stands in the way of a reminder")[2]
    assert "[x] somebody may be in danger" in bars


def test_sent_mail_was_filed_and_not_judged(filed: Practice) -> None:
    sent = next(item for item, raw in filed.filed().items() if b"auto-replied" in raw)

    ran = filed.unlocked("why", str(sent))

    assert ran.status == 78
    assert "filed and not judged" in ran.err


def test_the_queue_shows_the_most_pressing_first(filed: Practice) -> None:
    ran = filed.unlocked("review", "--json")

    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.status, ran.err) == (0, "")
    assert rows[0]["label"] == "crisis"
    assert rows[0]["sender"] == "Kim Lee <kim@home.example>"
    assert rows[0]["evidence"]


def test_the_queue_can_be_listed(filed: Practice) -> None:
    ran = filed.unlocked("review", "--list")

    assert ran.status == 0
    assert "waiting for your eyes" in ran.out
    assert "somebody may be in danger" in ran.out


def test_nothing_waits_in_an_empty_record(practice: Practice) -> None:
    assert practice.unlocked("review", "--list").out == "Nothing waits for you.\n"


@pytest.mark.parametrize(
    "words",
    [
        ("review", "--list"),
        ("why", "1"),
        ("record", "show"),
        ("record", "export", "out"),
        ("record", "verify", "--with-content"),
    ],
)
@pytest.mark.parametrize("wrong", [True, False], ids=["wrong", "none"])
def test_without_the_passphrase_nothing_is_shown(
    practice: Practice, words: tuple[str, ...], *, wrong: bool
) -> None:
    practice.write_secret("pass.secret", "wrong")

    ran = (practice.unlocked if wrong else practice.guard)(*words)

    assert (ran.status, ran.out) == (77, "")
    assert len(ran.err.splitlines()) == 2
    assert not (practice.folder / "out").exists()
