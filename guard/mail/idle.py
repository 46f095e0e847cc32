"""Wait for new mail on a line of its own: the server says so the moment it comes.

Edge, as `guard.mail.session`. A thread reads the line, because a read that times out can
never be taken up again. Source: RFC 2177 (IDLE).
"""

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

from guard.mail.answers import ANYTHING, RefusedError

CAPABILITY = "IDLE"

RENEW_S = 25 * 60.0
"""Life of one line, seconds: a server may hang up after 30 minutes (RFC 2177)."""

_NEW = re.compile(rb"\* \d+ EXISTS\b", re.IGNORECASE)
_MOST_BEFORE = 100
"""Lines that a server may say before it says that it waits."""

_PATIENCE_S = 5.0
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))
"""A box on the way forgets a silent line, and a silent line looks like no mail."""


class Idle:
    """One line on which the server tells of new mail. A context manager; its line is spent."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  # imapclient has no type hints
        *,
        came: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        """Ask the server to tell. Library errors pass.

        Args:
            client: With an open folder.
            came: Called from another thread when mail came.
            lost: Called from another thread when the line ended by itself.

        Raises:
            RefusedError: The server will not.
        """
        # Not imapclient's idle, which takes news for a refusal.
        self._imap = client._imap  # noqa: SLF001  # see above
        self._line: socket.socket = client.socket()
        self._came, self._lost = came, lost
        self._ended = False
        self._news = self._ask()
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                self._line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._line.settimeout(None)
        self._thread = threading.Thread(target=self._listen, name="idle", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended = True
        # No goodbye: two threads must not use one TLS line. The server loses nothing.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._line, socket.SHUT_RDWR)
        self._thread.join(_PATIENCE_S)

    def _ask(self) -> bool:
        """Say IDLE and wait for the server's "+"; tell whether mail came meanwhile."""
        imap = self._imap
        tag, came = imap._command("IDLE"), False  # noqa: SLF001  # imaplib has no such command before 3.14
        for _ in range(_MOST_BEFORE):
            line = imap._get_response()  # noqa: SLF001  # as above
            if line is None:
                return came
            if imap.tagged_commands.pop(tag, None) is not None:
                raise RefusedError("the mail server will not tell of new mail")
            came = came or _NEW.match(line) is not None
        raise RefusedError("the mail server does not come to wait")

    def _listen(self) -> None:
        try:
            if self._news:
                self._came()
            while True:
                line = self._imap._get_line()  # noqa: SLF001  # as above
                if _NEW.match(line):
                    self._came()
        except ANYTHING:
            if not self._ended:
                self._lost()
