"""The first sign-in with Microsoft: a code that she types into a page, on any machine.

Edge, by msal, which is an extra: cron never needs it, for a renewal is one POST of
`guard.mail.oauth`. Source: RFC 8628; mail-rules B3.19.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from guard.errors import ConfigError, UnreachableError
from guard.mail import oauth, refusals

READ = "https://outlook.office.com/IMAP.AccessAsUser.All"
SEND = "https://outlook.office.com/SMTP.Send"

_TIMEOUT = 15
"""Seconds without a single byte."""


def consent(
    where: oauth.Authority,
    *,
    client_id: str,
    scopes: list[str],
    show: Callable[[str, str], None],
) -> Mapping[str, object]:
    """Let her sign in, and return what the token endpoint answers.

    Args:
        where: Microsoft, or a national cloud of it.
        client_id: The application.
        scopes: What is asked for.
        show: Shows her the page's address and the code; she has about 15 minutes.

    Raises:
        SignInError: She declined, or nobody came.
        ConfigError: The set-up is wrong, or msal is not installed.
        UnreachableError: Microsoft cannot be reached.
    """
    try:
        import msal  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise ConfigError(
            "signing in with Microsoft needs msal",
            hint="Install it: pip install 'guard[microsoft]'",
        ) from None
    try:
        app = msal.PublicClientApplication(
            client_id,
            authority=where.base,
            http_client=_line(where),
            # It would ask Microsoft's worldwide cloud about a host that guard.toml names.
            instance_discovery=False,
        )
        flow = app.initiate_device_flow(scopes)
        if "user_code" not in flow:
            raise refusals.of_provider(flow, where.name)
        show(str(flow["verification_uri"]), str(flow["user_code"]))
        answer: Mapping[str, object] = app.acquire_token_by_device_flow(flow)
    except (ValueError, KeyError, TypeError):
        # msal says so of a tenant that does not exist and of an answer that is no JSON.
        raise ConfigError(
            "Microsoft knows no such place to sign in",
            hint="Check tenant in [oauth] of guard.toml. It may also pass by itself.",
        ) from None
    except OSError as error:
        # requests, which msal uses, makes its errors kinds of OSError.
        raise UnreachableError(
            f"Microsoft's sign-in server cannot be reached ({type(error).__name__})"
        ) from None
    if "error" in answer:
        raise refusals.of_provider(answer, where.name)
    return answer


def _line(where: oauth.Authority) -> Any:  # noqa: ANN401  # requests is msal's own choice
    """What msal talks by: as strict as `guard.mail.oauth`, whatever the environment says."""
    import requests  # noqa: PLC0415  # comes with msal

    made = requests.Session()
    # An authority in the environment would otherwise count more than the one in guard.toml.
    made.trust_env = False
    made.verify = str(where.ca_file) if where.ca_file else True
    made.request = functools.partial(made.request, timeout=_TIMEOUT)  # type: ignore[method-assign]  # it has no other way to set one
    return made
