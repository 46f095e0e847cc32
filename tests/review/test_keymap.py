import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.review import keymap
from tests.review.practice import Practice


@given(st.text(max_size=60))
def test_whatever_a_cookie_says_no_key_does_two_things(cookie: str) -> None:
    assert keymap.fault(keymap.read(cookie)) == ""


def test_what_was_written_is_read_again() -> None:
    chosen = {"1": "a", "?": "ö", "j": "n"}

    assert keymap.read(keymap.write(chosen)) == chosen
    assert keymap.read(keymap.write({})) == {}


@pytest.mark.parametrize(
    "chosen", [{"1": "2"}, {"1": "ab"}, {"1": " "}, {"1": "\n"}, {"1": "A"}, {"x": "y"}]
)
def test_a_choice_that_cannot_work_is_told(chosen: dict[str, str]) -> None:
    assert keymap.fault(chosen)
    assert keymap.read(keymap.write(chosen) if all(map(_single, chosen.values())) else "x") == {}


def test_two_keys_may_change_places() -> None:
    chosen = {"1": "2", "2": "1"}

    assert keymap.fault(chosen) == ""
    assert keymap.meanings(chosen) == {"1": "2", "2": "1"}


def test_a_key_that_was_moved_does_nothing_at_its_old_place() -> None:
    assert keymap.meanings({"4": "g"}) == {"4": "", "g": "4"}


def test_her_own_keys_are_shown_where_they_work(open_practice: Practice) -> None:
    answer = open_practice.post("/keys/own", None, **{"do": "save", "key-l": "X"})
    assert answer.status_code == 303

    page = open_practice.page("/keys")
    assert 'Lock guard <kbd aria-hidden="true">X</kbd>' in page
    assert "&#34;x&#34;: &#34;l&#34;" in page
    open_practice.post("/keys/own", None, do="reset")
    assert 'Lock guard <kbd aria-hidden="true">L</kbd>' in open_practice.page("/keys")


def test_a_key_that_is_taken_is_refused_and_nothing_is_changed(open_practice: Practice) -> None:
    answer = open_practice.post("/keys/own", None, **{"do": "save", "key-l": "c"})

    assert answer.status_code == 422
    assert "C cannot do two things. Nothing was changed." in answer.get_data(as_text=True)
    assert 'Lock guard <kbd aria-hidden="true">L</kbd>' in open_practice.page("/")


def _single(text: str) -> bool:
    return len(text) == 1
