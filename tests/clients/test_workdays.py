from datetime import UTC, date, datetime

import pytest

from guard.clients.workdays import day_of


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 7, 30, 22, 59, tzinfo=UTC), date(2026, 7, 30)),
        (datetime(2026, 7, 30, 23, 0, tzinfo=UTC), date(2026, 7, 31)),
        (datetime(2026, 12, 30, 23, 59, tzinfo=UTC), date(2026, 12, 30)),
    ],
    ids=["summer", "midnight in summer", "winter"],
)
def test_a_day_begins_at_midnight_by_the_clocks_in_london(
    moment: datetime, expected: date
) -> None:
    assert day_of(moment) == expected
