"""A practice on real servers for every test that asks."""

from pathlib import Path

import pytest

from tests.commands.home import Home
from tests.commands.practice import Practice
from tests.servers.dovecot import MailUser
from tests.servers.smtpd import SmtpSink


@pytest.fixture
def practice(tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink) -> Practice:
    """A practice that is set up, with an empty mailbox and no client."""
    return Practice(folder=tmp_path / "practice", user=mail_user, sink=smtp_sink)


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A set-up without servers, made once; copy it, never change it."""
    return Home.make(tmp_path_factory.mktemp("home"))


@pytest.fixture
def home(made_home: Home, tmp_path: Path) -> Home:
    """A set-up without servers of one's own."""
    return made_home.copy(tmp_path / "home")
