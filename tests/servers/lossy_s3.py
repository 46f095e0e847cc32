"""A line between guard and an S3 store that fails at the requests that it is told to.

It speaks HTTP, because what a store may do wrong is of HTTP: refuse, do what was asked and not
say so, say less than it announced, say nothing.
"""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self
from urllib.parse import urlsplit

Loss = Literal["refused", "unsaid", "cut", "short", "stalled"]

_ERROR = b"<Error><Code>InternalError</Code><Message>We are sorry</Message></Error>"
_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


def never(_number: int) -> bool:
    """No request is lost."""
    return False


@dataclass
class LossyStore:
    """A context manager. The request for whose number `lost` says yes suffers `kind`."""

    endpoint: str
    kind: Loss = "refused"
    lost: Callable[[int], bool] = never
    seen: list[str] = field(default_factory=list)
    """Methods and paths, in order."""

    def __enter__(self) -> Self:
        self._leave = threading.Event()
        self._count = threading.Lock()
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                store._answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: BaseHTTPRequestHandler) -> None:
        body = _body(asked)
        with self._count:
            lost = self.lost(len(self.seen))
            self.seen.append(f"{asked.command} {asked.path}")
        if lost and self.kind == "refused":
            _send(asked, 500, {}, _ERROR)
            return
        status, headers, answer = self._forwarded(asked, body)
        if not lost:
            _send(asked, status, headers, answer)
        elif self.kind == "unsaid":
            _send(asked, 500, {}, _ERROR)
        elif self.kind == "short":
            _send(asked, status, headers, answer, short=True)
        else:
            if self.kind == "stalled":
                self._leave.wait(5)
            asked.close_connection = True

    def _forwarded(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        where = urlsplit(self.endpoint)
        assert where.hostname is not None
        line = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        headers = {
            name: value for name, value in asked.headers.items() if name.lower() not in _HOP
        }
        line.request(asked.command, asked.path, body=body, headers=headers)
        answer = line.getresponse()
        data = answer.read()
        line.close()
        return answer.status, dict(answer.getheaders()), data


def _body(asked: BaseHTTPRequestHandler) -> bytes:
    if asked.headers.get("Expect", "").lower() == "100-continue":
        asked.send_response_only(100)
        asked.end_headers()
    if asked.headers.get("Transfer-Encoding", "").lower() == "chunked":
        whole = b""
        while size := int(asked.rfile.readline(), 16):
            whole += asked.rfile.read(size)
            asked.rfile.readline()
        asked.rfile.readline()
        return whole
    return asked.rfile.read(int(asked.headers.get("Content-Length", 0)))


def _send(
    asked: BaseHTTPRequestHandler,
    status: int,
    headers: dict[str, str],
    body: bytes,
    *,
    short: bool = False,
) -> None:
    asked.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in _HOP:
            asked.send_header(name, value)
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    if asked.command != "HEAD":
        asked.wfile.write(body[: len(body) // 2] if short else body)
    if short:
        asked.close_connection = True
