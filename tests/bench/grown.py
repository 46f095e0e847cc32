"""What a scan of 50 new mails costs with nothing filed, and with very much.

Used by scan.py (`--filed`). The filled record has the entries that years of scans leave, made
by the record's own batches; only what is sealed is made up, for a scan cannot open it.
"""

import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from guard.clients.directory import Client, enrol
from guard.commands import wiring
from guard.config import load
from guard.record.batch import Batch
from guard.record.entry import JSON
from guard.record.init import create
from guard.record.passphrase import CHEAPEST
from guard.record.sqlite import SqliteRecord
from tests.bench.mails import mails
from tests.servers.dovecot import Dovecot, MailUser

NEW = 50
TURNS = 9
_CLIENTS = 250
_BATCH = 10_000
_YEARS_MS = 20 * 365 * 86_400_000
_SENDER = re.compile(rb"From: (\w+) <[^>]+>")

Measured = Callable[[list[str]], tuple[float, float]]
"""Runs a command; seconds of wall and of processor time."""


def grown(
    filed: int, folder: Path, set_up: Callable[[Path, MailUser], list[str]], measured: Measured
) -> None:
    """Fill a record, then scan the same mail with it and with an empty one, in turn."""
    with Dovecot() as server:
        homes: dict[int, Path] = {}
        runs: dict[int, tuple[MailUser, list[str]]] = {}
        for count in (0, filed):
            home, user = Path(tempfile.mkdtemp(dir=folder, prefix="bench-")), server.new_user()
            homes[count], runs[count] = home, (user, set_up(home, user))
            start = time.perf_counter()
            _fill(home, count)
            size = (home / "record" / "record.db").stat().st_size / 1e6
            print(f"{count} filed: {size:.0f} MB, in {time.perf_counter() - start:.0f} s")
        found: dict[int, list[tuple[float, float]]] = {0: [], filed: []}
        for turn in range(TURNS):
            fresh = [*_from_clients(turn)]
            # Whoever comes second finds the server warm.
            for count in (0, filed) if turn % 2 else (filed, 0):
                user, command = runs[count]
                for raw in fresh:
                    user.deliver(raw, "INBOX")
                took = measured(command)
                # The first scan opens what no later one need open.
                found[count] += [took] if turn else []
        for home in homes.values():
            shutil.rmtree(home)
    _show(found, filed)


def _show(found: dict[int, list[tuple[float, float]]], filed: int) -> None:
    print(f"\n{NEW} new mails, {TURNS - 1} scans each {'wall s':>16}{'CPU s':>9}")
    medians = {
        count: tuple(statistics.median(one) for one in zip(*found[count], strict=True))
        for count in (0, filed)
    }
    for count, (wall, cpu) in medians.items():
        print(f"{f'{count} filed':<34}{wall:>9.3f}{cpu:>9.3f}")
    ratio = [after / before for before, after in zip(medians[0], medians[filed], strict=True)]
    print(f"{'times as much':<34}{ratio[0]:>9.2f}{ratio[1]:>9.2f}\n")


def _from_clients(turn: int) -> Iterator[bytes]:
    for number, raw in enumerate(mails(NEW, seed=turn + 100)):
        address = f"{_client(number * 7 + turn)}@home.example".encode()
        yield _SENDER.sub(rb"From: \1 <" + address + b">", raw, count=1)


def _client(number: int) -> str:
    return f"c{number % _CLIENTS:03d}"


def _fill(home: Path, count: int) -> None:
    now = wiring.milliseconds()
    begun = now - _YEARS_MS
    account = load(home / "guard.toml").mailbox.user
    # Time in a record never runs back, so it must begin long ago.
    shutil.rmtree(home / "record")
    create(
        home / "record",
        passphrase="bench",
        executor=None,
        random=os.urandom,
        now=begun,
        work=CHEAPEST,
    )
    with SqliteRecord.open(home / "record") as record:
        clients = [
            Client(id=one, name=one, addresses=(f"{one}@home.example",))
            for one in map(_client, range(_CLIENTS))
        ]
        record.append([enrol(one) for one in clients], now=begun)
        for first in range(0, count, _BATCH):
            # An hour before now the last is filed, as if cron had been off for a while.
            at = begun + (_YEARS_MS - 3_600_000) * (first + _BATCH) // max(count, _BATCH)
            with record.writing(at) as batch:
                for number in range(first, min(first + _BATCH, count)):
                    _item(batch, number, account, at)


def _item(batch: Batch, number: int, account: str, at: int) -> None:
    """Add what a scan leaves of one letter, every tenth of them hers."""
    owner, item, hers = _client(number), batch.size, number // _CLIENTS % 10 == 0
    about: dict[str, JSON] = {"item": item, "owner": owner}
    filed: dict[str, JSON] = about | {
        "owners": (owner,),
        "direction": "out" if hers else "in",
        "received": at,
        "locations": [[account, "Sent" if hers else "INBOX", 7, number + 1]],
        "size": 8_000,
        "content": os.urandom(32).hex(),
        "blob": "0" * 64,
        "commitment": "0" * 64,
    }
    batch.add("filed", filed)
    if hers:
        batch.add("wrote", about | {"body": {"received": at, "last": at}})
        return
    luck = number * 7919 % 1000
    actions = ["alert", "review"] if luck == 0 else ["remind", "review"] if luck < 20 else []
    body: dict[str, JSON] = {"actions": actions, "model": "0" * 64}
    batch.add("decided", about | {"body": body, "opens": [], "closes": ["judge"]}, bytes(900))
    if luck == 0:
        batch.add("alerted", {"item": item, "closes": ["alert"]})
    elif actions:
        batch.add("reminder-sent", about | {"body": {"letter": item, "text": "0" * 64}})
