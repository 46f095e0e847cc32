"""``guard review --serve`` for tests: a practice whose guard.toml has a good [serve]."""

import os
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
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, once it answers."""
    line = [sys.executable, "-m", "guard", "--config", str(folder / "guard.toml")]
    process = subprocess.Popen(
        [*line, "review", "--serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        if URL not in first:
            pytest.fail(first + process.stdout.read())
        yield process
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
