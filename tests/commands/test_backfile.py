"""The first run over years of mail: in pieces if need be, each mail once, nobody answered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.inprocess import lent_reader, run
from tests.commands.practice import Practice, letter, therapy
from tests.servers.dovecot import MailUser
from tests.servers.proxy import Fault, Proxy
from tests.servers.smtpd import SmtpSink

YEARS = 550
LONG_AGO = datetime(2019, 3, 1, tzinfo=UTC)
THROTTLED = rb"\1 NO Request is throttled. Suggested Backoff Time: 60000 milliseconds"


@pytest.mark.slow
def test_throttled_halfway_it_goes_on_where_it_was_and_answers_nobody(
    tmp_path: Path, mail_user: MailUser, smtp_sink: SmtpSink
) -> None:
    with Proxy(mail_user.starttls_port) as proxy, lent_reader():
        settings = {"imap_port": proxy.port, "imap_security": "plain"}
        folder = tmp_path / "practice"
        practice = Practice(folder=folder, user=mail_user, sink=smtp_sink, settings=settings)
        practice.add("Leo", "leo@inkwell.example")
        for day in range(YEARS):
            raw = letter(therapy(), number=day)
            mail_user.deliver(raw, received=LONG_AGO + timedelta(days=day))
        # The second batch of bodies; only there 50 mails are left.
        refused = rb"(?s)(\* 550 FETCH \(UID 550 BODY.*?)\r\n([A-Z]+\d+) OK Fetch"
        answer = THROTTLED.replace(rb"\1", rb"* 1 FETCH (FLAGS ())\r\n\2")
        proxy.faults.append(Fault(kind="rewrite", pattern=refused, replacement=answer))

        first = run(practice.config, "scan", "--json")
        filed = len(practice.filed())
        (practice.record_folder / "wait.json").unlink()
        second = run(practice.config, "scan", "--json")

    assert (first.status, second.status) == (75, 0)
    assert 0 < filed < YEARS
    assert second.json["filed"] == YEARS - filed
    # The last batch before the fault was filed and could be judged still.
    assert second.json["seen"] == YEARS - filed
    assert sorted(practice.filed().values()) == sorted(mail_user.raw_messages().values())
    assert practice.sink.received == []
    assert practice.wrong() == []
