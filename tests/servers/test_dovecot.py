"""The Dovecot that the other tests rely on."""

import pytest

from tests.servers.dovecot import MailUser

MAIL = b"Subject: hello\r\n\r\nbody \xe4\r\n"


@pytest.mark.parametrize("folder", ["INBOX", "Sent", "Müll & mehr"])
def test_shows_what_was_delivered(mail_user: MailUser, folder: str) -> None:
    mail_user.deliver(MAIL, folder)

    assert mail_user.raw_messages(folder) == {1: MAIL}


def test_every_user_starts_empty(mail_user: MailUser) -> None:
    assert mail_user.raw_messages() == {}
