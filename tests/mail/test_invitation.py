import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.invitation import read_invitation

REPLY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y
METHOD:REPLY
BEGIN:VEVENT
UID:1
DTSTAMP:20250503T101200Z
SUMMARY:Declined: Session
COMMENT:I am sorry\\, I can't
  face it
DESCRIPTION;LANGUAGE=en:Room 2\\nAt four
ATTENDEE;PARTSTAT=DECLINED:mailto:jo@client.example
END:VEVENT
END:VCALENDAR
"""


def test_reads_an_answer_with_its_comment() -> None:
    part, sound = read_invitation(REPLY)

    assert (part.method, part.summary, sound) == ("REPLY", "Declined: Session", True)
    assert part.text == "Room 2\nAt four\nI am sorry, I can't face it"


def test_reads_the_words_of_a_broken_one() -> None:
    part, sound = read_invitation(REPLY.replace("END:VEVENT\n", "").replace("UID:1", "U\x7fID"))

    assert (part.method, part.summary, sound) == ("REPLY", "Declined: Session", False)
    assert "I am sorry, I can't face it" in part.text


def test_takes_the_method_of_the_part_when_it_names_none() -> None:
    part, _ = read_invitation(REPLY.replace("METHOD:REPLY\n", ""), "request")

    assert part.method == "REQUEST"


def test_says_the_words_of_a_series_once() -> None:
    event = REPLY[REPLY.index("BEGIN:VEVENT") : REPLY.index("END:VCALENDAR")]
    part, _ = read_invitation(REPLY.replace(event, event * 3))

    assert part.summary == "Declined: Session"


LINES = [
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "BEGIN:VEVENT",
    "SUMMARY:x",
    "COMMENT",
    ";",
    ":",
    "\n",
]


@given(st.text() | st.lists(st.sampled_from(LINES)).map("\n".join))
def test_any_text_gives_a_part(text: str) -> None:
    part, _ = read_invitation(text)

    (part.method + part.summary + part.text).encode()


@pytest.mark.parametrize(
    "line", ["BEGIN:VEVENT\n", "COMMENT:x\n", "RRULE:FREQ=SECONDLY\n", "X" * 9]
)
def test_a_hundred_kilobytes_of_one_line_are_read(line: str) -> None:
    read_invitation("BEGIN:VCALENDAR\n" + line * (100_000 // len(line)))
