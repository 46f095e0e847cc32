"""Who else may open a message: every combination of what guard can think of one."""

import itertools

import pytest

from guard.mail.message import Address, Attachment, CalendarPart, Message
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind
from guard.policy.minutes import Minutes
from guard.policy.roles import SURE, Extract, Role, extract, read, role_for, role_of
from guard.verdict.label import Label, Scores, Verdict

PLAIN = Message(
    subject="Tuesday",
    new_text="Could we meet at three?\n",
    full_text="Could we meet at three?\n> I dreamt of the sea",
    sender=(Address(name="Jo", email="jo@home.example"),),
    aside="hidden",
    headers=(("x-mood", "low"),),
)
UNLIKE = (
    PLAIN,
    None,
    Message(subject="", new_text="", full_text="", encrypted=True),
    Message(subject="", new_text="", full_text="", faults=("charset",)),
    Message(
        subject="",
        new_text="",
        full_text="",
        attachments=(Attachment(name="a.pdf", content_type="application/pdf", size=1),),
    ),
)


def minutes(
    label: Label = Label.SCHEDULING,
    *,
    sure: float = SURE,
    flagged: bool = False,
    crisis: bool = False,
    aside: bool = False,
    abstained: str = "",
    grounds: tuple[str, ...] = (),
    actions: frozenset[Action] = frozenset(),
    who: Correspondent = Correspondent.CLIENT,
) -> Minutes:
    rest = 1 - sure
    scores = {one.value: sure if one is label else rest / 3 for one in Label}
    found = tuple(Finding(rule=one, kind=Kind.GROUND, holds=True) for one in grounds)
    return Minutes(
        subject="Tuesday",
        sender="Jo <jo@home.example>",
        received="2026-03-02T12:00:00+00:00",
        verdict=Verdict(
            label=label,
            scores=Scores(**scores),
            flagged=flagged,
            remind=False,
            crisis=crisis,
            abstained=abstained,
            aside=aside,
        ),
        decision=Decision(actions=actions, findings=found, correspondent=who),
        authenticity="dmarc",
    )


def test_of_all_that_can_be_thought_of_a_message_one_thing_opens_it_to_a_receptionist() -> None:
    opened = []
    doubts = list(itertools.product((False, True), repeat=3))
    for label, (flagged, crisis, aside), abstained, grounds, who, message in itertools.product(
        Label,
        doubts,
        ("", "novel"),
        ((), ("sensitive",), ("client-in-junk",), ("danger-aside",)),
        Correspondent,
        UNLIKE,
    ):
        told = minutes(
            label,
            flagged=flagged,
            crisis=crisis,
            aside=aside,
            abstained=abstained,
            grounds=grounds,
            who=who,
        )
        role = role_of(told, message)
        assert role is not Role.SUPERVISOR
        if role is Role.RECEPTIONIST:
            opened.append((label, flagged, crisis, aside, abstained, grounds, who, message))

    client = Correspondent.CLIENT
    assert opened == [(Label.SCHEDULING, False, False, False, "", (), client, PLAIN)]


@pytest.mark.parametrize("sure", [0.0, 0.5, 0.96, SURE - 1e-9])
def test_who_is_less_than_sure_opens_nothing(sure: float) -> None:
    assert role_of(minutes(sure=sure), PLAIN) is None
    assert role_of(minutes(), PLAIN) is Role.RECEPTIONIST


@pytest.mark.parametrize("message", UNLIKE)
@pytest.mark.parametrize("label", Label)
def test_a_supervisor_is_shown_what_was_announced_as_danger_and_nothing_else(
    label: Label, message: Message | None
) -> None:
    alert = frozenset({Action.ALERT, Action.REVIEW})
    danger = minutes(label, grounds=("crisis",), actions=alert)

    assert role_of(danger, message) is Role.SUPERVISOR
    assert role_of(minutes(label, grounds=("crisis",)), message) is None
    junk = minutes(label, grounds=("client-in-junk",), actions=alert)
    assert role_of(junk, message) is None


def test_her_word_opens_two_labels_and_closes_the_others() -> None:
    assert {label: role_for(label) for label in Label} == {
        Label.SCHEDULING: Role.RECEPTIONIST,
        Label.CRISIS: Role.SUPERVISOR,
        Label.THERAPY: None,
        Label.OTHER: None,
    }


def test_only_what_was_judged_is_shown() -> None:
    invited = Message(
        subject="Tuesday",
        new_text=PLAIN.new_text,
        full_text=PLAIN.full_text,
        aside=PLAIN.aside,
        headers=PLAIN.headers,
        calendar=(CalendarPart(method="REQUEST", summary="Hour", text="at three"),),
    )
    shown = extract(minutes(), invited)

    assert read(shown) == Extract(
        sender="Jo <jo@home.example>",
        subject="Tuesday",
        text="Could we meet at three?\n\nHour\nat three",
    )
    for word in (b"sea", b"hidden", b"low"):
        assert word not in shown


def test_what_cannot_be_read_has_no_words() -> None:
    assert read(extract(minutes(), None)).text == ""


@pytest.mark.parametrize("odd", [b"", b"[]", b"{}", b'{"text": 1}', b"\xff"])
def test_what_is_no_extract_is_refused(odd: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # msgspec's own words
        read(odd)
