"""What is shown to a server at sign-in: a password, or the access token of an OAuth sign-in.

Joins the settings with `guard.mail.login` and with the token's store. The clock comes in as
`now`; what only OAuth needs is imported late, for most practices have a password.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from guard.config import Mailbox, Settings, Smtp
from guard.errors import ConfigError, GuardError
from guard.mail import login

if TYPE_CHECKING:
    from guard.mail.oauth import Authority
    from guard.mail.token import Token
    from guard.mail.tokenstore import Store


def secret(settings: Settings, section: Mailbox | Smtp, table: str, now: datetime) -> str:
    """Return the password or the access token for one server.

    Raises:
        FatalError: It cannot be had.
        TransientError: The token must be renewed, and the provider cannot be reached.
    """
    if section.auth != "password":
        return current(settings, now).access_token
    return login.password(
        file=password_file(settings, section),
        command=section.password_command,
        service=service(table),
        user=section.user,
        key=f"{table}.password_file",
    )


def password_file(settings: Settings, section: Mailbox | Smtp) -> Path | None:
    """Return where a password lies, if in a file."""
    return settings.path(section.password_file) if section.password_file else None


def service(table: str) -> str:
    """Return the name under which the keyring holds a password."""
    return f"guard {table}"


def current(settings: Settings, now: datetime, *, fresh: bool = False) -> "Token":
    """Return the sign-in with an access token that can be shown, renewed if it must be.

    Args:
        settings: The practice's choices; they name a provider.
        now: The time, aware.
        fresh: Renew it in any case.

    Raises:
        FatalError: There is none, it is over, or it cannot be saved.
        TransientError: The provider cannot be reached.
    """
    from guard.mail.tokenstore import current as kept  # noqa: PLC0415  # see above

    def renew(token: "Token") -> "Token":
        from guard.mail import oauth  # noqa: PLC0415  # a scan in twelve renews it

        return oauth.renew(token, authority(settings), now=now)

    return kept(store(settings), renew, now=now, fresh=fresh)


def days_left(settings: Settings, now: datetime) -> int | None:
    """Return in how many days the sign-in ends; None for passwords, and when none is kept."""
    if settings.provider is None:
        return None
    from guard.mail import token  # noqa: PLC0415  # see above

    try:
        return token.days_left(store(settings).read(), now)
    except GuardError:
        # Whoever signs in with it will say so.
        return None


def store(settings: Settings) -> "Store":
    """Return where the sign-in is kept."""
    from guard.mail.tokenstore import Store  # noqa: PLC0415  # see above

    file = settings.path(settings.oauth.token_file) if settings.oauth.token_file else None
    named = file or settings.folder / "sign-in"
    section = settings.mailbox if settings.mailbox.auth != "password" else settings.smtp
    if section is None or section.auth == "password":
        raise ConfigError("guard.toml names no provider to sign in with")
    return Store(
        file=file,
        lock=named.with_name(f".{named.name}.lock"),
        provider=section.auth,
        user=section.user,
    )


def authority(settings: Settings) -> "Authority":
    """Return where the provider signs people in."""
    from guard.mail import oauth  # noqa: PLC0415  # see above

    chosen = settings.oauth
    return oauth.authority(
        settings.provider or "google",
        tenant=chosen.tenant,
        server=chosen.server,
        ca_file=settings.path(chosen.ca_file) if chosen.ca_file else None,
    )
