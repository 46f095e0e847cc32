"""The first sign-in with Google or Microsoft, in a browser: the OAuth half of ``guard login``."""

import os
import secrets
import sys
import webbrowser

import click

from guard.commands import signin, wiring
from guard.config import Settings
from guard.errors import ConfigError, SignInError
from guard.mail import google, microsoft, oauth
from guard.mail.token import Token, granted, ungranted


def consent(settings: Settings, *, browser: bool) -> Token:
    """Let her sign in with the provider that guard.toml names. Nothing is kept yet.

    Args:
        settings: The practice's choices.
        browser: Whether the browser is on this machine; Microsoft does not mind.

    Raises:
        SignInError: She declined, left out a tick, or nobody came.
        ConfigError: The set-up is wrong.
        UnreachableError: The provider cannot be reached.
    """
    where = signin.authority(settings)
    user = signin.store(settings).user
    if where.provider == "google":
        client_id, secret = google.client(settings.path(settings.oauth.client_file))
        scopes = [google.SCOPE]
        answer = google.consent(
            where,
            user=user,
            credentials=(client_id, secret),
            secrets=(secrets.token_urlsafe(48), secrets.token_urlsafe(48)),
            show=_open if browser else _print,
            paste=None if browser else _paste,
        )
    else:
        client_id, secret = settings.oauth.client_id, ""
        sends = settings.smtp is not None and settings.smtp.auth == "microsoft"
        scopes = [microsoft.READ, microsoft.SEND] if sends else [microsoft.READ]
        answer = microsoft.consent(where, client_id=client_id, scopes=scopes, show=_code)
    if ungranted(answer, " ".join(scopes)):
        raise SignInError(
            f"{where.name}'s page was left without allowing guard to reach the mail",
            hint="Run guard login again, and tick every box.",
        )
    try:
        return granted(
            answer,
            provider=where.provider,
            user=user,
            client_id=client_id,
            client_secret=secret,
            scope=" ".join(scopes),
            now=wiring.clock(),
        )
    except ValueError:
        raise oauth.unreadable(where) from None


def _print(address: str) -> None:
    click.echo(f"Open this page and sign in as the mailbox's user:\n\n{address}\n", err=True)


def _open(address: str) -> None:
    _print(address)
    # Without a screen Python would start a browser for terminals in the middle of ours.
    screen = sys.platform == "darwin" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    if screen and webbrowser.open(address):
        click.echo("Your browser should show it now.", err=True)
    else:
        # It waits on this machine, where a browser elsewhere never comes back to.
        click.echo(
            "If your browser is on another machine, end this with Ctrl and C, and run:\n"
            "guard login --no-browser",
            err=True,
        )


def _paste() -> str:
    click.echo(
        "The browser ends at a page that cannot be shown; its address begins with "
        "http://127.0.0.1. Copy the whole address to here:",
        err=True,
    )
    line = sys.stdin.readline()
    if not line.strip():
        raise ConfigError("no address was given", hint="Run guard login again.")
    return line


def _code(address: str, code: str) -> None:
    click.echo(
        f"Open {address} in any browser, type the code {code}\nand sign in as the mailbox's "
        "user. Waiting ...",
        err=True,
    )
