"""One request over HTTPS: to a sign-in server, and to nobody it would send us on to.

Edge. Follows no redirect, reads no proxy or netrc of the environment, keeps a deadline for the
whole conversation and a limit for the answer.
"""

import http.client
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

import msgspec

from guard.errors import UnreachableError
from guard.mail.connection import Place, Watchdog, connect, context, explained

TIMEOUT_S = 15
"""For TCP, for TLS, and without a single byte."""

_LONGEST = 200_000
"""Bytes of an answer; a real one has some thousands."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    """HTTP's; a redirect is one like any other."""

    body: bytes


def exchange(
    method: str,
    url: str,
    *,
    what: str,
    ca_file: Path | None,
    headers: Mapping[str, str],
    body: bytes | None = None,
    deadline: float,
) -> Answer:
    """Send one request, and read the whole answer.

    Args:
        method: GET or POST.
        url: ``https://`` and so on; the query is sent, a fragment is not.
        what: For messages: ``sign-in server``; host and port are added.
        ca_file: A private CA, PEM; None: those that the system trusts.
        headers: Beside Host, which is added.
        body: For POST.
        deadline: Seconds for all of it.

    Raises:
        UnreachableError: It cannot be reached, or answers nonsense.
        ConfigError: Its certificate cannot be trusted.
    """
    target = urllib.parse.urlsplit(url)
    host, port = target.hostname or "", target.port or 443
    place = Place(
        what=f"{what} {host}:{port}",
        host=host,
        port=port,
        security="tls",
        ca_file=ca_file,
        timeout=min(TIMEOUT_S, deadline),
    )
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    # Not urllib: it would follow a redirect, and with it show the secret to a stranger.
    line = http.client.HTTPSConnection(host, port, context=context(ca_file))
    line.sock = sock = connect(place)
    watchdog = Watchdog(lambda: sock, deadline)
    try:
        line.request(method, path, body=body, headers=dict(headers) | {"Connection": "close"})
        with line.getresponse() as answer:
            text = answer.read(_LONGEST + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
        told = TimeoutError() if watchdog.barked else error
        if isinstance(told, OSError):
            raise explained(told, place) from None
        raise unreadable(place.what) from None
    finally:
        watchdog.stop()
        line.close()
        sock.close()
    if watchdog.barked:
        raise explained(TimeoutError(), place)
    if len(text) > _LONGEST:
        raise unreadable(place.what)
    return Answer(status=answer.status, body=text)


def unreadable(what: str) -> UnreachableError:
    """Return the error for an answer that is none. No word of it is shown."""
    return UnreachableError(
        f"the {what} answered what guard cannot read",
        hint="Is there a page to log in to this network? Else it may pass by itself.",
    )
