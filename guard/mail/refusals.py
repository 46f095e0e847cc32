"""What a refused sign-in means, and what to do: the providers' cryptic words in plain ones.

Pure. A provider's own sentences are never shown, for they name users and tenants; its codes are.
Source: RFC 6749 section 5.2, RFC 8628 section 3.5; Microsoft, "Microsoft Entra authentication and
authorization error codes"; Gmail and Exchange Online as they answer.
"""

import re
from collections.abc import Mapping
from typing import Final

from guard.errors import ConfigError, GuardError, SignInError, UnreachableError

_AGAIN: Final = "Sign in again: guard login"

_SMTP_AUTH: Final = (
    "Microsoft 365 admin centre: Users, this user, Mail, Manage email apps, tick Authenticated "
    "SMTP. It takes up to an hour; see aka.ms/smtp_auth_disabled"
)

_MAIL: tuple[tuple[str, str, str], ...] = (
    (
        r"application-specific password|InvalidSecondFactor",
        "wants an app password, not the password of the account",
        "Make one (Google: myaccount.google.com/apppasswords), then run: guard login",
    ),
    (
        r"web login required|log in (via|with) your web browser|WEBALERT|5\.7\.14\b",
        "wants to see you in a web browser first",
        "Open the mailbox in a browser as this user, answer what it asks, then: guard check",
    ),
    (
        r"not enabled for IMAP|IMAP access is disabled|IMAP is disabled",
        "says that IMAP is switched off for this mailbox",
        "Switch IMAP on in the mailbox's settings; in an organisation its administrator does it.",
    ),
    (
        r"SmtpClientAuthentication is disabled",
        "says that sending by SMTP is switched off",
        _SMTP_AUTH,
    ),
    (
        r"basic authentication is disabled|security defaults",
        "takes no password any more",
        'Set auth = "microsoft" in guard.toml, then: guard login',
    ),
    (
        r"5\.7\.139\b",
        "forbids this sign-in by a rule of the organisation",
        "Its administrator can see the rule in the sign-in log of Microsoft Entra.",
    ),
)
"""Pattern in a mail server's refusal, what it means, what to do. The first one that fits."""

_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})

_ENDED: Mapping[str, str] = {
    "50173": "the password was changed, or the sign-in was withdrawn",
    "70008": "it is too old",
    "70043": "the organisation wants a new sign-in every so often",
    "700081": "it is too old",
    "700082": "it was not used for 90 days",
    "700084": "it is too old",
    "50076": "the organisation now wants a second factor",
    "50078": "the second factor is too old",
    "50079": "the organisation now wants a second factor",
    "50055": "the password has expired",
    "54005": "its code was used before",
    "invalid_rapt": "the Workspace wants a new sign-in every so often; its administrator can "
    "exempt this user",
    "authorization_declined": "it was declined on the page",
    "access_denied": "it was declined on the page",
    "expired_token": "nobody signed in on the page in time",
}
"""Why a sign-in is over, by code. A new one mends it."""

