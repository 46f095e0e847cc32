"""The reading processes: in order, under limits, and never stopped by one message."""

import resource
from collections.abc import Iterator
from mmap import mmap

import pytest

from guard.shipped import folder
from guard.verdict.child import AT_ONCE, JUDGED_AT_ONCE, SMALL, WORTH_TWO, ChildReader
from guard.verdict.chosen import chosen
from guard.verdict.frames import GOOD, READ_ALL
from guard.verdict.language import _guesser, is_foreign
from guard.verdict.process import Process
from guard.verdict.segments import split
from tests.verdict.mortal import DEADLY, SLOW

POLISH = (
    "Dzień dobry, niestety nie mogę przyjść w czwartek, ponieważ moja córka jest chora i muszę"
    " zostać z nią w domu. Czy możemy przełożyć spotkanie na przyszły tydzień?"
)


def letter(body: str) -> bytes:
    head = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    return head + body.encode()


@pytest.fixture
def reader() -> Iterator[ChildReader]:
    model = chosen(folder("models"))
    with ChildReader(model.file, model.digest) as made:
        yield made


def texts(reader: ChildReader, raws: list[bytes]) -> list[str]:
    return [one.message.text.strip() if one.message else "" for one in reader.start(raws)()]


def test_two_processes_answer_in_the_order_of_the_letters(reader: ChildReader) -> None:
    said = [f"Letter number {at} is here." for at in range(WORTH_TWO + 1)]
    assert texts(reader, [letter(one) for one in said]) == said
    assert all(child._process.running for child in reader._children)


def test_room_is_made_when_all_is_read_and_two_read_again_after(reader: ChildReader) -> None:
    said = [f"Letter number {at} is here." for at in range(WORTH_TWO + 1)]
    begun = reader.start([letter(one) for one in said])
    reader.make_room()

    assert [one.message.text for one in begun() if one.message] == said
    assert texts(reader, [letter("Yes, 4 is good.")]) == ["Yes, 4 is good."]
    # Whatever is begun now waits until the process was ended.
    reader._children[1].start([])()
    assert [child._process.running for child in reader._children] == [True, False]
    assert texts(reader, [letter(one) for one in said]) == said


def test_the_process_that_will_read_a_huge_letter_is_started_before_it_is_there(
    reader: ChildReader,
) -> None:
    reader.make_room()
    reader._children[0].start([])()
    assert [child._process.running for child in reader._children] == [True, False]


@pytest.mark.parametrize(("count", "running"), [(1, [True, False]), (WORTH_TWO, [True, True])])
def test_what_many_letters_are_worth_is_started_before_they_are_there(
    reader: ChildReader, count: int, running: list[bool]
) -> None:
    reader.wake(count)
    for child in reader._children:
        child.start([])()
    assert [child._process.running for child in reader._children] == running


def test_a_few_letters_start_one_process(reader: ChildReader) -> None:
    assert texts(reader, [letter("Yes, 4 is good.")]) == ["Yes, 4 is good."]
    assert [child._process.running for child in reader._children] == [True, False]


def test_no_letters_start_none(reader: ChildReader) -> None:
    assert reader.start([])() == []
    assert not any(child._process.running for child in reader._children)


def test_a_process_that_died_costs_one_letter_at_most(reader: ChildReader) -> None:
    texts(reader, [letter("One.")])
    process = reader._children[0]._process._process
    assert process is not None
    process.kill()
    process.wait()
    assert texts(reader, [letter("Two."), letter("Three.")])[1:] == ["Three."]


@pytest.mark.parametrize("worst", [DEADLY, SLOW])
def test_a_letter_that_ends_its_reader_costs_none_of_those_asked_about_with_it(
    worst: bytes,
) -> None:
    model = chosen(folder("models"))
    said = [f"Letter number {at} is here." for at in range(2 * AT_ONCE)]
    raws = [letter(one) for one in said]
    raws[5] = worst
    with ChildReader(model.file, model.digest, message_seconds=1) as reader:
        arguments = [str(model.file), model.digest]
        reader._children[0]._process = Process("tests.verdict.mortal", arguments)

        assert texts(reader, raws) == [*said[:5], "", *said[6:]]


@pytest.mark.parametrize("size", [1, SMALL + 1])
def test_letters_of_any_size_are_read_in_their_order(reader: ChildReader, size: int) -> None:
    said = [f"Letter number {at}." for at in range(2 * AT_ONCE + JUDGED_AT_ONCE)]
    raws = [letter(one) for one in said]
    for at in (0, AT_ONCE - 1, AT_ONCE, -1):
        raws[at] += b"\r\n" + size * b"-"

    assert [one[: len(two)] for one, two in zip(texts(reader, raws), said, strict=True)] == said


