"""A sign-in belongs to the browser that began it, for ten minutes, once."""

from itertools import count

import pytest

from guard.errors import SignInError
from guard.review.attempt import Attempts

NOW = 1_800_000_000_000


def some() -> Attempts:
    numbers = count()
    return Attempts(lambda: f"token{next(numbers)}")


def test_the_answer_of_an_attempt_is_taken_once() -> None:
    all_ = some()
    begun = all_.begin(now=NOW)
    assert all_.take(begun.cookie, begun.state, now=NOW + 5000) == begun
    with pytest.raises(SignInError, match="used already"):
        all_.take(begun.cookie, begun.state, now=NOW + 6000)


def test_an_answer_to_another_browser_is_refused_and_hers_still_counts() -> None:
    all_ = some()
    hers, his = all_.begin(now=NOW), all_.begin(now=NOW)
    for cookie, state in ((his.cookie, hers.state), ("", hers.state), (hers.cookie, "")):
        with pytest.raises(SignInError, match="not begun in this browser"):
            all_.take(cookie, state, now=NOW)
    assert all_.take(hers.cookie, hers.state, now=NOW)


def test_an_answer_that_comes_too_late_or_too_early_is_refused() -> None:
    all_ = some()
    begun = all_.begin(now=NOW)
    for now in (NOW + 601_000, NOW - 1000):
        with pytest.raises(SignInError, match="ten minutes"):
            all_.take(begun.cookie, begun.state, now=now)


def test_a_cookie_whose_time_was_changed_belongs_to_no_state() -> None:
    all_ = some()
    begun = all_.begin(now=NOW)
    younger = begun.cookie.replace("1800000000", "1800000600")
    with pytest.raises(SignInError, match="not begun"):
        all_.take(younger, begun.state, now=NOW + 700_000)


def test_what_another_run_began_is_worth_nothing_here() -> None:
    begun = Attempts(lambda: "another run").begin(now=NOW)
    with pytest.raises(SignInError, match="not begun"):
        some().take(begun.cookie, begun.state, now=NOW)


def test_its_values_are_different_long_and_do_not_show_the_cookie() -> None:
    begun = some().begin(now=NOW)
    values = {begun.state, begun.nonce, begun.verifier}
    assert len(values) == 3
    assert all(len(one) == 43 for one in values)
    assert not any(begun.cookie in one for one in values)


@pytest.mark.parametrize("cookie", ["", ".", "x.y", "é", "9" * 400, "1800000000"])
def test_a_cookie_of_nonsense_is_refused(cookie: str) -> None:
    with pytest.raises(SignInError):
        some().take(cookie, "ü", now=NOW)
