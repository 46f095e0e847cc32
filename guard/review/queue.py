"""What waits for the therapist, most pressing first. Pure: it is given what was unsealed."""

from dataclasses import dataclass

from guard.policy.minutes import Minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One item that waits for her."""

    item: int
    """As the record numbers it."""

    minutes: Minutes | None
    """What guard understood and decided; None when the entry cannot be opened."""

    uncertain: bool = False
    """Whether it waits because a reminder may or may not have been sent."""


def order(waiting: list[Waiting]) -> list[Waiting]:
    """Crisis first, then uncertain sends, then the most sensitive, then the oldest."""
    return sorted(waiting, key=_pressing)


def _pressing(one: Waiting) -> tuple[int, float, int]:
    if one.minutes is None:
        return (0, 0.0, one.item)
    grounds = one.minutes.decision.grounds
    rank = 0 if "crisis" in grounds else 1 if one.uncertain else 2
    return (rank, -one.minutes.verdict.scores.sensitive, one.item)
