"""A disk that fails at one call, and a process that ends there: once for every call there is.

Run as ``python -m tests.faults.disk SCENARIO FAULT`` with `shim.c` preloaded. Everything is
loaded once; each fault is tried in a fork of its own, on a copy of its own. Prints one JSON
object: how many calls there are, what went wrong, and how often the fault was survived.
"""

import ast
import contextlib
import ctypes
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from guard.errors import GuardError
from tests.faults.powercut import Disk, cuts, read_log
from tests.faults.steps import SCENARIOS, Scenario

FAULTS = {"kill": 1, "torn": 2, "full": 3, "broken": 4}
"""Ended before the call; ended halfway through a write; a full disk from here on, after half a
write; one input/output error."""

DONE, REFUSED, ODD = 0, 3, 4
"""How a child ends: well, with an error of guard's, with any other."""


class Shim:
    """The preloaded library."""

    def __init__(self) -> None:
        library = ctypes.CDLL(os.environ["LD_PRELOAD"])
        self._arm, self._disarm = library.shim_arm, library.shim_disarm
        self._arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
        self._disarm.restype = ctypes.c_long

    def calls(self, folder: Path, deed: Callable[[], None], *, log: int = -1) -> int:
        """How many calls change the disk; they are written to `log`."""
        self._arm(str(folder).encode(), -1, 0, log)
        deed()
        count: int = self._disarm()
        return count

    def arm(self, folder: Path, at: int, fault: str) -> None:
        self._arm(str(folder).encode(), at, FAULTS[fault], -1)

    def disarm(self) -> None:
        self._disarm()


def forked(deed: Callable[[], object]) -> tuple[int, str]:
    """Do something in a child; returns how it ended, and what it gave or raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        status = _child(deed, writing)
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, ended = os.waitpid(child, 0)
    return (-os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)), told


def _child(deed: Callable[[], object], writing: int) -> int:
    status, told = DONE, ""
    try:
        told = repr(deed())
    except GuardError as error:
        status, told = REFUSED, f"{type(error).__name__}: {error} / {error.hint}"
    except BaseException:  # noqa: BLE001  # whatever it is, the parent has to hear of it
        status, told = ODD, traceback.format_exc()
    # Not through the shim's folder, so it cannot fail there.
    os.write(writing, told.encode()[:60_000])
    return status


@contextlib.contextmanager
def copied(place: Path, name: str) -> Iterator[Path]:
    copy = place.with_name(name)
    shutil.copytree(place, copy)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


def finish(scenario: Scenario, copy: Path) -> tuple[int, str]:
    """The next run, and what it leads to; it is made twice, because once must be enough."""

    def deed() -> object:
        scenario.mended(copy)
        scenario.again(copy)
        first = scenario.state(copy)
        scenario.again(copy)
        assert scenario.state(copy) == first
        return first

    return forked(deed)


def undisturbed(scenario: Scenario, place: Path, shim: Shim) -> tuple[str, int]:
    with copied(place, "calm") as copy:
        status, told = forked(lambda: shim.calls(copy, lambda: scenario.act(copy)))
        assert status == DONE, told
        ended, state = finish(scenario, copy)
        assert ended == DONE, state
        return state, int(told)


def load(scenario: Scenario, place: Path) -> None:
    """Import what the scenario imports late, which every fork would import anew."""
    known = set(sys.modules)
    with copied(place, "first") as copy:

        def deed() -> object:
            scenario.act(copy)
            scenario.again(copy)
            scenario.state(copy)
            return [name for name in sys.modules if name not in known]

        status, told = forked(deed)
    assert status == DONE, told
    for name in ast.literal_eval(told):
        # A library's own inner module comes with it, and cannot be imported by name.
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)


def inject(scenario: Scenario, fault: str, place: Path, shim: Shim) -> dict[str, object]:
    """Try a fault at every call."""
    wanted, count = undisturbed(scenario, place, shim)
    failures: list[str] = []
    ends = {"ended": 0, "refused": 0, "survived": 0}
    for at in range(count):
        with copied(place, "copy") as copy:

            def act(copy: Path = copy, at: int = at) -> None:
                shim.arm(copy, at, fault)
                try:
                    scenario.act(copy)
                finally:
                    shim.disarm()

            status, told = forked(act)
            names = {-signal.SIGKILL: "ended", REFUSED: "refused", DONE: "survived"}
            if status not in names:
                failures.append(f"call {at}: ended with {status}: {told}")
                continue
            ends[names[status]] += 1
            ended, state = finish(scenario, copy)
            if (ended, state) != (DONE, wanted):
                failures.append(f"call {at} ({names[status]} {told}), then: {state}\n!= {wanted}")
    return {"calls": count, "failures": failures, **ends}


def cut_power(scenario: Scenario, place: Path, shim: Shim) -> dict[str, object]:
    """Act out a power cut after every call: what was not synced is lost, or in part."""
    wanted, count = undisturbed(scenario, place, shim)
    failures: list[str] = []
    states = 0
    with copied(place, "run") as copy, tempfile.TemporaryFile() as log:
        before = Disk.read(copy)
        status, told = forked(
            lambda: shim.calls(copy, lambda: scenario.act(copy), log=log.fileno())
        )
        assert status == DONE, told
        log.seek(0)
        operations = list(read_log(log, copy))
    seen: set[int] = set()
    for at, how, disk in cuts(before, operations):
        mark = disk.mark() if at < len(operations) else -states
        if mark in seen:
            continue
        seen.add(mark)
        states += 1
        copy = place.with_name("cut")
        disk.write(copy)
        try:
            if at == len(operations):
                kept, told = forked(lambda copy=copy: scenario.kept(copy))  # type: ignore[misc]
                if kept != DONE:
                    failures.append(f"lost though acknowledged ({how}): {told}")
            ended, state = finish(scenario, copy)
            if (ended, state) != (DONE, wanted):
                failures.append(f"cut after {at} ({how}): {state}\n!= {wanted}")
        finally:
            shutil.rmtree(copy)
    return {"calls": count, "failures": failures, "states": states}


def main() -> None:
    name, fault = sys.argv[1:]
    scenario, shim = SCENARIOS[name], Shim()
    room = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="guard-faults-", dir=room) as folder:
        place = Path(folder) / "place"
        place.mkdir()
        status, told = forked(lambda: scenario.prepare(place))
        assert status == DONE, told
        load(scenario, place)
        found = (
            cut_power(scenario, place, shim)
            if fault == "power"
            else inject(scenario, fault, place, shim)
        )
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
