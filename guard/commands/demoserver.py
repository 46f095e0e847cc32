"""Two mail servers on loopback, for ``guard demo`` and for tests: nothing to install or set up.

Edge: an IMAP server (pymap, in memory) and an SMTP server that keeps what it is given
(aiosmtpd), both with TLS from the first byte, in one thread. Import it late: it needs the
extra ``demo`` and says so when that is missing.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import ssl
import tempfile
import threading
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec

from guard.commands.democertificate import server_tls
from guard.errors import ConfigError

try:
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
    from proxyprotocol.reader import ProxyProtocolReader
    from pymap.backend.dict import Config, Login
    from pymap.backend.dict.filter import FilterSet
    from pymap.backend.dict.mailbox import MailboxData, MailboxSet
    from pymap.concurrent import Subsystem
    from pymap.imap import IMAPServer
    from pymap.listtree import ListEntry, ListTree
    from pymap.parsing.message import AppendMessage
    from pymap.parsing.specials.flag import Flag, Wildcard
    from pymap.user import UserMetadata
    from pysasl.hashing import Cleartext
except ImportError:
    raise ConfigError(
        "the demo's mail servers are not installed", hint="Run: pip install 'guard[demo]'"
    ) from None

LOOPBACK = "127.0.0.1"
START_SECONDS = 10
"""Patience for the thread, in seconds; it needs about a tenth of one."""

SPECIAL_USE = {
    "Sent": b"Sent",
    "Drafts": b"Drafts",
    "Junk": b"Junk",
    "Trash": b"Trash",
    "Archive": b"Archive",
}
"""Folder to its attribute, without the backslash. Source: RFC 6154 section 2."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that the SMTP server was given."""

    mail_from: str
    """Envelope sender; empty for ``<>``."""

    rcpt: tuple[str, ...]
    """Envelope recipients."""

    raw: bytes
    """The mail as handed over, dot-stuffing undone, line ends as they came."""


