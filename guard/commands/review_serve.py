"""``guard review --serve``: the page behind a reverse proxy, for one person and her record."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands import wiring
from guard.config import Serve, Settings, listening
from guard.errors import ConfigError
from guard.mail import login
from guard.review.desk import Desk, Edges
from guard.review.session import Session

if TYPE_CHECKING:
    from guard.review.openid import Issuer

_EXTRA = "Run: pip install 'guard[clinic,review]'"


def serve(settings: Settings, edges: Edges) -> None:
    """Answer until stopped.

    Args:
        settings: The practice's choices.
        edges: Those of the page.

    Raises:
        ConfigError: There is no ``[serve]``, something in it is wrong, or an extra is missing.
        UnreachableError: The issuer does not answer.
    """
    chosen = _chosen(settings)
    try:
        from guard.review import web_server  # noqa: PLC0415  # an extra, slow to load
        from guard.review.signing import Signing  # noqa: PLC0415  # as above
        from guard.review.web import create_app  # noqa: PLC0415  # as above
    except ImportError as error:
        raise _missing(error) from None
    way_in = Signing(issuer(settings, chosen), chosen.who, out=chosen.sign_out, token=edges.token)
    # Better now than when she comes.
    way_in.there(now=wiring.milliseconds())
    desk = Desk(edges, Session(edges.token, by_link=False))
    app = create_app(desk, host=chosen.url.removeprefix("https://"), signing=way_in)
    with _listening(chosen) as line:
        click.echo(f"{chosen.url} answers, once your reverse proxy leads to {chosen.listen}.")
        click.echo("Ctrl and C closes it.")
        # As Ctrl and C does: systemd ends it so.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt), edges.letters:
            web_server.serve(app, line, tick=desk.expire)
    click.echo("Closed.")


def issuer(settings: Settings, chosen: Serve) -> "Issuer":
    """Return where she signs in, with the secret that guard.toml leads to.

    Raises:
        ConfigError: The secret cannot be had, or an extra is missing.
    """
    try:
        from guard.review.openid import Issuer  # noqa: PLC0415  # an extra
        from guard.review.web_signin import BACK  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise _missing(error) from None
    secret = ""
    if chosen.client_secret_file or chosen.client_secret_command:
        file = chosen.client_secret_file
        secret = login.password(
            file=settings.path(file) if file else None,
            command=chosen.client_secret_command,
            service="guard serve",
            user=chosen.client_id,
            key=f"serve.client_secret_{'file' if file else 'command'}",
        )
    return Issuer(
        url=chosen.issuer,
        client_id=chosen.client_id,
        secret=secret,
        back=f"{chosen.url}{BACK}",
        ca_file=settings.path(chosen.ca_file) if chosen.ca_file else None,
    )


def checked(settings: Settings) -> Iterator[str]:
    """Check how she signs in, for ``guard check``.

    Raises:
        ConfigError: Something in ``[serve]`` is wrong.
        UnreachableError: The issuer does not answer.
    """
    if settings.serve is None:
        return
    where = issuer(settings, settings.serve)
    from guard.review.openid import describe  # noqa: PLC0415  # an extra, there by now

    there = describe(where)
    yield f"the issuer answers; it is to lead back to {where.back}"
    if settings.serve.sign_out and not there.end:
        yield "locking signs out of guard alone: the issuer offers no way to sign out"


def _chosen(settings: Settings) -> Serve:
    if settings.serve is None:
        raise ConfigError(
            "there is no [serve] in guard.toml",
            hint="guard/clinic/OPERATE.md shows one. Without --serve the page opens here.",
        )
    return settings.serve


def _missing(error: ImportError) -> ConfigError:
    return ConfigError(f"the page needs {error.name}, which is not installed", hint=_EXTRA)


@contextlib.contextmanager
def _listening(chosen: Serve) -> Iterator[socket.socket]:
    from guard.review.web_server import listen, listen_file  # noqa: PLC0415  # there by now

    where = listening(chosen.listen)
    try:
        line = listen_file(where) if isinstance(where, Path) else listen(where[1], where[0])
    except OSError as error:
        there = isinstance(error, FileExistsError)
        why = "something else lies there" if there else error.strerror or str(error)
        raise ConfigError(
            f"cannot listen on {chosen.listen} (serve.listen): {why}",
            hint="Is this page running already? Each record needs a port or a socket of its own.",
        ) from None
    try:
        yield line
    finally:
        line.close()
        if isinstance(where, Path):
            where.unlink(missing_ok=True)
