"""How long a client's record is kept: from the end of therapy that she entered, to a day.

Pure. Nothing here destroys anything, and without an end date nothing is ever due: no header of
a mail and no silence of a client starts this clock. Source: what UK insurers and practices ask
(seven years after the last treatment; minors until 25); data-protection law sets no period.
"""

from datetime import date

from guard.clients.directory import Client
from guard.config import Retention

_OF_AGE = 18
_LEAVING = 17
"""Who was so old at the end is kept for a year longer than a younger minor."""


def kept_until(ended: str, born: str, rules: Retention) -> date | None:
    """Return the first day on which a record need no longer be kept; None when that is open.

    Args:
        ended: Last day of therapy, ISO 8601; empty while it goes on.
        born: Birthday, ISO 8601; empty when it does not matter.
        rules: The periods.

    Raises:
        ValueError: One of them is not a date.
    """
    if not ended:
        return None
    end = date.fromisoformat(ended)
    until = years_after(end, rules.years)
    if not born:
        return until
    birth = date.fromisoformat(born)
    if end >= years_after(birth, _OF_AGE):
        return until
    one_more = end >= years_after(birth, _LEAVING)
    return max(until, years_after(birth, rules.minors_until + one_more))


def standing(client: Client, rules: Retention, today: date, *, held: bool) -> tuple[int, str]:
    """Return how a client's record stands: a rank (0: may be erased), and words."""
    until = kept_until(client.ended, client.born, rules)
    if held:
        return 1, "under a legal hold: kept until you release it"
    if until is None:
        return 3, "kept: no end of therapy is entered"
    if until <= today:
        return 0, f"therapy ended on {client.ended}; it was to be kept until {until}"
    return 2, f"therapy ended on {client.ended}; kept until {until}"


def plausible(day: str, today: date, *, back: int, ahead: int) -> bool:
    """Whether a day that was typed is one: a slip of the pen decides how long a record lives.

    Args:
        day: ISO 8601; empty is nobody's slip.
        today: The day that it is.
        back: So many years ago at most.
        ahead: In so many years at most.
    """
    return not day or years_after(today, -back) <= date.fromisoformat(day) <= years_after(
        today, ahead
    )


def years_after(day: date, years: int) -> date:
    """Return the same day of a later year; 1 March for a 29 February that is not there."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
