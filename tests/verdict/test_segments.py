"""Texts are cut where people change the subject, and nothing is lost or invented."""

from hypothesis import given
from hypothesis import strategies as st

from guard.verdict.segments import HARD_LONGEST, MOST, sentence_around, split


def texts(text: str) -> list[str]:
    return [one.text for one in split(text)]


def test_sentences_are_segments() -> None:
    assert texts("Tuesday at 4? Fine. See you then!") == [
        "Tuesday at 4?",
        "Fine.",
        "See you then!",
    ]


def test_a_time_a_date_and_a_price_stay_in_one_piece() -> None:
    assert texts("Can I come at 4.30 not 4? On 3.4.2026, for £12.50. Or at 5.") == [
        "Can I come at 4.30 not 4?",
        "On 3.4.2026, for £12.50.",
        "Or at 5.",
    ]


def test_a_line_is_a_segment_when_its_writer_broke_it() -> None:
    assert texts("hi\ncan we do 4\nps its back") == ["hi", "can we do 4", "ps its back"]


def test_a_line_that_the_mail_program_broke_goes_on() -> None:
    wrapped = "I wondered whether we might possibly meet an hour\nlater on Thursday"

    assert len(texts(wrapped)) == 1


def test_a_long_run_without_full_stops_is_cut_where_it_turns() -> None:
    run = (
        "hi can we do thurs instead my mum has been round again and i havent slept since she came "
        "but the kids are off so it would have to be the morning if you have one free"
    )

    assert len(texts(run)) >= 2


def test_the_bracket_and_the_ps_stand_alone_enough_to_be_seen() -> None:
    found = texts("Yes, 4 is good. (Tom moved out, by the way.) PS. it's back")

    assert "it's back" in found[-1]
    assert any("Tom moved out" in one for one in found)


def test_nothing_but_marks_is_no_segment() -> None:
    assert split("...!\n\n--- ***") == []


@given(st.text(max_size=400))
def test_every_segment_stands_where_it_says(text: str) -> None:
    flat = text.replace("\n", " ")

    for one in split(text):
        assert flat[one.start : one.end] == one.text.replace("\n", " ")


@given(st.text(alphabet="ab ,.(\n", max_size=600))
def test_no_segment_grows_beyond_its_bound(text: str) -> None:
    assert all(len(one.text.split()) <= HARD_LONGEST for one in split(text))


def test_a_hostile_mail_is_looked_at_from_both_ends() -> None:
    found = texts("First. " + "x. " * 100_000 + "Last.")

    assert len(found) == MOST
    assert (found[0], found[-1]) == ("First.", "Last.")


def test_evidence_is_the_whole_sentence_around_a_clause() -> None:
    text = "Could we move? Since the scan I lie awake, and count."
    clause = next(one for one in split(text) if "awake" in one.text)

    assert sentence_around(clause) == "Since the scan I lie awake, and count."
