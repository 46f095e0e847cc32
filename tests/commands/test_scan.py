"""The cron job, as cron runs it: silent, once, and the same again."""

import subprocess
import sys

import pytest

from tests.commands.practice import CRISIS, SCHEDULING, Practice, letter, therapy

LEO = "Leo Marsh <leo@inkwell.example>"
ANN = "Ann Lee <ann@inkwell.example>"
COUNTS = [
    "seen",
    "filed",
    "duplicates",
    "flagged",
    "crisis",
    "held",
    "reminded",
    "signposted",
    "uncertain",
    "unreadable",
    "vanished",
    "errors",
]


@pytest.fixture
def busy(practice: Practice) -> Practice:
    """A practice with two clients and a morning's mail."""
    practice.add("Leo", "leo@inkwell.example")
    practice.add("Ann", "ann@inkwell.example")
    practice.deliver(letter(SCHEDULING, sender=ANN))
    practice.deliver(letter(therapy(), sender=LEO))
    practice.deliver(letter(CRISIS, sender=ANN))
    practice.deliver(letter(SCHEDULING, sender="Shop <shop@shop.example>"), "Junk")
    practice.deliver(letter("Yes, Thursday.", sender="Andrea <andrea@practice.example>"), "Sent")
    return practice


def test_a_scan_that_goes_well_says_nothing(busy: Practice) -> None:
    ran = busy.guard("scan")

    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_the_counts_are_told_in_one_object_and_add_up(busy: Practice) -> None:
    told = busy.scan()

    assert list(told) == COUNTS
    assert told["seen"] == told["filed"] + told["duplicates"]
    # The reminder is filed before it is sent, so that its copy in Sent is a duplicate.
    assert (told["filed"], told["duplicates"]) == (5, 1)
    assert told["crisis"] == 1
    assert told["reminded"] == 1
    assert told["errors"] == 0


def test_one_client_is_reminded_and_the_one_in_danger_is_not(busy: Practice) -> None:
    busy.scan()

    to = [one.rcpt for one in busy.sink.received]
    assert to.count(("leo@inkwell.example",)) == 1
    assert ("ann@inkwell.example",) not in to
    assert to.count(("andrea.private@home.example",)) == 1
    assert len(to) == 2


def test_what_needs_her_eyes_is_flagged_and_nothing_is_marked_as_read(busy: Practice) -> None:
    busy.scan()

    flags = busy.user.flags()
    assert [one for one, found in flags.items() if "\\Flagged" in found] == [2, 3]
    assert not any("\\Seen" in found for found in flags.values())


def test_every_message_is_filed_byte_for_byte(busy: Practice) -> None:
    busy.scan()

    on_server = [
        raw for name in ("INBOX", "Junk", "Sent") for raw in busy.user.raw_messages(name).values()
    ]
    assert sorted(busy.filed().values()) == sorted(on_server)
    assert busy.wrong() == []


def test_a_second_scan_finds_nothing_and_writes_nothing(busy: Practice) -> None:
    busy.scan()
    before, sent = busy.bytes_on_disk(), len(busy.sink.received)

    told = busy.scan()

    after = busy.bytes_on_disk()
    noted = {str(busy.record_folder / name) for name in ("last-scan.json", "scan.lock")}
    assert told == dict.fromkeys(COUNTS, 0)
    assert {name for name in after if after[name] != before.get(name)} <= noted
    assert len(busy.sink.received) == sent


def test_a_dry_run_says_what_would_be_done_and_does_none_of_it(busy: Practice) -> None:
    before = busy.bytes_on_disk()

    ran = busy.guard("scan", "--dry-run")

    assert (ran.status, ran.err) == (0, "")
    assert "Sent 1: would be filed\n" in ran.out
    assert ran.out.count("answered with the reminder") == 1
    assert ran.out.endswith("5 messages would be filed. Nothing was filed, flagged or sent.\n")
    assert busy.bytes_on_disk() == before
    assert busy.sink.received == []
    assert not any("\\Flagged" in found for found in busy.user.flags().values())


def test_a_dry_run_would_remind_a_client_once_as_a_scan_does(practice: Practice) -> None:
    practice.add("Leo", "leo@inkwell.example")
    for number in range(2):
        practice.deliver(letter(therapy(), number=number))

    dry = practice.guard("scan", "--dry-run")
    told = practice.scan()

    assert dry.out.count("answered with the reminder") == told["reminded"] == 1


def test_nothing_that_is_said_holds_what_a_mail_says(busy: Practice) -> None:
    for words in (("scan", "--dry-run"), ("scan", "--json"), ("check",)):
        ran = busy.guard(*words)
        for secret in ("leo", "inkwell", "Hello", "father", "kill"):
            assert secret.casefold() not in (ran.out + ran.err).casefold()


def test_mail_by_nobody_known_is_never_answered(practice: Practice) -> None:
    practice.deliver(letter(therapy()))

    told = practice.scan()

    assert (told["filed"], told["reminded"]) == (1, 0)


def test_a_client_with_no_automatic_mail_gets_none(practice: Practice) -> None:
    practice.add("Leo", "leo@inkwell.example", automatic=False)
    practice.deliver(letter(therapy()))

    told = practice.scan()

    assert (told["held"], told["reminded"]) == (1, 0)
    assert practice.sink.received == []


def test_danger_without_an_address_for_alerts_is_said_loudly(practice: Practice) -> None:
    practice.change('to = "andrea.private@home.example"', 'to = ""')
    practice.deliver(letter(CRISIS))

    ran = practice.guard("scan")

    assert "1 waiting that should not wait, and no alert is set up" in ran.err
    assert ran.status == 0


def test_a_scan_with_nothing_new_imports_neither_model_nor_web(practice: Practice) -> None:
    practice.scan()

    told = subprocess_modules(practice)

    heavy = {"sklearn", "numpy", "scipy", "joblib", "flask", "waitress", "icalendar", "selectolax"}
    assert heavy & told == set()


def subprocess_modules(practice: Practice) -> set[str]:
    """The top-level modules that a whole scan loaded."""
    script = (
        "import sys\n"
        "from guard.__main__ import main\n"
        f"sys.argv = ['guard', '--config', {str(practice.config)!r}, 'scan']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(done.stdout.decode().split())
