"""One message's text is cut at the sentences that spoke, and is the same text after it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.review.item import MOST_SHOWN, Piece, marked

TEXTS = st.text("ab. \n\t\u00a0\u2003é*[", max_size=60)


def by_pattern(text: str, sentence: str) -> tuple[int, int] | None:
    """The plain way to say what is looked for, which a stranger could make slow."""
    words = [re.escape(word) for word in sentence.split()]
    found = re.search(r"\s+".join(words), text) if words else None
    return found.span() if found else None


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_marking_changes_no_letter(text: str, sentences: list[str]) -> None:
    assert "".join(piece.text for piece in marked(text, sentences)) == text


@given(TEXTS, TEXTS)
def test_a_sentence_is_found_whatever_its_spaces_are(text: str, sentence: str) -> None:
    pieces = marked(text, [sentence])
    at = next((n for n, piece in enumerate(pieces) if piece.marked), None)
    if at is None:
        assert by_pattern(text, sentence) is None
        return
    begin = sum(len(piece.text) for piece in pieces[:at])
    assert (begin, begin + len(pieces[at].text)) == by_pattern(text, sentence)


def test_sentences_that_overlap_are_marked_once() -> None:
    assert marked("I cried all night.", ["I cried all", "cried all night."]) == [
        Piece(text="I cried all", marked=True),
        Piece(text=" night.", marked=False),
    ]


@pytest.mark.timeout(20)
def test_no_sentence_takes_long_to_look_for() -> None:
    words = "a " * (MOST_SHOWN // 2)
    for sentence in (words[: MOST_SHOWN // 3] + "b", "b" + words[: MOST_SHOWN // 3]):
        for _ in range(5):
            assert not any(piece.marked for piece in marked(words, [sentence]))
