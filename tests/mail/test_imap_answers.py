"""How much is asked for at once, and what is made of the answers: pure."""

import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.answers import MOST_FOUND, groups, windows
from guard.mail.bodies import IN_PARTS, TOO_BIG, bodies
from guard.mail.connection import safe_words

SIZES = st.dictionaries(st.integers(1, 10**6), st.none() | st.integers(0, 50), max_size=40)
_PART = 8_000_000


@given(SIZES, st.integers(1, 99), st.integers(1, 9))
def test_batches_hold_every_message_once_in_order_and_no_more_than_allowed(
    sizes: dict[int, int | None], max_bytes: int, max_count: int
) -> None:
    found = list(groups(sizes, alone=40, max_bytes=max_bytes, max_count=max_count))

    assert [uid for group in found for uid in group] == list(sizes)
    for group in found:
        weights = [41 if sizes[uid] is None else sizes[uid] or 0 for uid in group]
        assert 1 <= len(group) <= max_count
        assert len(group) == 1 or max(weights) <= 40
        assert len(group) == 1 or sum(weights) <= max_bytes


@pytest.mark.parametrize("exists", [0, 1, MOST_FOUND, MOST_FOUND + 1, 3 * MOST_FOUND, 123_456])
def test_windows_cover_every_place_from_the_top_down(exists: int) -> None:
    found = [one[0] for one in windows(exists) if one]
    ends = [tuple(one.replace("*", str(max(exists, 1))).split(":")) for one in found]
    spans = [range(int(low), int(high) + 1) for low, high in ends]

    assert [place for one in reversed(spans) for place in one] == (
        list(range(1, exists + 1)) if found else []
    )
    assert bool(found) == (exists > MOST_FOUND)
    assert all(len(one) <= MOST_FOUND for one in spans)


class Shelf:
    """A server with one message, that gives parts of it."""

    def __init__(self, raw: bytes, *, end: bytes | None = b"") -> None:
        self.raw, self.end = raw, end

    def ask(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, Any]]:
        first, count = (int(one) for one in items[0].split("<")[1].rstrip(">").split("."))
        part = self.raw[first : first + count] or self.end
        return {uids[0]: {b"BODY[]<%d>" % first: part}}


@pytest.mark.parametrize("size", [1, _PART - 1, _PART, _PART + 1, 5 * _PART])
@pytest.mark.parametrize("known", [None, IN_PARTS + 1, 6 * _PART])
def test_parts_make_a_whole(size: int, known: int | None) -> None:
    raw = b"x" * size

    found = bodies(Shelf(raw).ask, {5: known})

    assert {uid: one[:] for uid, one in found.items()} == {5: raw}


def test_a_message_that_ends_halfway_is_not_given() -> None:
    assert bodies(Shelf(b"x" * _PART, end=None).ask, {5: 5 * _PART}) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_message_for_which_there_is_no_memory_is_not_given() -> None:
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + TOO_BIG // 2, limits[1]))
    try:
        assert bodies(Shelf(b"x").ask, {5: TOO_BIG}) == {}
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def test_a_message_of_unknown_size_that_is_empty_is_not_given() -> None:
    assert bodies(Shelf(b"").ask, {5: None}) == {}


def test_a_message_that_would_fill_the_memory_is_not_even_asked_for() -> None:
    assert bodies(Shelf(b"x").ask, {5: TOO_BIG + 1}) == {}


@given(st.text() | st.binary())
def test_a_servers_words_are_one_short_line_without_an_address(words: str | bytes) -> None:
    shown = safe_words(words)

    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 120
    assert "@" not in shown


def test_nothing_quoted_by_a_server_is_shown() -> None:
    said = 'no "my husband" <jo@client.example> for jo@client.example, "and so'

    assert safe_words(said) == "no ... ... for ... ..."
