"""How fast the review page is over a full record, next to a bare Flask page of the same HTML.

    python tests/bench/review.py [ITEMS] [--waiting N] [--folder DIR]

Both are served by waitress on loopback, in the same run; the difference is what guard does. What
is opened is a record on disk, as her own would be. Start means `guard review` until the browser
has the page that asks for the passphrase.
"""

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

# Run as a script, it must first say where the project lies.
sys.path.insert(0, str(Path(__file__).parents[2]))

from flask import Flask

from guard.clients import directory
from guard.policy.decision import Correspondent
from guard.policy.minutes import fact
from guard.record.entry import Incoming
from guard.record.sqlite import SqliteRecord
from guard.review.desk import Desk
from guard.review.session import Session
from guard.review.web import create_app
from guard.review.web_server import host_of, listen, serve
from guard.verdict.label import Label
from tests.bench.mails import mails
from tests.review import practice

CLIENTS = 50
_BATCH = 500
_RUNS = 9


def fill(folder: Path, items: int, waiting: int) -> None:
    """Make a record of five years, of which some items wait."""
    practice.found(folder)
    (folder / "guard.toml").write_text(practice.TOML)
    with SqliteRecord.open(folder / "record") as record:
        ids = [f"c{number}" for number in range(CLIENTS)]
        known = [
            directory.Client(id=one, name=f"Client {one}", addresses=(f"{one}@home.example",))
            for one in ids
        ]
        record.append([directory.enrol(one) for one in known], now=0)
        step = timedelta(days=5 * 365) / items
        every = max(1, items // waiting)
        batch: list[tuple[bytes, int]] = []
        for number, raw in enumerate(mails(items)):
            batch.append((raw[:20_000], number))
            if len(batch) == _BATCH or number == items - 1:
                _file(record, batch, ids, step=step, items=items, every=every)
                batch.clear()


def _file(
    record: SqliteRecord,
    batch: list[tuple[bytes, int]],
    ids: list[str],
    *,
    step: timedelta,
    items: int,
    every: int,
) -> None:
    times = [practice.START - step * (items - number) for _, number in batch]
    mails_ = [
        Incoming(
            raw=raw,
            locations=(),
            account="andrea@practice.example",
            owners=(ids[number % CLIENTS],),
            direction="in",
            received=int(at.timestamp() * 1000),
            opens=("judge",),
        )
        for (raw, number), at in zip(batch, times, strict=True)
    ]
    now = int(times[-1].timestamp() * 1000)
    filed = record.file(mails_, cursor=None, now=now)
    facts = []
    for one, (raw, number), at in zip(filed, batch, times, strict=True):
        held = number % every == 0
        label = Label.THERAPY if held else Label.SCHEDULING
        grounds = ("sensitive",) if held else ()
        minutes = practice._minutes(
            raw[:3000], label, grounds, (), ("not-sure",), Correspondent.CLIENT, at
        )
        facts.append(fact(one.item, (ids[number % CLIENTS],), minutes))
    record.append(facts, now=now)


class Browser:
    """One connection that keeps its cookies."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.line = http.client.HTTPConnection(host)
        self.cookies: dict[str, str] = {}

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, bytes]:
        """Status, where it leads, and the page."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://{self.host}",
            }
        self.line.request("POST" if form is not None else "GET", path, body, headers)
        answer = self.line.getresponse()
        page = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), page


def served(app_of: Callable[[str], Flask]) -> str:
    """Serve an application; returns its host."""
    listening = listen()
    host = host_of(listening)
    app = app_of(host)
    running = threading.Thread(
        target=lambda: serve(app, listening, tick=lambda: None), daemon=True
    )
    running.start()
    return host


def _given(app: Flask, _host: str) -> Flask:
    return app


def timed(ask: Callable[[], object], runs: int = _RUNS) -> list[float]:
    """Milliseconds of each run."""
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        ask()
        found.append((time.perf_counter() - began) * 1000)
    return found


def start(folder: Path) -> float:
    """Milliseconds from the command until the browser has the page that asks."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "guard",
            "--config",
            str(folder / "guard.toml"),
            "review",
            "--no-browser",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    link = next(line.strip() for line in process.stdout if line.strip().startswith("http"))
    where = urlsplit(link)
    browser = Browser(where.netloc)
    _, path, _ = browser.ask(where.path)
    status, _, page = browser.ask(urlsplit(path).path)
    took = (time.perf_counter() - began) * 1000
    assert status == 200
    assert b"assphrase" in page
    process.terminate()
    process.wait()
    return took


def report(name: str, found: list[float], *, budget: float | None = None) -> None:
    """Print one line."""
    middle = statistics.median(found)
    told = f"{name:34}{middle:9.1f} ms   {min(found):8.1f} to {max(found):8.1f}"
    if budget is not None:
        told += f"   budget {budget:6.0f}   {'ok' if middle < budget else 'OVER'}"
    print(told, flush=True)


def measure(folder: Path) -> None:
    """Open, look and open again."""
    report("start to the page that asks", [start(folder) for _ in range(3)], budget=1000)
    at = practice.at(folder)
    desk = Desk(at.edges(), Session(at.token))
    host = served(lambda host: create_app(desk, host=host))
    browser = Browser(host)
    browser.ask(f"/open/{desk.session.link}")
    browser.ask("/unlock")
    # She types for some seconds; here it is waited for, and told.
    report("reading what is public, meanwhile", timed(desk.ready, 1))
    csrf = {"csrf": desk.session.csrf, "passphrase": practice.PASSPHRASE}
    report("unlock", timed(lambda: browser.ask("/unlock", csrf), 1))
    report("queue, the first time", timed(lambda: browser.ask("/"), 1), budget=100)
    report("queue", timed(lambda: browser.ask("/")), budget=100)
    with desk.open() as book:
        waiting = [one.item for one in book.queue()]
    items = iter(waiting[:: max(1, len(waiting) // 40)])
    report("item", timed(lambda: browser.ask(f"/item/{next(items)}"), 30), budget=50)
    for name in ("report", "model", "client/c3"):
        report(f"{name}, the first time", timed(partial(browser.ask, f"/{name}"), 1))
        report(name, timed(partial(browser.ask, f"/{name}")))
    status, _, queue = browser.ask("/")
    assert status == 200
    _, _, item = browser.ask(f"/item/{waiting[0]}")
    for name, page in (("queue", queue), ("item", item)):
        bare = Flask("bare")
        bare.add_url_rule("/", "page", partial(bytes, page))
        peer = Browser(served(partial(_given, bare)))
        report(f"bare Flask, the same {name}", timed(partial(peer.ask, "/")))
    print(f"{len(waiting)} waiting, queue of {len(queue) // 1000} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", type=int, nargs="?", default=50_000)
    parser.add_argument("--waiting", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="keeps the record for another run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        if not (folder / "record").exists():
            folder.mkdir(exist_ok=True)
            began = time.perf_counter()
            fill(folder, asked.items, asked.waiting)
            print(f"{asked.items} items filed in {time.perf_counter() - began:.0f} s", flush=True)
        measure(folder)


if __name__ == "__main__":
    main()
