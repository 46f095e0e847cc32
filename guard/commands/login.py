"""``guard login``: gives guard what it signs in with, proves it at the servers, then keeps it."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from guard.commands import post, signin, wiring
from guard.config import Mailbox, Settings, Smtp, load
from guard.errors import ConfigError, GuardError, TransientError
from guard.mail import login as passwords
from guard.mail import private

_APP_PASSWORD = re.compile(r"[a-z]{4}([ \xa0][a-z]{4}){3}")
"""An app password as Google shows it; the spaces are not part of it."""

Sections = Mapping[str, Mailbox | Smtp]


@click.command()
@click.option("--mailbox", "only", flag_value="mailbox", help="Only for reading the mailbox.")
@click.option("--smtp", "only", flag_value="smtp", help="Only for sending.")
@click.option(
    "--no-browser",
    is_flag=True,
    help="For Google, when the browser is on another machine: paste the address it ends at.",
)
@click.pass_obj
def login(config: Path, only: str | None, *, no_browser: bool) -> None:
    """Sign in once, for guard: with a password, Google or Microsoft.

    guard.toml says which. What was given is tried at the servers, and kept only if they do not
    refuse it: in the password_file, the token_file (both mode 0600) or the keyring. A password is
    asked for, or read from standard input if that is no terminal. Nothing is sent. Exit status 0
    signed in, 75 it is kept but a server could not be reached, 77 refused, 78 a setting is wrong.
    """
    settings = load(config)
    sections = _sections(settings, only)
    shared = {name: one for name, one in sections.items() if one.auth != "password"}
    if shared:
        _with_provider(settings, shared, browser=not no_browser)
    for table, section in sections.items():
        if section.auth == "password":
            _with_password(settings, table, section)


def _sections(settings: Settings, only: str | None) -> Sections:
    found: dict[str, Mailbox | Smtp] = {"mailbox": settings.mailbox}
    if settings.smtp is not None and settings.smtp.user:
        found["smtp"] = settings.smtp
    if only is None:
        return found
    if only not in found:
        raise ConfigError(
            "[smtp] names no user, so there is nothing to sign in with",
            hint="Set user in [smtp] of guard.toml if the server wants one.",
        )
    return {only: found[only]}


def _with_provider(settings: Settings, sections: Sections, *, browser: bool) -> None:
    from guard.commands.consent import consent  # noqa: PLC0415  # a password needs none of it

    token = consent(settings, browser=browser)

    def keep() -> None:
        with signin.store(settings).replacing() as save:
            save(token)

    _prove(settings, sections, token.access_token, keep)


def _with_password(settings: Settings, table: str, section: Mailbox | Smtp) -> None:
    file = signin.password_file(settings, section)
    same = table == "smtp" and file == signin.password_file(settings, settings.mailbox)
    if section.password_command or (same and file is not None):
        # A program of hers keeps it, or it was given for the mailbox a moment ago.
        known = signin.secret(settings, section, table, wiring.clock())
        _prove(settings, {table: section}, known, lambda: None)
        return
    given = _ask(section.host)

    def keep() -> None:
        if file is not None:
            private.replace(file, f"{given}\n".encode())
        else:
            key = f"{table}.password_file"
            passwords.remember(given, service=signin.service(table), user=section.user, key=key)

    _prove(settings, {table: section}, given, keep)


def _prove(settings: Settings, sections: Sections, given: str, keep: Callable[[], None]) -> None:
    """Sign in everywhere, and keep what was given once one server takes it, or cannot say.

    Raises:
        GuardError: The first one that was met, at the end.
    """
    problems: list[GuardError] = []
    kept = False
    for table, section in sections.items():
        try:
            _sign_in(settings, table, given)
            click.echo(f"signed in to {section.host}")
        except GuardError as error:
            problems.append(error)
            if not isinstance(error, TransientError):
                continue
        if not kept:
            keep()
            kept = True
    if problems:
        raise problems[0]


def _sign_in(settings: Settings, table: str, given: str) -> None:
    if table == "mailbox":
        with post.sign_in(settings, given) as mailbox:
            # Microsoft takes some sign-ins and opens no mailbox with them.
            mailbox.names()
    elif settings.smtp is not None:
        with post.outbox(settings, settings.smtp, given) as outbox:
            outbox.check()


def _ask(host: str) -> str:
    if sys.stdin.isatty():
        given: str = click.prompt(f"Password for {host}", hide_input=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if not given.strip():
        raise ConfigError(
            "no password was given",
            hint="Run guard login in a terminal, or hand the password to it on standard input.",
        )
    shown = given.strip(" \xa0")
    return re.sub(r"[ \xa0]", "", shown) if _APP_PASSWORD.fullmatch(shown) else given
