"""An HTTPS server on loopback that hands each request to a test's own server: its frame."""

import json
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.servers.certificates import Authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is said instead of what was asked for."""

    status: int = 200
    body: bytes = b"{}"
    drip: bool = False
    """A byte now and then, for ever."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that trust nobody, or go away, are what these tests are about.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


Answer = Callable[[BaseHTTPRequestHandler], None]


class Desk:
    """The server, with an authority of its own. A context manager."""

    def __init__(self, folder: Path, stem: str, *, get: Answer, post: Answer) -> None:
        """Issue its certificate.

        Args:
            folder: Where certificates lie.
            stem: What the server's own is called.
            get: Answers a GET.
            post: Answers a POST.
        """
        authority = Authority(folder)
        issued = authority.issue(stem)
        self.ca_file = authority.ca_file

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                get(self)

            def do_POST(self) -> None:
                post(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        # It polls for its end, so the poll decides how long a test takes to stop.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def say(
    asked: BaseHTTPRequestHandler,
    told: dict[str, Any] | bytes,
    status: int = 200,
    kind: str = "application/json",
) -> None:
    """Answer with an object, or with bytes as they are."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    asked.send_response(status)
    asked.send_header("Content-Type", kind)
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body)
