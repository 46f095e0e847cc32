"""The outbox, over SMTP submission: one letter, one recipient, three ways to fail.

Edge. Turns what smtplib, ssl and socket raise into the outcomes that guard knows: not sent,
refused, unknown; no other module sees one. A server's words are never shown, for they may
quote the recipient; its codes are. Source: RFC 5321, RFC 3461, RFC 3834, RFC 4954.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from guard.errors import (
    GuardError,
    NotSentError,
    SendRefusedError,
    SendUncertainError,
    UnreachableError,
)
from guard.mail.connection import Place, Security, Watchdog, explained
from guard.reply.submission import GO_ON, OK, Credentials, Smtp, expect, greet, sign_in

_DEADLINE = 600
"""Seconds that one letter may take, sign-in included."""
_GOODBYE = 5
"""Seconds that a server may take to say goodbye."""
_LONGEST_LINE = 998
"""Bytes without CRLF (RFC 5321 section 4.5.3.1.6)."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
"""What stands between angle brackets without quoting, in ASCII (RFC 5321 section 4.1.2)."""


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """The submission server."""

    host: str
    port: int
    security: Security
    user: str = ""
    """Empty: no sign-in."""

    ca_file: Path | None = None
    """A private CA, PEM; None: those that the system trusts."""

    timeout: float = 60
    """Seconds for TCP, for TLS, and without a single byte."""


