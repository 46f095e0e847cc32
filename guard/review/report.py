"""A month in numbers: what came, what guard made of it, and what she says of that. Pure."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from guard.policy.decision import Action
from guard.policy.minutes import Minutes
from guard.reply.outbox import Outcome
from guard.review import plain
from guard.review.chart import Bar, Chart, percent, wilson
from guard.review.queue import sampled
from guard.review.shelf import Row
from guard.verdict.label import Label

FEW = 45
"""Fewer answers say too little: with 45 and no miss, the share may still be 1 in 12."""

_SENSITIVE = frozenset({Label.THERAPY, Label.CRISIS})
_STEPS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.01))


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One message that came in."""

    row: Row
    """What the record says of it in public."""

    minutes: Minutes
    """What guard understood and decided."""

    said: Label | None
    """What she says it is; None when she said nothing."""


def charts(cases: Sequence[Case]) -> list[Chart]:
    """Return the pictures of a month; those of her answers only when there are some."""
    found = [_volumes(cases), _actions(cases)]
    if _tried(cases):
        found += [_agreement(cases), _calibration(cases)]
    return found


def trends(months: Sequence[tuple[str, Sequence[Case]]]) -> list[Chart]:
    """Return how guard fares from month to month, to see whether it drifts.

    Args:
        months: Names and what came in each, oldest first.
    """
    some = [(name, cases) for name, cases in months if cases]
    unknown = [percent(name, sum(map(_odd, cases)), len(cases)) for name, cases in some]
    answered = [(name, _tried(cases)) for name, cases in some]
    otherwise = [
        percent(name, sum(one.said is not one.minutes.verdict.label for one in cases), len(cases))
        for name, cases in answered
        if cases
    ]
    found = (
        Chart(
            title="Month by month: what guard does not know",
            note="Messages of which it would not say what they are.",
            bars=tuple(unknown),
        ),
        Chart(
            title="Month by month: where you said otherwise",
            note="Of the messages that you answered, where guard had said what they are.",
            bars=tuple(otherwise),
        ),
    )
    # One month alone has no trend.
    return [one for one in found if len(one.bars) > 1]


def by_model(cases: Sequence[Case]) -> list[tuple[str, int, int]]:
    """Return for each model how many of its messages she answered, and how many it had right.

    Where a model would not say, it was neither right nor wrong.
    """
    answered = Counter(one.row.model for one in _tried(cases))
    right = Counter(
        one.row.model for one in _tried(cases) if one.said is one.minutes.verdict.label
    )
    return [(model, count, right[model]) for model, count in answered.most_common()]


def misses(cases: Sequence[Case]) -> str:
    """Return what the sample tells of misses, in a sentence.

    Only what was drawn by lot counts: whatever else she looked at was chosen by somebody.
    """
    drawn = [
        one
        for one in cases
        if one.said and one.row.drawn and "review" not in one.row.actions and sampled(one.minutes)
    ]
    missed = sum(one.said in _SENSITIVE for one in drawn)
    if not drawn:
        return (
            "You have not answered any message picked by lot yet, so nothing is known of misses."
        )
    low, high = wilson(missed, len(drawn))
    told = (
        f"Of {plain.count(len(drawn), 'message')} picked by lot among those that guard took for "
        f"appointments, {missed} held more. Of all such messages, between "
        f"{100 * low:.0f} and {100 * high:.0f} in 100 do."
    )
    few = " These are too few to rely on; 45 are a beginning."
    return told + (few if len(drawn) < FEW else "")


def drift(cases: Sequence[Case]) -> str:
    """Return how much of the mail guard does not know, in a sentence."""
    odd = sum(map(_odd, cases))
    if not cases:
        return ""
    return (
        f"guard would not say what {odd} of {plain.count(len(cases), 'message')} "
        f"{'was' if odd == 1 else 'were'}. If that grows from month to month, "
        "it is time to train it on your answers."
    )


def _volumes(cases: Sequence[Case]) -> Chart:
    known = Counter(
        one.minutes.verdict.label for one in cases if not one.minutes.verdict.abstained
    )
    bars = [Bar(name=plain.SHORT[label], value=known[label]) for label in Label]
    odd = sum(map(_odd, cases))
    bars.append(Bar(name="guard would not say", value=odd))
    return Chart(
        title="What came", note="Messages received, by what guard took them for.", bars=tuple(bars)
    )


def _actions(cases: Sequence[Case]) -> Chart:
    ended = Counter(kind for one in cases for kind, _ in one.row.outcomes)
    done = Counter(action for one in cases for action in one.minutes.decision.actions)
    bars = (
        Bar(name="kept for your eyes", value=done[Action.REVIEW]),
        Bar(name="told you at once", value=done[Action.ALERT]),
        Bar(name="reminders sent", value=ended[Outcome.SENT.value]),
        Bar(name="refused or uncertain", value=ended[Outcome.REFUSED.value]
            + ended[Outcome.UNCERTAIN.value]),
        Bar(name="answered by you", value=sum(one.row.ruled for one in cases)),
    )  # fmt: skip
    return Chart(title="What was done", note="One message can stand in several lines.", bars=bars)


def _agreement(cases: Sequence[Case]) -> Chart:
    bars = []
    for label in Label:
        mine = [one for one in _tried(cases) if one.minutes.verdict.label is label]
        right = sum(one.said is label for one in mine)
        bars.append(percent(plain.SHORT[label], right, len(mine)))
    note = "Of the messages that you answered: how often you said what guard had said."
    return Chart(title="How often guard was right", note=note, bars=tuple(bars))


def _calibration(cases: Sequence[Case]) -> Chart:
    bars = []
    for low, high in _STEPS:
        mine = [one for one in _tried(cases) if low <= _sensitive(one) < high]
        held = sum(one.said in _SENSITIVE for one in mine)
        name = f"{low * 10:.0f} to {min(high, 1) * 10:.0f} in 10"
        bars.append(percent(name, held, len(mine)))
    return Chart(
        title="Whether its chances can be trusted",
        note="Where guard gave such a chance of more than an appointment, how many did hold more. "
        "The share ought to grow from line to line.",
        bars=tuple(bars),
    )


def _tried(cases: Sequence[Case]) -> list[Case]:
    """Those of which both have said what they are."""
    return [one for one in cases if one.said and not _odd(one)]


def _odd(one: Case) -> bool:
    return bool(one.minutes.verdict.abstained)


def _sensitive(one: Case) -> float:
    return one.minutes.verdict.scores.sensitive
