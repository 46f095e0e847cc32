"""``guard reconcile`` on a real server: the numbers add up, and what differs is explained."""

import json
from typing import Any

from tests.commands.practice import SCHEDULING, Practice, letter

SHOP = "Shop <shop@shop.example>"


def told(practice: Practice, *words: str, status: int = 0) -> dict[str, Any]:
    ran = practice.guard("reconcile", "--json", *words)
    assert (ran.status, ran.err) == (status, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def counted(found: dict[str, Any]) -> dict[str, int]:
    return {key: value for key, value in found.items() if key != "folders" and value}


def test_after_a_scan_nothing_is_missing_by_uid_and_by_byte(practice: Practice) -> None:
    for number in range(3):
        practice.deliver(letter(SCHEDULING, sender=SHOP, number=number))
    practice.deliver(letter("Yes.", sender="Andrea <andrea@practice.example>"), "Sent")
    practice.scan()

    assert counted(told(practice)) == {"server": 4, "filed": 4}
    assert counted(told(practice, "--content")) == {"server": 4, "filed": 4}


def test_says_in_words_what_is_missing_and_why(practice: Practice) -> None:
    for number in range(3):
        practice.deliver(letter(SCHEDULING, sender=SHOP, number=number))
    practice.scan()
    for number in range(3, 6):
        practice.deliver(letter(SCHEDULING, sender=SHOP, number=number))
    assert len(practice.user.raw_messages()) == 6
    practice.user.expunge(1)
    practice.user.expunge(4)

    ran = practice.guard("reconcile")

    assert ran.status == 75
    assert ran.out.splitlines() == [
        "Sent Sent: 0 on the server, 0 filed, 0 missing",
        "inbox INBOX: 4 on the server, 2 filed, 2 missing",
        "        2 came since the last scan: the next one files them",
        "        1 filed from here, and moved or deleted since",
        "        1 moved or deleted before guard saw them, as gaps in the UIDs tell",
        "Junk Junk: 0 on the server, 0 filed, 0 missing",
        "4 on the server, 2 filed, 2 missing",
    ]
    assert practice.scan()["vanished"] == 1
    assert counted(told(practice)) == {"server": 4, "filed": 4, "departed": 1, "vanished": 1}
    assert "1 moved or deleted before guard saw them" in practice.guard("check").out
    assert practice.wrong() == []


def test_moved_mail_is_the_same_item_and_is_judged_once(practice: Practice) -> None:
    practice.user.command("CREATE", "Archive")
    practice.change("also = []", 'also = ["Archive"]')
    practice.deliver(letter(SCHEDULING, sender=SHOP))
    practice.scan()
    with practice.user.session() as imap:
        imap.select("INBOX")
        assert imap.uid("MOVE", "1", "Archive")[0] == "OK"

    scanned = practice.scan()

    assert (scanned["filed"], scanned["duplicates"], scanned["held"]) == (0, 1, 0)
    assert counted(told(practice)) == {"server": 1, "filed": 1, "departed": 1}
    with practice.record() as record:
        (item,) = [entry.seq for entry in record.of_kind("filed")]
        assert [one.folder for one in record.locations(item)] == ["INBOX", "Archive"]


def test_a_rebuilt_mailbox_heals_without_doubles_replies_or_questions(practice: Practice) -> None:
    practice.add("Leo", "leo@inkwell.example")
    for number in range(3):
        practice.deliver(letter(SCHEDULING, number=number))
    before = practice.scan()
    waiting = practice.tasks()
    # The server is moved to another machine: every UID is void.
    raws = list(practice.user.raw_messages().values())
    practice.user.rebuild()
    practice.deliver(letter(SCHEDULING, number=9))
    assert counted(told(practice, status=75)) == {"server": 4, "filed": 3, "missing": 1}

    after = practice.scan()

    assert before["filed"] == len(raws)
    assert (after["filed"], after["duplicates"], after["reminded"]) == (1, 3, 0)
    assert practice.tasks() == waiting
    assert counted(told(practice)) == {"server": 4, "filed": 4}
    assert practice.wrong() == []


def test_a_folder_that_is_gone_is_named_and_the_others_are_compared(practice: Practice) -> None:
    practice.deliver(letter(SCHEDULING, sender=SHOP))
    practice.change("also = []", 'also = ["Archvie"]')

    ran = practice.guard("reconcile")
    as_json = practice.guard("reconcile", "--json")

    assert (ran.status, as_json.status) == (78, 78)
    assert "inbox INBOX: 1 on the server, 0 filed, 1 missing" in ran.out.splitlines()
    assert "Archvie: cannot be opened" in ran.out.splitlines()
    assert "guard: the mailbox has no folder that guard.toml calls 'Archvie'" in ran.err
    assert counted(json.loads(as_json.out)) == {"server": 1, "missing": 1, "unopened": ["Archvie"]}


def test_a_folder_whose_accents_were_typed_on_another_computer_is_the_same_one(
    practice: Practice,
) -> None:
    composed, apart = "R\u00e9ponses", "Re\u0301ponses"
    practice.user.command("CREATE", "R&AOk-ponses")
    practice.change("also = []", f'also = ["{apart}"]')
    practice.deliver(letter(SCHEDULING, sender=SHOP), composed)

    assert practice.scan()["filed"] == 1
    assert counted(told(practice)) == {"server": 1, "filed": 1}
    assert (
        f"also {composed}: 1 on the server, 1 filed, 0 missing" in practice.guard("reconcile").out
    )