class Outbox:
    """Sends letters through one server. Connects when the first one is sent."""

    def __init__(self, server: SmtpServer, password: str | None, *, oauth: bool = False) -> None:
        """Remember where to send.

        Args:
            server: Where, and as whom.
            password: The password or the access token; None for a server without sign-in.
            oauth: Whether `password` is an OAuth access token.
        """
        self._server, self._password, self._oauth = server, password, oauth
        self._place = Place(
            what=f"submission server {server.host}:{server.port}",
            host=server.host,
            port=server.port,
            security=server.security,
            ca_file=server.ca_file,
            timeout=server.timeout,
        )
        self._smtp: Smtp | None = None
        self._takes_null = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._smtp is not None and self._smtp.sock is not None:
            # By now each letter is taken or it is not; a fumbled goodbye changes neither.
            with contextlib.suppress(OSError, ValueError):
                self._smtp.sock.settimeout(_GOODBYE)
                self._smtp.quit()
        self._drop()

    def check(self) -> None:
        """Connect and sign in, and send nothing.

        Raises:
            NotSentError: The server cannot be reached, or turns us away for now.
            SignInError: It refused the user or the password.
            ConfigError: A certificate or a setting is wrong.
        """
        with self._watched():
            self._ready()

    def send(self, raw: bytes, *, envelope_from: str, to: str, bounces: bool = False) -> str:
        """Hand one letter over.

        The envelope sender is empty, so that a bounce can never come back and be answered
        (RFC 5230 section 5.1); only if the server refuses that is `envelope_from` used.

        Args:
            raw: The whole letter with CRLF line ends; sent byte for byte.
            envelope_from: Address for servers that want one.
            to: The one recipient.
            bounces: This one answers nobody, and she wants to know if it does not arrive:
                `envelope_from` is used at once.

        Returns:
            The envelope sender that was used; empty for the null sender.

        Raises:
            NotSentError: Nothing was sent; it may work later.
            SendRefusedError: Nothing was sent, and it never will be.
            SendUncertainError: The line broke while the letter was handed over.
            SignInError: Nothing was sent; the server refused the user or the password.
            ConfigError: Nothing was sent; a certificate or a setting is wrong.
        """
        _insist_on_form(raw, to, *filter(None, [envelope_from]))
        with self._watched():
            if self._takes_null and not bounces:
                try:
                    self._hand_over(raw, sender="", to=to)
                except SendRefusedError:
                    if not envelope_from:
                        raise
                else:
                    return ""
            # A definite no means that nothing was sent, so this is not a second letter. Many
            # servers say it late: Postfix at RCPT, Microsoft after the text.
            self._hand_over(raw, sender=envelope_from, to=to, bounces=bounces)
            self._takes_null &= bounces
        return envelope_from

    def _hand_over(self, raw: bytes, *, sender: str, to: str, bounces: bool = False) -> None:
        smtp = self._ready()
        body = self._body(smtp, raw)
        notify = " NOTIFY=NEVER" if smtp.has_extn("dsn") and not bounces else ""
        refuses = f"the {self._place.what} refuses"
        try:
            expect(OK, f"{refuses} the sender", smtp.docmd("MAIL", f"FROM:<{sender}>{body}"))
            answer = smtp.docmd("RCPT", f"TO:<{to}>{notify}")
            expect(OK, f"{refuses} the recipient", answer, of_letter=True)
            expect(GO_ON, f"{refuses} the letter", smtp.docmd("DATA"))
        except (OSError, ValueError):
            self._drop()
            raise NotSentError(
                f"the {self._place.what} hung up before the letter was sent"
            ) from None
        # From here on a broken line leaves the outcome unknown (RFC 5321 section 4.2.5).
        try:
            # A dot that starts a line is doubled and taken away again over there (4.5.2).
            smtp.send(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")
            answer = smtp.getreply()
        except (OSError, ValueError):
            self._drop()
            raise SendUncertainError(
                f"the {self._place.what} hung up while the letter was handed over"
            ) from None
        if answer[0] // 100 not in (2, 4, 5):
            self._drop()
            raise SendUncertainError(f"the {self._place.what} answered nonsense to the letter")
        expect(OK, f"{refuses} the letter", answer, of_letter=True)

    def _body(self, smtp: Smtp, raw: bytes) -> str:
        if raw.isascii():
            return ""
        if not smtp.has_extn("8bitmime"):
            raise SendRefusedError(f"the {self._place.what} takes no 8-bit text")
        return " BODY=8BITMIME"

    def _ready(self) -> Smtp:
        """Return a signed-in connection between two letters."""
        if self._smtp is not None:
            # It may have gone stale, or a letter may have been refused halfway.
            with contextlib.suppress(OSError, ValueError):
                if self._smtp.docmd("RSET")[0] == OK:
                    return self._smtp
            self._drop()
        self._smtp = smtp = Smtp(self._place)
        try:
            greet(smtp, self._place)
            if self._server.user and self._password is not None:
                sign_in(smtp, self._place, self._credentials(self._password))
        except (OSError, ValueError, UnreachableError) as error:
            self._drop()
            problem = error if isinstance(error, GuardError) else explained(error, self._place)
            if isinstance(problem, UnreachableError):
                raise NotSentError(str(problem), hint=problem.hint) from None
            raise problem from None
        except SendRefusedError as error:
            # No letter was named yet, so this says nothing about any.
            self._drop()
            raise NotSentError(str(error)) from None
        except GuardError:
            self._drop()
            raise
        return smtp

    def _credentials(self, password: str) -> Credentials:
        return Credentials(user=self._server.user, password=password, oauth=self._oauth)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        watchdog = Watchdog(lambda: self._smtp.sock if self._smtp else None, _DEADLINE)
        try:
            yield
        finally:
            watchdog.stop()

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, ValueError):
                smtp.close()


def _insist_on_form(raw: bytes, *addresses: str) -> None:
    """Refuse what SMTP cannot carry unchanged (RFC 5321 section 2.3.8)."""
    if not all(_ADDRESS.fullmatch(one) for one in addresses):
        raise SendRefusedError("an address of the letter is not one that SMTP can carry")
    if not raw.endswith(b"\r\n") or re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw):
        # A bare line end could also smuggle a second letter in behind the first.
        raise SendRefusedError("the letter holds line ends or a NUL that SMTP cannot carry")
    if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
        raise SendRefusedError("the letter holds a line that is too long for SMTP")
