"""The reading processes: in order, under limits, and never stopped by one message."""

import resource
from collections.abc import Iterator

import pytest

from guard.shipped import folder
from guard.verdict.child import WORTH_TWO, ChildReader
from guard.verdict.chosen import chosen
from guard.verdict.language import _guesser, is_foreign
from guard.verdict.segments import split

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
    assert all(child._process is not None for child in reader._children)


def test_a_few_letters_start_one_process(reader: ChildReader) -> None:
    assert texts(reader, [letter("Yes, 4 is good.")]) == ["Yes, 4 is good."]
    assert [child._process is not None for child in reader._children] == [True, False]


def test_no_letters_start_none(reader: ChildReader) -> None:
    assert reader.start([])() == []
    assert all(child._process is None for child in reader._children)


def test_a_process_that_died_costs_one_letter_at_most(reader: ChildReader) -> None:
    texts(reader, [letter("One.")])
    process = reader._children[0]._process
    assert process is not None
    process.kill()
    process.wait()
    assert texts(reader, [letter("Two."), letter("Three.")])[1:] == ["Three."]


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
