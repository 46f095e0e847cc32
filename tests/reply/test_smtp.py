"""Sending one letter: the bytes, the envelope, and which failure means what."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guard.errors import (
    ConfigError,
    GuardError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
    SignInError,
)
from guard.reply.smtp import Outbox, SmtpServer
from tests.servers.dovecot import free_port
from tests.servers.smtpd import HANG_UP, SmtpSink, Stage

FROM, TO = "andrea@practice.example", "jo@client.example"
LETTER = b"Subject: about your e-mail\r\n\r\nHello.\r\n"


def server(sink: SmtpSink, **changes: object) -> SmtpServer:
    known: dict[str, object] = {
        "host": sink.host,
        "port": sink.port,
        "security": sink.security,
        "user": sink.user,
        "ca_file": sink.ca_file,
        "timeout": 5,
    }
    return SmtpServer(**(known | changes))  # type: ignore[arg-type]  # a builder


@pytest.fixture
def outbox(smtp_sink: SmtpSink) -> Iterator[Outbox]:
    with Outbox(server(smtp_sink), smtp_sink.password) as one:
        yield one


def send(outbox: Outbox, raw: bytes = LETTER, to: str = TO, envelope_from: str = FROM) -> str:
    return outbox.send(raw, envelope_from=envelope_from, to=to)


def failure(act: Callable[[], object], kind: type[GuardError]) -> GuardError:
    with pytest.raises(kind) as caught:
        act()
    assert type(caught.value) is kind
    for secret in (TO, "jo@", "client.example", "Hello", "opensesame"):
        assert secret not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    "raw",
    [
        LETTER,
        b"\r\n",
        b".\r\n..\r\n. x\r\n.\r\n",
        b"A: b\r\n\r\n" + b"x" * 998 + b"\r\n",
        "A: b\r\n\r\nCaf\u00e9 \u2615\r\n".encode(),
        b"A: b\r\n\r\n\xe4\xff\x80\r\n",
        b"A: b\r\n\r\n" + b"line of text\r\n" * 100_000,
    ],
    ids=["plain", "empty", "dots", "longest line", "UTF-8", "8-bit", "1.4 MB"],
)
def test_hands_over_exactly_the_bytes_it_is_given(
    outbox: Outbox, smtp_sink: SmtpSink, raw: bytes
) -> None:
    send(outbox, raw)

    assert [one.raw for one in smtp_sink.received] == [raw]


def test_uses_the_null_sender_and_asks_for_no_bounce(outbox: Outbox, smtp_sink: SmtpSink) -> None:
    assert send(outbox) == ""

    (one,) = smtp_sink.received
    assert (one.mail_from, one.rcpt, one.rcpt_options) == ("", (TO,), "NOTIFY=NEVER")


def test_does_not_ask_a_server_that_knows_no_dsn(outbox: Outbox, smtp_sink: SmtpSink) -> None:
    smtp_sink.dsn = False

    send(outbox)

    assert smtp_sink.received[0].rcpt_options == ""


def test_says_that_the_text_is_8_bit(outbox: Outbox, smtp_sink: SmtpSink) -> None:
    send(outbox, b"A: b\r\n\r\n\xe4\r\n")

    assert smtp_sink.received[0].mail_options == "BODY=8BITMIME"


def test_tells_the_server_no_name_of_this_computer(outbox: Outbox, smtp_sink: SmtpSink) -> None:
    send(outbox)

    assert smtp_sink.heard[0] == "EHLO [127.0.0.1]"


def test_takes_its_own_address_where_the_null_sender_is_refused(
    outbox: Outbox, smtp_sink: SmtpSink
) -> None:
    smtp_sink.answers["null"] = "550 5.7.1 no null sender here"

    assert send(outbox) == FROM
    assert send(outbox) == FROM

    assert [one.mail_from for one in smtp_sink.received] == [FROM, FROM]
    tried = [line for line in smtp_sink.heard if line.startswith("MAIL")]
    assert tried == ["MAIL FROM:<>", f"MAIL FROM:<{FROM}>", f"MAIL FROM:<{FROM}>"]
    assert sum(line.startswith("EHLO") for line in smtp_sink.heard) == 1


def test_comes_back_when_the_null_sender_is_answered_by_hanging_up_after_no(
    smtp_sink: SmtpSink, outbox: Outbox
) -> None:
    smtp_sink.answers |= {"null": "550 5.7.1 no", "RSET": HANG_UP}

    assert send(outbox) == FROM


def test_refuses_when_the_null_sender_is_refused_and_there_is_no_other(
    outbox: Outbox, smtp_sink: SmtpSink
) -> None:
    smtp_sink.answers["null"] = "550 5.7.1 no"

    failure(lambda: send(outbox, envelope_from=""), SendRefusedError)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "text"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (f"450 4.2.0 {TO} is busy", NotSentError),
        ("421 4.3.2 going down", NotSentError),
        (f"550 5.1.1 <{TO}> unknown, said Hello", SendRefusedError),
        ("530 5.7.0 sign in", SignInError),
    ],
    ids=["busy", "closing", "never", "sign in"],
)
def test_a_clear_no_at_any_stage_means_that_nothing_was_sent(
    outbox: Outbox, smtp_sink: SmtpSink, stage: Stage, answer: str, kind: type[GuardError]
) -> None:
    smtp_sink.answers[stage] = answer

    problem = failure(lambda: send(outbox), kind)

    assert answer[:9] in str(problem)
    assert smtp_sink.received == []


@pytest.mark.parametrize("stage", ["null", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_letter_means_not_sent(
    outbox: Outbox, smtp_sink: SmtpSink, stage: Stage
) -> None:
    smtp_sink.answers[stage] = HANG_UP

    failure(lambda: send(outbox), NotSentError)


def test_a_line_that_breaks_after_the_letter_means_unknown(
    outbox: Outbox, smtp_sink: SmtpSink
) -> None:
    smtp_sink.answers["text"] = HANG_UP

    failure(lambda: send(outbox), SendUncertainError)


def test_an_answer_that_is_none_after_the_letter_means_unknown(
    outbox: Outbox, smtp_sink: SmtpSink
) -> None:
    smtp_sink.answers["text"] = "moin"

    failure(lambda: send(outbox), SendUncertainError)


def test_goes_on_after_a_failure(outbox: Outbox, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["text"] = HANG_UP
    failure(lambda: send(outbox), SendUncertainError)
    smtp_sink.answers.clear()

    send(outbox)

    assert len(smtp_sink.received) == 1


@pytest.mark.parametrize("answer", ["500 goodbye?", HANG_UP])
def test_is_not_shaken_by_a_fumbled_goodbye(
    outbox: Outbox, smtp_sink: SmtpSink, answer: str
) -> None:
    smtp_sink.answers["QUIT"] = answer

    send(outbox)


@pytest.mark.parametrize(
    "address",
    [
        "jo@client.example\r\nRCPT TO:<eve@evil.example>",
        "jo@client.example> NOTIFY=SUCCESS",
        "jo@client.example\x00",
        "j\u00f6@client.example",
        "jo@cli\u00ebnt.example",
        "@relay.example:jo@client.example",
        "jo jo@client.example",
        "jo",
        "",
    ],
)
def test_refuses_an_address_that_smtp_cannot_carry(
    outbox: Outbox, smtp_sink: SmtpSink, address: str
) -> None:
    failure(lambda: send(outbox, to=address), SendRefusedError)

    assert smtp_sink.heard == []


def test_refuses_an_envelope_sender_that_smtp_cannot_carry(outbox: Outbox) -> None:
    failure(lambda: send(outbox, envelope_from="a\nb@practice.example"), SendRefusedError)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"A: b\r\n\r\nno end",
        b"A: b\n\nbody\r\n",
        b"A: b\r\n\r\nx\ry\r\n",
        b"A: b\r\n\r\nx\n.\nMAIL FROM:<>\r\n",
        b"A: b\r\n\r\n\x00\r\n",
        b"A: b\r\n\r\n" + b"x" * 999 + b"\r\n",
    ],
)
def test_refuses_a_letter_that_would_arrive_as_another(
    outbox: Outbox, smtp_sink: SmtpSink, raw: bytes
) -> None:
    failure(lambda: send(outbox, raw), SendRefusedError)

    assert smtp_sink.heard == []


@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
def test_signs_in_over(security: str, tmp_path: Path) -> None:
    with (
        SmtpSink(tmp_path, security=security) as sink,  # type: ignore[arg-type]  # parametrized
        Outbox(server(sink), sink.password) as outbox,
    ):
        outbox.check()
        send(outbox)

    assert len(sink.received) == 1


def test_signs_in_with_a_password_of_any_letters(tmp_path: Path) -> None:
    with (
        SmtpSink(tmp_path, user="andr\u00e9a", password="\u00fcber \u2615 \"'\\") as sink,
        Outbox(server(sink), sink.password) as outbox,
    ):
        send(outbox)

    assert len(sink.received) == 1


def test_sends_without_a_sign_in_where_none_is_set(tmp_path: Path) -> None:
    with (
        SmtpSink(tmp_path, sign_in=False) as sink,
        Outbox(server(sink, user=""), None) as outbox,
    ):
        send(outbox)

    assert len(sink.received) == 1


def test_a_wrong_password_is_a_sign_in_error(smtp_sink: SmtpSink) -> None:
    with Outbox(server(smtp_sink), "wrong") as outbox:
        failure(outbox.check, SignInError)


def test_a_server_that_wants_a_sign_in_says_so(smtp_sink: SmtpSink) -> None:
    with Outbox(server(smtp_sink), None) as outbox:
        failure(lambda: send(outbox), SignInError)


def test_a_token_that_is_refused_is_a_sign_in_error(smtp_sink: SmtpSink) -> None:
    with Outbox(server(smtp_sink), "token", oauth=True) as outbox:
        failure(outbox.check, SignInError)


def test_nobody_at_the_port_means_not_sent(smtp_sink: SmtpSink) -> None:
    with Outbox(server(smtp_sink, port=free_port()), "x") as outbox:
        failure(lambda: send(outbox), NotSentError)


def test_starttls_that_is_not_offered_is_never_done_without(tmp_path: Path) -> None:
    with (
        SmtpSink(tmp_path, security="plain") as sink,
        Outbox(server(sink, security="starttls"), sink.password) as outbox,
    ):
        failure(lambda: send(outbox), ConfigError)

    assert not any(line.startswith("MAIL") for line in sink.heard)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_certificate_is_a_config_error(security: str, tmp_path: Path) -> None:
    with (
        SmtpSink(tmp_path, security=security) as sink,  # type: ignore[arg-type]  # parametrized
        Outbox(server(sink, ca_file=None), sink.password) as outbox,
    ):
        problem = failure(lambda: send(outbox), ConfigError)

    assert "ca_file" in problem.hint


def test_plain_text_never_leaves_this_machine() -> None:
    there = SmtpServer(host="smtp.practice.example", port=25, security="plain")

    with Outbox(there, None) as outbox:
        failure(lambda: send(outbox), ConfigError)


def test_nothing_is_connected_until_something_is_sent() -> None:
    with Outbox(SmtpServer(host="127.0.0.1", port=free_port(), security="tls"), "x"):
        pass
