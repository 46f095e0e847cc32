"""A page on this machine: its port, its one-time link, and a browser."""

import contextlib
import webbrowser
from collections.abc import Callable, Iterator
from threading import Thread
from typing import TYPE_CHECKING

import click

from guard.errors import ConfigError
from guard.review.desk import Desk
from guard.review.role_desk import RoleDesk

if TYPE_CHECKING:
    from flask import Flask


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Import what the page needs.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"the page needs {error.name}, which is not installed",
            hint="Run: pip install 'guard[review]'   In a terminal, without it: --list",
        ) from None


def answer(
    make: "Callable[[str], Flask]", desk: Desk | RoleDesk, *, port: int, browser: bool
) -> None:
    """Answer on a port of this machine until interrupted.

    Args:
        make: Makes the application, given the host and port that it is reached by.
        desk: What is locked when nobody clicks.
        port: 0 is any free one.
        browser: Whether to open one.

    Raises:
        ConfigError: The port is taken, or what the page needs is not installed.
    """
    with installed():
        from guard.review.web_server import host_of, listen, serve  # noqa: PLC0415  # an extra
    try:
        listening = listen(port)
    except OSError:
        raise ConfigError(f"port {port} is taken", hint="Leave --port out.") from None
    link = f"http://{host_of(listening)}/open/{desk.session.link}"
    click.echo(f"Open this link in your browser; it works once:\n\n  {link}\n")
    click.echo("The page runs on this computer only. Ctrl and C closes it.")
    app = make(host_of(listening))
    if browser:
        # Apart, because a browser for terminals comes back only when it is closed.
        Thread(target=webbrowser.open, args=(link,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        serve(app, listening, tick=desk.expire)
    click.echo("Closed.")
