"""Where servers and tests keep their files: in memory, where there is room.

What is synced there is there at once. No test is about a disk's patience; what becomes of a
record whose disk fails is tried by `tests/faults`, which acts the disk's part itself.
"""

import os
import re
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ENOUGH = 6_000_000_000
"""Bytes: a whole run keeps less than 2 GB."""


def room() -> str:
    """A folder whose name is short: a unix socket's path ends at 107 bytes."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return "/tmp"
    told = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    memory = int(told[1]) * 1024 if told is not None else 0
    free = min(memory, shutil.disk_usage(_MEMORY).free)
    return str(_MEMORY) if free > _ENOUGH else "/tmp"
