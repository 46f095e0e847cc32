"""What waits for the therapist, most pressing first. Pure: it is given what was unsealed.

The sample is how misses are counted without bias: one item in twenty of those that guard
took for scheduling and did not hold. Which ones is settled by the item's number and the first
entry of the record, which was fixed before the first mail: nobody and nothing can choose them,
every look gives the same, and the scan need not know.
"""

from enum import Enum
from hashlib import sha256

import msgspec

from guard.policy.channels import NOTICES
from guard.policy.decision import Correspondent
from guard.policy.minutes import Minutes
from guard.verdict.label import Label

SAMPLE_SHARE = 0.05
"""Share of what was judged scheduling that she is asked about."""

LOOK_BACK_DAYS = 90
"""How far back she is asked about strangers and about the sample."""

MOST_NOTICES = 20
"""So many notices from other channels are shown at a time, the newest."""

MOST_SAMPLES = 10
"""So many of them wait at a time. Drawn in the order of their lots, they stay a fair sample."""


class Lane(Enum):
    """Why an item waits, in the order in which they are shown."""

    CRISIS = "crisis"
    HELD = "held"
    UNCERTAIN = "uncertain"
    UNMATCHED = "unmatched"
    CHANNEL = "channel"
    UNREADABLE = "unreadable"
    SAMPLE = "sample"
    LATER = "later"


_ORDER = {lane: rank for rank, lane in enumerate(Lane)}
_UNREADABLE = frozenset({"unreadable", "gone"})
_WEIGHTY = frozenset({"sensitive", "forged-client", "poses-as-client", "client-in-junk"})


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One item that waits for her."""

    item: int
    """As the record numbers it."""

    minutes: Minutes | None
    """What guard understood and decided; None when the entry cannot be opened."""

    uncertain: bool = False
    """Whether it waits because a reminder may or may not have been sent."""

    put_off: bool = False
    """Whether she said: later."""

    received: int = 0
    """Milliseconds since 1970-01-01 UTC."""

    lane: Lane | None = None
    """Why it waits; None: as `minutes` tells."""

    @property
    def why(self) -> Lane:
        """Why it waits."""
        return self.lane or _lane(self)

    @property
    def together(self) -> str:
        """What it shares with others that stand with it: who wrote. The sample keeps its lots."""
        if self.minutes is None or not self.minutes.sender or self.lane is Lane.SAMPLE:
            return f"item {self.item}"
        return self.minutes.sender.rpartition("<")[2].removesuffix(">").casefold()


def order(waiting: list[Waiting]) -> list[Waiting]:
    """By lane; within one the most sensitive first, then the oldest.

    What one person wrote stands together, at the place of the most pressing: she thinks of
    people, not of messages.
    """
    ranked = sorted(waiting, key=_pressing)
    places: dict[tuple[Lane, str], int] = {}
    for place, one in enumerate(ranked):
        places.setdefault((one.why, one.together), place)
    return sorted(ranked, key=lambda one: places[one.why, one.together])


def lot(root: bytes, item: int) -> float:
    """Return an item's lot for the sample, 0 to 1: below `SAMPLE_SHARE` it is drawn."""
    drawn = sha256(root + item.to_bytes(8, "big")).digest()
    return int.from_bytes(drawn[:8], "big") / 2**64


def sampled(minutes: Minutes) -> bool:
    """Whether an item is of the kind that the sample is drawn from."""
    return minutes.verdict.label is Label.SCHEDULING and not minutes.verdict.abstained


def unmatched(minutes: Minutes) -> bool:
    """Whether a person wrote about more than business from an address that is nobody's."""
    return (
        minutes.decision.correspondent is Correspondent.UNKNOWN
        and minutes.verdict.label is not Label.OTHER
        and minutes.authenticity != "no-from"
    )


def notice(minutes: Minutes) -> bool:
    """Whether it is a notice from another channel, with a line of the policy on it."""
    return minutes.decision.channel in NOTICES


def _lane(one: Waiting) -> Lane:
    if one.minutes is None:
        return Lane.UNCERTAIN if one.uncertain else Lane.UNREADABLE
    grounds = {*one.minutes.decision.grounds}
    if "crisis" in grounds:
        return Lane.CRISIS
    if one.uncertain:
        return Lane.UNCERTAIN
    if one.put_off:
        return Lane.LATER
    if grounds & _UNREADABLE:
        return Lane.UNREADABLE
    stranger = one.minutes.decision.correspondent is Correspondent.UNKNOWN
    return Lane.UNMATCHED if stranger and not grounds & _WEIGHTY else Lane.HELD


def _pressing(one: Waiting) -> tuple[int, float, int, int]:
    sensitive = one.minutes.verdict.scores.sensitive if one.minutes else 0.0
    if one.why is Lane.SAMPLE:
        # To sort the sample by what the model thinks would tell her the answer.
        sensitive = 0.0
    return (_ORDER[one.why], -sensitive, one.received, one.item)
