"""What guard does about one message, with every reason for and against. Pure values."""

from enum import Enum
from functools import cache

import msgspec

from guard.policy.channels import Channel


class Action(Enum):
    """One thing to do. The values are filed, so they never change meaning."""

    REVIEW = "review"
    """It waits for her eyes."""

    REMIND = "remind"
    """The client gets the reminder, without her."""

    PROPOSE = "propose"
    """The reminder is ready, and waits for her one click."""

    SHADOW = "shadow"
    """What the reminder would have been is noted; nothing is sent."""

    NOTE = "note"
    """It becomes a note for the next session, instead of another reminder."""

    ALERT = "alert"
    """She gets a content-free alert at once."""

    SIGNPOST = "signpost"
    """The client, who may be in danger, is told where to turn, without her."""

    FLAG = "flag"
    """The message is flagged in the mailbox, so that every mail program shows it."""


class Correspondent(Enum):
    """Who wrote. The values are filed, so they never change meaning."""

    CLIENT = "client"
    PRACTICE = "practice"
    PROFESSIONAL = "professional"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class Kind(Enum):
    """What a finding is about. The values are filed, so they never change meaning."""

    BAR = "bar"
    """It must pass, or no reminder goes out without her."""

    SIGNPOST = "signpost"
    """It must pass, besides those bars that are about the sender, or nobody in danger is told
    where to turn. Asked only if she switched that on."""

    GROUND = "ground"
    """When it holds, the message waits for her eyes."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, and whether it held. The rule's words are in `guard.policy.words`."""

    rule: str
    """Stable id of the rule, such as ``return-path-null``."""

    kind: Kind
    """Whether it bars a reminder or is a ground for review."""

    holds: bool
    """True when the bar stands in the way, or the ground is given."""


@cache
def bar(rule: str, *, holds: bool) -> Finding:
    """Return what was found of one bar. There are few, and each decision names forty."""
    return Finding(rule=rule, kind=Kind.BAR, holds=holds)


@cache
def ground(rule: str, *, holds: bool) -> Finding:
    """Return what was found of one ground."""
    return Finding(rule=rule, kind=Kind.GROUND, holds=holds)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The actions, and all that speaks for and against them."""

    actions: frozenset[Action]
    """Empty: the message is filed and nothing else happens."""

    findings: tuple[Finding, ...]
    """Every rule that was asked, pass or fail, in order."""

    correspondent: Correspondent
    """Who wrote, as far as guard can tell."""

    channel: Channel | None = None
    """The other channel that it is a notice from, or whose letter of office it is."""

    @property
    def barred(self) -> tuple[str, ...]:
        """Ids of the rules that stand in the way of a reminder."""
        return tuple(one.rule for one in self.findings if one.holds and one.kind is Kind.BAR)

    @property
    def grounds(self) -> tuple[str, ...]:
        """Ids of the reasons why it waits for her eyes."""
        return tuple(one.rule for one in self.findings if one.holds and one.kind is Kind.GROUND)

    @property
    def trips(self) -> bool:
        """Whether the breaker holds the reminder, and she is told of that."""
        return self.barred == ("breaker",) and Action.ALERT in self.actions

    @property
    def alarming(self) -> bool:
        """Whether it could not wait: danger, or whatever else is announced about this letter."""
        return "crisis" in self.grounds or (Action.ALERT in self.actions and not self.trips)
