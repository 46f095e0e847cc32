"""Holds, the clock of a request, and the copy, from a client's page."""

import io
import zipfile

import pytest

from guard.clients import rights
from guard.record.lock import scan_lock
from guard.review.desk import Desk
from tests.review.practice import START, Practice, letter

ASKS = "Please send me a copy of my notes."


@pytest.fixture
def tom(open_practice: Practice) -> Practice:
    """A practice with one client and one letter, unlocked."""
    open_practice.add_client("Tom", "tom@home.example")
    open_practice.add(letter("one"), owner="ctom")
    return open_practice


def held(practice: Practice) -> bool:
    with practice.open() as record:
        return record.held("ctom")


def told(practice: Practice) -> str:
    return practice.page("/client/ctom")


def test_the_page_says_how_long_a_record_is_kept(tom: Practice) -> None:
    assert "Kept: no end of therapy is entered." in told(tom)


def test_a_hold_is_set_with_a_reason_and_ended(tom: Practice) -> None:
    tom.post("/client/ctom/hold", None, do="hold", reason="an inquest")

    assert held(tom)
    assert "Under a legal hold: kept until you release it. Your reason: an inquest" in told(tom)
    tom.post("/client/ctom/hold", None, do="release")
    assert not held(tom)


def test_a_hold_is_not_set_twice(tom: Practice) -> None:
    tom.post("/client/ctom/hold", None, do="hold")
    tom.post("/client/ctom/hold", None, do="hold")

    assert "out of date" in told(tom)
    with tom.open() as record:
        assert len(record.of_kind(rights.HELD)) == 1


def test_the_clock_is_started_stopped_and_answered(tom: Practice) -> None:
    day = f"{START:%Y-%m-%d}"
    for step, words in [
        ("start", "an answer is due on 2026-12-22 (in 30 days)"),
        ("stop", "the clock stands still since 2026-11-22"),
        ("start", "an answer is due on 2026-12-22"),
        ("extend", "two months added, an answer is due on 2027-02-22"),
        ("done", "answered on 2026-11-22"),
    ]:
        tom.post("/client/ctom/access", None, do=step, on=day)
        assert words in told(tom)
    assert "Start the clock" in told(tom)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"do": "start", "on": "someday"}, "Enter a day that has come"),
        ({"do": "start", "on": ""}, "Enter a day that has come"),
        ({"do": "start", "on": "2999-01-01"}, "Enter a day that has come"),
        ({"do": "done", "on": "2026-11-22"}, "There is no open request"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    tom: Practice, form: dict[str, str], words: str
) -> None:
    tom.post("/client/ctom/access", None, **form)

    assert words in told(tom)
    with tom.open() as record:
        assert record.of_kind(rights.ACCESS) == []


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/client/nobody/hold", {"do": "hold"}, 404),
        ("/client/unsorted/hold", {"do": "hold"}, 404),
        ("/client/ctom/hold", {"do": "erase"}, 400),
        ("/client/ctom/access", {"do": "leap", "on": "2026-11-22"}, 400),
        ("/client/nobody/access", {"do": "start", "on": "2026-11-22"}, 404),
        ("/client/nobody/copy.zip", {}, 404),
        ("/client/ctom/hold", {"do": "hold", "csrf": "wrong"}, 403),
        ("/client/ctom/access", {"do": "start", "on": "2026-11-22", "csrf": "wrong"}, 403),
        ("/client/ctom/copy.zip", {"csrf": "wrong"}, 403),
    ],
)
def test_a_form_that_is_not_ours_or_names_nobody_does_nothing(
    tom: Practice, path: str, form: dict[str, str], status: int
) -> None:
    with tom.open() as record:
        size = record.size()

    assert tom.post(path, None, **form).status_code == status

    with tom.open() as record:
        assert record.size() == size


def test_no_link_can_make_a_copy_or_set_a_hold(tom: Practice) -> None:
    for path in ("hold", "access", "copy.zip"):
        assert tom.get(f"/client/ctom/{path}").status_code == 405


def test_the_copy_is_a_bag_of_the_clients_letters_alone(tom: Practice) -> None:
    tom.add(letter("not his"))

    answer = tom.post("/client/ctom/copy.zip", None)

    assert answer.headers["Content-Disposition"] == "attachment; filename=copy-ctom.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        mails = [archive.read(name) for name in names if name.endswith(".eml")]
        assert mails == [letter("one")]
        assert {"bagit.txt", "manifest-sha256.txt", "data/index.html"} <= set(names)
        assert b"not his" not in b"".join(archive.read(name) for name in names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ASKS, "Start the clock from 22 November 2026"),
        ("Delete all my data.", "It seems to ask you to erase"),
    ],
)
def test_a_letter_that_asks_shows_what_to_do(tom: Practice, text: str, words: str) -> None:
    item = tom.add(letter(text), owner="ctom")

    assert words in tom.page(f"/item/{item}")


def test_when_the_clock_runs_the_letter_says_so(tom: Practice) -> None:
    item = tom.add(letter(ASKS), owner="ctom")
    tom.post("/client/ctom/access", None, do="start", on="2026-11-22")

    page = tom.page(f"/item/{item}")

    assert "A clock runs already: asked on 2026-11-22" in page
    assert "Start the clock from" not in page


@pytest.mark.parametrize("owner", ["unsorted", "ctom"])
def test_an_ordinary_letter_and_a_strangers_ask_for_nothing(tom: Practice, owner: str) -> None:
    text = ASKS if owner == "unsorted" else "Could we meet on Tuesday?"
    item = tom.add(letter(text), owner=owner)

    assert "It seems to ask" not in tom.page(f"/item/{item}")


def test_a_locked_page_gives_nothing(tom: Practice) -> None:
    desk: Desk = tom.desk
    token = desk.session.csrf
    desk.lock()

    answer = tom.post("/client/ctom/copy.zip", None, csrf=token)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/unlock")


def test_a_running_scan_is_no_obstacle(tom: Practice) -> None:
    with scan_lock(tom.settings.record_folder, now=tom.now):
        tom.post("/client/ctom/hold", None, do="hold")

    assert held(tom)


def test_letters_from_before_somebody_was_a_client_are_added_by_one_click(
    open_practice: Practice,
) -> None:
    early = open_practice.add(letter("early"))
    sent = open_practice.add(
        b"From: andrea@practice.example\r\nTo: tom@home.example\r\n\r\nYes\r\n", direction="out"
    )
    open_practice.add(letter("tom@home.example wrote", sender="Kim <kim@home.example>"))
    named = open_practice.add(letter("a namesake"))
    state = open_practice.state(named)
    open_practice.post(f"/item/{named}/sender", None, do="not-a-client", state=state)
    open_practice.add_client("Tom", "tom@home.example")

    assert "2 messages with these addresses, filed before" in told(open_practice)
    open_practice.post("/client/ctom/earlier", None, count="2")

    shown = told(open_practice)
    assert "2 messages added to the record" in shown
    assert "filed before" not in shown
    with open_practice.open() as record:
        ruled = {one.item for one in record.of_kind("ruled") if one.owner == "ctom"}
    assert ruled == {early, sent}


def test_an_old_form_adds_no_letter(open_practice: Practice) -> None:
    open_practice.add(letter("early"))
    open_practice.add_client("Tom", "tom@home.example")

    open_practice.post("/client/ctom/earlier", None, count="2")

    shown = told(open_practice)
    assert "out of date" in shown
    assert "1 message with these addresses" in shown
