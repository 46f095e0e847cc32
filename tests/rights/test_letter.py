import pytest

from guard.rights.letter import Letter, redacted


def without(text: str, *remove: str) -> Letter:
    return redacted(Letter(number=7, received=0, direction="received", text=text), remove)


@pytest.mark.parametrize(
    "text",
    [
        "Uncle Bob drinks.",
        "uncle\r\nbob drinks.",
        "> uncle\r\n> > bob drinks.",
        "Uncle\u00a0Bob drinks.",
        "Uncle \u200bBob drinks.",
    ],
    ids=["plain", "broken", "quoted", "a hard space", "a space that nobody sees"],
)
def test_words_are_taken_out_however_they_are_broken(text: str) -> None:
    told = without(text, "Uncle Bob")

    assert told.text.removeprefix("> ") == "[removed] drinks."
    assert told.unfound == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [("O\u2019Brien", "O'Brien"), ("O'Brien", "O\u2019Brien"), ("Jose\u0301", "Jos\u00e9")],
)
def test_words_are_taken_out_however_they_are_spelt(text: str, named: str) -> None:
    assert without(text, named).text == "[removed]"


def test_what_stands_inside_a_longer_passage_counts_as_found() -> None:
    told = without("Uncle Bob drinks.", "Bob", "Uncle Bob")

    assert (told.text, told.unfound) == ("[removed] drinks.", 0)


def test_words_that_stand_nowhere_are_counted() -> None:
    assert without("Uncle Bob drinks.", "Aunt Zoe", "Bob").unfound == 1
