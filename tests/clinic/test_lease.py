"""How long a failing mailbox is left alone."""

from datetime import timedelta
from itertools import pairwise

import pytest

from guard.clinic.lease import BEAT, LIFE, pause


def test_a_first_failure_costs_nothing() -> None:
    assert pause(0) == pause(1) == timedelta()


@pytest.mark.parametrize(("failures", "minutes"), [(2, 1), (3, 2), (4, 4), (8, 60), (10**9, 60)])
def test_then_a_minute_doubling_up_to_an_hour(failures: int, minutes: int) -> None:
    assert pause(failures) == timedelta(minutes=minutes)


def test_it_never_gets_shorter() -> None:
    assert all(pause(one) <= pause(other) for one, other in pairwise(range(100)))


def test_a_silent_worker_s_mailbox_is_free_within_a_minute() -> None:
    assert timedelta(minutes=1) > LIFE + BEAT
    assert LIFE > 3 * BEAT
