"""What reading one message's bytes gives: the message and the verdict, or why not. Pure values."""

import msgspec

from guard.mail.message import Message
from guard.verdict.label import Label, Scores, Verdict


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One message, read and judged."""

    message: Message | None
    """As parsed; None when the bytes cannot be read."""

    verdict: Verdict
    """What the model says; abstains when there is nothing to go by."""


def unjudged(why: str) -> Verdict:
    """Return the verdict of a model that will not say, and why (see `Verdict.abstained`)."""
    even = Scores(scheduling=0.25, therapy=0.25, crisis=0.25, other=0.25)
    return Verdict(
        label=Label.OTHER, scores=even, flagged=False, remind=False, crisis=False, abstained=why
    )
