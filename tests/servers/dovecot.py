"""A real Dovecot on loopback: TLS and STARTTLS, no root needed, one private folder.

Every user name is accepted with one password, so a test takes a fresh name and has a fresh,
empty mailbox. As root it runs as the user ``dovecot`` of the distribution's package, because
Dovecot refuses to serve mail as root.
"""

import contextlib
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import pytest
from imapclient.imap_utf7 import encode as utf7

from tests.servers.certificates import Authority
from tests.servers.room import room

PASSWORD = "geheim"
LIFE = "3600"
"""Seconds after which it stops by itself, whatever happens."""
PATIENCE = 10
"""Seconds that it may take to start; it needs 50 ms."""

_CONFIG = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = {uid}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0
{oauth}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 100
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

_OAUTH = """\
passdb {{
  driver = oauth2
  mechanisms = {mechanisms}
  args = {folder}/oauth.conf
}}
"""
_OAUTH_DETAILS = """\
introspection_url = {url}/introspect
introspection_mode = auth
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
tls_allow_invalid_cert = yes
"""


def program() -> str | None:
    """Where Dovecot is; it lies outside an ordinary user's PATH. None when absent."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def insist() -> None:
    """Skip the test without Dovecot; with GUARD_REQUIRE_SERVERS=1 fail it."""
    if program() is None:
        why = "Dovecot is not installed (Debian: apt-get install dovecot-imapd)"
        if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
            pytest.fail(why)
        pytest.skip(why)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dovecot:
    """One running server. A context manager; makes users out of nothing."""

    password = PASSWORD

    def __init__(
        self, *, more: str = "", sign_in: str = "", mechanisms: str = "xoauth2 oauthbearer"
    ) -> None:
        """Start it.

        Args:
            more: Configuration that only one test needs.
            sign_in: Address of a server that tells whose an access token is; empty for none.
            mechanisms: How an access token may be shown.
        """
        found = program()
        assert found is not None, "Dovecot is not installed"
        self._program = found
        # Not pytest's tmp_path: its mode 0700 shuts out the user that root drops to.
        self.folder = Path(tempfile.mkdtemp(dir=room(), prefix="dv-"))
        authority = Authority(self.folder)
        issued = authority.issue()
        self.ca_file = authority.ca_file
        self.port, self.starttls_port = free_port(), free_port()
        self.account = pwd.getpwnam("dovecot") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._names = itertools.count(1)
        (self.folder / "oauth.conf").write_text(_OAUTH_DETAILS.format(url=sign_in))
        oauth = _OAUTH.format(folder=self.folder, mechanisms=mechanisms) if sign_in else ""
        (self.folder / "dovecot.conf").write_text(
            _CONFIG.format(
                folder=self.folder,
                mechanisms=mechanisms if sign_in else "",
                oauth=oauth,
                user=self.account.pw_name,
                group=grp.getgrgid(self.account.pw_gid).gr_name,
                uid=self.account.pw_uid,
                gid=self.account.pw_gid,
                certificate=issued.certificate,
                key=issued.key,
                password=PASSWORD,
                port=self.port,
                starttls_port=self.starttls_port,
            )
            + more
        )
        self.own(self.folder, *self.folder.iterdir())
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # SIGTERM would wait for every session, up to a second.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_user(self) -> "MailUser":
        """A user that nobody had before, with an empty mailbox."""
        return MailUser(name=f"praxis{next(self._names)}@example.test", dovecot=self)

    def own(self, *paths: Path) -> None:
        """Give files to the user that the server runs as."""
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def log(self) -> str:
        """What the server wrote down."""
        return (self.folder / "dovecot.log").read_text()

    def _start(self) -> None:
        command = ["timeout", "--signal=TERM", LIFE, self._program, "-F", "-c"]
        command.append(str(self.folder / "dovecot.conf"))
        root = os.geteuid() == 0
        with (self.folder / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                command,
                start_new_session=True,
                user=self.account.pw_uid if root else None,
                group=self.account.pw_gid if root else None,
                extra_groups=[] if root else None,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        for _ in range(PATIENCE * 100):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE),
            ):
                return
            try:
                self._process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError((self.folder / "stderr").read_text() or "Dovecot did not start")


@dataclass(slots=True, kw_only=True)
class MailUser:
    """One mailbox on a running Dovecot, seen from outside guard."""

    name: str
    dovecot: Dovecot
    password: str = PASSWORD
    host: str = "127.0.0.1"
    _count: Iterator[int] = field(default_factory=itertools.count)

    @property
    def port(self) -> int:
        """TLS from the first byte."""
        return self.dovecot.port

    @property
    def starttls_port(self) -> int:
        """Plain until STARTTLS."""
        return self.dovecot.starttls_port

    @property
    def ca_file(self) -> Path:
        """What to trust."""
        return self.dovecot.ca_file

    def deliver(self, raw: bytes, folder: str = "INBOX", received: datetime | None = None) -> None:
        """Put a mail into a folder as a delivery would, by dropping a file.

        Dovecot shows a bare LF as CR LF; every other byte comes out as it went in.
        """
        home = self.dovecot.folder / "home" / self.name / "Maildir"
        place = home if folder == "INBOX" else home / f".{_wire(folder).replace('/', '.')}"
        for part in ("tmp", "cur", "new"):
            (place / part).mkdir(parents=True, exist_ok=True)
        file = place / "tmp" / f"{next(self._count):06}.test"
        file.write_bytes(raw)
        if received is not None:
            os.utime(file, (received.timestamp(), received.timestamp()))
        here = (home.parent.parent, home.parent, home, place)
        self.dovecot.own(*here, *(place / part for part in ("tmp", "cur", "new")), file)
        file.rename(place / "new" / file.name)

    def raw_messages(self, folder: str = "INBOX") -> dict[int, bytes]:
        """Every mail of a folder by UID, read with the standard library alone."""
        return {uid: raw for uid, _, raw in self._all(folder)}

    def flags(self, folder: str = "INBOX") -> dict[int, set[str]]:
        """The flags of every mail by UID, without \\Recent, which any reading session takes."""
        return {uid: flags - {"\\Recent"} for uid, flags, _ in self._all(folder)}

    def command(self, *words: str) -> None:
        """Run one IMAP command, such as ``CREATE`` and a folder, signed in."""
        with self.session() as imap:
            status, _ = imap.xatom(*words)
            assert status == "OK", (words[0], status)

    def expunge(self, uid: int, folder: str = "INBOX") -> None:
        """Delete one mail for good, as another mail program would."""
        with self.session() as imap:
            imap.select(quoted(folder))
            imap.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
            imap.expunge()

    def rebuild(self) -> None:
        """Give every mail of every folder a new UID under a new UIDVALIDITY, as a move does."""
        home = self.dovecot.folder / "home" / self.name / "Maildir"
        for one in home.rglob("dovecot*"):
            if one.is_file():
                one.unlink()
        # The time of the first file is a UIDVALIDITY; a second may not have passed.
        later = int(time.time()) + next(self._count) + 1_000  # noqa: TID251  # as Dovecot does
        for place in (home, *(one for one in home.iterdir() if one.name.startswith("."))):
            if (place / "cur").is_dir():
                listed = place / "dovecot-uidlist"
                listed.write_text(f"3 V{later} N1 G{later:032x}\n")
                self.dovecot.own(listed)

    @contextlib.contextmanager
    def session(self) -> Iterator[imaplib.IMAP4_SSL]:
        """A signed-in imaplib session."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context) as imap:
            imap.login(self.name, self.password)
            yield imap

    def _all(self, folder: str) -> list[tuple[int, set[str], bytes]]:
        with self.session() as imap:
            status, count = imap.select(quoted(folder), readonly=True)
            assert status == "OK", status
            if count == [b"0"]:
                return []
            _, lines = imap.fetch("1:*", "(UID FLAGS BODY.PEEK[])")
        found = []
        for head, raw in (line for line in lines if isinstance(line, tuple)):
            uid = int(head.split(b"UID ")[1].split()[0])
            flags = head.split(b"FLAGS (")[1].split(b")")[0].decode().split()
            found.append((uid, set(flags), raw))
        return found


def quoted(folder: str) -> str:
    """A folder's name as IMAP writes it."""
    escaped = _wire(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _wire(folder: str) -> str:
    return str(utf7(folder).decode("ascii"))
