"""What ``guard init`` asks for when no option says it: where the mailbox is and how to sign in."""

import sys
from typing import TypedDict

import click

from guard.commands.providers import PRESETS, Preset
from guard.config import Auth
from guard.errors import ConfigError


class SignIn(TypedDict):
    """What a way of signing in needs."""

    auth: str
    password_file: str
    client_id: str
    client_file: str


def provider_of(named: str | None, *, host: str | None) -> Preset:
    """Return what is known of the provider; asks if there is somebody to ask.

    Args:
        named: What an option says.
        host: The mailbox's server, if an option says it: then nothing is asked.
    """
    if named is None and not host and sys.stdin.isatty():
        named = click.prompt(
            "Where is the mailbox", type=click.Choice([*PRESETS]), default="other"
        )
    return PRESETS[named or "other"]


def sign_in(
    auth: Auth, *, password_file: str | None, client_file: str | None, client_id: str | None
) -> SignIn:
    """Return what this way of signing in needs, as the options say, and ask for the rest.

    Raises:
        ConfigError: Something is missing, and there is nobody to ask.
    """
    found = SignIn(
        auth=auth,
        password_file=password_file or "",
        client_id=client_id or "",
        client_file=client_file or "",
    )
    match auth:
        case "password":
            found["password_file"] = password_file or ask(
                "File for the mailbox password (guard login writes it)", "--password-file"
            )
        case "google":
            found["client_file"] = client_file or ask(
                "JSON file of your Google desktop client", "--client-file"
            )
        case "microsoft":
            found["client_id"] = client_id or ask(
                "Id of your Microsoft application", "--client-id"
            )
    return found


def ask(question: str, option: str, *, empty: bool = False) -> str:
    """Ask one question.

    Raises:
        ConfigError: There is nobody to ask, and no answer is no answer; names the option.
    """
    if not sys.stdin.isatty():
        if empty:
            return ""
        raise ConfigError(
            f"an answer is missing: {question}", hint=f"Give it as an option: {option} ..."
        )
    answer: str = click.prompt(question, default="" if empty else None, show_default=False)
    return answer
