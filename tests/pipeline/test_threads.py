import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from guard.pipeline.scan import scan
from guard.pipeline.threads import Threads
from tests.pipeline.fakes import AL, BO, JO, Practice, a_letter, a_mail
from tests.pipeline.records import a_record

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def answers(known: Threads, *ids: str, at: datetime = NOON) -> Threads:
    for one in ids:
        known.answered((f"<{one}@x>",), at, message_id=None)
    return known


def test_three_letters_that_are_answered_and_not_in_sent_are_a_silence() -> None:
    assert not answers(Threads(), "1", "2").silent(NOON)
    assert answers(Threads(), "1", "2", "3").silent(NOON)


def test_one_letter_answered_three_times_is_none() -> None:
    assert not answers(Threads(), "1", "1", "1").silent(NOON)


def test_letters_that_lie_in_sent_are_none() -> None:
    known = Threads()
    for one in "123":
        known.wrote(f"<{one}@x>", NOON - DAY, automatic=False)

    assert not answers(known, "1", "2", "3").silent(NOON)


def test_a_letter_in_sent_since_ends_the_silence_and_a_robots_does_not() -> None:
    known = answers(Threads(), "1", "2", "3", at=NOON - DAY)
    known.wrote("<r@x>", NOON, automatic=True)
    assert known.silent(NOON)

    known.wrote("<4@x>", NOON, automatic=False)
    assert not known.silent(NOON)


def test_guards_own_letters_and_the_clients_own_are_no_letters_of_hers() -> None:
    known = Threads()
    for one in "123":
        known.answered((), NOON, message_id=f"<own{one}@x>")
        known.answered((f"<own{one}@x>",), NOON, message_id=None)
        known.answered((f"<guard.{one}@x>",), NOON, message_id=None)

    assert not known.silent(NOON)


def test_a_silence_of_long_ago_is_over() -> None:
    assert not answers(Threads(), "1", "2", "3", at=NOON - 15 * DAY).silent(NOON)


def test_what_is_kept_is_known_again_and_shows_no_id() -> None:
    known = answers(Threads(), "1", "2", "3")
    known.wrote("<quokka@x>", NOON - DAY, automatic=False)

    told = known.told()
    assert "quokka" not in str(told)
    assert Threads(told).silent(NOON)
    assert not answers(Threads(told), "quokka").silent(NOON + 20 * DAY)


def keyed(key: str) -> Callable[[str], bytes]:
    return lambda text: hmac.digest(key.encode(), text.encode(), "sha256")


def test_a_guessed_id_cannot_be_tested_without_the_key() -> None:
    ours, theirs = (answers(Threads(code=keyed(key)), "1").told() for key in ("ours", "guess"))

    assert ours != theirs


def test_what_an_earlier_guard_kept_without_a_key_is_known_again_and_kept_with_one() -> None:
    bare = [sha256(f"<{one}@x>".encode()).hexdigest()[:24] for one in "12345"]
    noon = int(NOON.timestamp() * 1000)
    told = {"letters": bare[3:], "unseen": dict.fromkeys(bare[:3], noon), "newest": 0}
    known = Threads(told, code=keyed("ours"))
    assert known.changed
    assert not any(one in str(known.told()) for one in bare)
    assert known.silent(NOON)

    again = Threads(known.told(), code=keyed("ours"))
    assert not again.changed
    known = answers(again, "4", "5")
    known.wrote("<1@x>", NOON - 15 * DAY, automatic=False)
    assert not known.silent(NOON)


@pytest.mark.parametrize("told", [{}, {"letters": 3, "unseen": [1], "newest": "x"}])
def test_what_cannot_be_read_is_as_if_nothing_was_kept(told: dict[str, object]) -> None:
    assert not Threads(told).silent(NOON)


def test_only_so_much_is_kept() -> None:
    known = Threads()
    for one in range(2_100):
        known.wrote(f"<{one}@x>", NOON, automatic=False)
        answers(known, f"u{one}")

    told = known.told()
    assert [len(told[key]) for key in ("letters", "unseen")] == [2_000, 200]  # type: ignore[arg-type]  # a list and a dict


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with a_record(tmp_path / "record", JO, AL, BO) as record:
        yield Practice(record)


def test_a_scan_sees_which_letters_clients_answer(practice: Practice) -> None:
    kept = b"Message-ID: <kept@practice.example>\r\n" + a_letter()
    practice.sent.put(kept, age=3 * DAY)
    for one in ("kept", "lost1", "lost2", "lost3"):
        head = f"In-Reply-To: <{one}@practice.example>\r\n".encode()
        practice.inbox.put(head + a_mail(words="scheduling", ref=one))
        practice.inbox.put(head + a_mail("eve", words="scheduling", ref=one))
    house = practice.house()
    scan(house)

    assert house.threads.silent(practice.now)
    told = house.threads.told()
    assert len(told["unseen"]) == 3  # type: ignore[arg-type]  # a dict
