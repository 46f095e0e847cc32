"""Who may see the page: a one-time link or a sign-in, a cookie, a passphrase, and a lock.

Pure: time is an argument, randomness is given once. Her identity lives here, in memory, and
nowhere else. One browser at a time. A link lasts for the run; a sign-in ends with the lock.
"""

import hmac
from collections.abc import Callable

from guard.record.seal import Identity

IDLE_SECONDS = 15 * 60
"""Without a click for so long, the page locks: somebody may sit down at her desk."""

WARN_SECONDS = 60
"""So long before it locks, it says so (WCAG 2.2.1 asks for 20 seconds at least)."""

MOST_SECONDS = 12 * 60 * 60
"""So long a sign-in lasts at most, however much is clicked (OWASP ASVS 5.0, section 7.3)."""

MOST_TRIES = 10
"""Wrong passphrases before the link is void and ``guard review`` has to be started again."""


class Session:
    """One run of ``guard review``."""

    def __init__(
        self, token: Callable[[], str], *, idle: int = IDLE_SECONDS, by_link: bool = True
    ) -> None:
        """Begin, locked.

        Args:
            token: Gives a new unguessable text of letters and digits.
            idle: Seconds without a click after which it locks.
            by_link: Whether a one-time link lets her in; else a sign-in elsewhere does.
        """
        self._token = token
        self.idle = idle
        self._by_link = by_link
        self.link = token() if by_link else ""
        """The secret of the one-time link; empty once it was used."""
        self.badge = ""
        """What the issuer said of who is signed in, to sign out with; empty for nobody."""
        self.csrf = token()
        """Stands in every form of ours, and nowhere else."""
        self._cookie = ""
        self._tries = 0
        self._seen = 0
        self._since = 0
        self.identity: Identity | None = None
        """Hers, while the page is open; None while it is locked."""

    def exchange(self, link: str) -> str:
        """Return the cookie for the one-time link; empty when it is wrong or was used."""
        if not self.link or not _same(link, self.link):
            return ""
        self.link = ""
        return self._renew()

    def admit(self, badge: str, *, now: int) -> str:
        """Let in who signed in, and nobody else any more; returns the cookie.

        It is empty when too many passphrases were wrong: then no sign-in opens the page again.
        """
        self.lock()
        if self._tries >= MOST_TRIES:
            return ""
        self.badge = badge
        self._since = self._seen = now
        return self._renew()

    def admits(self, cookie: str) -> bool:
        """Whether a browser is the one that opened the link."""
        return bool(self._cookie) and _same(cookie, self._cookie)

    def unlock(self, identity: Identity, *, now: int) -> str:
        """Open, and return a new cookie: one that was planted before is worth nothing now."""
        self._tries = 0
        self.identity = identity
        self._seen = now
        return self._renew()

    def refuse(self) -> int:
        """Note a wrong passphrase; returns how many tries are left, 0 when it is all over."""
        self._tries += 1
        left = max(0, MOST_TRIES - self._tries)
        if not left:
            self._cookie = self.badge = ""
        return left

    def lock(self) -> None:
        """Forget her identity, and who is signed in."""
        if not self._by_link:
            self._cookie = self.badge = ""
        if self.identity is None:
            # A second tab that asks while it is locked must not void the first one's form.
            return
        self.identity = None
        self.csrf = self._token()

    def touch(self, *, now: int) -> bool:
        """Note a click; False, and locked, when it comes too late. `now` is in milliseconds."""
        if self.identity is None or self.expire(now=now):
            return False
        self._seen = now
        return True

    def expire(self, *, now: int) -> bool:
        """Lock if nobody clicked for too long; returns whether it did."""
        open_ = self.identity is not None or bool(self.badge)
        late = open_ and now - self._seen > self.idle * 1000
        if late or (self.badge and now - self._since > MOST_SECONDS * 1000):
            self.lock()
            return True
        return False

    def _renew(self) -> str:
        self._cookie = self._token()
        self.csrf = self._token()
        return self._cookie


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
