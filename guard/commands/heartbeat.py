"""A sign of life for a monitor outside: the only one that notices when cron itself stops.

Edge: HTTP. One GET without any content; whatever goes wrong with it is nobody's error, for the
monitor tells when it hears nothing. Source: healthchecks.io's pinging API, which others share.
"""

import contextlib
import http.client
import urllib.error
import urllib.request
from threading import Thread

_TIMEOUT_S = 5
"""Seconds for the connection, and for the answer."""

_PATIENCE_S = 8
"""Seconds that a scan waits for all of it; a name that does not resolve can take minutes."""


def beat(address: str, *, well: bool) -> None:
    """Fetch the address, or the one beside it that says that something is wrong.

    Args:
        address: Of the monitor.
        well: Whether all is well.
    """
    target = address if well else f"{address.rstrip('/')}/fail"
    fetching = Thread(target=_fetch, args=(target,), daemon=True)
    fetching.start()
    fetching.join(_PATIENCE_S)


def _fetch(address: str) -> None:
    request = urllib.request.Request(address, headers={"User-Agent": "guard"})  # noqa: S310  # guard.config admits http and https alone
    opener = urllib.request.build_opener(_Stay)
    with (
        contextlib.suppress(OSError, ValueError, http.client.HTTPException),
        opener.open(request, timeout=_TIMEOUT_S) as answer,
    ):
        answer.read(1)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere but where she said."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None
