"""How an access token is shown to a mail server, the same in IMAP and in SMTP.

Pure. Source: RFC 7628 sections 3.1 and 3.2.3 (OAUTHBEARER), RFC 5801 section 4 (names);
developers.google.com/workspace/gmail/imap/xoauth2-protocol (XOAUTH2, which Microsoft copied).
"""

from collections.abc import Container

import msgspec


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in by access token."""

    mechanism: str
    first: str
    """Holds the token."""

    second: str
    """What the server wants to hear after its reasons, before it says no."""


def shown(user: str, token: str, *, host: str, port: int, offered: Container[str]) -> Shown:
    """Choose the mechanism, XOAUTH2 unless only the other one is offered.

    Args:
        user: The mailbox.
        token: The access token.
        host: The mail server.
        port: Its port.
        offered: Names of the mechanisms that the server offers, upper case.
    """
    if "XOAUTH2" not in offered and "OAUTHBEARER" in offered:
        name = user.replace("=", "=3D").replace(",", "=2C")
        pairs = [f"n,a={name},", f"host={host}", f"port={port}", f"auth=Bearer {token}", "", ""]
        return Shown(mechanism="OAUTHBEARER", first="\1".join(pairs), second="\1")
    return Shown(mechanism="XOAUTH2", first=f"user={user}\1auth=Bearer {token}\1\1", second="")
