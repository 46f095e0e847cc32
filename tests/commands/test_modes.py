"""The four modes, the window and the breaker: the whole program against real servers."""

import re

import pytest

from guard.record.entry import Fact
from guard.record.reading import Reader
from tests.commands.practice import OWN, PASSPHRASE, Practice, letter, therapy
from tests.commands.serving import opened
from tests.commands.test_review_page import ask
from tests.servers.smtpd import HANG_UP


@pytest.fixture
def leo(practice: Practice) -> Practice:
    """A client who writes of therapy."""
    practice.add("Leo", "leo@inkwell.example")
    practice.deliver(letter(therapy(), number=1))
    return practice


def item_of(practice: Practice) -> int:
    with practice.record() as record:
        (item,) = record.tasks("review")
    return item


def test_by_default_the_reminder_goes_out_by_itself(leo: Practice) -> None:
    assert leo.scan()["reminded"] == 1
    assert len(leo.sink.received) == 1


def test_switched_off_nothing_goes_out_and_nothing_is_made_ready(leo: Practice) -> None:
    leo.change('mode = "auto"', 'mode = "off"')
    assert (leo.scan()["reminded"], leo.sink.received) == (0, [])

    assert "made the reminder ready" not in leo.unlocked("why", str(item_of(leo))).out


def test_a_trial_notes_the_very_letter_and_sends_nothing(leo: Practice) -> None:
    leo.change('mode = "auto"', 'mode = "shadow"')
    assert (leo.scan()["reminded"], leo.sink.received) == (0, [])

    with leo.record() as record:
        (noted,) = record.of_kind("reminder-shadowed")
        reader = Reader(record, record.keys.unlock(PASSPHRASE))
        assert b"To: leo@inkwell.example\r\n" in reader.secret(noted.seq)
    why = leo.unlocked("why", str(item_of(leo))).out
    assert "noted the reminder that it would have sent" in why
    assert "[x] this is a trial: what would be sent is only noted" in why
    assert leo.scan()["seen"] == 0


def test_where_she_sends_one_click_on_the_page_sends_it_once(leo: Practice) -> None:
    leo.change('mode = "auto"', 'mode = "approve"')
    assert (leo.scan()["held"], leo.sink.received) == (1, [])
    item = item_of(leo)
    with opened(leo.folder) as (_, host, link):
        _, _, cookie = ask(host, link)
        _, page, _ = ask(host, "/unlock", cookie)
        form = {"csrf": _hidden(page, "csrf"), "passphrase": PASSPHRASE}
        _, _, cookie = ask(host, "/unlock", cookie, form)
        _, page, _ = ask(host, f"/item/{item}", cookie)
        assert "The reminder is ready" in page
        form = {name: _hidden(page, name) for name in ("csrf", "state")}
        for _ in range(2):
            assert ask(host, f"/item/{item}/remind", cookie, form)[0] == 303

    assert [one.rcpt for one in leo.sink.received] == [("leo@inkwell.example",)]
    # The copy in Sent is the letter that was filed.
    assert leo.scan()["filed"] == 0
    assert leo.wrong() == []


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\w+)"', page)
    assert found is not None
    return found[1]


def test_her_own_answer_in_the_window_cancels_the_reminder(leo: Practice) -> None:
    leo.change("delay_minutes = 0", "delay_minutes = 1")
    assert (leo.scan()["reminded"], leo.tasks()) == (0, {"review": 1, "remind": 1})
    hers = f"From: {OWN}\r\nTo: leo@inkwell.example\r\nSubject: Re\r\n\r\nLet us talk.\r\n"
    leo.deliver(hers.encode(), "Sent")
    _let_the_window_pass(leo)

    assert leo.scan()["reminded"] == 0
    assert leo.sink.received == []
    assert leo.tasks() == {"review": 1}
    assert (
        "[x] you have written to this client since" in leo.unlocked("why", str(item_of(leo))).out
    )


def test_without_an_answer_it_goes_out_at_the_end_of_the_window(leo: Practice) -> None:
    leo.change("delay_minutes = 0", "delay_minutes = 1")
    leo.scan()
    assert leo.scan()["reminded"] == 0
    _let_the_window_pass(leo)

    assert (leo.scan()["reminded"], leo.scan()["reminded"]) == (1, 0)


def _let_the_window_pass(practice: Practice) -> None:
    """Nobody waits a minute here: the decision is filed as if its time had come."""
    with practice.record() as record:
        (item,) = record.tasks("remind")
        entry = record.latest("decided", item=item)
        assert entry is not None
        again = Fact(
            kind="decided", item=item, owner=entry.owner, body={**entry.data, "due": entry.at}
        )
        record.append([again], now=entry.at)


def test_a_line_that_breaks_after_the_text_is_shown_and_never_tried_again(leo: Practice) -> None:
    leo.sink.answers = {"text": HANG_UP}
    ran = leo.guard("scan", "--json")
    assert (ran.status, ran.json["uncertain"]) == (65, 1)
    leo.sink.answers = {}

    assert leo.scan()["reminded"] == 0
    assert leo.sink.received == []
    assert leo.tasks() == {"review": 1}


def test_while_the_server_is_away_one_letter_waits_and_goes_out_once(leo: Practice) -> None:
    leo.sink.answers = {"MAIL": "421 4.3.2 closing"}
    assert leo.guard("scan").status == 75
    leo.guard("scan")
    leo.guard("scan")
    leo.sink.answers = {}
    _forget_the_wait(leo)

    assert leo.scan()["reminded"] == 1
    assert len(leo.sink.received) == 1
    letters = [raw for raw in leo.filed().values() if b"auto-replied" in raw]
    assert letters == [leo.sink.received[0].raw]


def _forget_the_wait(practice: Practice) -> None:
    """Nobody waits for the next try here."""
    with practice.record() as record:
        (item,) = record.tasks("remind")
        entry = record.latest("reminder-postponed", item=item)
        assert entry is not None
        again = Fact(
            kind=entry.kind, item=item, owner=entry.owner, body={**entry.data, "due": entry.at}
        )
        record.append([again], now=entry.at)


def test_a_server_that_refuses_the_null_sender_gets_her_address(leo: Practice) -> None:
    leo.sink.answers = {"null": "550 5.7.1 no null sender"}
    assert leo.scan()["reminded"] == 1

    (sent,) = leo.sink.received
    assert sent.mail_from == OWN
    with leo.record() as record:
        (entry,) = record.of_kind("reminder-sent")
    assert entry.data["envelope"] == "own"


def test_too_many_in_an_hour_are_held_and_she_is_told(leo: Practice) -> None:
    leo.change("most_an_hour = 20", "most_an_hour = 1")
    leo.add("Joe", "joe@fastpost.example")
    leo.deliver(letter(therapy(), sender="joe@fastpost.example", number=2))
    assert leo.scan()["reminded"] == 1

    to = sorted(one.rcpt[0] for one in leo.sink.received)
    assert to[0] == "andrea.private@home.example"
    assert len(to) == 2
    assert leo.scan()["seen"] == 0


def test_a_note_is_listed_for_the_next_session(leo: Practice) -> None:
    leo.scan()
    leo.deliver(letter(therapy(), number=2))
    assert leo.scan()["reminded"] == 0

    assert "For the next session with Leo:" in leo.unlocked("review", "--list").out
