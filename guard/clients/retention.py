"""How long a client's record is kept: from the end of therapy that she entered, to a day.

Pure. Nothing here destroys anything, and without an end date nothing is ever due: no header of
a mail and no silence of a client starts this clock. Source: what UK insurers and practices ask
(seven years after the last treatment; minors until 25); data-protection law sets no period.
"""

from dataclasses import dataclass
from datetime import date

_OF_AGE = 18
_LEAVING = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The periods; hers to set, as her insurer asks."""

    years: int = 7
    """Years after the end of therapy."""

    minors_until: int = 25
    """A minor's record is kept until this birthday at least; until the next one, if they
    were 17 at the end."""


def kept_until(ended: str, born: str, rules: Rules) -> date | None:
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


def years_after(day: date, years: int) -> date:
    """Return the same day of a later year; 1 March for a 29 February that is not there."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
