"""The table of leases, on a real PostgreSQL."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest

from guard.clinic.lease import LIFE, Ended, Lease
from guard.clinic.postgres_leases import Leases
from guard.errors import ConfigError, UnreachableError

WELL, BADLY = Ended(status=0), Ended(status=75, error="UnreachableError")
NOW, FIVE = timedelta(), timedelta(minutes=5)
RACES, RACERS = 10_000, 8


@pytest.fixture
def leases(database: str) -> Iterator[Leases]:
    with Leases(database, worker="one") as opened:
        yield opened


def enrol(leases: Leases, *names: str, host: str = "imap.example") -> None:
    leases.enrol(dict.fromkeys(names, host))


def claimed(leases: Leases, **how: object) -> Lease:
    lease = leases.claim(**how)  # type: ignore[arg-type]  # a test's shorthand
    assert lease is not None
    return lease


def test_two_workers_never_hold_one_mailbox(database: str) -> None:
    """10,000 times eight workers ask at the same moment; each mailbox is had by one."""
    names = [f"m{number:05}" for number in range(RACES)]
    with Leases(database) as first:
        enrol(first, *names)
    at_once = Barrier(RACERS)

    def race(_racer: int) -> list[tuple[str, int]]:
        had = []
        with Leases(database) as leases:
            enrol(leases, *names)
            at_once.wait()
            while (lease := leases.claim()) is not None:
                had.append((lease.mailbox, lease.fence))
        return had

    with ThreadPoolExecutor(RACERS) as pool:
        had = [one for found in pool.map(race, range(RACERS)) for one in found]

    assert sorted(had) == [(name, 1) for name in names]


def test_a_race_for_one_mailbox_that_is_given_back_again_and_again(database: str) -> None:
    """Every holder notes when it began and ended, by the database: no two overlap."""
    with Leases(database) as first, psycopg.connect(database, autocommit=True) as db:
        enrol(first, "one")
        db.execute("CREATE TABLE held (mailbox text PRIMARY KEY)")
    at_once = Barrier(RACERS)

    def race(_racer: int) -> list[int]:
        fences: list[int] = []
        with Leases(database) as leases, psycopg.connect(database, autocommit=True) as db:
            enrol(leases, "one")
            at_once.wait()
            while len(fences) < 40:
                if (lease := leases.claim()) is not None:
                    # A second holder would break the primary key.
                    db.execute("INSERT INTO held VALUES ('one')")
                    fences.append(lease.fence)
                    db.execute("DELETE FROM held")
                    leases.end(lease, WELL, every=NOW)
        return fences

    with ThreadPoolExecutor(RACERS) as pool:
        fences = [one for found in pool.map(race, range(RACERS)) for one in found]

    assert sorted(fences) == list(range(1, 40 * RACERS + 1))


def test_a_provider_s_limit_holds_whoever_asks_at_the_same_moment(database: str) -> None:
    hosts = {f"{letter}{number}": f"{letter}.example" for letter in "ab" for number in range(50)}
    at_once = Barrier(RACERS)

    def race(_racer: int) -> int:
        with Leases(database) as leases:
            leases.enrol(hosts)
            at_once.wait()
            most = {"a.example": 3}
            return sum(leases.claim(most=most) is not None for _ in range(20))

    with ThreadPoolExecutor(RACERS) as pool:
        assert sum(pool.map(race, range(RACERS))) == 3 + 50

    with Leases(database) as leases:
        held = Counter(one.provider for one in leases.states() if one.held)
    assert held == {"a.example": 3, "b.example": 50}


def test_who_is_due_longest_comes_first(leases: Leases) -> None:
    enrol(leases, "late")
    enrol(leases, "late", "early")
    enrol(leases, "late", "early", "middle")

    had = [claimed(leases).mailbox for _ in range(3)]

    assert had == ["late", "early", "middle"]


def test_nobody_waits_for_ever(leases: Leases) -> None:
    enrol(leases, *"abcde")

    turns = []
    for _ in range(50):
        lease = claimed(leases)
        turns.append(lease.mailbox)
        leases.end(lease, WELL, every=NOW)

    assert Counter(turns) == dict.fromkeys("abcde", 10)


def test_what_failed_twice_waits_and_the_rest_goes_on(leases: Leases) -> None:
    enrol(leases, "good", "poison")

    turns = []
    for _ in range(20):
        lease = claimed(leases)
        turns.append(lease.mailbox)
        leases.end(lease, BADLY if lease.mailbox == "poison" else WELL, every=NOW)

    assert Counter(turns) == {"good": 18, "poison": 2}


def test_a_mailbox_that_kills_its_worker_is_tried_again_once_and_then_later(
    leases: Leases,
) -> None:
    enrol(leases, "deadly")

    held = [leases.claim(life=NOW) for _ in range(5)]

    assert [one is not None for one in held] == [True, True, False, False, False]


def test_a_killed_worker_s_mailbox_is_somebody_else_s_when_its_lease_is_over(
    leases: Leases, database: str
) -> None:
    enrol(leases, "one")
    first = claimed(leases, life=timedelta(milliseconds=1))
    with Leases(database, worker="two") as other:
        enrol(other, "one")
        second = claimed(other)

        assert second.fence == first.fence + 1
        assert not leases.beat(first)
        assert not leases.end(first, WELL, every=FIVE)
        assert other.beat(second)
        assert [one.worker for one in other.states()] == ["two"]


def test_a_sign_of_life_keeps_it(leases: Leases) -> None:
    enrol(leases, "one")
    lease = claimed(leases, life=NOW)
    assert leases.beat(lease, life=LIFE)

    assert leases.claim() is None


def test_it_is_due_again_after_the_interval_and_not_before(leases: Leases) -> None:
    enrol(leases, "one")
    leases.end(claimed(leases), WELL, every=FIVE)

    (state,) = leases.states()

    assert leases.claim() is None
    assert -300 <= state.overdue < -290
    assert (state.status, state.failures, state.scans, state.ever) == (0, 0, 1, True)


def test_a_machine_only_takes_what_it_knows(leases: Leases) -> None:
    enrol(leases, "theirs")
    leases.enrol({})

    assert leases.claim() is None


def test_what_was_given_back_unscanned_is_due_at_once_and_has_not_failed(leases: Leases) -> None:
    enrol(leases, "one")
    leases.give_back(claimed(leases))

    assert claimed(leases).failures == 0


def test_retry_forgets_the_failures(leases: Leases) -> None:
    enrol(leases, "one")
    for _ in range(2):
        leases.end(claimed(leases), BADLY, every=NOW)
    assert leases.claim() is None

    assert leases.retry("one")
    assert not leases.retry("other")
    assert claimed(leases).failures == 0


def test_what_is_held_is_not_forgotten(leases: Leases) -> None:
    enrol(leases, "one")
    lease = claimed(leases)

    assert not leases.forget("one")
    leases.end(lease, WELL, every=FIVE)
    assert leases.forget("one")
    assert not leases.states()


def test_enrolling_again_changes_nothing_but_the_host(leases: Leases) -> None:
    enrol(leases, "one")
    leases.end(claimed(leases), WELL, every=FIVE)

    enrol(leases, "one", host="other.example")

    (state,) = leases.states()
    assert (state.provider, state.scans) == ("other.example", 1)


def test_many_open_it_for_the_first_time_at_the_same_moment(database: str) -> None:
    at_once = Barrier(RACERS)

    def first(_racer: int) -> int:
        at_once.wait()
        with Leases(database) as leases:
            return len(leases.states())

    with ThreadPoolExecutor(RACERS) as pool:
        assert list(pool.map(first, range(RACERS))) == [0] * RACERS


def test_workers_of_a_release_before_go_on_with_a_newer_table(database: str) -> None:
    with Leases(database) as old, psycopg.connect(database, autocommit=True) as db:
        enrol(old, "one")
        db.execute("UPDATE guard_clinic.version SET steps = 99")
        db.execute("ALTER TABLE guard_clinic.lease ADD COLUMN later text")
        with Leases(database) as again:
            enrol(again, "one")
            assert claimed(again).mailbox == "one"
        assert db.execute("SELECT steps FROM guard_clinic.version").fetchone() == (99,)


def test_a_user_without_rights_is_told_so(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as db:
        name = f"nobody{random.randrange(10**9)}"
        db.execute(f"CREATE ROLE {name} LOGIN".encode())

    with pytest.raises(ConfigError):
        Leases(database.replace("postgres@", f"{name}@"))


def test_a_database_that_is_away_is_a_fault_for_later() -> None:
    with pytest.raises(UnreachableError):
        Leases("postgresql://127.0.0.1:1/x")


def test_a_holder_is_told_when_it_was_last_scanned_well_on_any_machine(leases: Leases) -> None:
    enrol(leases, "one")
    first = claimed(leases)
    leases.end(first, WELL, every=NOW)
    second = claimed(leases)
    leases.end(second, BADLY, every=NOW)
    third = claimed(leases)

    assert first.well is None
    assert second.well is not None
    assert third.well == second.well


def test_a_server_that_asked_to_be_left_alone_is_by_every_machine(leases: Leases) -> None:
    enrol(leases, "one")
    asked = Ended(status=75, error="UnreachableError", wait=1000)
    leases.end(claimed(leases), asked, every=FIVE)

    (state,) = leases.states()

    assert state.overdue < -990


def test_what_a_killed_worker_left_comes_before_all_that_became_due_since(
    leases: Leases,
) -> None:
    enrol(leases, "left")
    claimed(leases, life=NOW)
    enrol(leases, "left", *"abc")

    assert claimed(leases).mailbox == "left"
