"""The mailbox against a real Dovecot: every byte, no trace, and the errors of a real server."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guard.errors import ConfigError, GuardError, SignInError, UnreachableError
from guard.mail.imap import Mailbox, Server
from guard.mail.shown import Batch
from tests.servers.dovecot import Dovecot, MailUser, free_port

MAIL = b"From: jo@client.example\r\nSubject: hello\r\n\r\nCan we move Tuesday?\r\n"
NOON = datetime(2026, 7, 17, 12, 0, tzinfo=UTC)

MALFORMED = {
    "plain": MAIL,
    "empty": b"",
    "no header": b"\r\n\r\njust text\r\n",
    "no end of line": b"Subject: x\r\n\r\nno end",
    "8-bit": b"Subject: Gr\xfc\xdfe\r\n\r\n\xff\xfe\x80\r\n",
    "UTF-8": "Subject: \u2615\r\n\r\ncaf\u00e9\r\n".encode(),
    "long line": b"Subject: x\r\n\r\n" + b"y" * 100_000 + b"\r\n",
    "looks like IMAP": b"Subject: )\r\n\r\nA1 OK done\r\n* BYE x\r\n* 1 FETCH (UID 1 {5}\r\n)\r\n",
    "bare CR": b"Subject: x\r\n\r\na\rb\r\n",
    "5 MB": b"Subject: x\r\n\r\n" + b"0123456789abcde\r\n" * 300_000,
}


def server(user: MailUser, **changes: object) -> Server:
    known: dict[str, object] = {
        "host": user.host,
        "port": user.port,
        "security": "tls",
        "user": user.name,
        "ca_file": user.ca_file,
        "connect_timeout": 5,
        "read_timeout": 5,
    }
    return Server(**(known | changes))  # type: ignore[arg-type]  # a builder


@pytest.fixture
def mailbox(mail_user: MailUser) -> Iterator[Mailbox]:
    with Mailbox(server(mail_user), mail_user.password) as one:
        yield one


def everything(mailbox: Mailbox, folder: str = "INBOX") -> dict[int, bytes]:
    state = mailbox.examine(folder)
    batches = mailbox.fetch(mailbox.new_uids(0, state.uidnext))
    return {mail.uid: mail.raw[:] for batch in batches for mail in batch.messages}


def failure(act: Callable[[], object], kind: type[GuardError]) -> GuardError:
    with pytest.raises(kind) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_gives_every_byte_as_the_server_has_it(
    mailbox: Mailbox, mail_user: MailUser, raw: bytes
) -> None:
    mail_user.deliver(raw)

    assert everything(mailbox) == {1: raw}


@pytest.mark.parametrize("raw", [b"Subject: x\n\nbare LF\n", b"Subject: x\r\n\r\nN\x00L\r\n"])
def test_gives_what_the_server_makes_of_bytes_that_imap_cannot_carry(
    mailbox: Mailbox, mail_user: MailUser, raw: bytes
) -> None:
    mail_user.deliver(raw)

    assert everything(mailbox) == mail_user.raw_messages()


def test_gives_a_message_of_33_mb_in_parts(mailbox: Mailbox, mail_user: MailUser) -> None:
    raw = b"Subject: big\r\n\r\n" + os.urandom(24_750_000).hex().encode()[:33_000_000] + b"\r\n"
    mail_user.deliver(raw)

    assert everything(mailbox) == {1: raw}


def test_never_marks_anything_as_read(mailbox: Mailbox, mail_user: MailUser) -> None:
    for raw in (MAIL, b"", MALFORMED["8-bit"]):
        mail_user.deliver(raw)

    everything(mailbox)
    mailbox.flag("INBOX", [2])
    everything(mailbox)

    assert mail_user.flags() == {1: set(), 2: {"\\Flagged"}, 3: set()}


def test_tells_when_the_server_took_a_message_in(mailbox: Mailbox, mail_user: MailUser) -> None:
    mail_user.deliver(MAIL, received=NOON)
    mailbox.examine("INBOX")

    (batch,) = mailbox.fetch([1])

    assert batch.messages[0].received == NOON
    assert batch.messages[0].received.tzinfo is UTC


def test_opens_an_empty_folder(mailbox: Mailbox) -> None:
    state = mailbox.examine("INBOX")

    assert (state.uidnext, state.exists, state.sticky) == (1, 0, True)
    assert state.validity > 0
    assert mailbox.new_uids(0, state.uidnext) == []
    assert mailbox.new_uids(0, 0) == []


def test_finds_what_is_new_between_two_bounds(mailbox: Mailbox, mail_user: MailUser) -> None:
    for _ in range(5):
        mail_user.deliver(MAIL)
    mail_user.expunge(3)
    state = mailbox.examine("INBOX")

    assert state.uidnext == 6
    assert mailbox.new_uids(0, state.uidnext) == [1, 2, 4, 5]
    assert mailbox.new_uids(4, state.uidnext) == [5]
    assert mailbox.new_uids(5, state.uidnext) == []
    assert mailbox.new_uids(2, 4) == []
    assert mailbox.new_uids(3, 5) == [4]
    assert mailbox.new_uids(3, 0) == [4, 5]
    assert mailbox.new_uids(5, 0) == []


def test_says_which_messages_were_not_given(mailbox: Mailbox, mail_user: MailUser) -> None:
    for _ in range(3):
        mail_user.deliver(MAIL)
    mailbox.examine("INBOX")
    mail_user.expunge(2)

    batches = list(mailbox.fetch([1, 2, 3, 99]))

    assert [mail.uid for batch in batches for mail in batch.messages] == [1, 3]
    assert [uid for batch in batches for uid in batch.missing] == [2, 99]


def test_batches_by_count_and_by_size_in_order(mailbox: Mailbox, mail_user: MailUser) -> None:
    for size in (10, 10, 10, 900, 10, 200, 10):
        mail_user.deliver(b"x" * (size - 2) + b"\r\n")
    mailbox.examine("INBOX")

    batches = mailbox.fetch([1, 2, 3, 4, 5, 6, 7], max_bytes=210, max_count=2)

    assert [[mail.uid for mail in one.messages] for one in batches] == [
        [1, 2],
        [3],
        [4],
        [5, 6],
        [7],
    ]


def test_another_folder_may_be_opened_between_two_batches(
    mailbox: Mailbox, mail_user: MailUser
) -> None:
    for _ in range(2):
        mail_user.deliver(MAIL)
    mail_user.deliver(b"Subject: sent\r\n\r\n", "Sent")
    mailbox.examine("INBOX")
    seen: list[Batch] = []

    for batch in mailbox.fetch([1, 2], max_count=1):
        seen.append(batch)
        mailbox.examine("Sent")

    assert [mail.raw for batch in seen for mail in batch.messages] == [MAIL, MAIL]


def test_sees_a_new_uidvalidity(mailbox: Mailbox, mail_user: MailUser) -> None:
    mail_user.command("CREATE", "Old")
    before = mailbox.examine("Old").validity
    mailbox.examine("INBOX")
    mail_user.command("DELETE", "Old")
    mail_user.command("CREATE", "Old")

    assert mailbox.examine("Old").validity != before


def test_does_not_flag_in_a_folder_that_was_rebuilt(mailbox: Mailbox, mail_user: MailUser) -> None:
    mail_user.deliver(MAIL, "Old")
    mailbox.examine("Old")
    mail_user.command("DELETE", "Old")
    mail_user.deliver(MAIL, "Old")

    failure(lambda: mailbox.flag("Old", [1]), UnreachableError)

    assert mail_user.flags("Old") == {1: set()}


def test_flags_and_leaves_the_open_folder_open(mailbox: Mailbox, mail_user: MailUser) -> None:
    mail_user.deliver(MAIL)
    mail_user.deliver(MAIL, "Junk")
    mailbox.examine("INBOX")

    mailbox.flag("Junk", [1])

    assert [len(batch.messages) for batch in mailbox.fetch([1])] == [1]
    assert mail_user.flags("Junk") == {1: {"\\Flagged"}}
    assert mail_user.flags("INBOX") == {1: set()}


@pytest.mark.parametrize("seen", [True, False])
def test_puts_a_copy_into_a_folder(mailbox: Mailbox, mail_user: MailUser, *, seen: bool) -> None:
    mailbox.append("Sent", MALFORMED["8-bit"], seen=seen)

    assert mail_user.raw_messages("Sent") == {1: MALFORMED["8-bit"]}
    assert mail_user.flags("Sent") == {1: {"\\Seen"} if seen else set()}


def test_finds_sent_and_junk_by_attribute_and_by_name(
    mailbox: Mailbox, mail_user: MailUser
) -> None:
    for name in ("Gesendete Elemente", "&AMk-l&AOk-ments envoy&AOk-s", "Notes/Sent"):
        mail_user.command("CREATE", f'"{name}"')

    sent = mailbox.folders("sent")

    assert sent[0] == "Sent"
    assert set(sent) == {"Sent", "Gesendete Elemente", "\u00c9l\u00e9ments envoy\u00e9s"}
    assert mailbox.folders("junk") == ("Junk",)
    assert set(mailbox.names()) >= {"INBOX", "Notes/Sent"}


@pytest.mark.parametrize("folder", ["Umz\u00fcge & \u2615", 'a "quoted" \\ one', "inbox", "x/y"])
def test_opens_a_folder_of_any_name(mailbox: Mailbox, mail_user: MailUser, folder: str) -> None:
    mail_user.deliver(MAIL, "INBOX" if folder == "inbox" else folder)

    assert everything(mailbox, folder) == {1: MAIL}


@pytest.mark.parametrize("act", [Mailbox.examine, lambda box, name: box.append(name, MAIL)])
def test_a_missing_folder_is_a_config_error_that_names_no_other(
    mailbox: Mailbox, mail_user: MailUser, act: Callable[[Mailbox, str], object]
) -> None:
    mail_user.command("CREATE", '"Jane Smith"')

    problem = failure(lambda: act(mailbox, "Sentt"), ConfigError)

    assert "Sentt" in str(problem)
    assert "6 folders" in problem.hint
    assert "Jane" not in f"{problem} {problem.hint}"
    assert mailbox.examine("INBOX").exists == 0


@pytest.mark.parametrize("folder", ["", "a\r\nA1 DELETE INBOX", "a\x00"])
def test_refuses_a_folder_name_that_could_hold_a_command(mailbox: Mailbox, folder: str) -> None:
    failure(lambda: mailbox.examine(folder), ConfigError)


def test_signs_in_after_starttls(mail_user: MailUser) -> None:
    there = server(mail_user, port=mail_user.starttls_port, security="starttls")

    with Mailbox(there, mail_user.password) as mailbox:
        assert mailbox.examine("INBOX").exists == 0


def test_signs_in_in_plain_text_on_this_machine(mail_user: MailUser) -> None:
    there = server(mail_user, port=mail_user.starttls_port, security="plain")

    with Mailbox(there, mail_user.password) as mailbox:
        assert mailbox.examine("INBOX").exists == 0


def test_plain_text_never_leaves_this_machine(mail_user: MailUser) -> None:
    there = server(mail_user, host="imap.practice.example", security="plain")

    failure(lambda: Mailbox(there, "x"), ConfigError)


@pytest.mark.parametrize("password", ["wrong", "f\u00e4lsch \u2615", ""])
def test_a_wrong_password_is_a_sign_in_error(mail_user: MailUser, password: str) -> None:
    problem = failure(lambda: Mailbox(server(mail_user), password), SignInError)

    assert mail_user.name not in str(problem)


def test_a_control_character_in_the_password_is_a_config_error(mail_user: MailUser) -> None:
    failure(lambda: Mailbox(server(mail_user), "a\r\nb"), ConfigError)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_ca_is_a_config_error_with_a_way_out(
    mail_user: MailUser, security: str
) -> None:
    port = mail_user.port if security == "tls" else mail_user.starttls_port
    there = server(mail_user, port=port, security=security, ca_file=None)

    problem = failure(lambda: Mailbox(there, mail_user.password), ConfigError)

    assert "trusts" in str(problem)
    assert "ca_file" in problem.hint


def test_a_ca_file_that_is_none_is_a_config_error(mail_user: MailUser, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"

    failure(lambda: Mailbox(server(mail_user, ca_file=file), "x"), ConfigError)
    file.write_text("no certificate")
    failure(lambda: Mailbox(server(mail_user, ca_file=file), "x"), ConfigError)


def test_tls_to_a_port_without_it_is_a_config_error(mail_user: MailUser) -> None:
    problem = failure(
        lambda: Mailbox(server(mail_user, port=mail_user.starttls_port), "x"), ConfigError
    )

    assert "starttls" in problem.hint


def test_nobody_at_the_port_is_a_matter_for_later(mail_user: MailUser) -> None:
    failure(lambda: Mailbox(server(mail_user, port=free_port()), "x"), UnreachableError)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example", "b..example"])
def test_a_host_that_is_not_found_is_a_matter_for_later(mail_user: MailUser, host: str) -> None:
    problem = failure(lambda: Mailbox(server(mail_user, host=host), "x"), UnreachableError)

    assert "not found" in str(problem)


def test_a_closed_mailbox_says_so(mail_user: MailUser) -> None:
    with Mailbox(server(mail_user), mail_user.password) as mailbox:
        mailbox.examine("INBOX")

    failure(lambda: mailbox.examine("INBOX"), UnreachableError)


def test_nothing_is_fetched_before_a_folder_is_open(mailbox: Mailbox) -> None:
    failure(lambda: list(mailbox.fetch([1])), UnreachableError)


def test_dovecot_stores_no_copy_of_what_is_sent(mailbox: Mailbox) -> None:
    assert not mailbox.stores_sent
    assert "UIDPLUS" in mailbox.capabilities


def test_the_fixture_leaves_no_complaint_in_the_log(mailbox: Mailbox, dovecot: Dovecot) -> None:
    mailbox.examine("INBOX")

    assert "Panic" not in dovecot.log()
