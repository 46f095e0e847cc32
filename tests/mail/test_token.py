"""How long a sign-in lasts, when it is renewed, and what becomes of odd answers."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guard.mail.token import (
    Provider,
    Token,
    days_left,
    decode,
    encode,
    granted,
    renewed,
    ungranted,
    usable,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANSWER: dict[str, object] = {
    "access_token": "access-1",
    "refresh_token": "refresh-1",
    "expires_in": 3600,
    "token_type": "Bearer",
}


def token(provider: Provider = "microsoft", **answer: object) -> Token:
    """A sign-in of noon."""
    return granted(
        ANSWER | answer,
        provider=provider,
        user="andrea@practice.example",
        client_id="guard",
        client_secret="",
        scope="https://mail.google.com/",
        now=NOON,
    )


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(), True),
        (timedelta(minutes=55, seconds=-1), True),
        (timedelta(minutes=55), False),
        (timedelta(days=1), False),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5, seconds=1), False),
    ],
)
def test_an_access_token_is_shown_until_five_minutes_before_its_end(
    after: timedelta, *, expected: bool
) -> None:
    assert usable(token(), NOON + after) is expected


@pytest.mark.parametrize("told", [None, "soon", -1, True, [], "", 0])
def test_an_access_token_of_untold_length_lasts_an_hour(told: object) -> None:
    assert token(expires_in=told).access_until == NOON + timedelta(hours=1)


@pytest.mark.parametrize("told", [600, "600", 600.0])
def test_lengths_come_as_numbers_and_as_text(told: object) -> None:
    assert token(expires_in=told).access_until == NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("provider", "days"), [("microsoft", 90), ("google", 180)], ids=["microsoft", "google"]
)
def test_a_sign_in_lasts_so_long_unused(provider: Provider, days: int) -> None:
    unused = token(provider)

    assert days_left(unused, NOON) == days
    assert days_left(unused, NOON + timedelta(days=days - 1)) == 1
    assert days_left(unused, NOON + timedelta(days=days + 1)) == 0


def test_using_it_makes_it_last() -> None:
    later = renewed(token(), ANSWER, now=NOON + timedelta(days=80))

    assert days_left(later, NOON + timedelta(days=80)) == 90


def test_an_application_in_testing_is_signed_in_for_seven_days_however_much_it_is_used() -> None:
    first = token("google", refresh_token_expires_in=604799)
    again = {"access_token": "access-2", "expires_in": 3599}

    used = renewed(first, again, now=NOON + timedelta(days=5))

    assert days_left(first, NOON) == 6
    assert days_left(used, NOON + timedelta(days=5)) == 1
    assert used.refresh_token == first.refresh_token


def test_a_new_refresh_token_without_an_end_has_none() -> None:
    first = token(refresh_token_expires_in=600)

    assert renewed(first, ANSWER | {"refresh_token": "refresh-2"}, now=NOON).ends is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "two words"},
        {"access_token": "line\r\nA1 DELETE INBOX"},
        {"access_token": "x\1auth=Bearer y"},
        {"access_token": "x" * 20_001},
        {"access_token": "\u00e9"},
        {"refresh_token": ""},
        {"refresh_token": 7},
        {"token_type": "mac"},
    ],
    ids=str,
)
def test_an_answer_without_a_token_that_can_be_shown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"token|no "):
        renewed(token(), ANSWER | wrong, now=NOON)


def test_a_first_sign_in_without_the_right_to_renew_is_refused() -> None:
    with pytest.raises(ValueError, match="refresh_token"):
        token(refresh_token=None)


@pytest.mark.parametrize(
    ("asked", "given", "missing"),
    [
        ("https://mail.google.com/", "https://mail.google.com/", 0),
        ("https://mail.google.com/", "openid", 1),
        ("https://mail.google.com/", "", 1),
        ("https://outlook.office.com/SMTP.Send", "SMTP.Send profile", 0),
        ("https://outlook.office.com/SMTP.Send", "https://outlook.office365.com/smtp.send", 0),
        ("https://outlook.office.com/SMTP.Send", "IMAP.AccessAsUser.All", 1),
    ],
)
def test_a_tick_that_she_left_out_is_seen(asked: str, given: str, missing: int) -> None:
    assert len(ungranted({"scope": given}, asked)) == missing


def test_without_a_word_everything_was_given() -> None:
    assert ungranted({}, "https://mail.google.com/") == []


@pytest.mark.parametrize("ends", [None, NOON])
def test_what_is_written_down_is_read_again(ends: datetime | None) -> None:
    known = replace(token(), ends=ends)

    assert decode(encode(known).decode()) == known


def test_one_day_in_march_written_down() -> None:
    assert json.loads(encode(token())) == {
        "provider": "microsoft",
        "user": "andrea@practice.example",
        "client_id": "guard",
        "client_secret": "",
        "scope": "https://mail.google.com/",
        "refresh_token": "refresh-1",
        "access_token": "access-1",
        "consented": "2026-03-02T12:00:00+00:00",
        "renewed": "2026-03-02T12:00:00+00:00",
        "access_until": "2026-03-02T13:00:00+00:00",
        "ends": None,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "yahoo"},
        {"renewed": "soon"},
        {"renewed": "2026-03-02T12:00:00"},
        {"ends": 7},
        {"user": None},
        {"more": ""},
    ],
    ids=str,
)
def test_what_was_changed_by_hand_is_no_token(change: dict[str, object]) -> None:
    told = json.loads(encode(token())) | change

    with pytest.raises(ValueError, match=r"."):
        decode(json.dumps(told))


@given(st.text())
def test_any_text_is_a_token_or_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)
