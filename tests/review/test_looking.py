"""Set-up problems, reminders whose end is unknown, and numbers that a report may claim."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from guard.config import Alerts, Reminders
from guard.errors import RecordError
from guard.policy.decision import Correspondent
from guard.reply.outbox import settle
from guard.review import health
from guard.verdict.label import Label
from tests.review.practice import START, Practice, letter


def signs(practice: Practice, **changes: object) -> health.Signs:
    settings = msgspec.structs.replace(
        practice.settings,
        alerts=Alerts(to="x@home.example"),
        reminders=Reminders(trust_authserv=["mx.example"]),
    )
    well = health.Signs(
        settings=settings,
        last_scan={"at": START.isoformat()},
        free_bytes=9_000_000_000,
        unannounced=0,
        troubles=(),
        approved=True,
        has_model=True,
        now=START + timedelta(minutes=5),
    )
    return replace(well, **changes)


def test_when_all_is_well_nothing_is_to_mend(practice: Practice) -> None:
    assert health.problems(signs(practice)) == []
    assert "The last scan ended 5 minutes ago." in health.fine(signs(practice))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"last_scan": {}}, "No scan has ended yet"),
        ({"last_scan": {"at": (START - timedelta(days=3)).isoformat()}}, "ended 3 days ago"),
        ({"free_bytes": 5_000_000}, "Only 5 MB are left"),
        ({"unannounced": 2}, "2 messages should not wait"),
        ({"has_model": False}, "model cannot be found"),
    ],
)
def test_each_problem_says_what_is_wrong_and_what_to_do(
    practice: Practice, changes: dict[str, object], words: str
) -> None:
    (problem,) = health.problems(signs(practice, **changes))
    assert words in problem.what
    assert problem.then


@pytest.mark.parametrize("note", [{"at": "nonsense"}, {"at": 7}, {"other": 1}])
def test_a_damaged_note_of_the_last_scan_stops_nothing(
    practice: Practice, note: dict[str, object]
) -> None:
    health.fine(signs(practice, last_scan=note))
    health.problems(signs(practice, last_scan=note))


def test_the_front_page_tells_of_problems(open_practice: Practice) -> None:
    open_practice.clock.pass_(minutes=1)
    page = open_practice.page("/")
    assert "The model cannot be found." in page
    assert "Nobody is told when a message should not wait." in page
    assert "things to mend" in open_practice.page("/check")


def test_a_reminder_cut_off_by_a_crash_waits_and_is_settled_by_a_look(
    open_practice: Practice,
) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example")
    item = open_practice.add(letter(), owner=owner, who=Correspondent.CLIENT)
    open_practice.postman.problem = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        open_practice.post(f"/item/{item}/remind", None, state=open_practice.state(item))
    with open_practice.open() as record:
        settle(record, now=open_practice.clock())
    assert "A reminder may not have gone out" in open_practice.page("/")
    assert "may or may not have been sent" in open_practice.page(f"/item/{item}")
    open_practice.answer(item, "never")
    assert open_practice.waiting() == []


def test_before_the_first_letter_the_front_page_asks_for_clients(open_practice: Practice) -> None:
    assert "guard does not know any client yet" in open_practice.page("/")
    open_practice.add_client("Tom", "tom@home.example")
    open_practice.restart()
    open_practice.enter()
    assert "guard does not know any client yet" not in open_practice.page("/")


def test_a_client_sees_both_directions_in_one_list(open_practice: Practice) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example")
    open_practice.add(letter("one", subject="from him"), owner=owner, who=Correspondent.CLIENT)
    open_practice.add(letter("two", subject="from you"), owner=owner, direction="out")
    page = open_practice.page(f"/client/{owner}")
    assert "from him" in page
    assert "from you" in page
    assert "2 messages" in page


def test_a_client_that_is_none_is_not_found(open_practice: Practice) -> None:
    assert open_practice.get("/client/nobody").status_code == 404
    assert open_practice.get("/client/..%2f..%2fkeys").status_code == 404


def test_what_she_says_shows_how_often_the_model_was_right(open_practice: Practice) -> None:
    right, wrong = (open_practice.add(letter(text), Label.THERAPY) for text in ("one", "two"))
    open_practice.answer(right, "therapy")
    open_practice.answer(wrong, "other")
    page = open_practice.page("/report")
    assert "therapy content 1 of 2" in page
    assert "<td>2</td><td>1</td>" in open_practice.page("/model")


def test_the_models_card_is_shown(open_practice: Practice) -> None:
    card = 'sha256 = "abc"\n[corpus]\nletters = 812\n'
    (open_practice.settings.folder / "card.toml").write_text(card)
    page = open_practice.page("/model")
    assert "letters" in page
    assert "812" in page


def test_a_record_that_is_gone_is_told_with_what_to_do(
    open_practice: Practice,
) -> None:
    (open_practice.settings.record_folder / "record.db").rename(
        open_practice.settings.record_folder / "gone.db"
    )
    answer = open_practice.get("/")
    assert answer.status_code == 500
    assert "There is no record here" in answer.get_data(as_text=True)
    with pytest.raises(RecordError):
        open_practice.open()
