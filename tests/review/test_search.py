"""Searching: by the words of a message, who, when, which way; and what stays on the disk."""

import dataclasses
import os
import secrets
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from guard.record.eraser import erase
from guard.record.image import Images
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.review import rulings
from guard.review.index import Index
from guard.review.search import Found, Wanted, search
from guard.review.sqlite_words import WHAT
from guard.verdict.label import Label
from tests.review.practice import LETTERS, PASSPHRASE, START, Practice, letter


@dataclasses.dataclass
class Searcher:
    """Searches as a new run of guard would, unless it keeps its index."""

    practice: Practice
    index: Index | None = None
    read: int = 0

    @property
    def folder(self) -> Path:
        return self.practice.settings.record_folder

    def __call__(
        self,
        words: str = "",
        *,
        most_read: int | None = None,
        most_found: int = 100,
        **wanted: object,
    ) -> list[int]:
        return self.found(
            Wanted(words=words, **wanted),  # type: ignore[arg-type]  # as the test says
            most_read=most_read,
            most_found=most_found,
        ).items

    def found(self, wanted: Wanted, *, most_read: int | None, most_found: int) -> Found:
        index = self.index or Index(LETTERS)
        with SqliteRecord.open(self.folder, readonly=True) as record:
            reader = Reader(record, self.identity)
            found = search(
                index,
                record,
                reader,
                wanted,
                most_read=most_read,
                most_found=most_found,
                progress=self.count,
            )
        if self.index is None:
            index.close()
        return found

    def count(self, done: int, _every: int) -> None:
        self.read = done

    @property
    def identity(self) -> Identity:
        with SqliteRecord.open(self.folder, readonly=True) as record:
            return record.keys.unlock(PASSPHRASE)


@pytest.fixture
def find(practice: Practice) -> Searcher:
    return Searcher(practice)


def test_each_word_begins_a_word_of_the_message(find: Searcher) -> None:
    item = find.practice.add(letter("My panic attacks came back, naïvely", subject="Sleep"))
    find.practice.add(letter("Thursday at three?", sender="Ann <a@b.example>"))

    for words in ("panic", "PANIC att", "naive", "sleep", "tom@home.example", "Ash", "attacks, "):
        assert find(words) == [item], words
    for words in ("anic", "panic thursday", "giraffe", "?", '"', "panic NOT back", "pan*c"):
        assert find(words) == [], words


def test_recipients_and_names_of_attachments_are_searched(find: Searcher) -> None:
    raw = (
        b"From: a@b.example\r\nTo: Andrea <andrea@practice.example>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhere it is\r\n--x\r\n"
        b'Content-Type: application/pdf; name="questionnaire.pdf"\r\n'
        b'Content-Disposition: attachment; filename="questionnaire.pdf"\r\n\r\nx\r\n--x--\r\n'
    )
    item = find.practice.add(raw)

    assert find("questionnaire") == find("andrea") == [item]


def test_it_is_narrowed_by_client_direction_label_and_day(find: Searcher) -> None:
    tom = find.practice.add_client("Tom", "tom@home.example")
    his = find.practice.add(a_zebra(), Label.SCHEDULING, owner=tom)
    find.practice.clock.pass_(days=2)
    sent = find.practice.add(a_zebra(), owner=tom, direction="out")
    other = find.practice.add(a_zebra())

    assert find("zebra") == [other, sent, his]
    assert find(client=tom) == [sent, his]
    assert find(direction="out") == [sent]
    assert find(label=Label.SCHEDULING) == [his]
    assert find(label=Label.THERAPY) == [other]
    assert find(since=START.replace(hour=0) + timedelta(days=1)) == [other, sent]
    assert find(until=START.replace(hour=0)) == [his]


def test_what_she_ruled_counts_until_she_takes_it_back(find: Searcher) -> None:
    tom = find.practice.add_client("Tom", "tom@home.example")
    item = find.practice.add(a_zebra(), Label.THERAPY)
    find.index = Index(LETTERS)
    assert find(label=Label.THERAPY) == [item]

    ruled = rule(find, item, label=Label.OTHER, client=tom)

    assert (find(label=Label.OTHER), find(label=Label.THERAPY)) == ([item], [])
    assert find(client=tom) == [item]
    unrule(find, ruled)
    assert (find(label=Label.OTHER), find(label=Label.THERAPY)) == ([], [item])
    assert find(client=tom) == []
    find.index.close()


def test_pages_follow_one_another(find: Searcher) -> None:
    items = [find.practice.add(a_zebra()) for _ in range(7)]

    first = find.found(Wanted(words="zebra"), most_read=None, most_found=3)
    second = find.found(Wanted(words="zebra", skip=3), most_read=None, most_found=3)
    third = find.found(Wanted(words="zebra", skip=6), most_read=None, most_found=3)

    assert [*first.items, *second.items, *third.items] == items[::-1]
    assert (first.more, second.more, third.more) == (True, True, False)


def test_a_page_reads_a_part_newest_first_and_says_what_is_left(find: Searcher) -> None:
    items = []
    for _ in range(5):
        find.practice.clock.pass_(minutes=1)
        items.append(find.practice.add(a_zebra()))

    wanted = Wanted(words="zebra")
    seen = [find.found(wanted, most_read=2, most_found=9) for _ in range(3)]

    assert [one.items for one in seen] == [items[:2:-1], items[:0:-1], items[::-1]]
    assert [one.left for one in seen] == [3, 1, 0]


