"""Silence is loud: what does not work is told by a channel that still does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from guard.commands import scan, wiring
from guard.config import load
from tests.commands.practice import CRISIS, SCHEDULING, Practice, letter
from tests.servers.dovecot import PASSWORD, free_port
from tests.servers.smtpd import SmtpSink

pytestmark = pytest.mark.servers
HOME = ("andrea.private@home.example",)


@dataclass
class Monitor:
    """A monitor that writes down what it is asked for."""

    asked: list[str] = field(default_factory=list)
    status: int = 200
    port: int = 0

    @contextmanager
    def running(self) -> Iterator["Monitor"]:
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.asked.append(f"{self.path} {self.headers['User-Agent']}")
                self.send_response(monitor.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_port
            thread = Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield self
            server.shutdown()
            thread.join()


@pytest.fixture
def monitor(practice: Practice) -> Iterator[Monitor]:
    with Monitor().running() as made:
        practice.change('heartbeat = ""', f'heartbeat = "http://127.0.0.1:{made.port}/p"')
        yield made


def days_ago(practice: Practice, days: float) -> None:
    """The last good scan was so long ago."""
    then = wiring.clock() - timedelta(days=days)
    (practice.record_folder / "last-scan.json").write_text(json.dumps({"at": then.isoformat()}))


def lose_mailbox(practice: Practice) -> None:
    practice.change(f"port = {practice.user.port}", f"port = {free_port()}")


def told(practice: Practice) -> list[bytes]:
    return [one.raw for one in practice.sink.received if one.rcpt == HOME]


def test_a_monitor_hears_of_each_good_scan_and_of_nothing_else(
    practice: Practice, monitor: Monitor
) -> None:
    practice.deliver(letter(CRISIS))
    practice.scan()
    practice.scan()

    assert monitor.asked == ["/p guard", "/p guard"]


def test_what_needs_somebody_is_told_at_once_and_what_may_pass_is_not(
    practice: Practice, monitor: Monitor
) -> None:
    practice.write_secret("mail.secret", "wrong")
    assert practice.guard("scan").status == 77
    lose_mailbox(practice)
    practice.write_secret("mail.secret", PASSWORD)
    assert practice.guard("scan").status == 75

    assert monitor.asked == ["/p/fail guard"]


def test_a_monitor_that_is_away_or_leads_elsewhere_is_nobodys_error(
    practice: Practice, monitor: Monitor
) -> None:
    monitor.status = 302
    assert practice.guard("scan").err == ""
    assert monitor.asked == ["/p guard"]
    practice.change(f":{monitor.port}/", f":{free_port()}/")

    ran = practice.guard("scan")
    assert (ran.status, ran.err) == (0, "")


def test_a_day_without_a_good_scan_is_told_once_though_cron_goes_on(practice: Practice) -> None:
    practice.scan()
    days_ago(practice, 1.1)
    lose_mailbox(practice)
    for _ in range(2):
        assert practice.guard("scan").status == 75

    (raw,) = told(practice)
    assert b"No scan has ended well for a day" in raw
    assert b"Auto-Submitted: auto-generated" in raw


def test_a_scan_that_fails_for_an_hour_is_told_nobody(practice: Practice) -> None:
    practice.scan()
    days_ago(practice, 0.9)
    lose_mailbox(practice)
    practice.guard("scan")

    assert told(practice) == []


def test_alerts_outlive_the_provider_of_the_mailbox(practice: Practice) -> None:
    other = SmtpSink(practice.folder / "other", user="me@home.example", password=PASSWORD)
    other.folder.mkdir()
    with other:
        both = (practice.folder / "ca.pem").read_text() + other.ca_file.read_text()
        (practice.folder / "ca.pem").write_text(both)
        table = (
            f'[alerts.smtp]\nhost = "localhost"\nport = {other.port}\nuser = "me@home.example"\n'
            'password_file = "mail.secret"\nca_file = "ca.pem"\nfrom = "me@home.example"\n'
        )
        practice.change("[record]", f"{table}[record]")
        practice.deliver(letter(CRISIS))
        practice.scan()
        assert [one.rcpt for one in other.received] == [HOME]
        assert "by which they leave" in practice.guard("check").out

        days_ago(practice, 2)
        lose_mailbox(practice)
        practice.change(f"port = {practice.sink.port}", f"port = {free_port()}")
        practice.guard("scan")
        assert b"No scan has ended well" in other.received[-1].raw
        assert told(practice) == []


def test_a_sent_folder_that_fell_silent_is_told_and_shown(practice: Practice) -> None:
    practice.add("Leo", "leo@inkwell.example")
    for one in range(3):
        head = f"In-Reply-To: <lost{one}@mail.example>\r\n".encode()
        practice.deliver(head + letter(SCHEDULING, number=one))
    practice.scan()

    (raw,) = told(practice)
    assert b"not in the Sent folder" in raw.replace(b"=\r\n", b"")
    assert "not ok  alerts: People answer letters of yours" in practice.guard("check").out


def test_an_alert_that_could_not_leave_does_not_wait_for_the_mailbox(practice: Practice) -> None:
    away = free_port()
    practice.change(f"port = {practice.sink.port}", f"port = {away}")
    practice.deliver(letter(CRISIS))
    assert practice.guard("scan").status == 75
    practice.change(f"port = {away}", f"port = {practice.sink.port}")
    lose_mailbox(practice)

    assert practice.guard("scan").status == 75
    (raw,) = told(practice)
    assert b"1 message is waiting" in raw


def test_a_mistake_of_guards_own_counts_as_a_scan_that_failed(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scan, "_scanned", mistaken)
    with pytest.raises(ZeroDivisionError):
        scan.once(load(practice.folder / "guard.toml"))

    kept = json.loads((practice.record_folder / "troubles.json").read_text())
    assert {*kept} == {"scan", "broken"}
