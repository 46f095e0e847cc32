"""Her answers: durable before the next page, undone at any depth, never taken twice."""

import msgspec
import pytest

from guard.clients import directory
from guard.config import Reminders
from guard.errors import NotSentError, SendRefusedError, SendUncertainError
from guard.policy.channels import Channel
from guard.policy.decision import Correspondent
from guard.record.entry import Fact
from guard.record.lock import scan_lock
from guard.record.verify import examine
from guard.review.queue import LOOK_BACK_DAYS, MOST_NOTICES, SAMPLE_SHARE, lot
from guard.verdict.label import Label
from tests.review.practice import Practice, letter

CLIENT = Correspondent.CLIENT


def tasks(practice: Practice, name: str = "review") -> list[int]:
    with practice.open() as record:
        return record.tasks(name)


def kinds(practice: Practice, item: int) -> list[str]:
    with practice.open() as record:
        return [entry.kind for entry in record.about(item)]


def last(practice: Practice) -> str:
    return str(next(reversed(practice.desk.shelf.standing)))


def a_clients_letter(practice: Practice, text: str = "I cried all night.") -> int:
    owner = practice.add_client("Tom", "tom@home.example")
    return practice.add(letter(text, extra="Message-ID: <1@home.example>\r\n"), owner=owner, who=CLIENT)  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("do", ["scheduling", "therapy", "other", "crisis", "never"])
def test_one_answer_files_it_and_leads_to_the_next(open_practice: Practice, do: str) -> None:
    first, second = (open_practice.add(letter(text)) for text in ("one", "two"))
    answer = open_practice.answer(first, do)
    assert answer.headers["Location"] == f"/item/{second}"
    assert tasks(open_practice) == [second]
    assert "Undo" in open_practice.page(f"/item/{second}")


