"""``guard review`` for tests, as a process; a practice whose guard.toml has a good [serve]."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.review.practice import TOML, found
from tests.servers.issuer import CLIENT, SECRET, IssuerServer

URL = "https://guard-anna.clinic.example"


def practice_of(there: IssuerServer) -> Path:
    """Make a practice beside the issuer's files; returns its folder."""
    made = there.folder / "anna"
    made.mkdir()
    found(made)
    secret = made / "issuer.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    write(made, serve_table(there))
    return made


def serve_table(there: IssuerServer, **changes: str) -> str:
    table = {
        "url": URL,
        "listen": str(there.folder / "page.sock"),
        "issuer": there.url,
        "client_id": CLIENT,
        "client_secret_file": "issuer.secret",
        "ca_file": str(there.ca_file),
        "who": "anna@clinic.example",
    }
    table |= changes
    return "[serve]\n" + "".join(f'{key} = "{value}"\n' for key, value in table.items())


def write(folder: Path, table: str) -> None:
    (folder / "guard.toml").write_text(TOML + table)


@contextmanager
def started(
    folder: Path, how: str, ready: str
) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """``guard review`` as a process of its own, and the first of what it prints that fits."""
    line = [sys.executable, "-m", "guard", "--config", str(folder / "guard.toml")]
    process = subprocess.Popen(
        [*line, "review", how],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    said = ""
    try:
        for printed in process.stdout:
            said += printed
            if found := re.search(ready, printed):
                break
        else:
            pytest.fail(f"it ended: {said}")
        yield process, found
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The page behind a proxy, once it answers."""
    with started(folder, "--serve", re.escape(URL)) as (process, _):
        yield process


@contextmanager
def opened(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Her own page: process, host and the path of its link."""
    with started(folder, "--no-browser", r"http://(127\.0\.0\.1:\d+)(/open/\w+)") as (page, link):
        yield page, link[1], link[2]
