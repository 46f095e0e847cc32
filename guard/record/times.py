"""Moments as the record keeps them: whole milliseconds since 1970-01-01 UTC. Pure."""

from datetime import UTC, datetime, timedelta

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Return a moment, aware, in milliseconds since 1970-01-01 UTC.

    In whole numbers throughout: by way of seconds as a fraction, one in some thousands would be
    a millisecond early, and two that are the same would differ.
    """
    return (moment - _BEGINNING) // _STEP


def from_ms(milliseconds: int) -> datetime:
    """Return the moment, in UTC, of milliseconds since 1970-01-01 UTC."""
    return _BEGINNING + milliseconds * _STEP
