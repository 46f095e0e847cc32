"""What a monitor and an operator are told."""

import re

import pytest

from guard.clinic.state import State, openmetrics, wrong


def a_state(**changes: object) -> State:
    fields: dict[str, object] = {
        "mailbox": "anna",
        "provider": "imap.example",
        "held": None,
        "worker": "",
        "failures": 0,
        "overdue": -200.0,
        "lag": 100.0,
        "ever": True,
        "status": 0,
        "error": "",
        "seconds": 0.5,
        "scans": 3,
        "failed": 1,
        "filed": 12,
        "reminded": 2,
        "waiting": 4,
        "alerts": 0,
    }
    return State(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def value(name: str, *states: State) -> float:
    found = re.search(rf"^{name} (\S+)$", openmetrics(states), re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_the_text_is_frozen() -> None:
    text = openmetrics([a_state(held=True, worker="host:1")])

    assert text.splitlines()[:8] == [
        "# TYPE guard_mailboxes gauge",
        "# HELP guard_mailboxes Mailboxes that are scanned.",
        "guard_mailboxes 1",
        "# TYPE guard_mailboxes_leased gauge",
        "# HELP guard_mailboxes_leased Mailboxes that a worker scans now.",
        "guard_mailboxes_leased 1",
        "# TYPE guard_mailboxes_failing gauge",
        "# HELP guard_mailboxes_failing Mailboxes whose last scan ended badly.",
    ]
    assert 'guard_provider_connections{provider="imap.example"} 1' in text
    assert text.endswith("\n# EOF\n")


def test_every_line_is_openmetrics() -> None:
    lines = openmetrics([a_state(held=True), a_state(lag=7.0)]).splitlines()

    told = re.compile(r'guard_[a-z_]+(\{provider="[^"]*"\})? [0-9.]+')
    said = re.compile(r"# (TYPE guard_[a-z_]+ (gauge|counter)|UNIT \S+ seconds|HELP guard_.*\.)")
    assert all(told.fullmatch(one) or said.fullmatch(one) for one in lines[:-1])


def test_it_sums_and_finds_the_worst() -> None:
    states = (
        a_state(lag=10.0, overdue=30.0, waiting=1),
        a_state(lag=500.0, overdue=-1.0, waiting=2, status=75),
        a_state(overdue=900.0, held=True),
    )

    assert value("guard_scan_lag_seconds", *states) == 500
    assert value("guard_queue_age_seconds", *states) == 30
    assert value("guard_queue_length", *states) == 1
    assert value("guard_review_waiting", *states) == 7
    assert value("guard_mailboxes_failing", *states) == 1
    assert value("guard_filed_total", *states) == 36


def test_nobody_is_named_in_it() -> None:
    assert "anna" not in openmetrics([a_state()])


def test_a_host_cannot_break_out_of_its_quotes() -> None:
    text = openmetrics([a_state(held=True, provider='x"} 1\nevil 2')])

    assert 'provider="x\\"} 1\\nevil 2"} 1' in text


def test_no_mailboxes_are_all_noughts() -> None:
    assert value("guard_mailboxes") == value("guard_scan_lag_seconds") == 0


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (a_state(), []),
        (a_state(lag=900.0), []),
        (a_state(lag=960.0), ["anna: no good scan for 16 minutes"]),
        (
            a_state(lag=960.0, error="SignInError"),
            ["anna: no good scan for 16 minutes, last error SignInError"],
        ),
        (a_state(alerts=2), ["anna: 2 that must not wait, and no alert could leave"]),
    ],
    ids=["well", "on the edge", "late", "and why", "untold"],
)
def test_what_needs_an_operator(state: State, told: list[str]) -> None:
    assert list(wrong([state])) == told
