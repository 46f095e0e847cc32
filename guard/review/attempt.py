"""A sign-in under way: what binds the browser that began it to the answer that comes back.

Pure. Nothing is kept until an answer comes: state, nonce and PKCE verifier follow from a secret
of this run and from a cookie, so that no crowd of strangers can push her attempt out of a table.
Source: RFC 9700 (OAuth 2.0 Security Best Current Practice) sections 2.1.1, 4.7; RFC 7636.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

import msgspec

from guard.errors import SignInError

MOST_SECONDS = 600
"""So long she may take at the issuer: password, second factor, a telephone that rings."""

_AGAIN = "Open guard's own address and sign in once more."


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in; each value is of 256 bits, in letters that a URL may hold."""

    cookie: str
    """What the browser keeps meanwhile, and nobody else sees."""

    state: str
    """What comes back by way of the issuer."""

    nonce: str
    """What the ID token must hold."""

    verifier: str
    """What only who began can show for the code: PKCE's ``code_verifier``."""


class Attempts:
    """All sign-ins of one run."""

    def __init__(self, token: Callable[[], str]) -> None:
        """Begin.

        Args:
            token: Gives a new unguessable text of letters and digits.
        """
        self._token = token
        self._key = token().encode()
        self._used: dict[str, int] = {}

    def begin(self, *, now: int) -> Attempt:
        """Return a new one; `now` is in milliseconds."""
        return self._attempt(f"{now // 1000}.{self._token()}")

    def take(self, cookie: str, state: str, *, now: int) -> Attempt:
        """Return the one that an answer belongs to, once.

        Args:
            cookie: What the browser kept.
            state: What came back.
            now: In milliseconds.

        Raises:
            SignInError: The answer belongs to no attempt of this browser, or was given before.
        """
        found = self._attempt(cookie)
        begun = re.match(r"(\d{1,12})\.", cookie)
        if not begun or not hmac.compare_digest(state.encode(), found.state.encode()):
            raise SignInError("this sign-in was not begun in this browser", hint=_AGAIN)
        seconds = now // 1000
        if not 0 <= seconds - int(begun[1]) <= MOST_SECONDS:
            raise SignInError("this sign-in took longer than ten minutes", hint=_AGAIN)
        self._used = {one: at for one, at in self._used.items() if seconds - at <= MOST_SECONDS}
        if found.state in self._used:
            raise SignInError("this sign-in was used already", hint=_AGAIN)
        self._used[found.state] = seconds
        return found

    def _attempt(self, cookie: str) -> Attempt:
        state, nonce, verifier = (
            self._derived(what, cookie) for what in ("state", "nonce", "verifier")
        )
        return Attempt(cookie=cookie, state=state, nonce=nonce, verifier=verifier)

    def _derived(self, what: str, cookie: str) -> str:
        made = hmac.digest(self._key, f"{what} {cookie}".encode(), sha256)
        return urlsafe_b64encode(made).decode().rstrip("=")
