import pytest

from guard.clients.asking import asks

ASKING = [
    "Please send me a copy of my notes.",
    "I would like a copy of all the data you hold about me.",
    "Could I have copies of our emails?",
    "This is a subject access request under the UK GDPR.",
    "I'm making a SAR for my records.",
    "DSAR",
    "Under article 15 I ask what you keep.",
    "Am I entitled to see my file?",
    "I want to see my notes, please",
    "what information do you hold on me?",
    "Can you give me everything, all the records you have kept about me",
    "GDPR request",
    "Can I get access to my records?",
    "My solicitor says I should request my file from you.",
    "Could you send me the notes you've kept on me?",
]
ERASING = [
    "Please delete all my emails.",
    "I use my right to erasure.",
    "I want you to erase everything, all of my personal data",
    "can you destroy my notes",
    "the right to be forgotten",
]
ORDINARY = [
    "Could we move Thursday to 3 pm?",
    "I took notes after our session and I have been reading them.",
    "I bought the record you recommended.",
    "Do you have a copy of the book you spoke about?",
    "I keep a file of poems.",
    "I deleted his number from my phone.",
    "I have access to the car on Tuesday.",
    "Thank you for the information about the parking.",
    "I will bring my notebook, my notes are a mess.",
    "For the record, I was not angry.",
    "",
]


@pytest.mark.parametrize("text", ASKING)
def test_a_mail_that_asks_for_a_copy_is_noticed(text: str) -> None:
    assert "access" in asks(text)


@pytest.mark.parametrize("text", ERASING)
def test_a_mail_that_asks_for_erasure_is_noticed(text: str) -> None:
    assert "erasure" in asks(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_mail_asks_for_nothing(text: str) -> None:
    assert asks(text) == ()


def test_line_ends_and_curly_quotes_do_not_hide_a_request() -> None:
    assert asks("Please send me\n  the notes you\u2019ve\nkept") == ("access",)


@pytest.mark.parametrize("text", ["my " * 50_000, "copy of " * 20_000, "see the " * 20_000])
def test_a_hostile_text_takes_no_time(text: str) -> None:
    asks(text)
