"""Access tokens at real servers: both mechanisms, in IMAP and in SMTP, taken and refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.errors import SignInError
from guard.mail.bearer import shown
from guard.mail.imap import Mailbox, Server
from guard.reply.smtp import Outbox, SmtpServer
from tests.servers.dovecot import Dovecot, insist
from tests.servers.provider import SignInServer
from tests.servers.smtpd import SmtpSink


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInServer]:
    """Knows whose an access token is."""
    with SignInServer(tmp_path_factory.mktemp("provider")) as server:
        yield server


@pytest.fixture(scope="module", params=["xoauth2 oauthbearer", "xoauth2", "oauthbearer"])
def dovecot(request: pytest.FixtureRequest, provider: SignInServer) -> Iterator[Dovecot]:
    """A Dovecot that takes tokens, one after the other in each way."""
    insist()
    where = provider.url.replace("localhost", "127.0.0.1")
    with Dovecot(sign_in=where, mechanisms=request.param) as server:
        yield server


def server(dovecot: Dovecot, user: str) -> Server:
    return Server(
        host="127.0.0.1", port=dovecot.port, security="tls", user=user, ca_file=dovecot.ca_file
    )


def test_a_token_opens_the_mailbox(dovecot: Dovecot, provider: SignInServer) -> None:
    provider.user = dovecot.new_user().name
    token = provider.grant()["access_token"]

    with Mailbox(server(dovecot, provider.user), token, oauth=True) as mailbox:
        assert "INBOX" in mailbox.names()


def test_an_ended_token_is_a_sign_in_error(dovecot: Dovecot, provider: SignInServer) -> None:
    provider.user = dovecot.new_user().name

    with pytest.raises(SignInError) as caught:
        Mailbox(server(dovecot, provider.user), "ended", oauth=True)

    assert "guard login" in caught.value.hint


def test_the_token_of_another_mailbox_is_a_sign_in_error(
    dovecot: Dovecot, provider: SignInServer
) -> None:
    provider.user = "somebody.else@example.test"
    token = provider.grant()["access_token"]

    with pytest.raises(SignInError):
        Mailbox(server(dovecot, dovecot.new_user().name), token, oauth=True)


def outbox(sink: SmtpSink, token: str) -> Outbox:
    where = SmtpServer(
        host=sink.host, port=sink.port, security="tls", user=sink.user, ca_file=sink.ca_file
    )
    return Outbox(where, token, oauth=True)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_lets_letters_out(tmp_path: Path, mechanism: str) -> None:
    with (
        SmtpSink(tmp_path, tokens={"good"}, offers=mechanism) as sink,
        outbox(sink, "good") as sending,
    ):
        sending.send(b"Subject: x\r\n\r\ny\r\n", envelope_from="", to="leo@inkwell.example")

    assert len(sink.received) == 1


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_that_is_refused_hears_the_server_out(tmp_path: Path, mechanism: str) -> None:
    with (
        SmtpSink(tmp_path, tokens={"good"}, offers=mechanism) as sink,
        outbox(sink, "ended") as sending,
        pytest.raises(SignInError) as caught,
    ):
        sending.check()

    assert "535 5.7.3" in str(caught.value)


def test_both_ways_to_the_letter() -> None:
    google = shown("u@x.example", "t", host="h", port=993, offered={"XOAUTH2", "OAUTHBEARER"})
    other = shown("a,b=c", "t", host="h", port=993, offered={"OAUTHBEARER"})

    assert (google.mechanism, google.first, google.second) == (
        "XOAUTH2",
        "user=u@x.example\1auth=Bearer t\1\1",
        "",
    )
    assert (other.mechanism, other.first, other.second) == (
        "OAUTHBEARER",
        "n,a=a=2Cb=3Dc,\1host=h\1port=993\1auth=Bearer t\1\1",
        "\1",
    )
