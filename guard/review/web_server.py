"""The review page's server: waitress on a loopback port or on a Unix socket.

Edge: waitress and its socket. It writes no access log.
"""

import contextlib
import ipaddress
import logging
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore  # type: ignore[import-untyped]  # ships no types

_LOOPBACK = "127.0.0.1"
_TICK_SECONDS = 5.0
_MOST_BYTES = 131_072
"""Of a request's body; the pages' own forms are at most half of it."""

_SOCKET_MODE = 0o660
"""The owner, and the group that the reverse proxy is in."""


def listen(port: int = 0, address: str = _LOOPBACK) -> socket.socket:
    """Return a socket on a loopback address; port 0 takes any free one.

    Raises:
        OSError: The port is taken.
        ValueError: The address is not this machine's own.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if not ipaddress.ip_address(address).is_loopback:
        raise ValueError(address)
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
        # From here on a browser waits for its answer instead of being turned away.
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


def listen_file(file: Path) -> socket.socket:
    """Return a Unix socket that the owner and the group of its folder may use.

    Raises:
        OSError: It cannot be made, is in use, or something else lies there.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(file)
        listening.bind(str(file))
        # Nobody can connect before `listen`, so nobody sees the mode of the moment between.
        file.chmod(_SOCKET_MODE)
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


def host_of(listening: socket.socket) -> str:
    """Return host and port as a browser names them."""
    return f"{_LOOPBACK}:{listening.getsockname()[1]}"


class Server:
    """Answers on one socket, in the thread that runs it, until it is told to stop."""

    def __init__(self, app: Flask, listening: socket.socket) -> None:
        # What waitress would log of a broken request can hold parts of it.
        logging.getLogger("waitress").addHandler(logging.NullHandler())
        logging.getLogger("waitress").propagate = False
        # One thread: one person looks, and the record's connection belongs to one thread.
        self._server: Any = create_server(
            app,
            sockets=[listening],
            threads=1,
            ident=None,
            max_request_body_size=_MOST_BYTES,
            clear_untrusted_proxy_headers=True,
        )

    def run(self) -> None:
        """Answer; returns when it was stopped or interrupted, and everything is closed."""
        try:
            self._server.run()
        finally:
            self._close()
            self._server.task_dispatcher.shutdown()

    def stop(self) -> None:
        """Let `run` return; may be called from any thread, also more than once."""
        # Closed from outside, a socket would vanish under the loop that waits for it.
        with contextlib.suppress(OSError):
            self._server.trigger.pull_trigger(self._close)

    def _close(self) -> None:
        # An empty map ends the loop.
        wasyncore.close_all(self._server._map, ignore_all=True)  # noqa: SLF001  # has no other name


def serve(app: Flask, listening: socket.socket, *, tick: Callable[[], None]) -> None:
    """Answer until interrupted.

    Args:
        app: The pages.
        listening: Where.
        tick: Called every few seconds, so that the page locks though nobody asks for it.
    """
    done = Event()
    Thread(target=_tick, args=(tick, done), daemon=True).start()
    try:
        Server(app, listening).run()
    finally:
        done.set()


def _clear(file: Path) -> None:
    """Take away what a killed run left; what somebody answers on stays, and so does a file."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(file.lstat().st_mode):
            raise FileExistsError(file)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            try:
                asking.connect(str(file))
            except ConnectionRefusedError:
                file.unlink()


def _tick(tick: Callable[[], None], done: Event) -> None:
    while not done.wait(_TICK_SECONDS):
        tick()