@pytest.mark.parametrize("answer", [b"", b"\x91", b"\x90", b"\x91\x01", b"\x92\xc4\x00\xc4\x00"])
def test_an_answer_about_several_that_does_not_fit_is_not_believed(
    reader: ChildReader, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    asked = Process.ask

    def lying(
        self: Process, order: bytes, data: bytes | mmap, seconds: float
    ) -> tuple[bytes, bytes] | None:
        return (GOOD, answer) if order == READ_ALL else asked(self, order, data, seconds)

    monkeypatch.setattr(Process, "ask", lying)
    said = [f"Letter number {at} is here." for at in range(3)]
    assert texts(reader, [letter(one) for one in said]) == said


def test_a_foreign_letter_is_known_although_the_process_may_write_no_file(
    reader: ChildReader,
) -> None:
    assert reader.start([letter(POLISH)])()[0].verdict.abstained == "foreign"


def test_the_table_of_languages_leaves_the_limit_on_files_as_it_was() -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    _guesser.cache_clear()
    pieces = split(POLISH)
    assert is_foreign(POLISH, pieces, 0.1, [0.1] * len(pieces))
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before


def test_a_model_that_is_not_the_one_named_is_a_problem_and_every_letter_waits() -> None:
    with ChildReader(chosen(folder("models")).file, "0" * 64) as wrong:
        found = wrong.start([letter("Hello there.")])()
        assert found[0].verdict.abstained == "no model"
        assert wrong.problem is not None


DANGER = "I am going to kill myself tonight."
WORRIES = (
    "I have been so low and ashamed since we talked about my father, and I cannot stop crying."
)
HTML = b"From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


def mixed(kind: str, *parts: tuple[str, str]) -> bytes:
    head = f"From: a@b.example\r\nContent-Type: multipart/{kind}; boundary=z\r\n\r\n"
    inside = "".join(f"--z\r\nContent-Type: {one}\r\n\r\n{text}\r\n" for one, text in parts)
    return f"{head}{inside}--z--\r\n".encode()


PLAIN = ("text/plain", WORRIES)
EVENT = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nLOCATION:{DANGER}\r\nEND:VEVENT\r\nEND:VCALENDAR"
BESIDE = {
    "quoted": letter(f"{WORRIES}\r\n\r\n> {DANGER}\r\n"),
    "quoted and wrapped": letter(f"{WORRIES}\r\n\r\n> I am going to kill\r\n> myself tonight\r\n"),
    "hidden": HTML + f"<p>{WORRIES}</p><p style='display:none'>{DANGER}</p>".encode(),
    "on a picture": HTML + f"<p>{WORRIES}</p><img alt='{DANGER}'>".encode(),
    "in the other alternative": mixed(
        "alternative", ("text/plain", 6 * WORRIES), ("text/html", f"<p>{6 * WORRIES}{DANGER}</p>")
    ),
    "where an event is": mixed("mixed", PLAIN, ("text/calendar", EVENT)),
    "on a card": mixed("mixed", PLAIN, ("text/vcard", f"NOTE:{DANGER}")),
    "before the first part": mixed("mixed", PLAIN).replace(
        b"\r\n\r\n", f"\r\n\r\n{DANGER}\r\n".encode(), 1
    ),
    "after the last part": mixed("mixed", PLAIN) + f"\r\n{DANGER}\r\n".encode(),
    "in the description of a part": mixed(
        "mixed", PLAIN, (f"image/png\r\nContent-Description: {DANGER}", "x")
    ),
    "in a comment of HTML": mixed(
        "alternative", PLAIN, ("text/html", f"<p>{WORRIES}</p><!-- {DANGER} -->")
    ),
    "in letters of another alphabet that look alike": mixed(
        "mixed", PLAIN, ("text/vcard; charset=utf-8", "NOTE:I w\u0430nt t\u043e d\u0456e")
    ),
    "in the name of a file": mixed("mixed", PLAIN, ("image/png; name=kill_myself.png", "x")),
    "in a second subject": f"Subject: Hi\r\nSubject: {DANGER}\r\n\r\n{WORRIES}".encode(),
    "in a forwarded letter": mixed(
        "mixed", PLAIN, ("message/rfc822", f"Subject: x\r\n\r\n{DANGER}")
    ),
}


@pytest.mark.parametrize("where", BESIDE)
def test_danger_beside_what_is_judged_is_told(reader: ChildReader, where: str) -> None:
    found = reader.start([BESIDE[where]])()[0].verdict

    assert (found.crisis, found.aside) == (False, True)


def test_a_therapists_signature_that_is_quoted_is_no_danger(reader: ChildReader) -> None:
    advice = "> If you are feeling suicidal please call 999 or the\r\n> Samaritans on 116 123.\r\n"

    assert not reader.start([letter(f"{WORRIES}\r\n\r\n{advice}")])()[0].verdict.aside


def test_a_calendar_file_without_a_type_is_read(reader: ChildReader) -> None:
    event = EVENT.replace("LOCATION", "SUMMARY")
    raw = mixed("mixed", PLAIN, ("application/octet-stream; name=a.ics", event))

    assert reader.start([raw])()[0].verdict.crisis
