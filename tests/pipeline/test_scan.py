from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import asdict, replace

from guard.clients.directory import Client, Relation, enrol
from guard.config import Alerts
from guard.errors import (
    ConfigError,
    ModelError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
    UnreachableError,
)
from guard.pipeline.house import Folder, Summary
from guard.pipeline.scan import scan
from guard.policy.minutes import read
from guard.record.reading import Reader
from guard.record.verify import verify
from guard.reply.wording import approve, wordings
from tests.pipeline.fakes import (
    AL,
    BO,
    JO,
    NOON,
    OWN,
    Box,
    Practice,
    a_letter,
    a_mail,
    settings,
)
from tests.pipeline.fuse import Crashed, Fuse, Fused
from tests.pipeline.records import PASSPHRASE, a_record, kinds, tasks


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with a_record(tmp_path / "record", JO, AL, BO) as record:
        yield Practice(record)


def counted(summary: Summary) -> dict[str, int]:
    """What is not zero."""
    return {key: value for key, value in asdict(summary).items() if value and key != "problems"}


def item_at(practice: Practice, uid: int, folder: str = "INBOX") -> int:
    (found,) = [
        entry.seq
        for entry in practice.record.entries()
        if entry.kind == "filed"
        and (folder, uid)
        in [(one.folder, one.uid) for one in practice.record.locations(entry.seq)]
    ]
    return int(found)


def own_words(practice: Practice, file: Path) -> None:
    """She writes words of her own."""
    file.write_text("Dear all,\n\nplease keep e-mail for appointments.\n")
    practice.settings = settings("[alerts]", f'texts = {{ en = "{file}" }}\n[alerts]')


def approve_all(practice: Practice) -> None:
    """She approves every text that there is."""
    known = wordings(practice.settings).all
    practice.record.append([approve(one) for one in known], now=0)


# --- the ordinary day -----------------------------------------------------------------------


def test_an_empty_mailbox_is_no_work(practice: Practice) -> None:
    # From the first scan on it is watched, which is noted once.
    assert counted(scan(practice.house())) == {}
    size = practice.record.size()

    assert counted(scan(practice.house())) == {}
    assert practice.record.size() == size


def test_scheduling_is_filed_and_no_more(practice: Practice) -> None:
    practice.inbox.put(a_mail(words="scheduling"))

    assert counted(scan(practice.house())) == {"seen": 1, "filed": 1}
    assert tasks(practice.record) == {}
    assert practice.tray.sent == []


def test_therapy_is_held_flagged_and_reminded_once(practice: Practice) -> None:
    uid = practice.inbox.put(a_mail())
    summary = scan(practice.house())

    # Two are seen: the mail, and our own letter in Sent.
    assert counted(summary) == {
        "seen": 2,
        "filed": 1,
        "duplicates": 1,
        "flagged": 1,
        "reminded": 1,
    }
    assert practice.tray.reminders == ["jo@client.example"]
    assert practice.inbox.flagged == [uid]
    assert tasks(practice.record) == {"review": [item_at(practice, uid)]}


def test_the_second_scan_finds_nothing_and_writes_nothing(practice: Practice) -> None:
    practice.inbox.put(a_mail())
    practice.inbox.put(a_mail("bo", words="crisis", ref="2"))
    practice.junk.put(a_mail("al"))
    practice.sent.put(a_letter())
    scan(practice.house())
    size = practice.record.size()

    assert counted(scan(practice.house())) == {}
    assert practice.record.size() == size


def test_danger_is_announced_and_not_reminded(practice: Practice) -> None:
    practice.inbox.put(a_mail(words="crisis"))
    summary = scan(practice.house())

    assert (summary.crisis, practice.tray.alerts, practice.tray.reminders) == (1, 1, [])


