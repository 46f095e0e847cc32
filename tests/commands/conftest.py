"""A practice on real servers for every test that asks."""

from pathlib import Path

import pytest

from tests.commands.practice import Practice
from tests.servers.dovecot import MailUser
from tests.servers.smtpd import SmtpSink


@pytest.fixture
def practice(tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink) -> Practice:
    """A practice that is set up, with an empty mailbox and no client."""
    return Practice(folder=tmp_path / "practice", user=mail_user, sink=smtp_sink)
