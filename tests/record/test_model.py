"""Any order of filing and telling, against a record of ten lines kept in memory."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.record.entry import Cursor, Fact, Incoming, Location
from guard.record.sqlite import SqliteRecord
from guard.record.verify import verify
from tests.record.conftest import NOW, Home

MailBuilder = Callable[..., Incoming]
PlaceBuilder = Callable[..., Location]
RAWS = st.sampled_from([b"one", b"two", b"three", b"four"])
UIDS = st.integers(1, 4)
WORDS = st.sampled_from(["judge", "review"])
STEPS = st.one_of(
    st.tuples(st.just("file"), st.lists(st.tuples(RAWS, UIDS), max_size=4), UIDS),
    st.tuples(st.just("open"), RAWS, WORDS),
    st.tuples(st.just("close"), RAWS, WORDS),
    st.tuples(st.just("name"), st.sampled_from("ab"), st.sampled_from(["c1", "c2"])),
    st.tuples(st.just("unname"), st.sampled_from("ab"), st.sampled_from(["c1", "c2"])),
    st.tuples(st.just("reopen")),
)


@dataclass
class Memory:
    """What the record should know."""

    items: dict[bytes, int] = field(default_factory=dict)
    places: set[tuple[bytes, int]] = field(default_factory=set)
    tasks: set[tuple[str, int]] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)
    uid: int | None = None


def step(
    record: SqliteRecord, memory: Memory, what: tuple[object, ...], mails: list[Incoming]
) -> None:
    match what:
        case ("file", _, int(uid)):
            cursor = Cursor(account="a@practice.example", folder="INBOX", validity=7, uid=uid)
            for mail, filed in zip(mails, record.file(mails, cursor=cursor, now=NOW), strict=True):
                assert filed.new == (mail.raw not in memory.items)
                assert memory.items.setdefault(mail.raw[:], filed.item) == filed.item
                memory.places.add((mail.raw[:], mail.locations[0].uid))
            memory.uid = uid
        case ("open" | "close" as verb, bytes(raw), str(word)) if raw in memory.items:
            item = memory.items[raw]
            opens, closes = ((word,), ()) if verb == "open" else ((), (word,))
            record.append([Fact(kind="x", item=item, opens=opens, closes=closes)], now=NOW)
            (memory.tasks.add if verb == "open" else memory.tasks.discard)((word, item))
        case ("name", str(text), str(owner)):
            record.append([Fact(kind="x", owner=owner, names=(text,))], now=NOW)
            memory.names.add((text, owner))
        case ("unname", str(text), str(owner)):
            record.append([Fact(kind="x", owner=owner, unnames=(text,))], now=NOW)
            memory.names.discard((text, owner))


def assert_agree(record: SqliteRecord, memory: Memory) -> None:
    for raw, item in memory.items.items():
        uids = {place.uid for place in record.locations(item)}
        assert uids == {uid for held, uid in memory.places if held == raw}
    for word in ("judge", "review"):
        assert record.tasks(word) == sorted(item for name, item in memory.tasks if name == word)
    for text in "ab":
        owners = sorted(owner for name, owner in memory.names if name == text)
        assert list(record.owners_named(text)) == owners
    cursor = record.cursor("a@practice.example", "INBOX")
    assert (cursor and cursor.uid) == memory.uid


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=12))
def test_knows_what_a_memory_would_know_and_verifies(
    new_home: Home,
    a_mail: MailBuilder,
    a_place: PlaceBuilder,
    steps: list[tuple[object, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = new_home.copy(Path(name) / "record")
        memory, record = Memory(), home.open()
        for what in steps:
            if what == ("reopen",):
                record.close()
                record = home.open()
            given = what[1] if what[0] == "file" else []
            assert isinstance(given, list)
            step(record, memory, what, [a_mail(raw, a_place(uid)) for raw, uid in given])
            assert_agree(record, memory)
        assert list(verify(record)) == []
        record.close()
