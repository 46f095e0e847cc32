"""The link works once, the cookie is new at each step, and the lock shuts itself."""

from itertools import count

from guard.record.seal import Identity
from guard.review.session import MOST_TRIES, Session

MINUTE = 60_000


def a_session() -> Session:
    numbers = count()
    return Session(lambda: f"token-{next(numbers)}")


def test_the_link_works_once() -> None:
    session = a_session()
    link = session.link
    assert session.exchange(link)
    assert session.exchange(link) == ""
    assert session.exchange("") == ""


def test_a_wrong_link_does_not_use_up_the_right_one() -> None:
    session = a_session()
    assert session.exchange("guessed") == ""
    assert session.exchange(session.link)


def test_nobody_is_admitted_before_the_link_was_opened() -> None:
    session = a_session()
    assert not session.admits("")


def test_unlocking_makes_a_new_cookie_and_voids_the_old_one() -> None:
    session = a_session()
    before = session.exchange(session.link)
    after = session.unlock(Identity.make(), now=0)
    assert session.admits(after)
    assert not session.admits(before)


def test_it_locks_after_fifteen_minutes_without_a_click() -> None:
    session = a_session()
    session.unlock(Identity.make(), now=0)
    assert session.touch(now=14 * MINUTE)
    assert session.touch(now=28 * MINUTE)
    assert not session.touch(now=44 * MINUTE)
    assert session.identity is None


def test_it_locks_though_nobody_clicks_again() -> None:
    session = a_session()
    session.unlock(Identity.make(), now=0)
    assert not session.expire(now=15 * MINUTE)
    assert session.expire(now=15 * MINUTE + 1)
    assert session.identity is None
    assert not session.expire(now=99 * MINUTE)


def test_locking_voids_every_form_that_was_made_before() -> None:
    session = a_session()
    session.unlock(Identity.make(), now=0)
    before = session.csrf
    session.lock()
    assert session.csrf != before


def test_ten_wrong_passphrases_shut_the_browser_out() -> None:
    session = a_session()
    cookie = session.exchange(session.link)
    left = [session.refuse() for _ in range(MOST_TRIES)]
    assert left == list(range(MOST_TRIES - 1, -1, -1))
    assert not session.admits(cookie)


def test_a_second_tab_that_asks_while_it_is_locked_voids_no_form() -> None:
    session = a_session()
    before = session.csrf
    session.lock()
    assert session.csrf == before

    session.unlock(Identity.make(), now=0)
    open_one = session.csrf
    session.lock()
    assert session.csrf != open_one
