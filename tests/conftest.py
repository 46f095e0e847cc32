"""Real servers for every test that asks: Dovecot with a fresh mailbox, a submission server.

Without Dovecot its tests are skipped; with GUARD_REQUIRE_SERVERS=1 they fail instead.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot, MailUser, insist
from tests.servers.postgres import Postgres
from tests.servers.postgres import insist as insist_on_postgres
from tests.servers.room import room
from tests.servers.s3 import s3_server
from tests.servers.smtpd import SmtpSink


def pytest_configure() -> None:
    os.environ.setdefault("TMPDIR", room())
    # pytest has asked already, and the answer is kept.
    tempfile.tempdir = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"dovecot", "postgres"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for the whole session."""
    insist()
    with Dovecot() as server:
        yield server


@pytest.fixture
def mail_user(dovecot: Dovecot) -> MailUser:
    """A fresh, empty mailbox."""
    return dovecot.new_user()


@pytest.fixture
def smtp_sink(tmp_path: Path) -> Iterator[SmtpSink]:
    """A submission server with TLS that keeps what it is given."""
    with SmtpSink(tmp_path) as sink:
        yield sink


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole session."""
    insist_on_postgres()
    with Postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    """A fresh, empty database: where it is."""
    return postgres.new_database()


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 store, one for the whole session."""
    with s3_server() as endpoint:
        yield endpoint
