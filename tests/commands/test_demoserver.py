"""The demo's servers, asked by the clients that guard uses: IMAPClient and smtplib over TLS."""

import imaplib
import smtplib
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from guard.commands.demomail import letters
from guard.commands.demoserver import DemoServers, Received

DEMO = Path(__file__).parents[2] / "data" / "demo"
NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
LETTERS = letters(DEMO)
NOTE = b"Subject: hello\r\n\r\nGood morning.\r\n"


@pytest.fixture
def servers() -> Iterator[DemoServers]:
    with DemoServers() as started:
        yield started


@pytest.fixture
def imap(servers: DemoServers) -> Iterator[IMAPClient]:
    with _imap(servers) as client:
        client.login(servers.user, servers.password)
        client.normalise_times = False
        yield client


@pytest.fixture
def smtp(servers: DemoServers) -> Iterator[smtplib.SMTP_SSL]:
    trust = _trust(servers)
    with smtplib.SMTP_SSL("localhost", servers.smtp_port, context=trust, timeout=10) as client:
        yield client


def _trust(servers: DemoServers) -> ssl.SSLContext:
    trust = ssl.create_default_context(cafile=str(servers.ca_file))
    # What later releases of Python ask for by default.
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    return trust


def _imap(servers: DemoServers) -> IMAPClient:
    return IMAPClient("localhost", port=servers.imap_port, ssl_context=_trust(servers), timeout=10)


def test_the_mailbox_names_its_sent_and_junk_folders_by_their_use(imap: IMAPClient) -> None:
    uses = {name: set(flags) - {b"\\HasNoChildren"} for flags, _, name in imap.list_folders()}

    assert imap.has_capability("SPECIAL-USE")
    assert uses == {
        "INBOX": set(),
        "Sent": {b"\\Sent"},
        "Drafts": {b"\\Drafts"},
        "Junk": {b"\\Junk"},
        "Trash": {b"\\Trash"},
        "Archive": {b"\\Archive"},
    }


def test_every_letter_comes_back_byte_for_byte_and_unread(
    servers: DemoServers, imap: IMAPClient
) -> None:
    for letter in LETTERS:
        servers.deliver(letter.raw, "INBOX", NOON - letter.age)

    state = imap.select_folder("INBOX", readonly=True)
    uids = imap.search()
    mails = imap.fetch(uids, ["BODY.PEEK[]", "INTERNALDATE", "RFC822.SIZE"])

    assert state[b"EXISTS"] == len(LETTERS)
    assert [mails[uid][b"BODY[]"] for uid in uids] == [letter.raw for letter in LETTERS]
    assert [mails[uid][b"RFC822.SIZE"] for uid in uids] == [len(row.raw) for row in LETTERS]
    assert [mails[uid][b"INTERNALDATE"] for uid in uids] == [NOON - row.age for row in LETTERS]
    assert all(b"\\Seen" not in flags for flags in imap.get_flags(uids).values())


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b"X: \xff\xfe\r\n\r\n\xe9\r\n", b"bare\nlines\n\nonly\n", b"no header at all"],
    ids=["nothing", "a line end", "eight bits", "bare line feeds", "no header"],
)
def test_a_broken_mail_comes_back_byte_for_byte(
    servers: DemoServers, imap: IMAPClient, raw: bytes
) -> None:
    servers.deliver(raw, "Junk", NOON)

    imap.select_folder("Junk", readonly=True)
    uids = imap.search()

    assert imap.fetch(uids, ["BODY.PEEK[]"])[uids[0]][b"BODY[]"] == raw


def test_a_flag_and_a_keyword_are_kept_for_the_next_session(
    servers: DemoServers, imap: IMAPClient
) -> None:
    servers.deliver(NOTE, "INBOX", NOON)
    imap.select_folder("INBOX")
    uids = imap.search()

    imap.add_flags(uids, [b"\\Flagged", b"$Guard"])

    with _imap(servers) as other:
        other.login(servers.user, servers.password)
        other.select_folder("INBOX", readonly=True)
        assert {b"\\Flagged", b"$Guard"} <= set(other.get_flags(uids)[uids[0]])


def test_a_mail_can_be_put_into_the_sent_folder(imap: IMAPClient) -> None:
    imap.append("Sent", NOTE, flags=[b"\\Seen"])

    imap.select_folder("Sent", readonly=True)
    uids = imap.search()

    assert imap.fetch(uids, ["BODY.PEEK[]"])[uids[0]][b"BODY[]"] == NOTE


def test_mail_delivered_later_gets_higher_numbers(servers: DemoServers, imap: IMAPClient) -> None:
    servers.deliver(NOTE, "INBOX", NOON)
    first = imap.select_folder("INBOX", readonly=True)[b"UIDNEXT"]

    servers.deliver(NOTE, "INBOX", NOON - timedelta(days=1))

    assert imap.select_folder("INBOX", readonly=True)[b"UIDNEXT"] == first + 1
    assert imap.search() == [first - 1, first]


def test_there_is_no_delivery_to_a_folder_that_is_not_there(servers: DemoServers) -> None:
    with pytest.raises(KeyError):
        servers.deliver(NOTE, "Attic", NOON)


def test_a_wrong_password_opens_nothing(servers: DemoServers, smtp: smtplib.SMTP_SSL) -> None:
    with _imap(servers) as client, pytest.raises(LoginError):
        client.login(servers.user, "wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(servers.user, "wrong")


def test_a_client_that_does_not_trust_the_certificate_is_not_served(servers: DemoServers) -> None:
    stranger = ssl.create_default_context()

    with pytest.raises(ssl.SSLCertVerificationError):
        imaplib.IMAP4_SSL("localhost", servers.imap_port, ssl_context=stranger, timeout=10)


def test_a_mail_handed_over_is_kept_with_its_envelope(
    servers: DemoServers, smtp: smtplib.SMTP_SSL
) -> None:
    raw = b"Subject: a dot\r\n\r\n.begins this line\r\n"
    smtp.login(servers.user, servers.password)

    smtp.sendmail("", ["tom.ashdown@fastpost.example"], raw)

    assert servers.sent == [
        Received(mail_from="", rcpt=("tom.ashdown@fastpost.example",), raw=raw)
    ]


def test_nobody_sends_without_signing_in(servers: DemoServers, smtp: smtplib.SMTP_SSL) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused):
        smtp.sendmail(servers.user, ["tom.ashdown@fastpost.example"], NOTE)

    assert servers.sent == []


def test_it_stops_though_clients_are_still_there_and_leaves_no_file() -> None:
    with DemoServers() as servers:
        client = _imap(servers)
        folder = servers.ca_file.parent
        kept = [path.name for path in folder.iterdir()]

    assert kept == ["ca.pem"]
    assert not folder.exists()
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        client.noop()
    client.shutdown()


def test_it_starts_and_stops_without_a_warning() -> None:
    with warnings.catch_warnings(record=True) as caught, DemoServers():
        warnings.simplefilter("always")

    assert caught == []


@pytest.mark.parametrize("package", ["pymap", "aiosmtpd"])
def test_a_missing_extra_is_named_with_the_line_that_installs_it(package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from guard.errors import ConfigError\n"
        "try:\n"
        "    import guard.commands.demoserver\n"
        "except ConfigError as error:\n"
        "    print(error.hint, end='')\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "Run: pip install 'guard[demo]'"
