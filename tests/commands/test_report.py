"""A month in numbers, without a word of anybody's mail."""

from guard.commands.report import drawn
from guard.review.chart import Bar, Chart
from tests.commands.practice import Practice

LETTER = b"From: Leo <leo@inkwell.example>\r\nSubject: Tuesday\r\n\r\nCould we make it 4?\r\n"


def test_a_month_is_told_in_numbers(practice: Practice) -> None:
    practice.add("Leo Marsh", "leo@inkwell.example")
    practice.deliver(LETTER)
    practice.scan()

    ran = practice.unlocked("report")

    assert ran.status == 0
    assert ": 1 messages came in." in ran.out
    assert "What guard misses" in ran.out
    assert not {"leo", "tuesday"} & set(ran.out.lower().split())


def test_a_month_without_mail_says_so(practice: Practice) -> None:
    ran = practice.unlocked("report", "2001-02")
    assert (ran.status, ran.out) == (0, "February 2001: 0 messages came in.\n")


def test_what_is_no_month_is_refused_with_an_example(practice: Practice) -> None:
    ran = practice.unlocked("report", "last")
    assert ran.status == 78
    assert "guard report 2026-11" in ran.err


def test_a_picture_is_drawn_to_scale() -> None:
    chart = Chart(
        title="Answers", note="how many", bars=(Bar(name="a", value=1), Bar(name="bb", value=2))
    )
    first, second = drawn(chart).splitlines()[2:]
    assert (first.count("#"), second.count("#")) == (15, 30)
