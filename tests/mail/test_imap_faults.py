"""The mailbox against a server that breaks: nothing is lost, misread or told about a mail."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guard.errors import ConfigError, GuardError, SignInError, UnreachableError
from guard.mail.imap import Mailbox, Server
from guard.mail.shown import Batch
from tests.servers.certificates import Authority
from tests.servers.scripted import CLOSE, DRIP, STALL, Scripted, body, sized

SECRET = b"Subject: my husband\r\n\r\nI told jo@client.example everything\r\n"
OTHER = b"Subject: other\r\n\r\nTuesday?\r\n"


def at(server: Scripted, **changes: object) -> Server:
    known: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "plain",
        "user": "andrea@practice.example",
        "connect_timeout": 5,
        "read_timeout": 5,
    }
    return Server(**(known | changes))  # type: ignore[arg-type]  # a builder


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted(mails={5: SECRET, 9: OTHER}) as one:
        yield one


@pytest.fixture
def mailbox(server: Scripted) -> Iterator[Mailbox]:
    with Mailbox(at(server), "geheim") as one:
        one.examine("INBOX")
        yield one


def failure(act: Callable[[], object], kind: type[GuardError]) -> GuardError:
    with pytest.raises(kind) as caught:
        act()
    # A private subclass may stand for UnreachableError, but no other branch may.
    assert isinstance(caught.value, kind)
    assert caught.value.__cause__ is None
    shown = f"{caught.value} {caught.value.hint}"
    for secret in ("husband", "told", "@", "geheim", "Tuesday"):
        assert secret not in shown
    assert shown.isascii()
    assert shown.isprintable()
    return caught.value


def given(batches: Iterator[Batch]) -> tuple[dict[int, bytes], list[int]]:
    found = list(batches)
    messages = {mail.uid: mail.raw[:] for one in found for mail in one.messages}
    return messages, [uid for one in found for uid in one.missing]


def test_the_scripted_server_serves(mailbox: Mailbox) -> None:
    assert mailbox.new_uids(0, 1000) == [5, 9]
    assert given(mailbox.fetch([5, 9])) == ({5: SECRET, 9: OTHER}, [])


BREAKS = {
    "drop mid-literal": b"* 1 FETCH (UID 5 BODY[] {500}\r\nSubject: my husband" + CLOSE,
    "drop at once": CLOSE,
    "drop after one": body(5, SECRET) + CLOSE,
    "literal too short": b"* 1 FETCH (UID 5 BODY[] {9}\r\n" + SECRET + b")\r\nTAG OK done\r\n",
    "literal too long": b"* 1 FETCH (UID 5 BODY[] {90}\r\n" + SECRET + b")\r\nTAG OK\r\n" + CLOSE,
    "huge literal": b"* 1 FETCH (UID 5 BODY[] {20000000000}\r\nSubject: my husband" + CLOSE,
    "absurd literal": b"* 1 FETCH (UID 5 BODY[] {99999999999999999999}\r\nhusband" + CLOSE,
    "giant line": b"* 1 FETCH (UID 5 X " + b"husband " * 200_000 + b")\r\nTAG OK done\r\n",
    "garbage": b"husband told @\r\n",
    "uneven": b"* 1 FETCH (UID 5 husband)\r\nTAG OK done\r\n",
    "parentheses": b"* 1 FETCH (UID 5 " + b"(" * 5000 + b")\r\nTAG OK done\r\n",
    "unclosed": b'* 1 FETCH (UID 5 "husband\r\nTAG OK done\r\n',
    "UID is no number": b"* 1 FETCH (UID husband BODY[] {0}\r\n)\r\nTAG OK done\r\n",
    "other tag": b"XXXX1 OK husband\r\n",
    "BYE": b"* BYE husband told\r\n" + CLOSE,
    "BYE in the middle": body(5, SECRET) + b"* BYE Session expired\r\n" + CLOSE,
    "quota": b"* BYE [OVERQUOTA] Account exceeded command or bandwidth limits\r\n" + CLOSE,
}


@pytest.mark.parametrize("answer", BREAKS.values(), ids=BREAKS)
def test_a_broken_answer_ends_the_connection_and_gives_no_message(
    mailbox: Mailbox, server: Scripted, answer: bytes
) -> None:
    server.script["BODY.PEEK"] = answer

    failure(lambda: list(mailbox.fetch([5, 9])), UnreachableError)

    heard = len(server.heard)
    failure(lambda: mailbox.examine("INBOX"), UnreachableError)
    assert len(server.heard) == heard


def test_says_that_the_server_hung_up(mailbox: Mailbox, server: Scripted) -> None:
    server.script["BODY.PEEK"] = BREAKS["drop mid-literal"]

    assert "hung up" in str(failure(lambda: list(mailbox.fetch([5])), UnreachableError))


def test_says_that_the_quota_is_used_up(mailbox: Mailbox, server: Scripted) -> None:
    server.script["BODY.PEEK"] = BREAKS["quota"]

    assert "(OVERQUOTA)" in str(failure(lambda: list(mailbox.fetch([5])), UnreachableError))


@pytest.mark.parametrize("command", ["EXAMINE", "SEARCH", "RFC822.SIZE", "BODY.PEEK", "STORE"])
@pytest.mark.parametrize("answer", [CLOSE, b"* BYE\r\n" + CLOSE, b"rubbish \xff\r\n", STALL])
def test_a_break_at_any_command_is_a_matter_for_later(
    server: Scripted, command: str, answer: bytes
) -> None:
    with Mailbox(at(server, read_timeout=0.2), "geheim") as mailbox:
        server.script[command] = answer

        failure(lambda: walk(mailbox), UnreachableError)


def walk(mailbox: Mailbox) -> None:
    state = mailbox.examine("INBOX")
    for _ in mailbox.fetch(mailbox.new_uids(0, state.uidnext)):
        continue
    mailbox.flag("INBOX", [5])


WITHHELD = {
    "OK and nothing": b"TAG OK done\r\n",
    "NIL": b"* 1 FETCH (UID 5 BODY[] NIL)\r\nTAG OK done\r\n",
    "only flags": b"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\nTAG OK done\r\n",
    "empty": b"* 1 FETCH (UID 5 BODY[] {0}\r\n)\r\nTAG OK done\r\n",
    "a number": b"* 1 FETCH (UID 5 BODY[] 17)\r\nTAG OK done\r\n",
    "somebody else's": body(77, b"husband"),
    "no": b"TAG NO [SERVERBUG] cannot read husband told jo@client.example\r\n",
    "bad": b"TAG BAD husband\r\n",
}


@pytest.mark.parametrize("answer", WITHHELD.values(), ids=WITHHELD)
def test_a_message_that_is_withheld_is_missing_and_stops_nothing(
    mailbox: Mailbox, server: Scripted, answer: bytes
) -> None:
    reply = answer if b"TAG" in answer else answer + b"TAG OK done\r\n"
    server.script["FETCH 5 (BODY.PEEK"] = reply

    assert given(mailbox.fetch([5])) == ({}, [5])
    assert given(mailbox.fetch([9])) == ({9: OTHER}, [])


def test_one_bad_message_does_not_hide_the_others(mailbox: Mailbox, server: Scripted) -> None:
    server.script |= {"FETCH 5,9 (BODY": b"TAG NO bad\r\n", "FETCH 5 (BODY": b"TAG NO bad\r\n"}

    assert given(mailbox.fetch([5, 9])) == ({9: OTHER}, [5])


def test_a_server_that_refuses_all_is_asked_again_later(
    mailbox: Mailbox, server: Scripted
) -> None:
    server.script["BODY.PEEK"] = b"TAG NO cannot\r\n"

    failure(lambda: list(mailbox.fetch([5, 9])), UnreachableError)


@pytest.mark.parametrize("uids", [[5], [5, 9]])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"TAG NO Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n", "93 sec"),
        (b"TAG BAD Request is throttled. Suggested Backoff Time: 1 milliseconds\r\n", "1 sec"),
        (b"TAG NO [UNAVAILABLE] try again later\r\n", "UNAVAILABLE"),
        (b"TAG BAD User is authenticated but not connected.\r\n", "does not open"),
    ],
)
def test_a_server_that_asks_us_to_wait_is_obeyed_at_once(
    mailbox: Mailbox, server: Scripted, uids: list[int], answer: bytes, words: str
) -> None:
    server.script["BODY.PEEK"] = answer

    problem = failure(lambda: list(mailbox.fetch(uids)), UnreachableError)

    assert words in str(problem)
    assert sum("BODY.PEEK" in line for line in server.heard) == 1


def test_unasked_news_of_other_messages_is_not_taken_for_mail(
    mailbox: Mailbox, server: Scripted
) -> None:
    news = b"* 2 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n* 1 FETCH (UID 77 FLAGS ())\r\n"
    late = b"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n"
    server.script["BODY.PEEK"] = news + body(5, SECRET) + late + b"TAG OK done\r\n"

    assert given(mailbox.fetch([5, 9])) == ({5: SECRET}, [9])


def test_an_answer_in_two_pieces_is_put_together(mailbox: Mailbox, server: Scripted) -> None:
    date = b'* 1 FETCH (UID 5 INTERNALDATE "17-Jul-2026 02:44:25 -0700")\r\n'
    size = b"* 1 FETCH (UID 5 RFC822.SIZE %d)\r\n" % len(SECRET)
    server.script["RFC822.SIZE"] = date + size + b"TAG OK done\r\n"

    (batch,) = mailbox.fetch([5])

    assert batch.messages[0].received == datetime(2026, 7, 17, 9, 44, 25, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", 'INTERNALDATE "husband"', "INTERNALDATE NIL"])
def test_without_a_date_a_message_is_so_old_that_it_is_never_answered(
    mailbox: Mailbox, server: Scripted, date: str
) -> None:
    line = f"* 1 FETCH (UID 5 RFC822.SIZE 9 {date})\r\nTAG OK done\r\n"
    server.script["RFC822.SIZE"] = line.encode()

    (batch,) = mailbox.fetch([5])

    assert batch.messages[0].received == datetime(1970, 1, 1, tzinfo=UTC)
    assert batch.messages[0].raw == SECRET


@pytest.mark.parametrize("size", [0, 1, len(SECRET), 3 * len(SECRET)])
def test_a_wrong_size_loses_nothing(mailbox: Mailbox, server: Scripted, size: int) -> None:
    server.script["RFC822.SIZE"] = sized(5, size) + b"TAG OK done\r\n"

    assert given(mailbox.fetch([5])) == ({5: SECRET}, [])


def test_room_is_made_before_a_huge_message_and_only_then(
    mailbox: Mailbox, server: Scripted
) -> None:
    server.script["RFC822.SIZE"] = sized(5, 100) + sized(9, 40_000_000, 2) + b"TAG OK done\r\n"
    heard: list[int] = []

    found = given(mailbox.fetch([5, 9], before_huge=lambda: heard.append(len(server.heard))))

    assert found == ({5: SECRET, 9: OTHER}, [])
    assert ["UID FETCH 9" in server.heard[at] for at in heard] == [True]


def test_a_message_of_unknown_size_is_fetched_in_parts(mailbox: Mailbox, server: Scripted) -> None:
    server.script["RFC822.SIZE"] = b"TAG OK done\r\n"

    assert given(mailbox.fetch([5, 9])) == ({5: SECRET, 9: OTHER}, [])
    assert sum("<0.8000000>" in line for line in server.heard) == 2


def test_a_message_that_would_fill_the_memory_is_left_for_a_person(
    mailbox: Mailbox, server: Scripted
) -> None:
    server.script["RFC822.SIZE"] = sized(5, 600_000_000) + sized(9, 30, 2) + b"TAG OK done\r\n"

    assert given(mailbox.fetch([5, 9])) == ({9: OTHER}, [5])


@pytest.mark.parametrize(
    "raw", [b"A: b\n\nbare\n", b"N\x00L\r\n", b"\xff" * 99, b")\r\nA1 OK\r\n"]
)
def test_gives_bytes_that_no_server_should_send_as_they_are(raw: bytes) -> None:
    with Scripted(mails={5: raw}) as server, Mailbox(at(server), "geheim") as mailbox:
        mailbox.examine("INBOX")

        assert given(mailbox.fetch([5])) == ({5: raw}, [])


@pytest.mark.parametrize("validity", ["", "[UIDVALIDITY 0]"])
def test_without_uidvalidity_uids_do_not_last(validity: str) -> None:
    with Scripted(validity=validity) as server, Mailbox(at(server), "geheim") as mailbox:
        state = mailbox.examine("INBOX")

    assert (state.validity, state.sticky) == (0, False)


def test_uids_that_do_not_stick_are_told() -> None:
    both = "[UIDNOTSTICKY] .\r\n* OK [UIDVALIDITY 7]"
    with Scripted(validity=both) as server, Mailbox(at(server), "geheim") as mailbox:
        state = mailbox.examine("INBOX")

    assert (state.validity, state.sticky) == (7, False)


def test_without_uidnext_everything_is_searched() -> None:
    with (
        Scripted(mails={5: SECRET, 9: OTHER}, uidnext="") as server,
        Mailbox(at(server), "geheim") as mailbox,
    ):
        state = mailbox.examine("INBOX")

        assert state.uidnext == 0
        assert mailbox.new_uids(5, state.uidnext) == [9]
        assert mailbox.new_uids(9, state.uidnext) == []
    assert "UID SEARCH UID 6:*" in server.heard


def test_nothing_new_costs_no_command_beyond_opening(mailbox: Mailbox, server: Scripted) -> None:
    assert mailbox.new_uids(999, 1000) == []

    assert not any("SEARCH" in line for line in server.heard)


def test_no_answer_to_a_search_can_grow_too_long() -> None:
    def numbers(command: str) -> bytes:
        first, last = command.split()[2].split(":")
        end = 140_000 if last == "*" else int(last)
        found = b" ".join(b"%d" % (4_000_000_000 + one) for one in range(int(first), end + 1))
        return b"* SEARCH " + found + b"\r\nTAG OK done\r\n"

    crowd = b"* 140000 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\nTAG OK done\r\n"
    with (
        Scripted({"SEARCH": numbers, "EXAMINE": crowd}) as server,
        Mailbox(at(server), "geheim") as mailbox,
    ):
        mailbox.examine("INBOX")
        found = mailbox.new_uids(0, 0)

    assert found == [4_000_000_000 + one for one in range(1, 140_001)]


def test_a_search_that_finds_nothing_is_empty(mailbox: Mailbox, server: Scripted) -> None:
    server.script["SEARCH"] = b"* SEARCH\r\nTAG OK done\r\n"

    assert mailbox.new_uids(0, 1000) == []


def test_a_folder_that_may_only_be_read_cannot_be_flagged(
    mailbox: Mailbox, server: Scripted
) -> None:
    only = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\nTAG OK [READ-ONLY] done\r\n"
    server.script["SELECT"] = only

    problem = failure(lambda: mailbox.flag("INBOX", [5]), UnreachableError)

    assert "flag = false" in problem.hint
    assert mailbox.examine("INBOX").exists == 2


def test_one_strange_folder_does_not_hide_the_others(mailbox: Mailbox, server: Scripted) -> None:
    server.script["LIST"] = (
        b'* LIST (\\HasNoChildren) "/" "&ZZZ-"\r\n'
        b"* LIST () NIL NIL\r\n"
        b'* LIST (\\Sent) "/" {4}\r\nSen"\r\n'
        b'* LIST () "/" "M\xc3\xbcll"\r\n'
        b'* LIST (\\HasNoChildren \\Sent) "/" Gesendet\r\n'
        b'* LIST (\\Noselect \\Junk) "/" "Closed"\r\n'
        b'* LIST () "." INBOX.Spam\r\n'
        b"TAG OK done\r\n"
    )

    assert mailbox.folders("sent") == ('Sen"', "Gesendet")
    assert mailbox.folders("junk") == ("INBOX.Spam",)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] no\r\n", SignInError),
        (b"TAG NO LOGIN failed.\r\n", SignInError),
        (b"TAG NO AUTHENTICATE failed.\r\n", SignInError),
        (b"TAG NO [ALERT] Application-specific password required\r\n", SignInError),
        (b"TAG NO [ALERT] Invalid credentials (Failure)\r\n", SignInError),
        (b"TAG NO [UNAVAILABLE] jo@client.example: try later\r\n", UnreachableError),
        (b"TAG NO [LIMIT] too many\r\n", UnreachableError),
        (b"TAG BAD something\r\n", UnreachableError),
        (b"* BYE [AUTHENTICATIONFAILED] overloaded\r\n" + CLOSE, UnreachableError),
        (CLOSE, UnreachableError),
    ],
)
def test_tells_a_wrong_password_from_a_bad_day(
    server: Scripted, answer: bytes, kind: type[GuardError]
) -> None:
    # NUL, the user, NUL, the password, base64.
    server.script = {"AUTHENTICATE": b"+ \r\n", "AGFuZHJl": answer}

    failure(lambda: Mailbox(at(server), "geheim"), kind)


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"* PREAUTH welcome\r\n", ConfigError),
        (b"* BYE [UNAVAILABLE] later\r\n" + CLOSE, UnreachableError),
        (b"220 smtp.client.example ESMTP\r\n", UnreachableError),
        (CLOSE, UnreachableError),
        (STALL, UnreachableError),
        (b"\xff\x00\r\n", UnreachableError),
    ],
    ids=["PREAUTH", "BYE", "SMTP", "close", "stall", "garbage"],
)
def test_a_strange_greeting_ends_it(
    server: Scripted, greeting: bytes, kind: type[GuardError]
) -> None:
    server.script["greeting"] = greeting

    failure(lambda: Mailbox(at(server, read_timeout=0.2), "geheim"), kind)

    assert not any("AUTH" in line or "LOGIN" in line for line in server.heard)


def test_starttls_that_is_not_offered_is_never_done_without(server: Scripted) -> None:
    failure(lambda: Mailbox(at(server, security="starttls"), "geheim"), ConfigError)

    assert server.heard == ["CAPABILITY"]


def test_a_password_is_not_offered_where_it_is_disabled() -> None:
    with Scripted(capabilities="IMAP4rev1 LOGINDISABLED") as server:
        failure(lambda: Mailbox(at(server), "geheim"), ConfigError)

    assert server.heard == ["CAPABILITY"]


def test_signs_in_the_old_way_where_there_is_no_other() -> None:
    with (
        Scripted(capabilities="IMAP4rev1") as server,
        Mailbox(at(server, user='my "own" name'), 'a "b" \\c'),
    ):
        pass

    assert 'LOGIN "my \\"own\\" name" "a \\"b\\" \\\\c"' in server.heard


def test_a_line_lost_during_sign_in_is_no_wrong_password() -> None:
    bye = b"* BYE [AUTHENTICATIONFAILED] overloaded\r\n" + CLOSE
    with Scripted({"LOGIN": bye}, capabilities="IMAP4rev1") as server:
        failure(lambda: Mailbox(at(server), "geheim"), UnreachableError)


def test_the_old_way_takes_only_plain_letters() -> None:
    with Scripted(capabilities="IMAP4rev1") as server:
        failure(lambda: Mailbox(at(server), "\u00fcber"), ConfigError)


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n", SignInError),
        (b"TAG NO AUTHENTICATE failed.\r\n", SignInError),
        (b"TAG NO [UNAVAILABLE] later\r\n", UnreachableError),
    ],
)
def test_shows_an_access_token_and_hears_the_server_out(
    reasons: bytes, kind: type[GuardError]
) -> None:
    token = "dXNlcj11AWF1dGg9QmVhcmVyIHQBAQ=="  # user=u^Aauth=Bearer t^A^A
    with Scripted({"AUTHENTICATE": b"+ \r\n", token: b"+ eyJzIjoiNDAwIn0=\r\n"}) as server:
        server.empty = reasons
        failure(lambda: Mailbox(at(server, user="u"), "t", oauth=True), kind)

    assert server.heard == ["CAPABILITY", "AUTHENTICATE XOAUTH2", token, ""]


def test_gmail_keeps_what_it_sends() -> None:
    with (
        Scripted(capabilities="IMAP4rev1 AUTH=PLAIN X-GM-EXT-1") as server,
        Mailbox(at(server), "geheim") as mailbox,
    ):
        assert mailbox.stores_sent


def test_a_server_that_drips_is_cut_off_in_the_end(server: Scripted) -> None:
    server.script["BODY.PEEK"] = b"* 1 FETCH (UID 5 BODY[] {90000}\r\n" + DRIP

    with Mailbox(at(server, deadline=0.6), "geheim") as mailbox:
        mailbox.examine("INBOX")
        problem = failure(lambda: list(mailbox.fetch([5])), UnreachableError)

    assert "took over" in str(problem)


def test_a_greeting_that_drips_is_cut_off_in_the_end(server: Scripted) -> None:
    server.script["greeting"] = DRIP

    failure(lambda: Mailbox(at(server, deadline=0.3), "geheim"), UnreachableError)


def test_no_watchdog_outlives_its_connection(server: Scripted) -> None:
    with Mailbox(at(server), "geheim"):
        pass

    assert not [one for one in threading.enumerate() if isinstance(one, threading.Timer)]


def test_writes_no_mail_and_no_name_into_any_log(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    server.script["Clients"] = "TAG NO no folder Söhne, husband\r\n".encode()
    with Mailbox(at(server), "geheim") as mailbox:
        walk(mailbox)
        # What is not ASCII imapclient would repeat as a warning.
        failure(lambda: mailbox.examine("Clients"), GuardError)

    assert caplog.text == ""


@pytest.mark.parametrize(
    ("hosts", "years", "words"),
    [
        (("localhost", "127.0.0.1"), (2001, 2002), "expired"),
        (("localhost", "127.0.0.1"), (2098, 2099), "not valid yet"),
        (("imap.client.example",), (2020, 2099), "another name"),
    ],
    ids=["expired", "not yet", "wrong name"],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_says_what_is_wrong_with_it(
    tmp_path: Path, host: str, hosts: tuple[str, ...], years: tuple[int, int], words: str
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue(hosts=hosts, years=years)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(issued.certificate, issued.key)
    with Scripted(tls=tls) as server:
        there = at(server, host=host, security="tls", ca_file=authority.ca_file)

        problem = failure(lambda: Mailbox(there, "geheim"), ConfigError)

    assert words in str(problem)
    assert server.heard == []
