"""The table of pairs of words: it gives what the features themselves say, word for word."""

from array import array
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from guard.shipped import folder
from guard.verdict import features
from guard.verdict.chosen import chosen
from guard.verdict.folding import normalise, normalise_lines
from guard.verdict.lexicon import _themes
from guard.verdict.model import load
from guard.verdict.vocabulary import Vocabulary

MODEL = chosen(folder("models"))
NAMES = load(MODEL.file, MODEL.digest)._scorer.vocabulary.names
KNOWN = Vocabulary(NAMES)
PHRASES = [one.replace("*", "") for said in _themes().values() for one in said]
WORDS = sorted({word for one in PHRASES for word in one.split()})
SOME = st.lists(st.sampled_from([*WORDS, "_day", "!", "zzyzx"]), max_size=8)
CHARACTERS = st.characters() | st.sampled_from("ab 4\u2019\u00e9\u2026\uff0d")
LINES = st.lists(st.text(CHARACTERS, max_size=30))


@given(SOME, st.sampled_from(["", *PHRASES]), SOME)
@example([], "", [])
def test_a_segment_gives_the_known_ones_of_its_features(
    before: list[str], phrase: str, behind: list[str]
) -> None:
    words = [*before, *phrase.split(), *behind]
    found = array("q")
    real, familiar = KNOWN.look_up(words, found)
    told = Counter(one for one in features.names(words) if one in KNOWN.number)
    letters = [one for one in words if one[0].isalpha()]

    assert Counter(KNOWN.names[one] for one in found) == told
    assert (real, familiar) == (len(letters), sum(f"w{one}" in KNOWN.number for one in letters))


@given(LINES)
def test_lines_are_normalised_together_as_each_alone(lines: list[str]) -> None:
    told = normalise_lines(lines).split("\n") if lines else []

    assert [one.strip(" ") for one in told] == [normalise(one) for one in lines]


@given(LINES)
def test_the_words_of_each_segment_are_those_of_it_alone(lines: list[str]) -> None:
    assert features.words_of_each(lines) == [features.words(one) for one in lines]
