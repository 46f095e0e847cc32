"""Gmail's numbers and labels: what is told is taken, what is strange is left out."""

import pytest

from guard.mail.imap import Mailbox, Server
from tests.servers.scripted import Scripted

GMAIL = "IMAP4rev1 AUTH=PLAIN X-GM-EXT-1"
DATE = b'INTERNALDATE "17-Jul-2026 02:44:25 -0700"'


def numbered(*lines: bytes, capabilities: str = GMAIL) -> dict[int, tuple[int, bool, bool]]:
    answer = b"".join(b"* %d FETCH (%s)\r\n" % one for one in enumerate(lines, start=1))
    script = {"X-GM-MSGID": answer + b"TAG OK done\r\n"}
    with Scripted(capabilities=capabilities, script=dict(script)) as server:
        place = Server(
            host="127.0.0.1", port=server.port, security="plain", user="a", read_timeout=5
        )
        with Mailbox(place, "geheim") as mailbox:
            mailbox.examine("INBOX")
            found = mailbox.numbers([5, 9])
    return {uid: (one.number, one.sent, one.draft) for uid, one in found.items()}


def test_a_number_and_what_the_labels_tell() -> None:
    told = numbered(
        b'UID 5 X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\\\Inbox" "\\\\Sent" Jo) ' + DATE,
        b'UID 9 X-GM-MSGID 7 X-GM-LABELS (\\Draft "M&APw-ll") ' + DATE,
    )

    assert told == {5: (1278455344230334865, True, False), 9: (7, False, True)}


@pytest.mark.parametrize(
    "line",
    [
        b"UID 5 X-GM-MSGID NIL X-GM-LABELS ()",
        b"UID 5 X-GM-MSGID 0 X-GM-LABELS ()",
        b"UID 5 X-GM-MSGID 9223372036854775808 X-GM-LABELS ()",
        b"UID 5 FLAGS (\\Seen)",
        b"UID 77 X-GM-MSGID 7 X-GM-LABELS ()",
    ],
)
def test_what_has_no_usable_number_is_fetched_like_any_mail(line: bytes) -> None:
    assert numbered(line) == {}


def test_labels_that_are_none_make_no_draft() -> None:
    assert numbered(b"UID 5 X-GM-MSGID 7 X-GM-LABELS NIL") == {5: (7, False, False)}


def test_nobody_else_is_asked() -> None:
    assert numbered(b"UID 5 X-GM-MSGID 7", capabilities="IMAP4rev1 AUTH=PLAIN") == {}
