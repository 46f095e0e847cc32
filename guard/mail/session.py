"""One IMAP connection: greeting, STARTTLS, sign-in, its errors told, its end.

Edge, the half of IMAP that knows no folders; `guard.mail.imap` is the other.
Source: RFC 3501 sections 6.2 and 7.1, RFC 4616 (PLAIN).
"""

import contextlib
import imaplib
import logging
import re
import socket
from collections.abc import Iterator
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from guard.errors import ConfigError, GuardError, SignInError, UnreachableError
from guard.mail import refusals
from guard.mail.answers import ANYTHING, RefusedError, pause, told
from guard.mail.bearer import shown
from guard.mail.connection import Place, Watchdog, connect, context, safe_words

# imapclient logs the user's name, every body, and as a warning what a server says that is not
# ASCII, which names folders; without a handler Python prints that, and cron mails it.
logging.getLogger("imapclient").setLevel(logging.CRITICAL)

_REFUSED = re.compile(
    r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|\[EXPIRED|LOGIN failed|AUTHENTICATE failed"
    r"|authentication failed|invalid credentials|invalid (user|login|password|token)"
    r"|application-specific password|(user ?name|password) .{0,30}(wrong|incorrect|not correct)",
    re.IGNORECASE,
)
"""What servers say to a wrong password. Anything else may pass by itself."""

_GOODBYE = 5
"""Seconds that a server may take to say goodbye."""

MICROSOFT = (".office365.com", ".outlook.com", ".office365.us", ".partner.outlook.cn")
"""How the names of Microsoft's mail servers end."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _Wire(imaplib.IMAP4):
    """imaplib over a line that is open already."""

    def __init__(self, place: Place, line: socket.socket) -> None:
        self._line = line
        super().__init__(place.host, place.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:  # noqa: ARG002  # imaplib dictates it
        return self._line


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient has no type hints
    """IMAPClient over a line that is open already, and silent."""

    def __init__(self, place: Place, line: socket.socket, read_timeout: float) -> None:
        self._place, self._line = place, line
        patience = SocketTimeout(place.timeout, read_timeout)
        super().__init__(place.host, place.port, ssl=place.security == "tls", timeout=patience)
        # IMAPClient sets 5, which hands every body to its log and costs half of its time.
        self._imap.debug = 0
        # Else dates come in this computer's time zone, and without it.
        self.normalise_times = False
        # guard.mail.folders does it, and survives names that IMAPClient chokes on.
        self.folder_encode = False

    def _create_IMAP4(self) -> _Wire:  # noqa: N802  # IMAPClient's name
        return _Wire(self._place, self._line)


class Session:
    """One signed-in connection. When the line is lost, or was closed, every use raises."""

    capabilities: frozenset[str]
    """What the server can, upper case."""

    def __init__(
        self,
        place: Place,
        *,
        user: str,
        password: str,
        oauth: bool,
        read_timeout: float,
        deadline: float,
    ) -> None:
        """Connect and sign in; see `guard.mail.imap.Mailbox`."""
        self._place, self._deadline = place, deadline
        self._client: Any = None
        self._line = connect(place)
        self._watchdog = Watchdog(self._socket, deadline)
        try:
            with self.asking():
                self._client = client = _greet(place, self._line, read_timeout)
                _sign_in(client, place, user=user, password=password, oauth=oauth)
                self.capabilities = frozenset(
                    one.decode("ascii", "replace").upper() for one in client.capabilities()
                )
        except GuardError:
            self._drop()
            raise

    @contextlib.contextmanager
    def asking(self) -> Iterator[Any]:
        """Lend the client; turn what the libraries raise into errors of guard.

        After anything but a plain no the line is dropped: nobody knows what is still on it.
        """
        if self._client is None and self._line.fileno() < 0:
            raise UnreachableError(f"the connection to the {self._place.what} is closed")
        try:
            yield self._client
        except ANYTHING as error:
            problem = told(error, self._place)
            if self._watchdog.barked:
                minutes = self._deadline / 60
                problem = UnreachableError(f"the {self._place.what} took over {minutes:g} minutes")
            if not isinstance(problem, RefusedError):
                self._drop()
            raise problem from None

    def close(self) -> None:
        """Say goodbye. Whatever it comes to, all that mattered has been answered before."""
        if self._client is not None:
            with contextlib.suppress(*ANYTHING):
                self._socket().settimeout(_GOODBYE)
                self._client.logout()
        self._drop()

    def _socket(self) -> socket.socket:
        line: socket.socket = self._line if self._client is None else self._client.socket()
        return line

    def _drop(self) -> None:
        self._watchdog.stop()
        client, self._client = self._client, None
        with contextlib.suppress(*ANYTHING):
            self._line.close()
        if client is not None:
            with contextlib.suppress(*ANYTHING):
                client.shutdown()


def _greet(place: Place, line: socket.socket, read_timeout: float) -> Any:  # noqa: ANN401  # imapclient has no type hints
    """Read the greeting and change to TLS if that is agreed. Library errors pass.

    Raises:
        ConfigError: The server offers no STARTTLS, or wants no sign-in.
    """
    line.settimeout(read_timeout)
    client = _Client(place, line, read_timeout)
    if client.welcome.upper().startswith(b"* PREAUTH"):
        client.shutdown()
        raise ConfigError(
            f"the {place.what} lets everybody in without a password",
            hint="guard will not use it: check host and port in guard.toml.",
        )
    if place.security == "starttls":
        if not client.has_capability("STARTTLS"):
            client.shutdown()
            raise ConfigError(
                f"the {place.what} offers no STARTTLS, so the password would travel openly",
                hint='Set security = "tls" and the port for it, usually 993.',
            )
        client.starttls(context(place.ca_file))
    return client


def _sign_in(client: Any, place: Place, *, user: str, password: str, oauth: bool) -> None:  # noqa: ANN401  # as above
    """Sign in. Library errors other than a refusal pass.

    Raises:
        SignInError: The server refused the user or the password.
        UnreachableError: The server refused for a reason that may pass.
        ConfigError: User or password cannot be sent to this server.
    """
    if _CONTROL.search(user) or _CONTROL.search(password):
        raise ConfigError("the mailbox's user or password holds a control character")
    try:
        if oauth:
            _show_token(client, place, user, password)
        elif client.has_capability("AUTH=PLAIN"):
            client.plain_login(user, password)
        else:
            _login(client, place, user, password)
    except LoginError as error:
        raise _why(error, place, oauth=oauth) from None


def _show_token(client: Any, place: Place, user: str, token: str) -> None:  # noqa: ANN401  # as above
    offered = {
        one.decode("ascii", "replace").upper().removeprefix("AUTH=")
        for one in client.capabilities()
    }
    way = shown(user, token, host=place.host, port=place.port, offered=offered)
    # The second challenge is the server's reasons.
    answers = iter([way.first])
    client.sasl_login(way.mechanism, lambda _challenge: next(answers, way.second))


def _login(client: Any, place: Place, user: str, password: str) -> None:  # noqa: ANN401  # as above
    if client.has_capability("LOGINDISABLED"):
        raise ConfigError(
            f"the {place.what} takes no password on this line",
            hint='Set security to "tls" or "starttls"; Microsoft needs auth = "microsoft".',
        )
    if not (user + password).isascii():
        raise ConfigError(
            f"the {place.what} takes only plain letters in user and password",
            hint="Choose a password without accents and umlauts.",
        )
    # imaplib quotes the password, but not the user.
    escaped = user.replace("\\", "\\\\").replace('"', '\\"')
    client.login(f'"{escaped}"', password)


def _no_password(host: str) -> str:
    if f".{host.lower()}".endswith(MICROSOFT):
        return 'Microsoft takes no passwords: set auth = "microsoft", then: guard login'
    return "Check user and password, or run: guard login   Many providers want an app password."


def _why(error: LoginError, place: Place, *, oauth: bool) -> GuardError:
    text = str(error)
    # IMAPClient calls even a lost line a login error; the cause tells them apart.
    if isinstance(error.__context__, imaplib.IMAP4.abort):
        return UnreachableError(f"the {place.what} hung up during sign-in")
    if meant := refusals.of_mail_server(text):
        return SignInError(f"the {place.what} {meant[0]}", hint=meant[1])
    if _REFUSED.search(text) and oauth:
        return SignInError(
            f"the {place.what} refused the sign-in",
            hint="Was it made as this mailbox's user? Run: guard check   then: guard login",
        )
    if _REFUSED.search(text):
        return SignInError(
            f"the {place.what} refused the user or the password", hint=_no_password(place.host)
        )
    away = UnreachableError(f"the {place.what} refuses sign-in for now: {safe_words(text)}")
    away.wait = pause(text)
    return away