def test_after_the_last_answer_she_is_done(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    assert open_practice.answer(item, "therapy").headers["Location"] == "/"
    assert "Nothing waits for you" in open_practice.page("/")


def test_at_the_end_she_is_led_to_what_was_passed_over(open_practice: Practice) -> None:
    first, second, third = (open_practice.add(letter(text)) for text in ("one", "two", "three"))
    assert open_practice.answer(second, "therapy").headers["Location"] == f"/item/{third}"
    assert open_practice.answer(third, "therapy").headers["Location"] == f"/item/{first}"
    assert open_practice.answer(first, "later").headers["Location"] == "/"


def test_answer_by_answer_she_meets_all_that_waits(open_practice: Practice) -> None:
    # Once the most pressing of Tom's is answered, his second is less so than Ann's.
    tom, ann = "Tom <tom@home.example>", "Ann <ann@home.example>"
    urgent = open_practice.add(letter("one", sender=tom), Label.CRISIS, grounds=("sensitive",))
    for text, sender, label in (
        ("two", tom, Label.OTHER),
        ("three", ann, Label.THERAPY),
        ("four", ann, Label.OTHER),
    ):
        open_practice.add(letter(text, sender=sender), label)
    place = f"/item/{urgent}"
    for _ in range(4):
        place = open_practice.answer(int(place.rpartition("/")[2]), "other").headers["Location"]
    assert place == "/"
    assert open_practice.waiting() == []


def test_what_she_puts_off_waits_at_the_end(open_practice: Practice) -> None:
    first, second = (open_practice.add(letter(text)) for text in ("one", "two"))
    open_practice.answer(first, "later")
    assert open_practice.waiting() == [second, first]
    assert tasks(open_practice) == [first, second]


def test_an_acknowledged_crisis_is_announced_no_more(open_practice: Practice) -> None:
    item = open_practice.add(letter(), Label.CRISIS, grounds=("crisis",))
    assert tasks(open_practice, "alert") == [item]
    open_practice.answer(item, "crisis")
    assert tasks(open_practice, "alert") == tasks(open_practice) == []


def test_undo_opens_what_the_answer_closed_and_appends(open_practice: Practice) -> None:
    item = open_practice.add(letter(), Label.CRISIS, grounds=("crisis",))
    open_practice.answer(item, "crisis")
    answer = open_practice.post("/undo", None, seq=last(open_practice))
    assert answer.headers["Location"] == f"/item/{item}"
    assert tasks(open_practice, "alert") == tasks(open_practice) == [item]
    assert kinds(open_practice, item)[-2:] == ["ruled", "unruled"]
    assert list(examine(open_practice.settings.record_folder)) == []


def test_undo_works_at_any_depth_and_after_a_restart(open_practice: Practice) -> None:
    items = [open_practice.add(letter(f"number {n}")) for n in range(4)]
    for item in items:
        open_practice.answer(item, "therapy")
    open_practice.restart()
    open_practice.enter()
    for item in reversed(items):
        open_practice.page("/")
        answer = open_practice.post("/undo", None, seq=last(open_practice))
        assert answer.headers["Location"] == f"/item/{item}"
    assert tasks(open_practice) == items


def test_undoing_twice_does_nothing_the_second_time(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    open_practice.answer(item, "therapy")
    seq = last(open_practice)
    open_practice.post("/undo", None, seq=seq)
    open_practice.post("/undo", None, seq=seq)
    assert kinds(open_practice, item).count("unruled") == 1


def test_a_form_that_is_out_of_date_is_not_taken(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    state = open_practice.state(item)
    for _ in range(2):
        open_practice.post(f"/item/{item}/rule", None, do="therapy", state=state)
    assert kinds(open_practice, item).count("ruled") == 1
    assert "out of date" in open_practice.page(f"/item/{item}")


@pytest.mark.parametrize("do", ["", "nonsense"])
def test_no_answer_files_nothing(open_practice: Practice, do: str) -> None:
    item = open_practice.add(letter())
    assert open_practice.answer(item, do).status_code == 400
    assert tasks(open_practice) == [item]


def test_a_note_alone_is_filed_and_the_item_waits_on(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    answer = open_practice.answer(item, "", note="Rang him at 3pm.")
    assert answer.headers["Location"] == f"/item/{item}"
    assert tasks(open_practice) == [item]
    assert "Rang him at 3pm." in open_practice.page(f"/item/{item}")


# --- the reminder ----------------------------------------------------------------------


def send(practice: Practice, item: int) -> None:
    practice.post(f"/item/{item}/remind", None, state=practice.state(item))


def test_the_reminder_is_shown_to_the_letter_before_it_goes(open_practice: Practice) -> None:
    item = a_clients_letter(open_practice)
    page = open_practice.page(f"/item/{item}/reminder")
    assert "tom@home.example" in page
    assert "Automatic reply: about your e-mail" in page
    assert "call Samaritans on 116 123" in page
    assert "guard is not sure enough to answer without you" in page
    assert open_practice.postman.sent == []


def test_sending_files_intent_letter_and_outcome_and_settles_the_item(
    open_practice: Practice,
) -> None:
    item = a_clients_letter(open_practice)
    send(open_practice, item)
    (raw,) = open_practice.postman.sent
    assert b"To: tom@home.example" in raw
    assert b"cried" not in raw
    assert kinds(open_practice, item)[-3:] == ["reminding", "reminder-sent", "ruled"]
    assert tasks(open_practice) == []
    assert "The reminder was sent" in open_practice.page("/")


def test_pressing_send_twice_sends_once(open_practice: Practice) -> None:
    item = a_clients_letter(open_practice)
    state = open_practice.state(item)
    for _ in range(3):
        open_practice.post(f"/item/{item}/remind", None, state=state)
    send(open_practice, item)
    assert len(open_practice.postman.sent) == 1


@pytest.mark.parametrize(
    ("problem", "kind", "words"),
    [
        (SendUncertainError("lost"), "reminder-uncertain", "may or may not have been sent"),
        (SendRefusedError("no"), "reminder-refused", "refused the reminder"),
        (NotSentError("later"), "reminder-postponed", "did not take the reminder"),
    ],
)
def test_a_reminder_that_did_not_go_keeps_the_item_waiting(
    open_practice: Practice, problem: Exception, kind: str, words: str
) -> None:
    item = a_clients_letter(open_practice)
    open_practice.postman.problem = problem
    send(open_practice, item)
    assert kind in kinds(open_practice, item)
    assert tasks(open_practice) == [item]
    # What she was told was not sent must not go out behind her back.
    assert tasks(open_practice, "remind") == []
    assert words in open_practice.page(f"/item/{item}")
    assert "What is it really?" in open_practice.page(f"/item/{item}")
    assert "Put off" not in open_practice.page("/")


def test_a_reminder_that_she_stopped_stays_stopped_when_she_takes_that_back(
    open_practice: Practice,
) -> None:
    item = a_clients_letter(open_practice)
    waits = Fact(kind="reminder-postponed", item=item, opens=("remind",))
    with open_practice.open() as record:
        record.append([waits], now=open_practice.now)
    open_practice.answer(item, "never")
    assert tasks(open_practice, "remind") == []
    open_practice.post("/undo", None, seq=last(open_practice))
    assert tasks(open_practice) == [item]
    assert tasks(open_practice, "remind") == []


def test_an_uncertain_reminder_is_never_sent_again(open_practice: Practice) -> None:
    item = a_clients_letter(open_practice)
    open_practice.postman.problem = SendUncertainError("lost")
    send(open_practice, item)
    open_practice.postman.problem = None
    send(open_practice, item)
    assert open_practice.postman.sent == []
    assert "may or may not" in open_practice.page("/")


def test_somebody_in_danger_never_gets_the_reminder(open_practice: Practice) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example")
    item = open_practice.add(letter(), Label.CRISIS, grounds=("crisis",), owner=owner, who=CLIENT)
    send(open_practice, item)
    open_practice.answer(item, "crisis")
    send(open_practice, item)
    assert open_practice.postman.sent == []
    assert "reminder before it is sent" not in open_practice.page(f"/item/{item}")


@pytest.mark.parametrize("who", [Correspondent.MACHINE, Correspondent.PRACTICE])
def test_machines_and_the_practice_itself_get_no_reminder(
    open_practice: Practice, who: Correspondent
) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example")
    item = open_practice.add(letter(), owner=owner, who=who)
    send(open_practice, item)
    assert open_practice.postman.sent == []


def test_a_client_with_no_automatic_mail_gets_none_even_from_her(open_practice: Practice) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example", automatic=False)
    item = open_practice.add(letter(), owner=owner, who=CLIENT)
    send(open_practice, item)
    assert open_practice.postman.sent == []
    assert "no automatic mail" in open_practice.page(f"/item/{item}/reminder")


def test_while_a_scan_runs_nothing_is_sent_and_she_is_told(open_practice: Practice) -> None:
    item = a_clients_letter(open_practice)
    state = open_practice.state(item)
    with scan_lock(open_practice.settings.record_folder, now=open_practice.now):
        answer = open_practice.post(f"/item/{item}/remind", None, state=state)
    assert answer.status_code == 503
    assert "A scan is at work" in answer.get_data(as_text=True)
    assert open_practice.postman.sent == []
    assert tasks(open_practice) == [item]


# --- senders ---------------------------------------------------------------------------


def tell(practice: Practice, item: int, do: str, **form: str) -> None:
    form |= {"do": do, "state": practice.state(item)}
    practice.post(f"/item/{item}/sender", None, **form)


def known(practice: Practice, address: str = "tom@home.example") -> tuple[str, ...]:
    with practice.open() as record:
        return record.owners_named(address)


def test_a_new_client_is_known_by_this_address_and_undo_forgets_it(
    open_practice: Practice,
) -> None:
    item = open_practice.add(letter())
    tell(open_practice, item, "new-client", name="Tom A.")
    (owner,) = known(open_practice)
    assert "client: <a" in open_practice.page(f"/item/{item}")
    assert "Tom A." in open_practice.page(f"/item/{item}")
    open_practice.post("/undo", None, seq=last(open_practice))
    assert known(open_practice) == ()
    assert "Tom A." not in open_practice.page("/clients")
    with open_practice.open() as record:
        assert record.latest(directory.KIND, owner=owner) is not None


def test_a_new_client_needs_a_name(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    tell(open_practice, item, "new-client", name="  ")
    assert known(open_practice) == ()
    assert "Enter a name" in open_practice.page(f"/item/{item}")


def test_a_letter_given_to_a_client_adds_the_address_and_undo_takes_it_away(
    open_practice: Practice,
) -> None:
    owner = open_practice.add_client("Tom", "t@work.example")
    item = open_practice.add(letter())
    tell(open_practice, item, "client", client=owner)
    assert known(open_practice) == (owner,)
    open_practice.post("/undo", None, seq=last(open_practice))
    assert known(open_practice) == ()
    assert known(open_practice, "t@work.example") == (owner,)


def test_a_client_that_is_none_is_refused(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    tell(open_practice, item, "client", client="../../etc")
    assert known(open_practice) == ()
    assert "Choose a client" in open_practice.page(f"/item/{item}")


def test_no_automatic_mail_holds_until_it_is_taken_back(open_practice: Practice) -> None:
    item = a_clients_letter(open_practice)
    tell(open_practice, item, "no-automatic-mail")
    send(open_practice, item)
    assert open_practice.postman.sent == []
    open_practice.post("/undo", None, seq=last(open_practice))
    send(open_practice, item)
    assert len(open_practice.postman.sent) == 1


def test_a_stranger_is_asked_about_once(open_practice: Practice) -> None:
    item = open_practice.add(letter("Can we meet?"), Label.SCHEDULING, grounds=())
    while lot(open_practice.desk.shelf.root, item) < SAMPLE_SHARE:
        item = open_practice.add(letter(f"Can we meet? {item}"), Label.SCHEDULING, grounds=())
    assert item in open_practice.waiting()
    tell(open_practice, item, "not-a-client")
    open_practice.add(letter("Again"), Label.SCHEDULING, grounds=())
    assert "People guard does not know" not in open_practice.page("/")


def test_strangers_of_long_ago_are_not_asked_about(open_practice: Practice) -> None:
    open_practice.add(letter("Can we meet?"), Label.SCHEDULING, grounds=())
    open_practice.clock.pass_(days=LOOK_BACK_DAYS + 1)
    open_practice.enter()
    open_practice.restart()
    open_practice.enter()
    assert open_practice.waiting() == []


def a_friend_request(
    practice: Practice, number: int = 1, channel: Channel = Channel.FOLLOW
) -> int:
    raw = letter(sender="Facebook <friends@facebookmail.com>", subject=f"Kim {number}")
    return practice.add(raw, Label.OTHER, grounds=(), who=Correspondent.MACHINE, channel=channel)


def test_a_friend_request_is_shown_with_the_policys_line_until_it_is_filed(
    open_practice: Practice,
) -> None:
    item = a_friend_request(open_practice)

    assert "From other channels" in open_practice.page("/")
    assert "A friend or follow request" in open_practice.page("/")
    assert "Do not accept." in open_practice.page(f"/item/{item}")
    open_practice.answer(item, "other")
    assert "From other channels" not in open_practice.page("/")


def test_a_networks_digest_is_not_shown(open_practice: Practice) -> None:
    a_friend_request(open_practice, channel=Channel.SOCIAL)

    assert open_practice.waiting() == []


def test_a_flood_of_notices_hides_nothing(open_practice: Practice) -> None:
    items = []
    for number in range(MOST_NOTICES + 1):
        open_practice.clock.pass_(seconds=1)
        items.append(a_friend_request(open_practice, number))

    assert open_practice.waiting() == items[1:]


# --- "I know this sender" -------------------------------------------------------------------

WAY = "known tom@home.example 203.0.113.0/24 spf=none:home.example"
CAME = (
    "Return-Path: <tom@home.example>\r\n"
    "Authentication-Results: mx.practice.example; spf=none smtp.mailfrom=home.example\r\n"
    "Received: from out.home.example ([203.0.113.7]) by mx.practice.example; x\r\n"
)


@pytest.fixture
def trusting(open_practice: Practice) -> Practice:
    """A practice that trusts its provider, and has a client."""
    reminders = Reminders(trust_authserv=["mx.practice.example"])
    open_practice.settings = msgspec.structs.replace(open_practice.settings, reminders=reminders)
    open_practice.restart()
    open_practice.enter()
    open_practice.add_client("Tom", "tom@home.example")
    return open_practice


def from_tom(practice: Practice, text: str = "I cried.", came: str = CAME) -> int:
    return practice.add(letter(text, extra=came), owner="ctom", who=CLIENT, vouched="not-passed")


def recognised(practice: Practice) -> tuple[str, ...]:
    with practice.open() as record:
        return record.owners_named(WAY)


def test_a_sender_she_knows_is_known_again_until_she_takes_it_back(trusting: Practice) -> None:
    item = from_tom(trusting)

    tell(trusting, item, "known")

    assert recognised(trusting) == ("ctom",)
    assert "in the very same way" in trusting.page(f"/item/{item}")
    assert tasks(trusting) == [item]
    trusting.post("/undo", None, seq=last(trusting))
    assert recognised(trusting) == ()


def test_her_word_for_two_messages_stands_while_one_of_them_stands(trusting: Practice) -> None:
    first, second = from_tom(trusting, "one"), from_tom(trusting, "two")
    tell(trusting, first, "known")
    undo_first = last(trusting)
    tell(trusting, second, "known")
    undo_second = last(trusting)

    trusting.post("/undo", None, seq=undo_first)
    assert recognised(trusting) == ("ctom",)
    trusting.post("/undo", None, seq=undo_second)
    assert recognised(trusting) == ()


@pytest.mark.parametrize(
    "came",
    [
        "",
        CAME.replace("spf=none", "spf=softfail"),
        CAME.replace("<tom@home.example>", "<x@evil.example>"),
        CAME.replace("mx.practice.example", "mx.other.example"),
    ],
    ids=["nobody says anything", "a failure", "another path", "nobody whom she trusts"],
)
def test_what_could_be_copied_is_noted_and_opens_no_door(trusting: Practice, came: str) -> None:
    item = from_tom(trusting, came=came)

    tell(trusting, item, "known")

    assert recognised(trusting) == ()
    assert "guard cannot know the next one by itself" in trusting.page(f"/item/{item}")
    with trusting.open() as record:
        assert [one.kind for one in record.entries() if one.kind == "known"] == []


def test_what_she_knows_shows_no_address_on_a_stolen_disk(trusting: Practice) -> None:
    tell(trusting, from_tom(trusting), "known")

    on_disk = (trusting.settings.record_folder / "record.db").read_bytes()
    assert b"home.example" not in on_disk
    assert b"203.0.113" not in on_disk


# --- who is more than a client --------------------------------------------------------------


def test_a_parent_who_gets_no_automatic_mail_gets_none_even_from_her(
    open_practice: Practice,
) -> None:
    child = open_practice.add_client("Max", "max@home.example")
    parent = directory.Client(
        id="cann",
        name="Ann",
        addresses=("ann@home.example",),
        automatic=False,
        kind=directory.Relation.PARENT,
        ended="2026-07-31",
        about=(child,),
    )
    with open_practice.open() as record:
        record.append([directory.enrol(parent)], now=open_practice.now)
    item = open_practice.add(letter(sender="ann@home.example"), owner=child, who=CLIENT)

    assert "you marked this client: no automatic mail" in open_practice.page(f"/item/{item}")
    assert "parent, therapy ended 2026-07-31, no automatic mail" in open_practice.page("/clients")


def test_a_notice_is_never_answered_even_by_her(open_practice: Practice) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example")
    item = open_practice.add(letter(), owner=owner, who=CLIENT, channel=Channel.REVIEW)

    assert "guard never answers a notice" in open_practice.page(f"/item/{item}")
