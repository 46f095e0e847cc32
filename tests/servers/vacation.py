"""A mailbox whose owner is away: Dovecot's own vacation robot (Pigeonhole) answers its mail.

Mail is handed over by ``dovecot-lda``, as a mail server would; what the robot sends goes to a
submission server without sign-in. Written against Pigeonhole 0.5.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot, MailUser
from tests.servers.smtpd import SmtpSink

_LDA = "/usr/lib/dovecot/dovecot-lda"
_PLUGIN = Path("/usr/lib/dovecot/modules/lib90_sieve_plugin.so")
_CONFIG = """
submission_host = {host}:{port}
postmaster_address = postmaster@client.example
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:~/vacation.sieve
  sieve_extensions = +vacation-seconds
  sieve_vacation_min_period = 0
}}
"""
_SCRIPT = """require ["vacation", "vacation-seconds"];
vacation :seconds 0 :addresses ["{address}"] :subject "{subject}" text:
{text}
.
;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """Somebody who is away."""

    address: str
    user: MailUser
    sink: SmtpSink
    """What the robot sends."""

    def take(self, raw: bytes, *, mail_from: str) -> None:
        """Hand one message over, as the last mail server does."""
        config = self.user.dovecot.folder / "dovecot.conf"
        account = self.user.dovecot.account
        root = os.geteuid() == 0
        done = subprocess.run(
            [_LDA, "-c", config, "-d", self.user.name, "-f", mail_from, "-a", self.address],
            input=raw,
            capture_output=True,
            timeout=30,
            check=False,
            user=account.pw_uid if root else None,
            group=account.pw_gid if root else None,
            extra_groups=[] if root else None,
        )
        assert done.returncode == 0, (done.stderr, self.user.dovecot.log())

    @property
    def kept(self) -> int:
        """How many messages lie in the mailbox."""
        return len(self.user.raw_messages())


@contextmanager
def away(folder: Path, *, address: str, subject: str, text: str) -> Iterator[Away]:
    """Start a server for one mailbox whose owner is away."""
    if not _PLUGIN.exists() or shutil.which(_LDA) is None:
        why = "Pigeonhole is not installed (Debian: apt-get install dovecot-sieve)"
        if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
            pytest.fail(why)
        pytest.skip(why)
    with (
        SmtpSink(folder, security="plain", sign_in=False) as sink,
        Dovecot(more=_CONFIG.format(host=sink.host, port=sink.port)) as dovecot,
    ):
        user = dovecot.new_user()
        home = dovecot.folder / "home" / user.name
        home.mkdir(parents=True)
        script = home / "vacation.sieve"
        script.write_text(_SCRIPT.format(address=address, subject=subject, text=text))
        dovecot.own(home.parent, home, script)
        yield Away(address=address, user=user, sink=sink)
