"""The order of what waits, and a sample that nobody can choose."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from guard.policy.decision import Correspondent, Decision, Finding, Kind
from guard.policy.minutes import Minutes
from guard.review.queue import SAMPLE_SHARE, Lane, Waiting, lot, order
from guard.verdict.label import Label, Scores, Verdict


def one(
    item: int,
    *grounds: str,
    sensitive: float = 0.5,
    who: Correspondent = Correspondent.CLIENT,
    sender: str = "",
    **more: object,
) -> Waiting:
    scores = Scores(scheduling=1 - sensitive, therapy=sensitive, crisis=0.0, other=0.0)
    verdict = Verdict(label=Label.THERAPY, scores=scores, flagged=True, remind=False, crisis=False)
    minutes = Minutes(
        subject="",
        sender=sender,
        received="",
        verdict=verdict,
        decision=Decision(
            actions=frozenset(),
            findings=tuple(Finding(rule=rule, kind=Kind.GROUND, holds=True) for rule in grounds),
            correspondent=who,
        ),
        authenticity="dmarc",
    )
    fields = {"minutes": minutes, "item": item, "received": item} | more
    return Waiting(**fields)  # type: ignore[arg-type]  # a builder of whatever a test names


def test_lanes_come_in_the_order_of_what_presses() -> None:
    every = [
        one(1, "sensitive", put_off=True),
        one(2, lane=Lane.SAMPLE),
        one(3, "unreadable"),
        one(4, lane=Lane.CHANNEL),
        one(5, "abstained", who=Correspondent.UNKNOWN),
        one(6, "sensitive", uncertain=True),
        one(7, "sensitive"),
        one(8, "crisis", "sensitive"),
    ]
    assert [waiting.item for waiting in order(every)] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert [waiting.why for waiting in order(every)] == list(Lane)


def test_somebody_in_danger_cannot_be_put_off() -> None:
    assert one(1, "crisis", put_off=True).why is Lane.CRISIS


def test_what_cannot_be_opened_still_waits() -> None:
    assert Waiting(item=1, minutes=None).why is Lane.UNREADABLE
    assert Waiting(item=1, minutes=None, uncertain=True).why is Lane.UNCERTAIN


def test_in_a_lane_the_most_sensitive_come_first_and_then_the_oldest() -> None:
    lane = [one(1, "sensitive"), one(2, "sensitive", sensitive=0.9), one(0, "sensitive")]
    assert [waiting.item for waiting in order(lane)] == [2, 0, 1]


def test_the_sample_is_not_sorted_by_what_the_model_thinks() -> None:
    lane = [one(2, lane=Lane.SAMPLE, sensitive=0.9), one(1, lane=Lane.SAMPLE, sensitive=0.1)]
    assert [waiting.item for waiting in order(lane)] == [1, 2]


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**62))
def test_a_lot_lies_between_nought_and_one_and_is_the_same_at_every_look(
    root: bytes, item: int
) -> None:
    assert 0 <= lot(root, item) <= 1
    assert lot(root, item) == lot(root, item)


def test_about_one_in_twenty_is_drawn_and_another_record_draws_others() -> None:
    roots = [sha256(name).digest() for name in (b"one", b"two")]
    drawn = [{item for item in range(20_000) if lot(root, item) < SAMPLE_SHARE} for root in roots]
    assert all(900 < len(found) < 1_100 for found in drawn)
    assert len(drawn[0] & drawn[1]) < 100


def test_what_one_person_wrote_stands_together_at_the_most_pressing() -> None:
    shares = [("jo", 0.2), ("al", 0.5), ("Jo", 0.9), ("bo", 0.6)]
    lane = [
        one(item, "sensitive", sensitive=share, sender=f"{who} <{who}@x.example>")
        for item, (who, share) in enumerate(shares)
    ]
    assert [waiting.item for waiting in order(lane)] == [2, 0, 3, 1]
