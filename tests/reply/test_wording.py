import pytest

from guard.reply import compose
from guard.reply.wording import Wording, doubts, parse, shipped


def test_the_shipped_words_raise_no_doubt() -> None:
    assert list(doubts(shipped())) == []
    assert shipped().words == compose.text("reminder.en")
    assert shipped().subject == compose.REMINDER_SUBJECT


@pytest.mark.parametrize(
    "text",
    [
        "Subject: Hello\n\nWords.\n",
        "subject:Hello\r\nWords.",
        "Subject:  Hello \n\n\n Words. \n\n",
    ],
)
def test_a_first_line_may_be_the_subject(text: str) -> None:
    found = parse(text, name="reminder.en")

    assert (found.subject, found.words) == ("Hello", "Words.\n")


def test_without_one_the_usual_subject_is_taken() -> None:
    assert parse("Words.", name="x").subject == compose.REMINDER_SUBJECT


@pytest.mark.parametrize("text", ["Words!", "Subject: y\n\nWords.", "Words.\n\nMore."])
def test_every_change_is_another_version(text: str) -> None:
    assert parse(text, name="x").version != parse("Words.", name="x").version


def test_subject_and_words_cannot_run_into_each_other() -> None:
    one = Wording(name="x", subject="a", words="b\n\nc\n")
    other = Wording(name="x", subject="a\n\nb", words="c\n")

    # A subject is one line, so that this other one can never be read from a file.
    assert one.version == other.version
    with pytest.raises(ValueError, match="control"):
        parse("Subject: a\x0bb\n\nc", name="x")


@pytest.mark.parametrize("subject", ["Your therapy", "Next session", "To all clients"])
def test_a_subject_that_tells_too_much_is_doubted(subject: str) -> None:
    found = Wording(name="x", subject=subject, words=shipped().words)

    assert ["subject line" in one for one in doubts(found)] == [True]
