"""One click, a trial, notes for the next session, words that are not approved yet."""

import msgspec
import pytest
from msgspec.structs import replace

from guard.policy.decision import Action, Correspondent
from guard.policy.minutes import fact, read
from guard.record.entry import Fact
from guard.record.reading import Reader
from tests.review.practice import PASSPHRASE, Practice, letter

CLICK = "File as therapy content and send the reminder"


def decided(practice: Practice, *actions: Action, due: int | None = None) -> int:
    """A client's letter about which guard decided so."""
    owner = practice.add_client("Tom", "tom@home.example")
    raw = letter("I cried all night.")
    item = practice.add(raw, owner=owner, who=Correspondent.CLIENT, bars=())
    with practice.open() as record:
        reader = Reader(record, record.keys.unlock(PASSPHRASE))
        entry = record.latest("decided", item=item)
        assert entry is not None
        minutes = read(reader.secret(entry.seq))
        done = replace(minutes.decision, actions=frozenset({Action.REVIEW, *actions}))
        again = fact(item, (owner,), replace(minutes, decision=done), due=due)
        record.append([again], now=practice.now)
    return item


def choose(practice: Practice, **reminders: object) -> None:
    """She changes guard.toml."""
    changed = msgspec.structs.replace(practice.settings.reminders, **reminders)
    practice.settings = msgspec.structs.replace(practice.settings, reminders=changed)
    practice.restart()
    practice.enter()


def own_words(practice: Practice) -> None:
    """She names words of her own and has not approved them."""
    (practice.settings.folder / "own.txt").write_text("Dear all, times only.")
    choose(practice, texts={"en": "own.txt"})


def tasks(practice: Practice, name: str) -> list[int]:
    with practice.open() as record:
        return record.tasks(name)


def test_a_reminder_that_is_ready_goes_out_by_one_click(open_practice: Practice) -> None:
    item = decided(open_practice, Action.PROPOSE)
    assert "The reminder is ready" in open_practice.page(f"/item/{item}")
    state = open_practice.state(item)
    open_practice.post(f"/item/{item}/remind", None, state=state)

    assert len(open_practice.postman.sent) == 1
    assert "The reminder is ready" not in open_practice.page(f"/item/{item}")
    # A second click on the old page sends nothing.
    open_practice.post(f"/item/{item}/remind", None, state=state)
    assert len(open_practice.postman.sent) == 1


def test_what_is_not_ready_has_no_such_button(open_practice: Practice) -> None:
    item = decided(open_practice)

    assert CLICK not in open_practice.page(f"/item/{item}")


def test_words_that_she_has_not_approved_are_shown_before_they_go(open_practice: Practice) -> None:
    own_words(open_practice)
    item = decided(open_practice, Action.PROPOSE)
    assert CLICK not in open_practice.page(f"/item/{item}")
    assert "You have not approved the words" in open_practice.page("/")
    shown = open_practice.page(f"/item/{item}/reminder")
    assert "Dear all, times only." in shown
    assert "Approve the words" in shown
    state = open_practice.state(item)
    answer = open_practice.post(f"/item/{item}/remind", None, state=state)
    assert answer.headers["Location"] == f"/item/{item}/reminder"
    assert open_practice.postman.sent == []
    # Words that changed since she saw them are not approved by her click.
    open_practice.post(f"/item/{item}/remind", None, state=state, approves="0" * 64)
    assert open_practice.postman.sent == []

    version = shown.partition('name="approves" value="')[2][:64]
    open_practice.post(f"/item/{item}/remind", None, state=state, approves=version)
    assert b"Dear all, times only." in open_practice.postman.sent[0]
    assert "You have not approved the words" not in open_practice.page("/")


def test_words_that_cannot_be_read_are_never_sent(open_practice: Practice) -> None:
    choose(open_practice, texts={"en": "gone.txt"})
    item = decided(open_practice, Action.PROPOSE)
    page = open_practice.page(f"/item/{item}")
    assert "there are no words in this client" in page
    open_practice.post(f"/item/{item}/remind", None, state=open_practice.state(item))

    assert open_practice.postman.sent == []


def test_a_note_waits_for_the_session_until_she_has_spoken_of_it(open_practice: Practice) -> None:
    item = decided(open_practice, Action.NOTE)
    assert "For the next session" in open_practice.page("/")
    open_practice.answer(item, "therapy")
    assert tasks(open_practice, "note") == [item]
    open_practice.answer(item, "talked")

    assert tasks(open_practice, "note") == []
    assert "For the next session" not in open_practice.page("/")
    assert "spoken of in the session" in open_practice.page(f"/item/{item}")
    last = next(reversed(open_practice.desk.shelf.standing))
    open_practice.post("/undo", None, seq=str(last))
    assert tasks(open_practice, "note") == [item]


@pytest.mark.parametrize("do", ["scheduling", "other"])
def test_what_she_takes_for_no_therapy_is_no_note(open_practice: Practice, do: str) -> None:
    item = decided(open_practice, Action.NOTE)
    open_practice.answer(item, do)

    assert tasks(open_practice, "note") == []


def test_the_page_says_that_this_is_a_trial(open_practice: Practice) -> None:
    choose(open_practice, mode="shadow")
    item = decided(open_practice, Action.SHADOW)
    noted = Fact(kind="reminder-shadowed", item=item, owner="ctom", body={}, closes=("remind",))
    with open_practice.open() as record:
        record.append([noted], now=open_practice.now)

    assert "This is a trial" in open_practice.page("/")
    assert "the reminder would have been sent" in open_practice.page(f"/item/{item}")


def test_a_reminder_that_waits_says_until_when_and_an_answer_stops_it(
    open_practice: Practice,
) -> None:
    item = decided(open_practice, Action.REMIND, due=open_practice.now + 3_600_000)
    assert "the reminder waits until" in open_practice.page(f"/item/{item}")
    assert tasks(open_practice, "remind") == [item]
    open_practice.answer(item, "never")

    assert "the reminder waits until" not in open_practice.page(f"/item/{item}")
    assert tasks(open_practice, "remind") == []