_SET_UP: Mapping[str, tuple[str, str]] = {
    "65001": ("nobody has agreed to these permissions", _AGAIN),
    "90094": (
        "only an administrator may agree to these permissions",
        "Let the administrator grant IMAP.AccessAsUser.All and SMTP.Send to the application.",
    ),
    "90095": (
        "only an administrator may agree to these permissions",
        "Let the administrator grant IMAP.AccessAsUser.All and SMTP.Send to the application.",
    ),
    "700016": (
        "it does not know this application",
        "Check client_id and tenant in [oauth] of guard.toml.",
    ),
    "7000218": (
        "the application is not registered as a public client",
        'Entra, the application, Authentication: set "Allow public client flows" to Yes.',
    ),
    "50194": (
        "the application is for one organisation only",
        "Set tenant in [oauth] to that organisation's directory id or domain.",
    ),
    "9002346": (
        "the application is for personal accounts only",
        'Set tenant = "consumers" in [oauth].',
    ),
    "90002": ("there is no such tenant", "Check tenant in [oauth] of guard.toml."),
    "50020": (
        "this user belongs to another organisation",
        "Sign in as the mailbox's own user: guard login",
    ),
    "50034": ("there is no such user", "Sign in as the mailbox's own user: guard login"),
    "50057": ("this user is disabled", "Ask the administrator."),
    "50105": (
        "this user may not use the application",
        "Let the administrator assign the user to it.",
    ),
    "53003": (
        "a rule of the organisation (Conditional Access) forbids it",
        "Let the administrator allow this application for this user.",
    ),
    "53000": (
        "a rule of the organisation wants a managed device",
        "Let the administrator allow this application for this user.",
    ),
    "530003": (
        "a rule of the organisation wants a managed device",
        "Let the administrator allow this application for this user.",
    ),
    "invalid_client": (
        "it does not know this application, or its secret is wrong",
        "Check [oauth] in guard.toml: client_id or client_file. Then: guard login",
    ),
    "deleted_client": (
        "the application was deleted",
        "Make a new one, name it in [oauth] of guard.toml, then: guard login",
    ),
    "unauthorized_client": (
        "the application may not do this",
        'It must be of type "Desktop app" (Google) or a public client (Microsoft).',
    ),
    "invalid_scope": ("it does not know the permissions", "Check client_id and tenant."),
    "admin_policy_enforced": (
        "the organisation does not allow this application",
        "Its administrator must trust it: Admin console, Security, API controls.",
    ),
    "org_internal": (
        "the application is for one organisation only",
        "Sign in as a user of it, or make the application external.",
    ),
    "redirect_uri_mismatch": (
        "the application is not a desktop program",
        'Make a client of type "Desktop app" and name its file in [oauth] client_file.',
    ),
}
"""What is wrong with the set-up, by code, and what to do."""


def of_mail_server(words: str) -> tuple[str, str] | None:
    """Return what a mail server's refusal means and what to do; None when it is a plain no."""
    for pattern, what, hint in _MAIL:
        if re.search(pattern, words, re.IGNORECASE):
            return what, hint
    return None


def of_provider(answer: Mapping[str, object], who: str) -> GuardError:
    """Tell why a provider gives no token.

    Args:
        answer: The JSON object that came instead of a token.
        who: The provider, for messages: ``Microsoft``.
    """
    word = _word(answer.get("error"))
    if word in _LATER or _codes(answer) & {"90033", "90055", "50196"}:
        return UnreachableError(f"{who} gives no token for now ({word})")
    for code in (*sorted(_codes(answer)), _word(answer.get("error_subtype")), word):
        shown = f"AADSTS{code}" if code.isdigit() else code
        if code in _SET_UP:
            what, hint = _SET_UP[code]
            return ConfigError(f"{who} refuses the sign-in: {what} ({shown})", hint=hint)
        if code in _ENDED:
            return SignInError(
                f"the sign-in with {who} is over: {_ENDED[code]} ({shown})", hint=_AGAIN
            )
    if word == "invalid_grant":
        return SignInError(f"the sign-in with {who} is over or was withdrawn", hint=_grant(who))
    told = ", ".join([word, *(f"AADSTS{code}" for code in sorted(_codes(answer)))])
    hint = f"{_AGAIN}   If that does not help, look the code up."
    return ConfigError(f"{who} refuses the sign-in ({told})", hint=hint)


def _grant(who: str) -> str:
    if who == "Google":
        return (
            f"{_AGAIN}   After 7 days to the hour: publish your application (Google Auth "
            "Platform, Audience), for in testing a sign-in lasts 7 days."
        )
    return _AGAIN


def _codes(answer: Mapping[str, object]) -> set[str]:
    """Microsoft's numbers, from their own field or from its sentence."""
    listed = answer.get("error_codes")
    found = {str(one) for one in listed} if isinstance(listed, list) else set()
    found.update(re.findall(r"AADSTS(\d{3,8})", str(answer.get("error_description", ""))))
    return {one for one in found if re.fullmatch(r"\d{3,8}", one)}


def _word(found: object) -> str:
    """A code of letters; anything else is not shown."""
    if isinstance(found, str) and re.fullmatch(r"[a-z_]{1,40}", found):
        return found
    return "no reason given"
