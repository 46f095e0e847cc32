"""An IMAP server that does as it is told: every fault that a real one cannot be made to have.

It serves a handful of mails from memory, plain on loopback, until an answer is scripted.
"""

import re
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

CLOSE = b"<CLOSE>"
"""In an answer: send what stands before it, then cut the line."""
STALL = b"<STALL>"
"""In an answer: send what stands before it, then say nothing more."""
DRIP = b"<DRIP>"
"""In an answer: send what stands before it, then a byte now and then for ever."""


class _Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that go away are what these tests are about.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


Answer = bytes | Callable[[str], bytes]


@dataclass
class Scripted:
    """The server. `script` maps a part of a command to its answer; TAG stands for the tag.

    The first part that is found in a command wins; ``greeting`` is what it says first.
    """

    script: dict[str, Answer] = field(default_factory=dict)
    mails: dict[int, bytes] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    validity: str = "[UIDVALIDITY 7]"
    uidnext: str = "[UIDNEXT 1000]"
    empty: bytes = b""
    """The answer to an empty line."""

    tls: ssl.SSLContext | None = None
    heard: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                if server.tls is not None:
                    self.request = server.tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def handle(self) -> None:
                server._talk(self)

        self._leave = threading.Event()
        self._server = _Threads(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        # It polls for its end, so the poll decides how long a test takes to stop.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, line: socketserver.StreamRequestHandler) -> None:
        going = self._send(line, self._scripted("greeting") or b"* OK hello\r\n")
        tag = ""
        while going and (command := line.rfile.readline().decode("latin-1")):
            first, space, rest = command.strip().partition(" ")
            # A line of one word carries on with the command before it, as in a sign-in.
            tag, rest = (first, rest) if space else (tag, first)
            self.heard.append(rest)
            answer = self._scripted(rest) or self._usual(rest, line)
            going = self._send(line, answer.replace(b"TAG", tag.encode()))

    def _scripted(self, command: str) -> bytes | None:
        if not command:
            return self.empty
        for part, answer in self.script.items():
            if part in command:
                return answer if isinstance(answer, bytes) else answer(command)
        return None

    def _send(self, line: socketserver.StreamRequestHandler, answer: bytes) -> bool:
        before, special, _ = re.split(rb"(<CLOSE>|<STALL>|<DRIP>|\Z)", answer, maxsplit=1)
        line.wfile.write(before)
        while special == DRIP and not self._leave.wait(0.05):
            line.wfile.write(b"x")
        if special == STALL:
            self._leave.wait(30)
        return not special

    def _usual(self, command: str, line: socketserver.StreamRequestHandler) -> bytes:
        word = command.upper()
        if word.startswith("AUTHENTICATE"):
            line.wfile.write(b"+ \r\n")
            line.rfile.readline()
        if word.startswith(("EXAMINE", "SELECT")):
            return (
                f"* {len(self.mails)} EXISTS\r\n* OK {self.validity} .\r\n"
                f"* OK {self.uidnext} .\r\nTAG OK done\r\n"
            ).encode()
        if word.startswith("UID SEARCH"):
            return b"* SEARCH " + " ".join(map(str, self.mails)).encode() + b"\r\nTAG OK done\r\n"
        if word.startswith("UID FETCH"):
            return b"".join(self._items(word)) + b"TAG OK done\r\n"
        if word.startswith("LOGOUT"):
            return b"* BYE bye\r\nTAG OK done\r\n"
        if word.startswith("CAPABILITY"):
            return f"* CAPABILITY {self.capabilities}\r\nTAG OK done\r\n".encode()
        return b"TAG OK done\r\n"

    def _items(self, command: str) -> list[bytes]:
        asked = {int(uid) for uid in command.split()[2].split(",")}
        part = re.search(r"<(\d+)\.(\d+)>", command)
        found = []
        for place, (uid, raw) in enumerate(self.mails.items(), start=1):
            if uid in asked:
                found.append(
                    sized(uid, len(raw), place)
                    if "RFC822.SIZE" in command
                    else body(uid, raw, place, part=(int(part[1]), int(part[2])) if part else None)
                )
        return found


def sized(uid: int, size: int, place: int = 1) -> bytes:
    """A FETCH line with a size and a date."""
    when = b'INTERNALDATE "17-Jul-2026 02:44:25 -0700"'
    return b"* %d FETCH (UID %d RFC822.SIZE %d %s)\r\n" % (place, uid, size, when)


def body(uid: int, raw: bytes, place: int = 1, *, part: tuple[int, int] | None = None) -> bytes:
    """A FETCH answer with a literal, whole or a part of it."""
    name = b"BODY[]"
    if part is not None:
        raw, name = raw[part[0] : part[0] + part[1]], b"BODY[]<%d>" % part[0]
    return b"* %d FETCH (UID %d %s {%d}\r\n%s)\r\n" % (place, uid, name, len(raw), raw)