class DemoServers:
    """An IMAP and an SMTP server with one user, from ``with`` to its end.

    The mailbox starts with the folders INBOX and `SPECIAL_USE`, all empty. Nothing is written
    to disk but the certificate, in a temporary folder.
    """

    user: str
    """Name to sign in with, on both servers."""

    password: str
    """Its password."""

    ca_file: Path
    """The certificate to trust, PEM; it names localhost and 127.0.0.1."""

    imap_port: int
    """Where IMAP listens on 127.0.0.1, TLS from the first byte."""

    smtp_port: int
    """Where SMTP listens on 127.0.0.1, TLS from the first byte; wants a sign-in."""

    sent: list[Received]
    """What the SMTP server was given, in order; nothing ever leaves it."""

    def __init__(self) -> None:
        self.user = "andrea@practice.example"
        self.password = "open sesame"  # noqa: S105 - it keeps made-up mail, on loopback
        self.sent = []
        self._folders = _Folders()
        self._lines: list[asyncio.WriteTransport] = []
        self._desks: list[SMTP] = []
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start both servers.

        Raises:
            OSError: No port of 127.0.0.1 can be had.
        """
        # aiosmtpd warns of its own old names at every sign-in, and would name addresses.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guard-demo-")))
            self.ca_file = folder / "ca.pem"
            tls = server_tls(self.ca_file, folder / "key.pem")
            ready: concurrent.futures.Future[tuple[int, int]] = concurrent.futures.Future()
            thread = threading.Thread(
                target=lambda: asyncio.run(self._serve(tls, ready)), name="guard-demo", daemon=True
            )
            thread.start()
            self.imap_port, self.smtp_port = ready.result(START_SECONDS)
            stack.callback(thread.join)
            stack.callback(self._loop.call_soon_threadsafe, self._stop.set)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both servers; open connections are cut."""
        self._closing.close()

    def deliver(self, raw: bytes, folder: str, received: datetime) -> None:
        """Put one mail into a folder, as a provider does.

        Args:
            raw: The mail; kept byte for byte.
            folder: INBOX or a folder of `SPECIAL_USE`.
            received: The moment the server claims (INTERNALDATE); aware.

        Raises:
            KeyError: There is no such folder.
        """
        done = asyncio.run_coroutine_threadsafe(
            self._folders.deliver(raw, folder, received), self._loop
        )
        done.result(START_SECONDS)

    async def _serve(
        self, tls: ssl.SSLContext, ready: concurrent.futures.Future[tuple[int, int]]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            imap = await asyncio.start_server(self._imap(), LOOPBACK, 0, ssl=tls)
            smtp = await self._loop.create_server(self._smtp, LOOPBACK, 0, ssl=tls)
        except OSError as error:
            ready.set_exception(error)
            return
        ready.set_result((imap.sockets[0].getsockname()[1], smtp.sockets[0].getsockname()[1]))
        await self._stop.wait()
        imap.close()
        smtp.close()
        for line in (*self._lines, *(desk.transport for desk in self._desks)):
            if isinstance(line, asyncio.WriteTransport):
                line.abort()
        # One turn of the loop, in which the sockets are closed.
        await asyncio.sleep(0)

    def _imap(self) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        config = _ImapConfig(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=LOOPBACK,
            port=0,
            demo_data=False,
            demo_user=self.user,
            demo_password=self.password,
            # The whole connection is TLS already; this switches STARTTLS off.
            tls_enabled=False,
            # Slow hashing in a pool of threads would guard nothing here.
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
        )
        config.set_cache[self.user] = (self._folders, FilterSet())
        login = Login(config)
        login.users_dict[self.user] = UserMetadata(config, self.user, password=self.password)
        serve = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(login, config))

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._lines.append(writer.transport)
            await serve(reader, writer)

        return answer

    def _smtp(self) -> SMTP:
        # auth_required would warn that TLS is not, for aiosmtpd knows STARTTLS alone and counts
        # the TLS that it sits in for nothing. So the handler refuses who has not signed in.
        desk = SMTP(
            _Keeper(self.sent),
            hostname="localhost",
            auth_require_tls=False,
            authenticator=self._check,
            loop=self._loop,
        )
        self._desks.append(desk)
        return desk

    def _check(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        wanted = LoginPassword(self.user.encode(), self.password.encode())
        return AuthResult(success=given == wanted, handled=False, auth_data=given)


class _Mailbox(MailboxData):
    """A folder that keeps keywords too; pymap says OK to them and drops them."""

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return super().permanent_flags | {Wildcard}


class _Entry(ListEntry):
    """A line of LIST that tells what the folder is for. Source: RFC 6154 section 2."""

    @property
    def attributes(self) -> Sequence[bytes]:
        use = SPECIAL_USE.get(self.name)
        return [*super().attributes, *([use] if use else [])]


class _Tree(ListTree):
    """The names of all folders."""

    def list(self) -> Iterable[ListEntry]:
        for entry in super().list():
            yield _Entry(entry.name, entry.exists, entry.marked, entry.has_children)


class _Folders(MailboxSet):
    """All folders of the one user."""

    def __init__(self) -> None:
        super().__init__()
        self._inbox = _Mailbox(self._content_cache, self._thread_cache)
        for name in SPECIAL_USE:
            self._set[name] = _Mailbox(self._content_cache, self._thread_cache)

    async def list_mailboxes(self) -> ListTree:
        return _Tree(self.delimiter).update("INBOX", *self._set)

    async def deliver(self, raw: bytes, folder: str, received: datetime) -> None:
        mailbox = await self.get_mailbox(folder)
        await mailbox.append(AppendMessage(raw, received), recent=True)


class _ImapConfig(Config):
    """What the IMAP server says of itself."""

    @property
    def login_capability(self) -> Sequence[bytes]:
        return [*super().login_capability, b"SPECIAL-USE"]

    @property
    def greeting(self) -> bytes:
        # pymap would ask the name service who we are, which can take seconds.
        return b"guard demo"


class _Keeper:
    """Handler of the SMTP server: keeps every mail, sends none. aiosmtpd dictates the names."""

    def __init__(self, sent: list[Received]) -> None:
        self._sent = sent

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, _: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self._sent.append(
            Received(
                mail_from=(envelope.mail_from or "").strip("<>"),
                rcpt=tuple(envelope.rcpt_tos),
                raw=envelope.original_content or b"",
            )
        )
        return "250 OK"
