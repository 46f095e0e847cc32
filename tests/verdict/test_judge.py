"""Verdicts of the shipped model: when it speaks, what it shows, and when it will not say."""

from pathlib import Path

import pytest

from guard.verdict.chosen import chosen
from guard.verdict.judge import Judge
from guard.verdict.label import Label, Verdict
from guard.verdict.model import load

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def judge() -> Judge:
    found = chosen(MODELS)
    return load(found.file, found.digest)


def verdict(judge: Judge, text: str) -> Verdict:
    return judge.judge([text])[0]


@pytest.mark.parametrize(
    "text",
    [
        "Re: Thursday\nYes, 4 is fine, see you then.",
        "Change of time\nCould we make it 5 instead of 4 on Tuesday? I have the dentist.",
        "parking\nIs there anywhere to park near you that isn't permit only?",
    ],
)
def test_plain_bookings_pass(judge: Judge, text: str) -> None:
    found = verdict(judge, text)

    assert (found.label, found.flagged, found.crisis) == (Label.SCHEDULING, False, False)


@pytest.mark.parametrize(
    "text",
    [
        "I want to kill myself",
        "Thursday\n4 is fine if I'm still here. I've written the letters.",
        "i took an overdose last night dont tell my mum",
        "please ring me, she says she doesn't want to be here any more and she means it",
        "kms fr this time",
        "Chcę się zabić",
    ],
)
def test_danger_is_always_flagged_and_never_answered(judge: Judge, text: str) -> None:
    found = verdict(judge, text)

    assert found.flagged
    assert not found.remind


def test_a_strong_sign_of_the_lexicon_raises_whatever_the_model_thinks(judge: Judge) -> None:
    found = verdict(
        judge, "Re: Tuesday at 4\n4 is fine. I am going to kill myself. See you Tuesday."
    )

    assert (found.label, found.crisis) == (Label.CRISIS, True)


def test_evidence_is_a_sentence_of_the_mail_strongest_first(judge: Judge) -> None:
    found = verdict(
        judge, "Tuesday at 4 is fine. I cried the whole way home after last week. See you."
    )

    assert found.evidence[0] == "I cried the whole way home after last week."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("\n \n...", "empty"),
        ("Dzień dobry, bardzo proszę o przełożenie naszej wizyty na przyszły tydzień.", "foreign"),
        ("Xqz vrrb plonk tirr wab snoo grelk fimm dov prent ulk bost", "foreign"),
    ],
)
def test_it_will_not_say_what_it_cannot_know(judge: Judge, text: str, why: str) -> None:
    assert verdict(judge, text).abstained == why


def test_a_foreign_passage_inside_an_english_mail_is_held(judge: Judge) -> None:
    text = (
        "Hello Andrea, Tuesday at four is good for me, thank you for asking.\n"
        "Nie mogę już spać od tygodnia i ciągle płaczę, nie wiem co robić dalej.\n"
        "See you on Tuesday then."
    )

    assert verdict(judge, text).abstained == "foreign"


@pytest.mark.parametrize(
    "passage",
    [
        "Nie mogę już spać od tygodnia i ciągle płaczę.",
        "Je n'arrive plus à dormir depuis que ma mère est partie.",
        "Ich weiß nicht mehr weiter und kann niemandem davon erzählen.",
    ],
)
def test_one_foreign_sentence_in_a_long_english_mail_is_held(judge: Judge, passage: str) -> None:
    english = (
        "Thank you for the times that you sent me, Tuesday at four is good and I can also do the"
        " Thursday after that if it is easier. I will be about five minutes late because of the"
        " bus, so please do not worry if I am not there on the hour. "
    )

    assert verdict(judge, english).abstained == ""
    assert verdict(judge, english + passage).abstained == "foreign"


def test_two_words_are_judged_and_not_called_foreign(judge: Judge) -> None:
    assert verdict(judge, "ok gracias").abstained == ""


def test_every_verdict_names_the_model(judge: Judge) -> None:
    assert verdict(judge, "4 is fine").model == chosen(MODELS).digest


def test_a_batch_of_nothing_is_nothing(judge: Judge) -> None:
    assert judge.judge([]) == []


def test_a_huge_mail_is_judged_in_bounded_work(judge: Judge) -> None:
    found = verdict(judge, "We could meet on Tuesday. " * 50_000 + "I want to die.")

    assert found.crisis
