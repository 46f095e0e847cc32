"""A client asks for a copy of what is kept of them: the clock of the law, from her entries.

Pure. Source: UK GDPR Articles 12(3), 12A and 15; the ICO on the right of access: one month
from the day of receipt (same date next month, else its last day), moved on to a working day;
two months more if she says so within the first; stopped while she waits for what she needs.
"""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from guard.clients.workdays import Nation, next_working_day

STEPS = ("start", "stop", "extend", "done")
"""What she may enter. The words are filed, so they never change meaning. A start after a stop
lets the clock go on."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that she entered."""

    step: str
    """One of `STEPS`."""

    on: date
    """The day on which it happened."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request for access."""

    received: date
    """The day on which it came."""

    stopped: date | None = None
    """Since when the clock stands still; None while it runs."""

    waited: int = 0
    """Days that it stood still before."""

    extended: date | None = None
    """When two more months were taken."""

    done: date | None = None
    """When the answer went out."""

    @property
    def open(self) -> bool:
        """Whether an answer is still owed."""
        return self.done is None

    def due(self, nation: Nation) -> date:
        """Return the last day for the answer; while the clock stands still, as it stood."""
        return self._due(3 if self.extended else 1, nation)

    def may_extend_until(self, nation: Nation) -> date:
        """Return the last day on which more time can be taken."""
        return self._due(1, nation)

    def _due(self, months: int, nation: Nation) -> date:
        # The days of waiting are added, never the day on which it ended: the law may give one
        # more, and an answer a day early harms nobody.
        last = months_after(self.received, months) + timedelta(days=self.waited)
        return next_working_day(last, nation)


def months_after(day: date, months: int) -> date:
    """Return the same date of a later month, or that month's last day if it has none."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def requests(steps: Iterable[Step]) -> list[Request]:
    """Return all requests, oldest first; a step that fits nowhere changes nothing.

    Args:
        steps: In the order in which they were entered.
    """
    found: list[Request] = []
    for step in steps:
        if obstacle(found, step) is None:
            _take(found, step)
    return found


def told(one: Request, nation: Nation, today: date) -> str:
    """Return one request in words."""
    came = f"asked on {one.received}"
    if one.done is not None:
        return f"{came}, answered on {one.done}"
    extended = ", two months added" if one.extended else ""
    if one.stopped is not None:
        return f"{came}{extended}, the clock stands still since {one.stopped}"
    due = one.due(nation)
    left = (due - today).days
    when = f"in {left} days" if left > 1 else {1: "tomorrow", 0: "today"}.get(left, "LATE")
    return f"{came}{extended}, an answer is due on {due} ({when})"


def obstacle(found: list[Request], step: Step, nation: Nation | None = None) -> str | None:
    """Return why a step cannot be entered now, in words; None when it can.

    Args:
        found: The requests so far.
        step: What is to be entered.
        nation: Whose working days count for the last day of extending; None does not ask.
    """
    last = found[-1] if found else None
    if last is None or not last.open:
        return None if step.step == "start" else "there is no open request"
    before = last.stopped or last.received
    reasons = {
        "it cannot be before the request came, or before the clock was stopped": step.on < before,
        "its clock is running already": step.step == "start" and last.stopped is None,
        "its clock is stopped already": step.step == "stop" and last.stopped is not None,
        "it was extended already": step.step == "extend" and last.extended is not None,
        "more time can be taken within the first month only": step.step == "extend"
        and nation is not None
        and last.stopped is None
        and step.on > last.may_extend_until(nation),
    }
    return next((words for words, holds in reasons.items() if holds), None)


def _take(found: list[Request], step: Step) -> None:
    last = found[-1] if found else None
    if last is None or not last.open:
        found.append(Request(received=step.on))
    elif step.step == "start" and last.stopped is not None:
        waited = last.waited + (step.on - last.stopped).days
        found[-1] = replace(last, stopped=None, waited=waited)
    elif step.step == "stop":
        found[-1] = replace(last, stopped=step.on)
    elif step.step == "extend":
        found[-1] = replace(last, extended=step.on)
    elif step.step == "done":
        found[-1] = replace(last, done=step.on)
