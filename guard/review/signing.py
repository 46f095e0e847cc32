"""The way in by an issuer, from the first click to the answer that is believed.

Joins the attempt, the issuer and its word. Time is an argument.
"""

import re
from collections.abc import Callable, Mapping

from guard.errors import SignInError, UnreachableError
from guard.review import id_token, openid
from guard.review.attempt import Attempt, Attempts

_DESCRIBED_MS = 3_600_000
"""So long an issuer's description is believed."""

_SLOW_MS = 3_000
_REST_MS = 60_000
"""So long a slow issuer is not asked: the page has one thread, and strangers may knock."""

_REASONS: Mapping[str, str] = {
    "access_denied": "the issuer did not let you sign in",
    "login_required": "the issuer wants you to sign in there first",
    "interaction_required": "the issuer wants you to sign in there first",
    "temporarily_unavailable": "the issuer is busy",
    "server_error": "the issuer is out of order",
}
_AGAIN = "Open guard's own address and sign in once more."


class Signing:
    """How one person signs in; one for a run."""

    def __init__(
        self, issuer: openid.Issuer, who: str, *, out: bool, token: Callable[[], str]
    ) -> None:
        """Begin.

        Args:
            issuer: Where she signs in.
            who: The one person who may; see `guard.review.id_token.insist`.
            out: Whether locking signs her out at the issuer, too.
            token: Gives a new unguessable text of letters and digits.
        """
        self.issuer = issuer
        self.who = who
        self._out = out
        self._attempts = Attempts(token)
        self._there: openid.Description | None = None
        self._asked = 0
        self._rest = 0

    def begin(self, *, now: int) -> tuple[Attempt, str]:
        """Return a new attempt, and the issuer's page for it; `now` is in milliseconds.

        Raises:
            UnreachableError: The issuer does not answer.
            ConfigError: It is not the one that guard.toml names.
        """
        self._insist_awake(now)
        there = self.there(now=now)
        attempt = self._attempts.begin(now=now)
        return attempt, openid.page(self.issuer, there, attempt)

    def finish(self, answer: Mapping[str, list[str]], cookie: str, *, now: int) -> str:
        """Believe an answer, and return the ID token.

        Args:
            answer: The query that the browser came back with.
            cookie: What it kept meanwhile.
            now: In milliseconds.

        Raises:
            SignInError: It is not to be believed, or is of somebody who may not.
            UnreachableError: The issuer does not answer.
            ConfigError: The issuer, or what we are registered as there, is wrong.
        """
        self._insist_awake(now)
        given = {key: values[0] for key, values in answer.items() if len(values) == 1}
        attempt = self._attempts.take(cookie, given.get("state", ""), now=now)
        there = self.there(now=now)
        named = given.get("iss", "" if there.signs_answers else self.issuer.url)
        if named != self.issuer.url:
            # RFC 9207 section 2.4: an answer of another issuer than the one that was asked.
            raise SignInError("this answer comes from another issuer", hint=_AGAIN)
        if "error" in answer:
            why = _REASONS.get(given.get("error", ""), "the issuer refused, or you turned back")
            raise SignInError(why, hint=_AGAIN)
        code = given.get("code", "")
        if not re.fullmatch(r"[ -~]{1,4096}", code):
            raise SignInError("the issuer's answer holds no code", hint=_AGAIN)
        word = openid.redeem(self.issuer, there, code, attempt.verifier)
        expected = id_token.Expected(
            issuer=self.issuer.url,
            client_id=self.issuer.client_id,
            nonce=attempt.nonce,
            access_token=word.access_token,
        )
        published = openid.keys(self.issuer, there)
        found = id_token.claims(word.id_token, published, expected, now=now)
        if "@" in self.who and "email" not in found:
            told = openid.person(self.issuer, there, word.access_token)
            found = id_token.with_address(found, told)
        id_token.insist(found, self.who)
        return word.id_token

    def failed(self, *, begun: int, now: int) -> None:
        """Leave an issuer alone that took long to give no answer; both in milliseconds."""
        if now - begun > _SLOW_MS:
            self._rest = now + _REST_MS

    def farewell(self, badge: str) -> str:
        """Return where she signs out at the issuer, too; empty for nowhere.

        Args:
            badge: The ID token that she came in with; empty when nobody did.
        """
        if not (self._out and badge and self._there):
            return ""
        return openid.farewell(self.issuer, self._there, badge)

    def there(self, *, now: int) -> openid.Description:
        """Return the issuer's description, asked for anew when it is old.

        Raises:
            UnreachableError: The issuer does not answer.
            ConfigError: It is not the one that guard.toml names.
        """
        if self._there is None or now - self._asked > _DESCRIBED_MS:
            self._there = openid.describe(self.issuer)
            self._asked = now
        return self._there

    def _insist_awake(self, now: int) -> None:
        if now < self._rest:
            raise UnreachableError("the issuer gave no answer just now", hint="Wait a minute.")
