"""Whether somebody who may be in danger is told where to turn, without her. Pure.

Off until she switches it on. What stands in the way of a reminder because of who wrote, and how,
stands in the way of this too: a stranger, a forged sender, a robot, a partner who reads along.
What is about the reminder itself does not.
"""

from guard.policy.case import Case, Limits
from guard.policy.decision import Finding, Kind

_OF_REMINDERS = frozenset(
    {
        "crisis",
        "danger-lately",
        "abstained",
        "not-sure",
        "reminded-lately",
        "note-instead",
        "no-text",
        "unapproved",
    }
)
"""Bars that say nothing of whether help may be pointed to."""


def findings(case: Case, limits: Limits) -> tuple[Finding, ...]:
    """Return the rules of its own; none unless she switched it on and danger was found."""
    if not (limits.signpost and case.verdict.crisis):
        return ()
    lately = case.signposted is not None and case.now - case.signposted < limits.quiet
    asked = {"signposted-lately": lately, "signpost-unapproved": not case.signpost_approved}
    return tuple(
        Finding(rule=rule, kind=Kind.SIGNPOST, holds=holds) for rule, holds in asked.items()
    )


def goes(found: tuple[Finding, ...]) -> bool:
    """Whether it goes, by everything that was found."""
    own = [one for one in found if one.kind is Kind.SIGNPOST]
    in_the_way = {one.rule for one in found if one.kind is not Kind.GROUND and one.holds}
    return bool(own) and not in_the_way - _OF_REMINDERS
