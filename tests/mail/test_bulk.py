"""A huge message in memory: whole while it is needed, and gone as it is handed on."""

from mmap import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.bulk import Gathered, handed_on

HUGE = bytes(range(256)) * 14_000


@given(st.lists(st.binary(max_size=9)), st.integers(0, 40))
def test_what_comes_in_parts_is_whole_whatever_size_was_expected(
    parts: list[bytes], expected: int
) -> None:
    gathered = Gathered(expected)
    for part in parts:
        gathered.write(part)

    assert gathered.size == len(b"".join(parts))
    if gathered.size:
        assert gathered.whole()[:] == b"".join(parts)


@pytest.mark.parametrize("expected", [1, len(HUGE) - 1, len(HUGE), len(HUGE) + 1, 9_000_000])
def test_a_huge_one_is_handed_on_byte_for_byte_and_is_gone(expected: int) -> None:
    gathered = Gathered(expected)
    for at in range(0, len(HUGE), 1_000_000):
        gathered.write(HUGE[at : at + 1_000_000])
    whole = gathered.whole()
    assert len(whole) == len(HUGE)

    assert b"".join(handed_on(whole)) == HUGE
    with pytest.raises(ValueError, match="closed"):
        whole[0]


def test_whoever_stops_taking_it_leaves_nothing_behind() -> None:
    whole = mmap(-1, len(HUGE))

    pieces = handed_on(whole)
    next(pieces)
    pieces.close()

    assert whole.closed


def test_an_ordinary_one_is_handed_on_as_it_is() -> None:
    assert list(handed_on(b"Subject: Hi\r\n\r\n")) == [b"Subject: Hi\r\n\r\n"]
