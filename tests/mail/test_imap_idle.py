"""A server tells of new mail at once; one that cannot, will not or goes away harms nothing."""

from queue import SimpleQueue

import pytest

from guard.errors import UnreachableError
from guard.mail.imap import Mailbox, Server
from tests.servers.dovecot import MailUser
from tests.servers.scripted import CLOSE, STALL, Scripted

PATIENCE_S = 10
SMALL = "IMAP4rev1 AUTH=PLAIN IDLE"


def listened(server: Scripted) -> list[str]:
    """What is told of one IDLE until the line ends, by the server or after a moment."""
    told: SimpleQueue[str] = SimpleQueue()
    place = Server(host="127.0.0.1", port=server.port, security="plain", user="a", read_timeout=5)
    heard: list[str] = []
    with Mailbox(place, "geheim") as mailbox:
        mailbox.examine("INBOX")
        with mailbox.idle(lambda: told.put("came"), lambda: told.put("lost")):
            while "lost" not in heard:
                heard.append(told.get(timeout=PATIENCE_S))
    return heard


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (b"+ idling\r\n* 3 EXISTS\r\n* 1 RECENT\r\n* 4 exists\r\n", ["came", "came", "lost"]),
        (b"* 3 EXISTS\r\n+ idling\r\n", ["came", "lost"]),
        (b"+ idling\r\n* OK Still here\r\n* 2 EXPUNGE\r\n* 1 FETCH (FLAGS ())\r\n", ["lost"]),
        (b"+ idling\r\n* BYE going\r\n", ["lost"]),
        (b"+ idling\r\n" + b"x" * 2_000_000 + b"\r\n", ["lost"]),
        (b"+\r\n", ["lost"]),
    ],
)
def test_only_new_mail_is_told_and_the_end_of_the_line(answer: bytes, heard: list[str]) -> None:
    with Scripted(capabilities=SMALL, script={"IDLE": answer + CLOSE}) as server:
        assert listened(server) == heard


@pytest.mark.parametrize("answer", [CLOSE, b"* BYE no\r\n" + CLOSE, b"rubbish\r\n" + CLOSE])
def test_a_line_lost_before_it_waits_is_a_matter_for_later(answer: bytes) -> None:
    with (
        Scripted(capabilities=SMALL, script={"IDLE": answer}) as server,
        pytest.raises(UnreachableError),
    ):
        listened(server)


@pytest.mark.parametrize(
    ("capabilities", "answer"),
    [
        ("IMAP4rev1 AUTH=PLAIN", b"TAG BAD what\r\n"),
        (SMALL, b"TAG NO not now\r\n"),
        (SMALL, b"* 1 RECENT\r\n" * 200),
    ],
)
def test_where_the_server_will_not_nothing_is_told(capabilities: str, answer: bytes) -> None:
    told: SimpleQueue[str] = SimpleQueue()
    with Scripted(capabilities=capabilities, script={"IDLE": answer}) as server:
        place = Server(
            host="127.0.0.1", port=server.port, security="plain", user="a", read_timeout=5
        )
        with Mailbox(place, "geheim") as mailbox:
            mailbox.examine("INBOX")
            with mailbox.idle(lambda: told.put("came"), lambda: told.put("lost")):
                pass
    assert told.empty()


def test_leaving_a_line_that_is_silent_takes_no_time_and_tells_nothing() -> None:
    told: SimpleQueue[str] = SimpleQueue()
    with Scripted(capabilities=SMALL, script={"IDLE": b"+ idling\r\n" + STALL}) as server:
        place = Server(host="127.0.0.1", port=server.port, security="plain", user="a")
        with Mailbox(place, "geheim") as mailbox:
            mailbox.examine("INBOX")
            with mailbox.idle(lambda: told.put("came"), lambda: told.put("lost")):
                pass
    assert told.empty()


def test_dovecot_tells_of_a_delivery_over_tls(mail_user: MailUser) -> None:
    told: SimpleQueue[str] = SimpleQueue()
    place = Server(
        host="localhost",
        port=mail_user.port,
        security="tls",
        user=mail_user.name,
        ca_file=mail_user.ca_file,
    )
    with Mailbox(place, mail_user.password) as mailbox:
        mailbox.examine("INBOX")
        with mailbox.idle(lambda: told.put("came"), lambda: told.put("lost")):
            mail_user.deliver(b"Subject: x\r\n\r\n")

            assert told.get(timeout=PATIENCE_S) == "came"
