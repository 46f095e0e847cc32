"""A real PostgreSQL on loopback: one private cluster, a fresh database for each test.

As root it runs as another user, because PostgreSQL refuses to run as root. It waits for the
disk, because guard refuses a server that does not.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg
import pytest

from tests.servers.dovecot import LIFE, PATIENCE, free_port
from tests.servers.room import room

_SETTINGS = """\
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 64MB
"""

ROLE = "practice"
"""An ordinary role, which owns the databases of records."""

_ROLES = (
    f"CREATE ROLE {ROLE} LOGIN",
    "CREATE ROLE guard_scanner",
    "CREATE ROLE guard_therapist",
    "CREATE ROLE guard_auditor",
    "CREATE ROLE guard_receptionist",
    "CREATE ROLE guard_supervisor",
)


def program(name: str) -> str | None:
    """Where one of PostgreSQL's programs is; Debian keeps them outside the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    return shutil.which(name, path=path)


def insist() -> None:
    """Skip the test without PostgreSQL; with GUARD_REQUIRE_SERVERS=1 fail it."""
    if program("initdb") is None:
        why = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
            pytest.fail(why)
        pytest.skip(why)


class Postgres:
    """One running server. A context manager; makes databases out of nothing."""

    def __init__(self) -> None:
        found, made = program("postgres"), program("initdb")
        assert found is not None
        assert made is not None
        self.folder = Path(tempfile.mkdtemp(dir=room(), prefix="pg-"))
        self.port = free_port()
        self._root = os.geteuid() == 0
        self._account = _account() if self._root else pwd.getpwuid(os.geteuid())
        self._names = itertools.count(1)
        os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        data = self.folder / "data"
        # `trust` is for a cluster that lives for one test session, on loopback.
        words = [made, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        self._run(*words, "--no-locale").communicate()
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
            settings.write(f"port = {self.port}\nunix_socket_directories = '{self.folder}'\n")
        self._words = ("timeout", "--signal=INT", LIFE, found, "-D", data)
        self.start()
        with psycopg.connect(self.url(), connect_timeout=PATIENCE) as db:
            db.execute(";".join(_ROLES).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, again after a crash; what was committed is recovered."""
        self._process = self._run(*self._words)
        self._wait()

    def crash(self) -> None:
        """End it at once, without tidying up, in the middle of whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGQUIT)
        self._process.wait()

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def new_database(self, owner: str = "postgres", place: Path | None = None) -> str:
        """Make an empty database, in a folder of its own if asked; returns where it is."""
        name = f"test{next(self._names)}"
        with psycopg.connect(self.url(), autocommit=True) as db:
            space = ""
            if place is not None:
                os.chown(place, self._account.pw_uid, self._account.pw_gid)
                db.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'".encode())
                space = f"TABLESPACE {name}"
            db.execute(f"CREATE DATABASE {name} OWNER {owner} {space}".encode())
        return self.url(name, owner)

    def _run(self, *words: str | Path) -> "subprocess.Popen[bytes]":
        account = self._account if self._root else None
        with (self.folder / "stderr").open("ab") as stderr:
            return subprocess.Popen(
                words,
                cwd=self.folder,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )

    def _wait(self) -> None:
        for _ in range(PATIENCE * 50):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url(), connect_timeout=PATIENCE).close()
                return
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError((self.folder / "stderr").read_text() or "PostgreSQL did not start")


def _account() -> pwd.struct_passwd:
    """Somebody who is not root."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("there is no user but root")
