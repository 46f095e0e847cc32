"""The clock of a request for access: worked examples, and nothing odd moves it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.clients.access import STEPS, Request, Step, months_after, obstacle, requests
from guard.clients.workdays import Nation, next_working_day


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}" if len(text) == 5 else text)


def steps(*told: str) -> list[Step]:
    """``start 11-22``, each on its own."""
    return [Step(step=one.split()[0], on=day(one.split()[1])) for one in told]


def only(*told: str) -> Request:
    [request] = requests(steps(*told))
    return request


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # The ICO's own: 3 September, 3 October is a Saturday in 2026.
        ("09-03", "10-05"),
        ("09-04", "10-05"),
        ("09-07", "10-07"),
        # No 31 April, 30 February: the last day of the month.
        ("03-31", "04-30"),
        ("2027-01-31", "2027-03-01"),
        ("2028-01-31", "2028-02-29"),
        # Good Friday and Easter Monday 2026 are 3 and 6 April.
        ("03-03", "04-07"),
        # 25 and 28 December are holidays, 26 and 27 a weekend.
        ("11-25", "12-29"),
        ("12-01", "2027-01-04"),
    ],
)
def test_the_answer_is_due_a_month_after_it_came_on_a_working_day(received: str, due: str) -> None:
    assert only(f"start {received}").due("england") == day(due)


@pytest.mark.parametrize(
    ("nation", "due"),
    [
        ("england", "2027-01-04"),
        ("wales", "2027-01-04"),
        ("northern-ireland", "2027-01-04"),
        # 2 January is a holiday in Scotland, and is a Saturday in 2027.
        ("scotland", "2027-01-05"),
    ],
)
def test_each_nation_has_its_own_holidays(nation: Nation, due: str) -> None:
    assert only("start 12-01").due(nation) == day(due)


def test_an_extension_counts_three_months_from_the_day_it_came() -> None:
    request = only("start 05-20", "extend 06-10")

    assert request.due("england") == day("08-20")
    assert request.may_extend_until("england") == day("06-22")


def test_a_stopped_clock_adds_the_days_it_stood_still() -> None:
    request = only("start 06-01", "stop 06-05", "start 06-15")

    assert (request.stopped, request.waited) == (None, 10)
    assert request.due("england") == day("07-13")


def test_while_it_stands_still_it_says_since_when() -> None:
    assert only("start 06-01", "stop 06-05").stopped == day("06-05")


def test_an_answered_request_is_closed_and_the_next_is_another() -> None:
    first, second = requests(steps("start 01-05", "done 01-20", "start 06-01"))

    assert (first.open, second.open) == (False, True)


@pytest.mark.parametrize(
    ("told", "step", "why"),
    [
        ([], "stop 06-05", "no open request"),
        (["start 06-01"], "start 06-02", "running already"),
        (["start 06-01", "stop 06-02"], "stop 06-03", "stopped already"),
        (["start 06-01", "extend 06-02"], "extend 06-03", "extended already"),
        (["start 06-01"], "done 05-31", "before the request came"),
        (["start 06-01", "stop 06-10"], "start 06-09", "before"),
        (["start 06-01"], "extend 07-02", "within the first month"),
        (["start 06-01", "done 06-02"], "done 06-03", "no open request"),
    ],
)
def test_a_step_that_does_not_fit_is_refused_with_the_reason(
    told: list[str], step: str, why: str
) -> None:
    [one] = steps(step)

    assert why in (obstacle(requests(steps(*told)), one, "england") or "")


@given(
    st.lists(
        st.builds(
            Step, step=st.sampled_from(STEPS), on=st.dates(date(2026, 1, 1), date(2026, 12, 31))
        )
    )
)
def test_whatever_is_entered_the_due_day_is_a_working_day_and_never_before_it_came(
    told: list[Step],
) -> None:
    found = requests(told)

    assert all(not one.open for one in found[:-1])
    assert all(one.due("england") > one.received for one in found)
    assert all(one.due("england").weekday() < 5 for one in found)
    assert all(one.waited >= 0 for one in found)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.integers(1, 24))
def test_months_later_is_the_same_date_or_the_last_of_the_month(start: date, months: int) -> None:
    later = months_after(start, months)

    assert (later.year - start.year) * 12 + later.month - start.month == months
    assert later.day <= start.day


def test_a_working_day_stays() -> None:
    assert next_working_day(day("11-23"), "england") == day("11-23")