def test_where_one_owners_messages_are_wanted_no_others_are_read(find: Searcher) -> None:
    tom = find.practice.add_client("Tom", "tom@home.example")
    find.practice.add(a_zebra(), owner=tom)
    other = find.practice.add(a_zebra())

    assert find("zebra", only="unsorted") == [other]
    assert find.read == 1
    assert len(find("zebra")) == 2


def test_what_was_read_once_is_not_read_again(find: Searcher) -> None:
    items = [find.practice.add(a_zebra()) for _ in range(3)]
    find("zebra")
    find.read = 0
    assert (find("zebra"), find.read) == (items[::-1], 0)

    new = find.practice.add(a_zebra())

    assert (find("zebra"), find.read) == ([new, *items[::-1]], 1)


def test_what_stays_on_the_disk_is_sealed(find: Searcher) -> None:
    tom = find.practice.add_client("Tom", "tom@home.example")
    find.practice.add(letter("zebracrossing"), owner=tom)
    find("zebra")

    files = {path.name: path.read_bytes() for path in (find.folder / "search").iterdir()}
    assert files.keys() == {"catalogue.json", f"{tom}.age"}
    assert files[f"{tom}.age"].startswith(b"age-encryption.org/v1")
    assert not any(b"zebra" in data.lower() for data in files.values())
    assert {path.stat().st_mode & 0o077 for path in (find.folder / "search").rglob("*")} == {0}


@pytest.mark.parametrize("change", ["flip", "cut", "drop", "swap"])
@pytest.mark.parametrize("name", ["catalogue.json", "ctom.age", "unsorted.age"])
def test_a_damaged_cache_is_made_anew(find: Searcher, name: str, change: str) -> None:
    tom = find.practice.add_client("Tom", "tom@home.example")
    items = [find.practice.add(a_zebra(), owner=one) for one in (tom, "unsorted")]
    find("zebra")
    path = find.folder / "search" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if change == "drop":
        path.unlink()
    elif change == "swap":
        shutil.copy(find.folder / "keys" / "unsorted.age", path)
    else:
        path.write_bytes(data if change == "flip" else data[: len(data) // 2])
    find.read = 0

    assert find("zebra") == items[::-1]
    assert find.read == 2
    assert find("zebra") == items[::-1]


def test_an_image_that_somebody_planted_is_not_believed(find: Searcher) -> None:
    """Anybody can seal to a public key, and write a catalogue; nobody else can sign it."""
    item = find.practice.add(a_zebra())
    find("zebra")
    other = Identity.make()
    with SqliteRecord.open(find.folder, readonly=True) as record:
        planted = Images(record, other, what=WHAT, digests={})
        planted.save(record.head(), {"unsorted": an_image})

    assert find("zebra") == [item]


def an_image() -> bytes:
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE x (y)")
        image = db.serialize()
    db.close()
    return image


def test_the_cache_of_a_record_that_was_rolled_back_is_not_believed(find: Searcher) -> None:
    item = find.practice.add(a_zebra())
    find("zebra")
    shutil.copy(find.folder / "record.db", find.folder.parent / "old.db")
    find.practice.add(letter("zebra of a lost day"))
    find("zebra")
    shutil.copy(find.folder.parent / "old.db", find.folder / "record.db")
    find.practice.clock.pass_(days=1)
    later = find.practice.add(letter("another zebra"))

    assert find("zebra") == [later, item]
    assert find("lost") == []


def test_who_was_erased_is_not_found_and_leaves_no_image(find: Searcher) -> None:
    tom = find.practice.add_client("Tom", "tom@home.example")
    find.practice.add(a_zebra(), owner=tom)
    other = find.practice.add(a_zebra())
    find.index = Index(LETTERS)
    find("zebra")
    with SqliteRecord.open(find.folder) as record:
        erase(record, tom, identity=find.identity, body={}, now=find.practice.now)

    assert find("zebra") == [other]
    assert not (find.folder / "search" / f"{tom}.age").exists()
    find.index.close()


def test_a_folder_that_cannot_be_written_does_not_stop_the_search(find: Searcher) -> None:
    item = find.practice.add(a_zebra())
    (find.folder / "search").write_text("in the way")

    assert find("zebra") == [item]


def test_a_message_that_cannot_be_read_is_passed_over(find: Searcher) -> None:
    find.practice.add(os.urandom(500), direction="out")
    item = find.practice.add(a_zebra())

    assert find("zebra") == [item]


def a_zebra() -> bytes:
    """A letter like no other: the record files the same one once."""
    return letter(f"zebra {secrets.token_hex(8)}")


def rule(find: Searcher, item: int, *, label: Label, client: str) -> int:
    answer = rulings.Answer(label=label, sender=rulings.Sender.CLIENT, client=client)
    with SqliteRecord.open(find.folder) as record:
        ruling = rulings.ruled(item, ("unsorted",), answer, ())
        return record.append([ruling], now=find.practice.now)[0]


def unrule(find: Searcher, seq: int) -> None:
    with SqliteRecord.open(find.folder) as record:
        record.append([rulings.unruled(record.entry(seq))], now=find.practice.now)
