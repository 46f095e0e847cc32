"""How fast a scan is, next to what others pull the same mailbox with, in the same run.

    python tests/bench/scan.py [MESSAGES] [--runs N] [--folder DIR] [--slow] [--filed N]
                               [--large MB]

A real Dovecot on loopback, over TLS. The others only store; guard also reads, judges and seals.
With --slow two others are measured too, once each: 10,000 messages take them minutes.
With --filed it measures instead what 50 new mails cost with nothing filed and with N items,
with --large what one huge mail costs.
"""

import argparse
import json
import math
import os
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# Run as a script, it must first say where the project lies.
sys.path.insert(0, str(Path(__file__).parents[2]))

from guard.commands import wiring
from guard.commands.template import Answers, guard_toml
from guard.record import init as record_init
from guard.record.passphrase import CHEAPEST
from tests.bench import peers
from tests.bench.grown import grown
from tests.bench.large import ORDINARY, large
from tests.bench.mails import OWN, mails
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot, MailUser

IDLE_RUNS = 11
_POLL_S = 0.005

IDLE_RUNS_OF_THE_SLOW = 3
PATIENCE_S = 1_200
"""What takes longer is ended, and counts as never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one program."""

    seconds: float
    cpu: float
    """Seconds of processor time, its children's too."""

    memory: int
    """Largest resident memory of the process and all its children together, bytes."""


def measured(command: list[str]) -> Run:
    """Run a program and watch it. It must go well."""
    before = _spent()
    start = time.perf_counter()
    running = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_compiled()
    )
    peak = [0]
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(running.pid, peak, ended))
    watch.start()
    try:
        _, said = running.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        return Run(seconds=math.inf, cpu=math.inf, memory=peak[0])
    finally:
        ended.set()
        watch.join()
    seconds = time.perf_counter() - start
    assert running.returncode == 0, (command, said.decode())
    return Run(seconds=seconds, cpu=_spent() - before, memory=peak[0])


