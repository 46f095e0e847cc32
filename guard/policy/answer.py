"""What becomes of the reminder that a sensitive message asks for. Pure.

Four modes, words that are approved or not, a breaker, and the kindness that whoever goes on
writing hears of it in the session and not from a robot again.
"""

from guard.policy.decision import Action

_PROPOSED = frozenset({"hers-to-send", "unapproved"})
"""What her one click overcomes."""

_SHADOWED = frozenset({"only-noted", "unapproved"})
"""What a trial passes over."""

_NOTED = frozenset(
    {
        "note-instead",
        "reminded-lately",
        "breaker",
        "danger-lately",
        "unapproved",
        "mode",
        "hers-to-send",
        "only-noted",
        "nothing-to-send-with",
    }
)
"""What may stand in the way of a reminder, and the next session still ought to know."""


def answer(bars: frozenset[str], *, told: bool) -> set[Action]:
    """Return what becomes of the reminder.

    Args:
        bars: Every rule that stands in its way.
        told: Whether she was told within the hour that the breaker holds reminders.
    """
    if not bars:
        return {Action.REMIND}
    if "note-instead" in bars and bars <= _NOTED:
        return {Action.NOTE}
    if "only-noted" in bars:
        return {Action.SHADOW} if bars <= _SHADOWED else set()
    if bars <= _PROPOSED:
        return {Action.PROPOSE}
    # She is told once an hour that reminders are held which would have gone.
    return {Action.ALERT} if bars == {"breaker"} and not told else set()
