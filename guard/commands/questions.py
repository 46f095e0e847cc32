"""What ``guard init`` asks for when no option says it: where the mailbox is and how to sign in."""

import sys
from collections.abc import Mapping
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
    tenant: str


_HOMES: Mapping[str, str] = {
    "gmail.com": "gmail",
    "googlemail.com": "gmail",
    "outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "hotmail.co.uk": "microsoft",
    "live.co.uk": "microsoft",
}
"""Whose addresses these are; a domain of one's own may be anybody's."""


def provider_of(named: str | None, *, address: str, host: str | None) -> Preset:
    """Return what is known of the provider; asks if there is somebody to ask.

    Args:
        named: What an option says.
        address: Her own.
        host: The mailbox's server, if an option says it: then nothing is asked.
    """
    if named is None and not host and sys.stdin.isatty():
        named = click.prompt(
            "Where is the mailbox",
            type=click.Choice([*PRESETS]),
            default=_HOMES.get(address.rpartition("@")[2].lower(), "other"),
        )
    return PRESETS[named or "other"]


def sign_in(
    auth: Auth,
    *,
    password_file: str | None,
    client_file: str | None,
    client_id: str | None,
    tenant: str | None,
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
        tenant=tenant or "common",
    )
    match auth:
        case "password":
            found["password_file"] = password_file or ask(
                "File for the mailbox password (guard login writes it)",
                "--password-file",
                usual="mail.secret",
            )
        case "google":
            found["client_file"] = client_file or ask(
                "JSON file of your Google desktop client",
                "--client-file",
                usual="google-client.json",
            )
        case "microsoft":
            found["client_id"] = client_id or ask(
                "Application (client) id at Microsoft", "--client-id"
            )
            if tenant is None and sys.stdin.isatty():
                found["tenant"] = ask(
                    "Directory (tenant) id at Microsoft", "--tenant", usual="common"
                )
    return found


def ask(question: str, option: str, *, empty: bool = False, usual: str = "") -> str:
    """Ask one question.

    Args:
        question: What is asked.
        option: The option that answers it.
        empty: Whether no answer is one.
        usual: What is proposed.

    Raises:
        ConfigError: There is nobody to ask, and no answer is no answer; names the option.
    """
    if not sys.stdin.isatty():
        if empty:
            return ""
        raise ConfigError(
            f"an answer is missing: {question}", hint=f"Give it as an option: {option} ..."
        )
    proposed = usual or ("" if empty else None)
    answer: str = click.prompt(question, default=proposed, show_default=bool(usual))
    return answer
