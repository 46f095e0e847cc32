"""Sizes and dates are read as imapclient reads them, whatever a server says."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from guard.mail import facts as module
from guard.mail.answers import UNKNOWN_TIME, received
from guard.mail.facts import Facts, facts

PLAIN = b'1 (UID 7 RFC822.SIZE 4321 INTERNALDATE "03-Mar-2026 10:05:00 +0100")'
LINES = [
    PLAIN,
    b'2 (INTERNALDATE " 1-Jan-1999 00:00:00 -0330" UID 8 RFC822.SIZE 0)',
    b'3 (RFC822.SIZE 9 UID 9 INTERNALDATE "31-Dec-2037 23:59:59 +0000")',
]
ODD = [
    b'1 (UID 7 RFC822.SIZE 4321 FLAGS (\\Seen) INTERNALDATE "03-Mar-2026 10:05:00 +0100")',
    b"4 (FLAGS (\\Seen))",
    b"4 (UID 11 FLAGS (\\Seen))",
    b"5 (UID 7 UID 7 RFC822.SIZE 1)",
    b'1 (UID 7 RFC822.SIZE 4321 INTERNALDATE "31-Feb-2026 10:05:00 +0100")',
    b'1 (UID 7 RFC822.SIZE 4321 INTERNALDATE "03-Xyz-2026 10:05:00 +0100")',
    b'1 (UID 7 RFC822.SIZE 4321 INTERNALDATE "03-Mar-2026 25:05:00 +0100")',
    b"1 (UID 7 RFC822.SIZE NIL INTERNALDATE NIL)",
    PLAIN.replace(b")", b" )"),
    PLAIN.replace(b"(", b"( "),
    b"1 (UID 7)",
]
BROKEN = [b"", b"1", b"1 (UID 7", b"1 UID 7", PLAIN.replace(b" RFC822", b"RFC822"), PLAIN + b")"]

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def said(told: Facts) -> dict[int, dict[bytes, Any]]:
    """All but the place in the folder, which nobody asks for."""
    return {
        uid: {item: value for item, value in one.items() if item != b"SEQ"}
        for uid, one in told.items()
    }


def same(lines: list[Any]) -> None:
    assert said(facts(lines)) == said(parse_fetch_response(lines, normalise_times=False))


def test_what_servers_say_is_read_without_the_slow_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "parse_fetch_response", None)

    told = facts(LINES)

    assert {uid: one[b"RFC822.SIZE"] for uid, one in told.items()} == {7: 4321, 8: 0, 9: 9}
    assert told[7][b"INTERNALDATE"] == datetime(2026, 3, 3, 9, 5, tzinfo=UTC)
    assert told[8][b"INTERNALDATE"] == datetime(1999, 1, 1, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize("lines", [LINES, [None], *([PLAIN, one] for one in ODD)])
def test_it_is_read_as_imapclient_reads_it(lines: list[Any]) -> None:
    same(lines)


def test_a_literal_among_the_lines_is_left_to_imapclient() -> None:
    same([PLAIN, (b"2 (UID 8 BODY[] {3}", b"abc"), b")"])


def test_a_zone_that_no_place_has_is_no_time() -> None:
    told = facts([PLAIN.replace(b"+0100", b"+9959")])

    assert received(told[7]) == UNKNOWN_TIME


@given(
    st.integers(0, 10**15 - 1),
    st.dates(min_value=date(1000, 1, 1)),
    st.times(),
    st.integers(-23, 23),
    st.integers(0, 59),
)
def test_every_size_and_date_is_read_as_imapclient_reads_it(
    size: int, when: date, at: time, hours: int, minutes: int
) -> None:
    month = MONTHS[when.month - 1]
    day = f"{when.day:2d}-{month}-{when:%Y} {at:%H:%M:%S} {hours:+03d}{minutes:02d}"
    same([b'1 (UID 5 RFC822.SIZE %d INTERNALDATE "%s")' % (size, day.encode())])


@given(st.lists(st.sampled_from([*LINES, *ODD, *BROKEN]) | st.binary(max_size=20)))
def test_what_imapclient_refuses_is_refused(lines: list[Any]) -> None:
    try:
        wanted = said(parse_fetch_response(lines, normalise_times=False))
    except Exception:  # noqa: BLE001 - whatever it is
        with pytest.raises(Exception):  # noqa: B017, PT011 - as above
            facts(lines)
    else:
        assert said(facts(lines)) == wanted
