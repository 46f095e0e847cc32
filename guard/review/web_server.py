"""The review page's server: waitress on a free port of the loopback address.

Edge: waitress and its socket. It writes no access log.
"""

import logging
import socket
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from flask import Flask
from waitress import create_server  # type: ignore[import-untyped]  # waitress ships no types

_LOOPBACK = "127.0.0.1"
_TICK_SECONDS = 5.0


def listen(port: int = 0) -> socket.socket:
    """Return a socket on the loopback address; port 0 takes any free one.

    Raises:
        OSError: The port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind((_LOOPBACK, port))
    # From here on a browser waits for its answer instead of being turned away.
    listening.listen()
    return listening


def host_of(listening: socket.socket) -> str:
    """Return host and port as a browser names them."""
    return f"{_LOOPBACK}:{listening.getsockname()[1]}"


def serve(app: Flask, listening: socket.socket, *, tick: Callable[[], None]) -> None:
    """Answer until interrupted.

    Args:
        app: The pages.
        listening: Where.
        tick: Called every few seconds, so that the page locks though nobody asks for it.
    """
    # What waitress would log of a broken request can hold parts of it.
    logging.getLogger("waitress").addHandler(logging.NullHandler())
    logging.getLogger("waitress").propagate = False
    # One thread: one person looks, and the record's connection belongs to one thread.
    server: Any = create_server(app, sockets=[listening], threads=1, ident=None)
    done = Event()
    Thread(target=_tick, args=(tick, done), daemon=True).start()
    try:
        server.run()
    finally:
        done.set()
        server.close()


def _tick(tick: Callable[[], None], done: Event) -> None:
    while not done.wait(_TICK_SECONDS):
        tick()