def _spent() -> float:
    """Seconds of processor time of all children that ended; `os.times` counts in hundredths."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _compiled() -> dict[str, str]:
    """Let Python keep what it compiled, as an installed program has it; not in the project."""
    kept = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "guard-bench-compiled")}
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | kept


def _watch(pid: int, peak: list[int], ended: threading.Event) -> None:
    while not ended.wait(_POLL_S):
        peak[0] = max(peak[0], _resident(pid))


def _resident(pid: int) -> int:
    try:
        own = _pages(pid)
        # guard starts its reader from a thread of its own; a thread that ends leaves its
        # processes to another, which must not be counted a second time.
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = {one for task in tasks for one in (task / "children").read_text().split()}
        others = sum(_resident(int(one)) for one in children)
        # What goes from one to the other meanwhile must not count for both.
        return min(own, _pages(pid)) * os.sysconf("SC_PAGE_SIZE") + others
    except (OSError, IndexError):
        return 0


def _pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def fsync_ms(folder: Path) -> float:
    """Median time of an fsync after a write of 4 KB, in ms."""
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def guard(folder: Path, user: MailUser) -> list[str]:
    """Set guard up; returns its command."""
    (folder / "secret").write_text(user.password)
    (folder / "secret").chmod(0o600)
    (folder / "guard.toml").write_text(
        guard_toml(
            Answers(
                name="Bench",
                addresses=(OWN,),
                imap_host="localhost",
                imap_port=user.port,
                imap_security="tls",
                imap_user=user.name,
                smtp_host="",
                smtp_port=465,
                smtp_security="tls",
                smtp_user="",
                password_file="secret",
                ca_file=str(user.ca_file),
                alerts_to="",
                mode="auto",
                trusted=(),
            )
        )
        # Flags would change the mailbox for the others.
        .replace("flag = true", "flag = false")
    )
    record_init.create(
        folder / "record",
        passphrase="bench",
        executor=None,
        random=secrets.token_bytes,
        now=wiring.milliseconds(),
        work=CHEAPEST,
    )
    return [sys.executable, "-m", "guard", "--config", str(folder / "guard.toml"), "scan"]


def pulled(folder: Path) -> int:
    """How many messages a run stored."""
    note = folder / "record" / "last-scan.json"
    if note.exists():
        return int(json.loads(note.read_text())["seen"])
    return sum(one.is_file() for part in ("cur", "new") for one in folder.rglob(f"{part}/*"))


_SLOW = frozenset({"offlineimap", "getmail6"})


def compare(names: dict[str, peers.SetUp], options: argparse.Namespace) -> None:
    """Fill a mailbox, run everything on it in turn, print the table."""
    with Dovecot() as server:
        user = server.new_user()
        size = 0
        for at, raw in enumerate(mails(options.messages)):
            user.deliver(raw, ("Sent", "Junk")[at % 2] if at % 10 == 9 else "INBOX")
            size += len(raw)
        # Dovecot's index of the new files is built by whoever comes first.
        for name in ("INBOX", "Sent", "Junk"):
            user.raw_messages(name)
        print(f"{options.messages} messages, {size / 1e6:.1f} MB, into {options.folder}")
        print(f"fsync of 4 KB: {fsync_ms(options.folder):.2f} ms (median of 50)\n")
        first: dict[str, list[Run]] = {name: [] for name in names}
        idle: dict[str, list[Run]] = {name: [] for name in names}
        for turn in range(options.runs):
            for name, set_up in names.items():
                if turn and name in _SLOW:
                    continue
                folder = Path(tempfile.mkdtemp(dir=options.folder, prefix="bench-"))
                command = set_up(folder, user)
                first[name].append(measured(command))
                whole = math.isfinite(first[name][-1].seconds)
                assert not whole or pulled(folder) == options.messages, (name, pulled(folder))
                if turn == 0 and whole:
                    runs = IDLE_RUNS_OF_THE_SLOW if name in _SLOW else IDLE_RUNS
                    idle[name] = [measured(command) for _ in range(runs)]
                shutil.rmtree(folder)
    show("everything new", first, options.messages)
    show("nothing new", idle, None)


def show(title: str, runs: dict[str, list[Run]], messages: int | None) -> None:
    """Print medians, one program a line."""
    print(f"{title:<34}{'wall s':>9}{'CPU s':>9}{'msg/s':>9}{'peak MB':>9}  runs")
    for name, found in runs.items():
        if not found:
            continue
        seconds = statistics.median(one.seconds for one in found)
        cpu = statistics.median(one.cpu for one in found)
        memory = max(one.memory for one in found) / 1e6
        rate = f"{messages / seconds:.0f}" if messages else ""
        print(f"{name:<34}{seconds:>9.3f}{cpu:>9.3f}{rate:>9}{memory:>9.0f}  {len(found)}")
    print()


def _costs(run: Run) -> tuple[float, float]:
    return run.seconds, run.cpu


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("messages", type=int, nargs="?", default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slow", action="store_true", help="offlineimap and getmail6 too")
    parser.add_argument("--filed", type=int, default=0)
    parser.add_argument("--large", type=int, default=0, metavar="MB")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    # What ends a forgotten test's server would end a long run of this.
    dovecot.LIFE = "7200"
    if options.filed:
        grown(options.filed, options.folder, guard, lambda it: _costs(measured(it)))
        return
    names = programs(slow=options.slow)
    if options.large:
        for title, runs in large(options.large * 1_000_000, options.folder, names, measured):
            show(title, runs, ORDINARY + 1)
        return
    compare(names, options)


def programs(*, slow: bool) -> dict[str, peers.SetUp]:
    """What is run: guard, and what is installed of the others."""
    names: dict[str, peers.SetUp] = {"guard scan": guard}
    others = {
        "mbsync": ("mbsync", peers.mbsync("")),
        "mbsync, FSync no": ("mbsync", peers.mbsync("FSync no")),
    }
    if slow:
        others["offlineimap"] = ("offlineimap", peers.offlineimap)
        others["getmail6"] = ("getmail", peers.getmail)
    for name, (program, set_up) in others.items():
        if peers.program(program):
            names[name] = set_up
        else:
            print(f"{name} is left out: {program} is not installed")
    return names


if __name__ == "__main__":
    main()
