"""What ``guard init`` knows of the large mail providers: servers, sign-in, who vouches. Pure.

Source: support.google.com/mail/answer/7126229; learn.microsoft.com, "POP, IMAP, and SMTP settings
for Outlook"; mail-rules B2.8.
"""

from collections.abc import Mapping

import msgspec

from guard.config import Auth, Security
from guard.mail.sender import MICROSOFT


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider's servers are."""

    imap_host: str = ""
    """Empty: asked for."""

    imap_port: int = 993
    imap_security: Security = "tls"
    smtp_host: str | None = None
    """None: asked for."""

    smtp_port: int = 465
    smtp_security: Security = "tls"
    auth: Auth = "password"
    trusted: tuple[str, ...] = ()
    """Who vouches for senders in this provider's mail."""


PRESETS: Mapping[str, Preset] = {
    "gmail": Preset(
        imap_host="imap.gmail.com", smtp_host="smtp.gmail.com", trusted=("mx.google.com",)
    ),
    "microsoft": Preset(
        imap_host="outlook.office365.com",
        smtp_host="smtp.office365.com",
        smtp_port=587,
        smtp_security="starttls",
        auth="microsoft",
        trusted=(MICROSOFT,),
    ),
    "other": Preset(),
}
