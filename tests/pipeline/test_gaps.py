"""What guard cannot have seen is noted once, and never more than is known."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guard.errors import UnreachableError
from guard.pipeline import gaps
from guard.pipeline.scan import scan
from guard.record.sqlite import SqliteRecord
from tests.pipeline.fakes import NOON, OWN, Practice, a_mail
from tests.pipeline.records import a_record


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with a_record(tmp_path / "record") as record:
        yield Practice(record)


def noted(record: SqliteRecord, kind: str) -> list[object]:
    return [entry.data for entry in record.of_kind(kind)]


def test_a_mail_that_came_and_went_between_two_scans_is_noted_once(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    assert scan(practice.house()).vanished == 0
    for ref in "234":
        practice.inbox.put(a_mail(ref=ref))
    del practice.inbox.mails[2], practice.inbox.mails[3]

    assert scan(practice.house()).vanished == 2
    assert scan(practice.house()).vanished == 0
    assert gaps.total(practice.record.of_kind(gaps.VANISHED)) == 2


def test_what_was_gone_before_guard_first_looked_is_no_gap(practice: Practice) -> None:
    for ref in "1234":
        practice.inbox.put(a_mail(ref=ref))
    del practice.inbox.mails[2]

    assert scan(practice.house()).vanished == 0
    assert noted(practice.record, gaps.VANISHED) == []


def test_a_first_run_in_two_parts_finds_no_gap_in_old_mail(practice: Practice) -> None:
    for ref in "12345":
        practice.inbox.put(a_mail(ref=ref))
    del practice.inbox.mails[4]
    practice.server.batch, practice.server.breaks_after = 1, 1
    with pytest.raises(UnreachableError):
        scan(practice.house())
    practice.server.breaks_after = None

    assert scan(practice.house()).vanished == 0


def test_a_rebuilt_folder_starts_anew(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    practice.inbox.validity = 8
    practice.inbox.mails = {9: practice.inbox.mails[1]}

    assert scan(practice.house()).vanished == 0


def test_a_day_without_a_scan_is_noted(practice: Practice) -> None:
    house = practice.house()
    late = NOON - gaps.LATE - timedelta(seconds=1)

    scan(replace(house, last=late))
    scan(replace(house, last=NOON - gaps.LATE))

    told = noted(practice.record, gaps.PAUSED)
    assert told == [{"since": ms(late), "until": ms(NOON)}]


def test_what_is_too_large_is_said_once_and_counted_until_it_is_gone(practice: Practice) -> None:
    uid = practice.inbox.put(a_mail(ref="1"))
    practice.inbox.put(a_mail(ref="2"))
    practice.inbox.oversized.add(uid)

    first, second = scan(practice.house()), scan(practice.house())

    assert ([one.exit_code for one in first.problems], first.filed) == ([65], 1)
    assert second.problems == []
    assert noted(practice.record, "oversized") == [
        {"account": OWN, "folder": "INBOX", "validity": 7, "uid": uid}
    ]
    cursor = practice.record.cursor(OWN, "INBOX")
    assert cursor is not None
    assert cursor.missing == (uid,)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


ranges = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)).map(lambda p: (p[0], sum(p))))


@given(ranges, st.sets(st.integers(1, 50)))
def test_sizes_are_those_of_sets(found: list[gaps.Range], but: set[int]) -> None:
    wanted = {uid for first, last in found for uid in range(first, last + 1)} - but

    assert gaps.size(found, but=but) == len(wanted)


@given(st.integers(0, 30), st.sets(st.integers(1, 50)))
def test_skipped_are_those_that_are_not_there(after: int, present: set[int]) -> None:
    found = gaps.skipped(after, sorted(present))

    shown = {uid for first, last in found for uid in range(first, last + 1)}
    assert shown == set(range(after + 1, max(present, default=0))) - present


def test_a_jump_of_billions_costs_nothing() -> None:
    assert gaps.size([(1, 2**62)], but=[5]) == 2**62 - 1
