from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from guard.reply.troubles import WORDS, Signs, Standing, Trouble, due, lasting, standing

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
WELL = Signs(
    ended=True,
    broken=False,
    sign_in_days=None,
    free_bytes=10**12,
    witness_fails=False,
    sent_silent=False,
)
WRONG = {
    Trouble.SCAN: replace(WELL, ended=False),
    Trouble.BROKEN: replace(WELL, broken=True),
    Trouble.SIGN_IN: replace(WELL, sign_in_days=2),
    Trouble.SENT: replace(WELL, sent_silent=True),
    Trouble.DISK: replace(WELL, free_bytes=999_999_999),
    Trouble.WITNESS: replace(WELL, witness_fails=True),
}


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def test_all_is_well() -> None:
    assert standing(replace(WELL, sign_in_days=3), {}, last=NOON, now=NOON) == {}
    assert set(WRONG) == set(WORDS) == set(Trouble)


@pytest.mark.parametrize("trouble", Trouble)
def test_each_is_told_once_it_has_lasted_and_then_once_a_day(trouble: Trouble) -> None:
    patience = {Trouble.SCAN: 24 * HOUR, Trouble.BROKEN: HOUR}.get(trouble, timedelta(0))
    found = standing(WRONG[trouble], {}, last=NOON, now=NOON)
    assert not patience or due(found, NOON + patience - SECOND) == []
    assert due(found, NOON + patience) == [trouble]

    told = {trouble: replace(found[trouble], told=ms(NOON + patience))}
    kept = standing(WRONG[trouble], told, last=NOON, now=NOON + 40 * HOUR)
    assert kept == told
    assert due(kept, NOON + patience + 24 * HOUR - SECOND) == []
    assert due(kept, NOON + patience + 24 * HOUR) == [trouble]


def test_a_day_without_a_scan_counts_from_the_last_good_one() -> None:
    found = standing(WRONG[Trouble.SCAN], {}, last=NOON - 25 * HOUR, now=NOON)

    assert lasting(found, NOON) == [Trouble.SCAN]


def test_without_any_good_scan_it_counts_from_the_first_bad_one() -> None:
    found = standing(WRONG[Trouble.SCAN], {}, last=None, now=NOON)

    assert (lasting(found, NOON + 23 * HOUR), lasting(found, NOON + 24 * HOUR)) == (
        [],
        [Trouble.SCAN],
    )


def test_what_has_passed_is_forgotten() -> None:
    assert standing(WELL, {Trouble.DISK: Standing(since=0, told=1)}, last=NOON, now=NOON) == {}


def test_one_letter_tells_all_that_lasts() -> None:
    signs = replace(WRONG[Trouble.DISK], sent_silent=True)
    before = {Trouble.DISK: Standing(since=0, told=ms(NOON))}
    found = standing(signs, before, last=NOON, now=NOON)

    assert due(found, NOON) == [Trouble.SENT, Trouble.DISK]


def test_a_clock_that_was_set_back_does_not_silence_it() -> None:
    found = {Trouble.DISK: Standing(since=0, told=ms(NOON + 24 * HOUR))}

    assert due(found, NOON) == [Trouble.DISK]


@pytest.mark.parametrize("trouble", Trouble)
def test_what_began_by_a_clock_that_ran_ahead_is_told(trouble: Trouble) -> None:
    found = {trouble: Standing(since=ms(NOON + 24 * 365 * HOUR))}

    assert due(found, NOON) == [trouble]