def test_who_writes_of_danger_gets_no_reminder_for_the_letter_before(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    practice.inbox.put(a_mail(words="crisis", ref="2"))
    practice.inbox.put(a_mail("al"))
    scan(practice.house())
    assert practice.tray.reminders == ["al@client.example"]

    practice.now += timedelta(days=6)
    practice.inbox.put(a_mail(ref="3"), age=-timedelta(days=6))
    scan(practice.house())
    assert practice.tray.reminders == ["al@client.example"]


# --- where to find help ---------------------------------------------------------------------


@pytest.mark.parametrize("where", ["a later batch", "junk"])
def test_nor_when_the_letter_of_danger_is_found_later(practice: Practice, where: str) -> None:
    practice.server.batch = 1
    uid = practice.inbox.put(a_mail(ref="1"))
    practice.inbox.put(a_mail("al"))
    box = practice.junk if where == "junk" else practice.inbox
    box.put(a_mail(words="crisis", ref="2"))
    summary = scan(practice.house())

    assert practice.tray.alerts == 1
    assert practice.tray.reminders == ["al@client.example"]
    assert (summary.reminded, tasks(practice.record).get("remind")) == (1, None)
    filed = practice.record.latest("decided", item=item_at(practice, uid))
    assert "remind" not in filed.data["actions"]


def test_nor_when_something_else_that_cannot_wait_lies_in_junk(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    practice.junk.put(a_mail(ref="2"))
    scan(practice.house())
    now = practice.tray.alerts, practice.tray.reminders
    practice.inbox.put(a_mail(ref="3"))
    scan(practice.house())

    # The same in one scan as in the next.
    assert now == (1, [])
    assert practice.tray.reminders == []


def test_nobody_is_answered_before_every_folder_was_read(practice: Practice) -> None:
    practice.server.batch, practice.server.breaks_after = 1, 1
    uid = practice.inbox.put(a_mail())
    practice.inbox.put(a_mail(words="crisis", ref="2"))
    with pytest.raises(UnreachableError):
        scan(practice.house())
    assert practice.tray.sent == []
    assert tasks(practice.record)["remind"] == [item_at(practice, uid)]

    practice.server.breaks_after = None
    scan(practice.house())
    assert (practice.tray.alerts, practice.tray.reminders) == (1, [])
    assert "remind" not in tasks(practice.record)


def with_signpost(practice: Practice, *, more: str = "") -> None:
    """She switches on that who may be in danger is told where to turn, and approves the words."""
    practice.settings = settings("[alerts]", f"crisis_signpost = true\n{more}\n[alerts]")
    approve_all(practice)


def test_who_may_be_in_danger_is_told_where_to_turn_if_she_wants_it(practice: Practice) -> None:
    with_signpost(practice)
    uid = practice.inbox.put(a_mail(words="crisis"))
    summary = scan(practice.house())

    assert (summary.signposted, summary.reminded, summary.held) == (1, 0, 1)
    assert [to for to, _ in practice.tray.sent] == ["andrea@home.example", "jo@client.example"]
    raw = practice.tray.sent[1][1]
    assert b"116 123" in raw
    assert b"appointments" not in raw
    assert "signpost-sent" in kinds(practice.record, item_at(practice, uid))
    assert tasks(practice.record) == {"review": [item_at(practice, uid)]}


def test_not_before_she_approved_the_words(practice: Practice) -> None:
    practice.settings = settings("[alerts]", "crisis_signpost = true\n[alerts]")
    practice.inbox.put(a_mail(words="crisis"))

    assert (scan(practice.house()).signposted, practice.tray.alerts) == (0, 1)
    assert practice.tray.reminders == []


@pytest.mark.parametrize("mode", ["approve", "shadow", "off"])
def test_nor_in_a_mode_in_which_nothing_goes_out_by_itself(practice: Practice, mode: str) -> None:
    with_signpost(practice, more=f'mode = "{mode}"')
    practice.inbox.put(a_mail(words="crisis"))

    assert (scan(practice.house()).signposted, practice.tray.reminders) == (0, [])


@pytest.mark.parametrize("who", ["bo", "eve"])
def test_nor_to_whom_no_reminder_would_go(practice: Practice, who: str) -> None:
    with_signpost(practice)
    practice.inbox.put(a_mail(who, words="crisis"))

    assert (scan(practice.house()).signposted, practice.tray.alerts) == (0, 1)
    assert practice.tray.reminders == []


def test_it_goes_once_even_right_after_a_reminder(practice: Practice) -> None:
    with_signpost(practice)
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    practice.inbox.put(a_mail(words="crisis", ref="2"))
    practice.inbox.put(a_mail(words="crisis", ref="3"))

    assert scan(practice.house()).signposted == 1
    assert scan(practice.house()).signposted == 0
    assert len(practice.tray.reminders) == 2


def test_an_unknown_outcome_is_never_tried_again(practice: Practice) -> None:
    with_signpost(practice)
    practice.inbox.put(a_mail(words="crisis"))
    practice.settings = msgspec.structs.replace(practice.settings, alerts=Alerts())
    practice.tray.trouble = SendUncertainError("the line broke")
    assert scan(practice.house()).uncertain == 1
    practice.tray.trouble = None

    assert scan(practice.house()).signposted == 0
    assert practice.tray.sent == []


def test_while_the_server_is_away_it_waits(practice: Practice) -> None:
    with_signpost(practice)
    practice.inbox.put(a_mail(words="crisis"))
    practice.tray.trouble = NotSentError("away")
    assert scan(practice.house()).signposted == 0
    practice.tray.trouble = None
    practice.now += timedelta(minutes=5)

    assert scan(practice.house()).signposted == 1
    assert len(practice.tray.reminders) == 1


def test_what_a_client_sends_is_sealed_to_that_client(practice: Practice) -> None:
    jo, stranger = practice.inbox.put(a_mail()), practice.inbox.put(a_mail("eve"))
    scan(practice.house())

    owners = [
        practice.record.entry(item_at(practice, uid)).fields["owners"] for uid in (jo, stranger)
    ]
    assert owners == [["c-jo"], ["unsorted"]]


def test_a_parents_mail_is_the_childs_and_so_is_the_answer(practice: Practice) -> None:
    ann = Client(
        id="c-ann",
        name="Ann",
        addresses=("ann@client.example",),
        kind=Relation.PARENT,
        about=("c-jo",),
    )
    practice.record.append([enrol(ann)], now=0)
    practice.sent.put(a_letter("ann@client.example"))
    uid = practice.inbox.put(a_mail("ann"))
    summary = scan(practice.house())

    for item in (item_at(practice, uid), item_at(practice, 1, "Sent")):
        assert practice.record.entry(item).fields["owners"] == ["c-jo"]
    assert (summary.flagged, summary.held, practice.tray.reminders) == (1, 1, [])


def test_a_telephones_capital_makes_no_stranger(practice: Practice) -> None:
    uid = practice.inbox.put(a_mail().replace(b"jo@client", b"Jo@Client"))
    scan(practice.house())

    assert practice.record.entry(item_at(practice, uid)).owner == "c-jo"
    assert practice.tray.reminders == ["Jo@client.example"]


def test_a_flood_of_one_client_gets_one_reminder(practice: Practice) -> None:
    for number in range(20):
        practice.inbox.put(a_mail(ref=str(number)))
    practice.server.batch = 3

    assert scan(practice.house()).reminded == 1
    practice.now += timedelta(minutes=5)
    practice.inbox.put(a_mail(ref="again"))
    assert scan(practice.house()).reminded == 0


def test_a_week_later_a_reminder_is_due_again(practice: Practice) -> None:
    practice.inbox.put(a_mail(ref="1"))
    practice.settings = settings("[alerts]", "note_days = 0\n[alerts]")
    scan(practice.house())
    practice.now += timedelta(days=7)
    practice.inbox.put(a_mail(ref="2"), age=timedelta(days=-7, minutes=5))

    assert scan(practice.house()).reminded == 1


@pytest.mark.parametrize(("days", "reminded"), [(7, 0), (29, 0), (30, 1)])
def test_within_a_month_a_second_reminder_becomes_a_note(
    practice: Practice, days: int, reminded: int
) -> None:
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    practice.now += timedelta(days=days)
    uid = practice.inbox.put(a_mail(ref="2"), age=timedelta(days=-days, minutes=5))

    assert scan(practice.house()).reminded == reminded
    noted = [] if reminded else [item_at(practice, uid)]
    assert practice.record.tasks("note") == noted


def test_other_words_are_told_once_more(practice: Practice, tmp_path: Path) -> None:
    practice.inbox.put(a_mail(ref="1"))
    scan(practice.house())
    own_words(practice, tmp_path / "own.txt")
    practice.inbox.put(a_mail(ref="2"), age=timedelta(minutes=1))
    assert (scan(practice.house()).reminded, practice.record.tasks("remind")) == (0, [])
    approve_all(practice)
    practice.inbox.put(a_mail(ref="3"), age=timedelta(minutes=1))
    practice.inbox.put(a_mail(ref="4"), age=timedelta(minutes=1))

    assert scan(practice.house()).reminded == 1
    assert b"Dear all" in practice.tray.sent[-1][1]
    # To go back to the old words is no way round either.
    practice.settings = settings()
    practice.inbox.put(a_mail(ref="5"), age=timedelta(minutes=1))
    assert scan(practice.house()).reminded == 0


def test_words_that_she_changes_during_a_scan_are_not_sent_before_she_approves_them(
    practice: Practice, tmp_path: Path
) -> None:
    own_words(practice, tmp_path / "own.txt")
    approve_all(practice)
    practice.inbox.put(a_mail())
    house = practice.house()
    (tmp_path / "own.txt").write_text("Half a sen")

    assert scan(house).reminded == 1
    assert b"Dear all" in practice.tray.sent[-1][1]


def test_a_client_gets_the_words_of_their_language(practice: Practice, tmp_path: Path) -> None:
    file = tmp_path / "reminder.cy.txt"
    file.write_text("Subject: Ateb awtomatig: ynglŷn â'ch e-bost\n\nHelô,\n")
    practice.settings = settings("[alerts]", f'texts = {{ cy = "{file}" }}\n[alerts]')
    practice.record.append([enrol(replace(AL, language="cy"))], now=0)
    practice.inbox.put(a_mail("al"))
    practice.inbox.put(a_mail("jo"))
    scan(practice.house())
    assert practice.tray.reminders == ["jo@client.example"]
    approve_all(practice)
    practice.inbox.put(a_mail("al", ref="2"))
    scan(practice.house())

    letter = message_from_bytes(practice.tray.sent[-1][1])
    assert practice.tray.reminders[1:] == ["al@client.example"]
    assert str(make_header(decode_header(letter["Subject"]))).startswith("Ateb awtomatig")
    assert letter.get_payload(decode=True) == "Helô,\r\n".encode()


def test_words_that_are_gone_hold_every_reminder_and_stop_nothing(practice: Practice) -> None:
    practice.settings = settings("[alerts]", 'texts = { en = "gone.txt" }\n[alerts]')
    practice.inbox.put(a_mail())
    summary = scan(practice.house())

    assert (summary.filed, summary.reminded, summary.held) == (1, 0, 1)
    assert [type(one) for one in summary.problems] == [ConfigError]


def test_more_than_so_many_in_an_hour_are_held_and_she_is_told_once(practice: Practice) -> None:
    practice.settings = settings("[alerts]", "most_an_hour = 2\n[alerts]")
    crowd = [Client(id=f"c{n}", name="", addresses=(f"n{n}@client.example",)) for n in range(9)]
    practice.record.append([enrol(one) for one in crowd], now=0)
    for number in range(5):
        practice.inbox.put(a_mail(f"n{number}"))
    first = scan(practice.house())
    assert (first.reminded, first.held, practice.tray.alerts) == (2, 3, 1)
    for number in range(5, 7):
        practice.inbox.put(a_mail(f"n{number}"))
    practice.now += timedelta(minutes=50)
    assert (scan(practice.house()).reminded, practice.tray.alerts) == (0, 1)

    practice.now += timedelta(minutes=10, seconds=1)
    practice.inbox.put(a_mail("n7"), age=timedelta(minutes=-55))
    assert (scan(practice.house()).reminded, practice.tray.alerts) == (1, 1)


# --- the window -----------------------------------------------------------------------------


def delayed(practice: Practice) -> int:
    """A therapy mail whose reminder waits half an hour."""
    practice.settings = settings("[alerts]", "delay_minutes = 30\n[alerts]")
    uid = practice.inbox.put(a_mail(), age=timedelta(minutes=1))
    assert scan(practice.house()).reminded == 0
    return item_at(practice, uid)


def test_a_reminder_waits_its_window_and_costs_nothing_meanwhile(practice: Practice) -> None:
    item = delayed(practice)
    assert practice.record.tasks("remind") == [item]
    size, read = practice.record.size(), len(practice.words.read)
    practice.now += timedelta(minutes=29)
    assert counted(scan(practice.house())) == {}
    assert (practice.record.size(), len(practice.words.read)) == (size, read)

    practice.now += timedelta(minutes=1)
    assert scan(practice.house()).reminded == 1
    assert scan(practice.house()).reminded == 0
    assert kinds(practice.record, item).count("decided") == 2


def test_her_own_answer_in_the_window_cancels_the_reminder(practice: Practice) -> None:
    item = delayed(practice)
    practice.sent.put(a_letter(), age=timedelta(seconds=-60))
    practice.now += timedelta(hours=1)

    assert scan(practice.house()).reminded == 0
    assert tasks(practice.record) == {"review": [item]}
    assert practice.tray.sent == []


def test_at_the_end_of_the_window_the_rules_of_that_moment_hold(practice: Practice) -> None:
    delayed(practice)
    practice.record.append([enrol(replace(JO, automatic=False))], now=0)
    practice.now += timedelta(hours=1)

    assert scan(practice.house()).reminded == 0
    assert "remind" not in tasks(practice.record)


def test_what_vanishes_in_the_window_is_not_given_up_before_its_end(practice: Practice) -> None:
    item = delayed(practice)
    practice.inbox.mails.clear()
    scan(practice.house())
    assert practice.record.tasks("remind") == [item]
    practice.now += timedelta(hours=1)
    scan(practice.house())

    assert practice.tray.sent == []
    assert tasks(practice.record) == {"review": [item]}


# --- trials ---------------------------------------------------------------------------------


def test_a_trial_notes_the_very_letter_and_sends_nothing(practice: Practice) -> None:
    practice.settings = settings("[alerts]", 'mode = "shadow"\n[alerts]')
    uid = practice.inbox.put(a_mail())
    practice.inbox.put(a_mail(ref="2"))
    summary = scan(practice.house())
    item = item_at(practice, uid)

    assert (summary.reminded, practice.tray.sent) == (0, [])
    noted = practice.record.latest("reminder-shadowed", item=item)
    reader = Reader(practice.record, practice.record.keys.unlock(PASSPHRASE))
    assert b"To: jo@client.example" in reader.secret(noted.seq)
    assert b"client.example" not in noted.body
    # In the trial, too, a client would get one.
    assert len(practice.record.of_kind("reminder-shadowed")) == 1
    assert practice.record.tasks("remind") == []


def test_a_trial_keeps_the_window_and_her_answer_cancels_it_too(practice: Practice) -> None:
    practice.settings = settings("[alerts]", 'mode = "shadow"\ndelay_minutes = 30\n[alerts]')
    practice.inbox.put(a_mail(), age=timedelta(minutes=1))
    scan(practice.house())
    practice.sent.put(a_letter(), age=timedelta(seconds=-60))
    practice.now += timedelta(hours=1)
    scan(practice.house())

    assert practice.record.of_kind("reminder-shadowed") == []
    assert "remind" not in tasks(practice.record)


def test_what_was_only_noted_in_a_trial_does_not_count_afterwards(practice: Practice) -> None:
    practice.settings = settings("[alerts]", 'mode = "shadow"\n[alerts]')
    practice.inbox.put(a_mail())
    scan(practice.house())
    practice.settings = settings()
    practice.inbox.put(a_mail(ref="2"))

    assert scan(practice.house()).reminded == 1


@pytest.mark.parametrize("mode", ["approve", "off"])
def test_nothing_leaves_and_nothing_waits_for_a_scan_where_she_sends(
    practice: Practice, mode: str
) -> None:
    practice.settings = settings("[alerts]", f'mode = "{mode}"\n[alerts]')
    uid = practice.inbox.put(a_mail())
    summary = scan(practice.house())
    proposed = ["propose"] if mode == "approve" else []

    assert (summary.held, practice.tray.sent) == (1, [])
    assert tasks(practice.record) == {"review": [item_at(practice, uid)]}
    decided = practice.record.latest("decided", item=item_at(practice, uid))
    assert decided.data["actions"] == ["flag", *proposed, "review"]


def test_who_was_answered_already_is_not_reminded(practice: Practice) -> None:
    practice.inbox.put(a_mail(), age=timedelta(hours=2))
    practice.sent.put(a_letter(), age=timedelta(hours=1))

    assert scan(practice.house()).reminded == 0


@pytest.mark.parametrize(("says", "reminded"), [("auto-replied", 1), ("no", 0)])
def test_what_a_machine_sent_in_her_name_is_no_answer(
    practice: Practice, says: str, reminded: int
) -> None:
    practice.inbox.put(a_mail(), age=timedelta(hours=2))
    practice.sent.put(
        b"Auto-Submitted: %s\r\n" % says.encode() + a_letter(), age=timedelta(hours=1)
    )

    assert scan(practice.house()).reminded == reminded


def test_an_older_letter_in_a_second_folder_hides_no_answer(practice: Practice) -> None:
    practice.server.boxes["Old Sent"] = Box()
    practice.folders = (Folder(name="Old Sent", direction="out"), *practice.folders)
    practice.inbox.put(a_mail(), age=timedelta(hours=2))
    practice.server.boxes["Old Sent"].put(a_letter(), age=timedelta(hours=1))
    practice.sent.put(a_letter(ref="old"), age=timedelta(days=9))

    assert scan(practice.house()).reminded == 0


def test_a_letter_to_a_stranger_leaves_no_note(practice: Practice) -> None:
    uid = practice.sent.put(a_letter(to="eve@other.example"))
    scan(practice.house())

    assert kinds(practice.record, item_at(practice, uid, "Sent")) == ["filed"]


def test_the_partner_who_reads_along_gets_nothing(practice: Practice) -> None:
    practice.inbox.put(a_mail("bo"))

    assert scan(practice.house()).reminded == 0
    assert practice.tray.sent == []


def test_without_an_address_for_alerts_the_summary_tells(practice: Practice) -> None:
    practice.settings = settings('to = "andrea@home.example"')
    practice.inbox.put(a_mail(words="crisis"))

    assert scan(practice.house()).unannounced == 1
    assert scan(practice.house()).unannounced == 1


def test_what_was_decided_can_be_read_by_her_alone(practice: Practice) -> None:
    uid = practice.inbox.put(a_mail())
    scan(practice.house())
    entry = practice.record.latest("decided", item=item_at(practice, uid))
    reader = Reader(practice.record, practice.record.keys.unlock(PASSPHRASE))

    minutes = read(reader.secret(entry.seq))
    assert (minutes.subject, minutes.sender) == ("x", "jo@client.example")
    assert b"jo@client" not in entry.body


# --- a first run ----------------------------------------------------------------------------


def test_years_of_old_mail_wait_without_alert_or_reminder(practice: Practice) -> None:
    for number, words in enumerate(["therapy", "crisis", "scheduling", "perhaps"] * 5):
        practice.inbox.put(a_mail(words=words, ref=str(number)), age=timedelta(days=400 - number))
    summary = scan(practice.house())

    assert practice.tray.sent == []
    assert (summary.filed, summary.held, summary.crisis) == (20, 15, 5)
    assert len(practice.record.tasks("review")) == 15


def test_an_alert_goes_out_before_the_rest_of_a_long_first_run(practice: Practice) -> None:
    practice.server.batch, practice.server.breaks_after = 2, 4
    practice.inbox.put(a_mail(words="crisis"))
    for number in range(9):
        practice.inbox.put(a_mail(words="scheduling", ref=str(number)))
    with pytest.raises(UnreachableError):
        scan(practice.house())

    assert practice.tray.alerts == 1
    # The line broke in the third batch; all that came before is judged.
    assert tasks(practice.record) == {
        "flag": [item_at(practice, 1)],
        "review": [item_at(practice, 1)],
    }


def test_after_a_lost_line_the_next_scan_carries_on(practice: Practice) -> None:
    practice.server.batch, practice.server.breaks_after = 2, 4
    for number in range(9):
        practice.inbox.put(a_mail(words="scheduling", ref=str(number)))
    with pytest.raises(UnreachableError):
        scan(practice.house())
    practice.server.breaks_after = None

    assert counted(scan(practice.house())) == {"seen": 5, "filed": 5}


def test_the_same_mail_twice_in_a_batch_is_judged_once(practice: Practice) -> None:
    practice.inbox.put(a_mail(words="crisis"))
    practice.inbox.put(a_mail(words="crisis"))
    practice.junk.put(a_mail(words="crisis"))
    summary = scan(practice.house())

    assert (summary.seen, summary.filed, summary.duplicates, summary.crisis) == (3, 1, 2, 1)
    assert len(practice.words.read) == 1
    assert b"1 message is waiting" in practice.tray.sent[0][1]


def test_the_same_mail_in_the_batch_that_follows_is_judged_once(practice: Practice) -> None:
    # The second batch is filed before the first is decided about.
    practice.server.batch = 1
    practice.inbox.put(a_mail(words="crisis"))
    practice.inbox.put(a_mail(words="crisis"))

    assert scan(practice.house()).crisis == 1
    assert len(practice.words.read) == 1


def test_progress_ends_where_it_was_expected_to(practice: Practice) -> None:
    expected: list[int] = []
    made: list[int] = []
    practice.server.batch = 2
    for number in range(5):
        practice.inbox.put(a_mail(words="scheduling", ref=str(number)))
    scan(replace(practice.house(), expect=expected.append, progress=made.append))

    assert sum(made) == sum(expected) == 5
    assert made == [2, 2, 1]


def test_one_mail_in_two_folders_is_flagged_once(practice: Practice) -> None:
    practice.inbox.put(a_mail())
    practice.junk.put(a_mail())
    scan(practice.house())

    assert (practice.inbox.flagged, practice.junk.flagged) == ([1], [])


# --- odd messages ---------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\r\n\r\nno header\r\n", b"\xff" * 100])
def test_what_is_no_mail_is_filed_and_waits(practice: Practice, raw: bytes) -> None:
    uid = practice.inbox.put(raw)
    practice.inbox.put(a_mail(words="scheduling"))
    summary = scan(practice.house())

    assert (summary.filed, summary.unreadable, summary.held) == (2, 1, 1)
    assert tasks(practice.record) == {"review": [item_at(practice, uid)]}
    assert practice.tray.sent == []


def test_a_mail_that_guard_stumbles_over_stops_no_other(practice: Practice) -> None:
    odd = practice.inbox.put(a_mail(words="odd"))
    practice.inbox.put(a_mail("al"))
    summary = scan(practice.house())

    assert (summary.unreadable, summary.reminded) == (1, 1)
    assert practice.tray.reminders == ["al@client.example"]
    assert item_at(practice, odd) in practice.record.tasks("review")


def test_danger_that_guard_stumbles_over_is_announced_all_the_same(practice: Practice) -> None:
    practice.inbox.put(a_mail(words="worse"))
    summary = scan(practice.house())

    assert (summary.unreadable, summary.crisis, practice.tray.alerts) == (1, 1, 1)
    assert practice.tray.reminders == []


def test_without_a_model_everything_waits(practice: Practice) -> None:
    practice.words.broken, practice.words.problem = True, ModelError("not the one")
    for words in ("scheduling", "therapy", "crisis"):
        practice.inbox.put(a_mail(words=words))
    summary = scan(practice.house())

    assert (summary.filed, summary.held, summary.reminded) == (3, 3, 0)
    assert [one.exit_code for one in summary.problems] == [78]
    assert len(practice.record.tasks("review")) == 3


# --- the server's moods ---------------------------------------------------------------------


def test_a_rebuilt_mailbox_is_known_by_its_content(practice: Practice) -> None:
    for number in range(5):
        practice.inbox.put(a_mail(ref=str(number)))
    scan(practice.house())
    practice.inbox.validity = 8
    summary = scan(practice.house())

    assert counted(summary) == {"seen": 5, "duplicates": 5}
    assert len(practice.words.read) == 5
    assert len(practice.tray.reminders) == 1


def test_a_rebuilt_mailbox_hides_no_new_mail(practice: Practice) -> None:
    practice.inbox.put(a_mail())
    scan(practice.house())
    practice.server.boxes["INBOX"] = Box(validity=8)
    practice.inbox.put(a_mail("al"))

    assert scan(practice.house()).filed == 1
    assert practice.tray.reminders == ["jo@client.example", "al@client.example"]


@pytest.mark.parametrize("validity", [0, 7])
def test_where_uids_do_not_last_only_content_counts(practice: Practice, validity: int) -> None:
    practice.server.boxes["INBOX"] = Box(sticky=False, validity=validity)
    for number in range(3):
        practice.inbox.put(a_mail(ref=str(number)))
    scan(practice.house())
    size = practice.record.size()
    # All numbers are dealt anew, and one mail has come.
    mails = [one.raw[:] for one in reversed(practice.inbox.mails.values())]
    practice.inbox.mails.clear()
    practice.inbox.put(a_mail("al", words="scheduling"))
    for raw in mails:
        practice.inbox.put(raw)
    practice.inbox.flagged.clear()

    assert counted(scan(practice.house())) == {"seen": 4, "filed": 1, "duplicates": 3}
    assert practice.inbox.flagged == []
    assert practice.record.cursor(OWN, "INBOX") is None
    places = practice.record.locations(practice.record.tasks("review")[0])
    assert [(one.validity, one.uid) for one in places] == [(0, 0)]
    # The new mail's entry and its decision, no more.
    assert practice.record.size() - size == 2


def test_where_uids_do_not_last_the_right_mail_is_flagged(practice: Practice) -> None:
    practice.server.boxes["INBOX"] = Box(sticky=False, readonly=True)
    practice.inbox.put(a_mail(words="scheduling", ref="first"))
    practice.inbox.put(a_mail())
    scan(practice.house())
    practice.inbox.readonly = False
    practice.inbox.mails = {
        9: practice.inbox.mails[1],
        4: practice.inbox.mails[2],
    }
    practice.inbox.mails = {
        uid: type(mail)(uid=uid, raw=mail.raw, received=mail.received)
        for uid, mail in practice.inbox.mails.items()
    }
    scan(practice.house())

    assert practice.inbox.flagged == [4]


def test_where_uids_stop_lasting_the_cursor_is_void(practice: Practice) -> None:
    practice.inbox.put(a_mail(words="scheduling"))
    practice.inbox.put(a_mail(words="scheduling", ref="2"))
    scan(practice.house())
    practice.server.boxes["INBOX"] = Box(sticky=False)
    practice.inbox.put(a_mail("al", words="scheduling"))

    assert scan(practice.house()).filed == 1


def test_a_withheld_mail_is_asked_for_until_it_comes(practice: Practice) -> None:
    practice.inbox.put(a_mail(words="scheduling", ref="1"))
    held = practice.inbox.put(a_mail(ref="2"))
    practice.inbox.put(a_mail(words="scheduling", ref="3"))
    practice.inbox.withheld = {held}

    assert [scan(practice.house()).filed for _ in range(3)] == [2, 0, 0]
    assert practice.record.cursor(OWN, "INBOX").missing == (held,)
    practice.inbox.withheld = set()
    assert counted(scan(practice.house()))["filed"] == 1
    assert practice.tray.reminders == ["jo@client.example"]
    assert practice.record.cursor(OWN, "INBOX").missing == ()


def test_a_withheld_mail_that_was_deleted_is_let_go(practice: Practice) -> None:
    held = practice.inbox.put(a_mail())
    practice.inbox.withheld = {held}
    scan(practice.house())
    del practice.inbox.mails[held]

    assert counted(scan(practice.house())) == {}


def test_a_folder_that_may_only_be_read_stops_no_other(practice: Practice) -> None:
    practice.inbox.readonly = True
    uid = practice.inbox.put(a_mail())
    practice.junk.put(a_mail("al", words="crisis"))
    summary = scan(practice.house())

    assert [one.exit_code for one in summary.problems] == [75]
    assert practice.junk.flagged == [1]
    assert practice.record.tasks("flag") == [item_at(practice, uid)]
    practice.inbox.readonly = False
    assert scan(practice.house()).problems == []
    assert practice.inbox.flagged == [uid]
    assert practice.record.tasks("flag") == []


def test_a_junk_folder_that_is_gone_keeps_no_letter_unread(practice: Practice) -> None:
    del practice.server.boxes["Junk"]
    practice.inbox.put(a_mail())
    summary = scan(practice.house())

    assert [type(one) for one in summary.problems] == [ConfigError]
    assert summary.reminded == 1


def test_unless_sent_was_read_nobody_is_reminded_yet(practice: Practice) -> None:
    sent = practice.server.boxes.pop("Sent")
    practice.inbox.put(a_mail(), age=timedelta(hours=2))
    practice.inbox.put(a_mail("al"), age=timedelta(hours=2))
    practice.inbox.put(a_mail(words="crisis", ref="3"))
    summary = scan(practice.house())
    assert (summary.reminded, practice.tray.alerts) == (0, 1)
    sent.put(a_letter(), age=timedelta(hours=1))
    practice.server.boxes["Sent"] = sent

    scan(practice.house())
    assert practice.tray.reminders == ["al@client.example"]
    assert "remind" not in tasks(practice.record)


# --- the submission server's moods ----------------------------------------------------------


def test_while_nothing_can_be_sent_the_reminder_waits_and_goes_once(practice: Practice) -> None:
    practice.tray.trouble = NotSentError("away")
    uid = practice.inbox.put(a_mail())
    practice.inbox.put(a_mail("al"))
    first = scan(practice.house())
    assert (first.reminded, first.flagged, first.errors) == (0, 2, 1)
    assert len(practice.record.tasks("remind")) == 2
    practice.tray.trouble = None

    assert (scan(practice.house()).reminded, scan(practice.house()).reminded) == (2, 0)
    assert practice.tray.reminders == ["jo@client.example", "al@client.example"]
    assert kinds(practice.record, item_at(practice, uid)).count("reminder-sent") == 1
    assert practice.inbox.flagged == [1, 2]


def away_for_three_days(practice: Practice) -> int:
    """Scan every five minutes while the server for sending is away; how many letters there are."""
    practice.tray.trouble = NotSentError("away")
    practice.inbox.put(a_mail(), age=timedelta(0))
    practice.inbox.put(a_mail("al"), age=timedelta(0))
    for _ in range(12 * 71):
        scan(practice.house())
        practice.now += timedelta(minutes=5)
    return sum(one.fields.get("direction") == "out" for one in practice.record.entries())


@pytest.mark.slow
def test_an_outage_of_three_days_files_no_more_than_one_letter_each(practice: Practice) -> None:
    assert away_for_three_days(practice) <= 2
    assert practice.record.size() < 1200
    practice.tray.trouble = None
    practice.now += timedelta(hours=1) - timedelta(seconds=1)
    scan(practice.house())

    assert sorted(practice.tray.reminders) == ["al@client.example", "jo@client.example"]
    assert scan(practice.house()).reminded == 0
    assert list(verify(practice.record)) == []


def test_one_letter_that_is_not_taken_yet_keeps_no_other_waiting(practice: Practice) -> None:
    practice.tray.trouble = NotSentError("greylisted", this_letter=True)
    practice.inbox.put(a_mail())
    scan(practice.house())
    practice.tray.trouble = None
    practice.now += timedelta(minutes=5)
    practice.tray.never = "jo@client.example"
    practice.inbox.put(a_mail("al"))

    assert scan(practice.house()).reminded == 1
    assert practice.tray.reminders == ["al@client.example"]


def test_a_postponed_reminder_is_decided_about_anew(practice: Practice) -> None:
    practice.tray.trouble = NotSentError("away")
    practice.inbox.put(a_mail())
    scan(practice.house())
    practice.tray.trouble = None
    practice.sent.put(a_letter(), age=timedelta(minutes=1))

    assert scan(practice.house()).reminded == 0
    assert practice.tray.sent == []
    assert "remind" not in tasks(practice.record)


def test_a_postponed_reminder_does_not_outlive_its_time(practice: Practice) -> None:
    practice.tray.trouble = NotSentError("away")
    practice.inbox.put(a_mail())
    scan(practice.house())
    practice.tray.trouble = None
    practice.now = NOON + timedelta(hours=72)

    assert scan(practice.house()).reminded == 0
    assert tasks(practice.record).keys() == {"review"}


def test_a_postponed_reminder_to_a_mail_that_vanished_is_off(practice: Practice) -> None:
    practice.tray.trouble = NotSentError("away")
    uid = practice.inbox.put(a_mail())
    scan(practice.house())
    item = item_at(practice, uid)
    practice.tray.trouble = None
    del practice.inbox.mails[uid]

    scan(practice.house())
    assert practice.tray.sent == []
    assert tasks(practice.record) == {"review": [item]}
    # What was understood of it stays the newest word.
    assert practice.record.latest("decided", item=item).data["actions"] == [
        "flag",
        "remind",
        "review",
    ]


def test_what_the_server_refuses_for_good_waits_for_her_and_is_told_once(
    practice: Practice,
) -> None:
    practice.tray.trouble = SendRefusedError("no such user")
    practice.inbox.put(a_mail())

    assert [scan(practice.house()).errors for _ in range(2)] == [1, 0]
    assert tasks(practice.record).keys() == {"review"}


def test_an_address_that_no_letter_can_bear_is_told_once(practice: Practice) -> None:
    jo = "jö@client.example"
    practice.record.append([enrol(Client(id="c-jo", name="Jo", addresses=(jo,)))], now=0)
    practice.inbox.put(a_mail().replace(b"jo@client", "jö@client".encode()))

    assert [scan(practice.house()).errors for _ in range(2)] == [1, 0]
    assert tasks(practice.record).keys() == {"review"}
    assert practice.tray.sent == []


def test_an_alert_that_cannot_be_sent_is_tried_once_a_scan(practice: Practice) -> None:
    practice.server.batch = 1
    practice.tray.trouble = NotSentError("away")
    for number in range(3):
        practice.inbox.put(a_mail(words="crisis", ref=str(number)))

    assert scan(practice.house()).errors == 1
    practice.tray.trouble = None
    assert scan(practice.house()).errors == 0
    assert practice.tray.alerts == 1
    assert b"3 messages are waiting" in practice.tray.sent[0][1]


# --- left over ------------------------------------------------------------------------------


def interrupted(practice: Practice) -> None:
    """End a scan after its first batch was filed."""
    fuse = Fuse(at=0)
    house = replace(practice.house(), reader=Fused(practice.words, fuse, only=("start",)))
    with pytest.raises(Crashed):
        scan(house)


def test_what_was_filed_and_not_judged_is_judged_by_the_next_scan(practice: Practice) -> None:
    practice.inbox.put(a_mail())
    interrupted(practice)
    assert tasks(practice.record).keys() == {"judge"}

    assert scan(practice.house()).reminded == 1
    assert tasks(practice.record).keys() == {"review"}


def test_what_the_server_shows_but_withholds_is_not_given_up(practice: Practice) -> None:
    uid = practice.inbox.put(a_mail())
    interrupted(practice)
    practice.inbox.withheld = {uid}

    assert counted(scan(practice.house())) == {}
    assert tasks(practice.record).keys() == {"judge"}
    practice.inbox.withheld = set()
    assert scan(practice.house()).reminded == 1


def test_what_lies_in_a_folder_that_cannot_be_opened_is_not_given_up(practice: Practice) -> None:
    practice.inbox.put(a_mail())
    interrupted(practice)
    inbox = practice.server.boxes.pop("INBOX")

    assert counted(scan(practice.house())) == {"errors": 1}
    assert tasks(practice.record).keys() == {"judge"}
    practice.server.boxes["INBOX"] = inbox
    assert scan(practice.house()).reminded == 1


def test_what_vanished_before_it_was_judged_waits_for_her(practice: Practice) -> None:
    uid = practice.inbox.put(a_mail())
    interrupted(practice)
    item = item_at(practice, uid)
    del practice.inbox.mails[uid]
    summary = scan(practice.house())

    assert counted(summary) == {"held": 1}
    assert tasks(practice.record) == {"review": [item]}
    assert list(verify(practice.record)) == []
