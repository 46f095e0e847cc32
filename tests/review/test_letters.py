"""Strangers' mail is read in a process that may die of it; the page goes on."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.errors import UnreadableError
from guard.review.letters import Letters
from guard.verdict.process import Process
from tests.review.practice import LETTERS, PASSPHRASE, Practice, letter

HOSTILE = """
import sys, time
from guard.verdict.process import attend, confine
confine(1024 ** 3)
def answer(order, data):
    if b"zz-hang" in data:
        while True:
            pass
    if b"zz-bomb" in data:
        hoard = [bytearray(2 ** 20) for _ in range(1100)]
    if b"zz-die" in data:
        sys.exit()
    if b"zz-lie" in data:
        return b"s", b'{"subject": 7}'
    import guard.review.opening
    return guard.review.opening.answer(order, data)
attend(sys.stdin.buffer, sys.stdout.buffer, answer, seconds=3)
"""
ATTACKS = ["zz-hang", "zz-bomb", "zz-die", "zz-lie"]


@pytest.fixture
def weak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Letters]:
    """A reader that any letter can break that says so, since no known letter breaks the real."""
    (tmp_path / "weak_reader.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    with Letters(seconds=1.5) as made:
        made._process = Process("weak_reader")
        yield made


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_letter_that_breaks_the_reader_costs_itself_alone(weak: Letters, attack: str) -> None:
    assert weak.message(letter("one"), ())[0].new_text.strip() == "one"
    with pytest.raises(UnreadableError):
        weak.message(letter(attack), ())
    assert weak.message(letter("two"), ())[0].new_text.strip() == "two"


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_page_shows_a_letter_that_breaks_the_reader_as_unreadable(
    practice: Practice, weak: Letters, attack: str
) -> None:
    practice.letters = weak
    practice.restart()
    practice.enter()
    bad = practice.add(letter(attack, subject="bad"))
    good = practice.add(letter("All is well.", subject="good"))
    page = practice.page(f"/item/{bad}")
    assert "This message cannot be shown" in page
    assert "bad" in page
    assert practice.get(f"/item/{bad}/message.eml").data == letter(attack, subject="bad")
    assert practice.get(f"/item/{bad}/layout").status_code == 404
    assert practice.get(f"/item/{bad}/attachment/0").status_code == 404
    assert "All is well." in practice.page(f"/item/{good}")
    found = practice.post("/search", None, words="well").get_data(as_text=True)
    assert f"/item/{good}" in found
    # She can answer it all the same.
    practice.answer(bad, "therapy")
    assert practice.waiting() == [good]


def test_a_letter_that_broke_the_reader_is_not_tried_on_every_page(
    practice: Practice, weak: Letters
) -> None:
    practice.letters = weak
    practice.restart()
    practice.enter()
    item = practice.add(letter("zz-die"))
    practice.page(f"/item/{item}")
    assert practice.desk.memory.tangled == {item}
    weak.close()
    practice.page(f"/item/{item}")
    assert not weak._process.running


def test_when_the_page_locks_the_reader_ends_with_all_that_it_read(
    open_practice: Practice,
) -> None:
    item = open_practice.add(letter())
    open_practice.page(f"/item/{item}")
    assert LETTERS._process.running
    open_practice.post("/lock")
    assert not LETTERS._process.running


def test_it_is_warm_when_she_has_typed_her_passphrase(practice: Practice) -> None:
    LETTERS.close()
    practice.get(f"/open/{practice.desk.session.link}")
    practice.page("/unlock")
    practice.desk.ready()
    assert LETTERS._process.running


def test_where_no_process_can_be_started_a_letter_is_unreadable_and_no_more(
    practice: Practice,
) -> None:
    with Letters() as letters:
        letters._process._command = ["/nowhere"]
        practice.letters = letters
        practice.restart()
        practice.enter()
        item = practice.add(letter("All is well."))
        assert "This message cannot be shown" in practice.page(f"/item/{item}")
        practice.post("/lock")
        letters._process = Process("guard.review.opening")
        practice.post("/unlock", passphrase=PASSPHRASE)
        assert "All is well." in practice.page(f"/item/{item}")


def test_a_reader_that_nobody_waits_for_ends_itself(weak: Letters) -> None:
    weak._seconds = 30.0
    weak.warm()
    process = weak._process._process
    assert process is not None
    with pytest.raises(UnreadableError):
        weak.message(letter("zz-hang"), ())
    assert process.returncode == -signal.SIGALRM


@pytest.mark.parametrize("number", [2**32, 10**30])
def test_no_attachment_has_a_number_beyond_all_bounds(
    open_practice: Practice, number: int
) -> None:
    item = open_practice.add(letter())
    assert open_practice.get(f"/item/{item}/attachment/{number}").status_code == 404
