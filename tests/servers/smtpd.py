"""A submission server on loopback that keeps what it is given, and fails where it is told to.

aiosmtpd in a thread; with TLS from the first byte, with STARTTLS, or plain.
"""

import asyncio
import base64
import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificates import Authority
from tests.servers.dovecot import free_port

HANG_UP = "hang up"
"""An answer that is none: the line is cut."""

Stage = Literal["AUTH", "MAIL", "null", "RCPT", "DATA", "text", "RSET", "QUIT"]
"""``null`` is MAIL with an empty sender, ``text`` is after the letter's last byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One letter, as it was handed over."""

    mail_from: str
    """Empty for the null sender."""

    rcpt: tuple[str, ...]
    raw: bytes
    """Dot-stuffing undone, nothing else."""

    mail_options: str = ""
    rcpt_options: str = ""


@dataclass
class SmtpSink:
    """The server. A context manager; change `answers` at any time."""

    folder: Path
    security: Literal["tls", "starttls", "plain"] = "tls"
    user: str = "andrea@practice.example"
    password: str = "opensesame"
    dsn: bool = True
    sign_in: bool = True
    """Whether senders must sign in."""

    tokens: set[str] | None = None
    """Access tokens that are good, for XOAUTH2; None: it is not offered."""

    offers: str = "XOAUTH2"
    """How a token may be shown: ``XOAUTH2`` or ``OAUTHBEARER``."""

    answers: dict[Stage, str] = field(default_factory=dict)
    """What is said at a stage instead of the usual; `HANG_UP` to cut the line."""

    received: list[Received] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """The commands of interest, with their arguments."""

    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        authority = Authority(self.folder)
        issued = authority.issue("smtp")
        self.ca_file = authority.ca_file
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(issued.certificate, issued.key)
        self._controller = _Controller(self)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class _Controller(Controller):
    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        outer = sink.tls if sink.security == "tls" else None
        super().__init__(None, hostname=sink.host, port=sink.port, ssl_context=outer)

    def factory(self) -> SMTP:
        return _Desk(self._sink)


class _Desk(SMTP):
    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._options = ("", "")
        super().__init__(
            self,
            hostname="localhost",
            tls_context=sink.tls if sink.security == "starttls" else None,
            # aiosmtpd does not count TLS from the first byte as TLS.
            auth_require_tls=sink.security == "starttls",
            authenticator=self._check,
        )

    def _check(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        known = (self._sink.user.encode(), self._sink.password.encode())
        good = isinstance(given, LoginPassword) and (given.login, given.password) == known
        return AuthResult(success=good, handled=False)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        mechanism, _, given = arg.partition(" ")
        if await self._instead("AUTH"):
            return
        if self._sink.tokens is None or mechanism != self._sink.offers:
            await super().smtp_AUTH(arg)
            return
        good = base64.b64decode(given).decode() in map(self._shown, self._sink.tokens)
        if not good:
            await self.push("334 eyJzdGF0dXMiOiI0MDAifQ==")
            last = await self._reader.readline()
            assert base64.b64decode(last) == (b"" if mechanism == "XOAUTH2" else b"\1")
        assert self.session is not None
        self.session.authenticated = good
        await self.push("235 2.7.0 welcome" if good else "535 5.7.3 Authentication unsuccessful")

    def _shown(self, token: str) -> str:
        if self._sink.offers == "XOAUTH2":
            return f"user={self._sink.user}\1auth=Bearer {token}\1\1"
        where = f"host=127.0.0.1\1port={self._sink.port}"
        return f"n,a={self._sink.user},\1{where}\1auth=Bearer {token}\1\1"

    def _hang_up(self) -> None:
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.abort()

    async def _instead(self, stage: Stage) -> bool:
        answer = self._sink.answers.get(stage)
        if answer == HANG_UP:
            self._hang_up()
        elif answer is not None:
            await self.push(answer)
        return answer is not None

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self._sink.heard.append(f"EHLO {hostname}")
        if self._sink.tokens is not None:
            responses = [one for one in responses if not one.startswith("250-AUTH")]
            responses.insert(1, f"250-AUTH {self._sink.offers}")
        return [*responses[:-1], *(["250-DSN"] if self._sink.dsn else []), responses[-1]]

    async def handle_DATA(  # noqa: N802  # as above
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        answer = self._sink.answers.get("text")
        if answer == HANG_UP:
            self._hang_up()
            return "250 too late"
        if answer is None:
            assert isinstance(envelope.content, bytes)
            sender = (envelope.mail_from or "").replace("<>", "")
            self._sink.received.append(
                Received(
                    mail_from=sender,
                    rcpt=tuple(envelope.rcpt_tos),
                    raw=envelope.content,
                    mail_options=self._options[0],
                    rcpt_options=self._options[1],
                )
            )
        return answer or "250 2.0.0 taken"

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802  # as above
        self._sink.heard.append(f"MAIL {arg}")
        assert self.session is not None
        if self._sink.sign_in and not self.session.authenticated:
            await self.push("530 5.7.0 sign in first")
            return
        if arg.startswith("FROM:<>") and await self._instead("null"):
            return
        if not await self._instead("MAIL"):
            self._options = (arg.partition("> ")[2], "")
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802  # as above
        self._sink.heard.append(f"RCPT {arg}")
        if not await self._instead("RCPT"):
            # aiosmtpd knows no DSN, so its parameters end here.
            address, _, options = arg.partition("> ")
            self._options = (self._options[0], options)
            await super().smtp_RCPT(f"{address.rstrip('>')}>")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # as above
        if not await self._instead("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802  # as above
        self._sink.heard.append("RSET")
        if not await self._instead("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802  # as above
        if not await self._instead("QUIT"):
            await super().smtp_QUIT(arg)
