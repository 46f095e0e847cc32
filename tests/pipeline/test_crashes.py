"""Ended at any write, sending or flagging: the next scan ends where an undisturbed one would."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from guard.errors import NotSentError
from guard.pipeline.scan import scan
from guard.record.verify import verify
from tests.pipeline.fakes import AL, BO, JO, Practice, a_letter, a_mail
from tests.pipeline.fuse import Crashed, Fuse, Fused
from tests.pipeline.records import a_record, tasks

EDGES = ("file", "append", "send", "flag")
Opener = Callable[[], Practice]


def stock(practice: Practice) -> None:
    """Fill the mailbox with twelve mails of every kind."""
    practice.server.batch = 4
    inbox, junk, sent = practice.inbox, practice.junk, practice.sent
    sent.put(a_letter(to="bo@client.example"), age=timedelta(hours=1))
    sent.put(a_letter(to="eve@other.example"), age=timedelta(hours=1))
    inbox.put(a_mail("jo"), age=timedelta(hours=2))
    inbox.put(a_mail("jo", ref="2"))
    inbox.put(a_mail("al", words="crisis"))
    inbox.put(a_mail("al", ref="3"))
    inbox.put(a_mail("jo", words="scheduling", ref="4"))
    inbox.put(b"\x00no mail at all")
    inbox.put(a_mail("eve", words="perhaps"))
    inbox.put(a_mail("jo"))
    inbox.put(a_mail("al", words="crisis", ref="old"), age=timedelta(days=9))
    junk.put(a_mail("bo", words="scheduling", ref="5"))


def run(practice: Practice, fuse: Fuse) -> None:
    """One scan whose edges go through the fuse."""
    edges: dict[str, Any] = {
        "record": Fused(practice.record, fuse, only=EDGES),
        "tray": Fused(practice.tray, fuse, only=EDGES),
    }
    house = practice.house(**edges)
    scan(replace(house, mailbox=Fused(practice.server, fuse, only=EDGES)))


def end_state(practice: Practice) -> dict[str, Any]:
    """What must not depend on where a scan was interrupted."""
    entries = list(practice.record.entries())
    incoming = {
        one.seq: practice.record.locations(one.seq)[0]
        for one in entries
        if one.kind == "filed" and practice.record.locations(one.seq)
    }
    places = {item: (place.folder, place.uid) for item, place in incoming.items()}
    stock_only = {item: at for item, at in places.items() if at[0] != "Sent" or at[1] <= 2}
    return {
        "filed": sorted(stock_only.values()),
        "tasks": {
            name: sorted(stock_only[item] for item in items)
            for name, items in tasks(practice.record).items()
        },
        "reminded": sorted(
            one.owner or ""
            for one in entries
            if one.kind in ("reminder-sent", "reminder-uncertain")
        ),
        "flagged": sorted(set(practice.inbox.flagged)),
        "wrote": sorted(one.owner or "" for one in entries if one.kind == "wrote"),
        "decided": {
            places[one.item]: one.data["actions"]
            for one in reversed(entries)
            if one.kind == "decided" and one.item is not None
        },
        "told": practice.tray.alerts > 0,
    }


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    """Give a fresh practice with twelve mails, as often as it is called."""
    made: list[Practice] = []

    def build() -> Practice:
        practice = Practice(a_record(tmp_path / f"record-{len(made)}", JO, AL, BO))
        stock(practice)
        made.append(practice)
        return practice

    return build


def undisturbed(opener: Opener) -> tuple[dict[str, Any], list[str]]:
    practice, fuse = opener(), Fuse()
    run(practice, fuse)
    run(practice, Fuse())
    state = end_state(practice)
    practice.record.close()
    return state, fuse.calls


def ends_well(practice: Practice, wanted: dict[str, Any]) -> None:
    """Scan until nothing is left, and compare."""
    run(practice, Fuse())
    run(practice, Fuse())
    assert end_state(practice) == wanted
    assert max(Counter(practice.tray.reminders).values(), default=0) <= 1
    assert list(verify(practice.record)) == []
    practice.record.close()


def test_the_undisturbed_scan_does_what_the_matrix_means(opener: Opener) -> None:
    state, calls = undisturbed(opener)

    assert len(state["filed"]) == 11
    # Al wrote of danger too, so the letter about therapy beside it is not answered.
    assert state["reminded"] == ["c-jo"]
    assert state["wrote"] == ["c-bo"]
    assert state["tasks"].keys() == {"review", "note"}
    assert set(calls) == set(EDGES)
    assert len(calls) > 15


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ended_at_any_call_the_next_scan_ends_the_same(opener: Opener, *, after: bool) -> None:
    wanted, calls = undisturbed(opener)
    for at in range(len(calls)):
        practice = opener()
        with pytest.raises(Crashed):
            run(practice, Fuse(at=at, after=after))
        ends_well(practice, wanted)


def test_ended_twice_and_thrice_it_still_ends_the_same(opener: Opener) -> None:
    wanted, calls = undisturbed(opener)
    rng = random.Random(5)
    for _ in range(15):
        practice = opener()
        for _ in range(rng.randint(2, 3)):
            fuse = Fuse(at=rng.randrange(len(calls)), after=rng.random() < 0.5)
            try:
                run(practice, fuse)
            except Crashed:
                continue
        ends_well(practice, wanted)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ended_while_nothing_can_be_sent_it_ends_the_same(opener: Opener, *, after: bool) -> None:
    wanted, calls = undisturbed(opener)
    for at in range(0, len(calls), 2):
        practice = opener()
        practice.tray.trouble = NotSentError("away")
        try:
            run(practice, Fuse(at=at, after=after))
        except Crashed:
            practice.now += timedelta(minutes=5)
        practice.tray.trouble = None
        ends_well(practice, wanted)
