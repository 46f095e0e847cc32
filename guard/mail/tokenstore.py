"""Where the token of a sign-in is kept, and its renewal: one at a time, saved before it is used.

Edge: a file of mode 0600, or the keyring. A provider may take the old refresh token away as soon
as it has given a new one, so room for the new one is made before it is asked for.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from guard.errors import ConfigError, SignInError
from guard.mail import private
from guard.mail.token import Provider, Token, decode, encode, usable

_SERVICE = "guard sign-in"
"""Name under which the keyring holds it."""


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The place of one token."""

    file: Path | None
    """None: the keyring."""

    lock: Path
    """An empty file beside it; who renews holds its lock."""

    provider: Provider
    user: str
    """The mailbox that it is for."""

    def read(self) -> Token:
        """Return what is kept.

        Raises:
            SignInError: There is none, or it is for another mailbox.
            ConfigError: It cannot be read, or others can read it.
        """
        text = self._text()
        if text is None:
            raise SignInError("nobody has signed in yet", hint="Run: guard login")
        try:
            token = decode(text)
        except (ValueError, RecursionError):
            raise SignInError(
                "what is kept of the sign-in cannot be read", hint="Sign in again: guard login"
            ) from None
        if (token.provider, token.user) != (self.provider, self.user):
            raise SignInError(
                "the sign-in that is kept is for another mailbox", hint="Run: guard login"
            )
        return token

    @contextlib.contextmanager
    def replacing(self) -> Iterator[Callable[[Token], None]]:
        """Hold the lock and lend a function that saves; the old token stays until it returns.

        Raises:
            RecordError: The disk would not.
            ConfigError: The keyring would not, or there is no place for the lock.
        """
        with self._locked():
            if self.file is None:
                yield self._to_keyring
                return
            with private.replacing(self.file) as put:
                yield lambda token: put(encode(token))

    def _text(self) -> str | None:
        if self.file is None:
            return _Keyring().get(self.user)
        if not self.file.exists():
            return None
        hint = "Sign in again: guard login"
        return private.read(self.file, f"token file {self.file} (oauth.token_file)", hint=hint)

    def _to_keyring(self, token: Token) -> None:
        _Keyring().set(self.user, encode(token).decode("ascii"))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(self.lock, flags, 0o600)
        except OSError as error:
            raise ConfigError(
                f"cannot write {self.lock}: {error.strerror}",
                hint="Let the user that runs guard write there.",
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def current(
    store: Store, renew: Callable[[Token], Token], *, now: datetime, fresh: bool = False
) -> Token:
    """Return a token whose access token can be shown, renewed and saved if it must be.

    Args:
        store: Where it is kept.
        renew: Asks the provider.
        now: The time, aware.
        fresh: Renew it though it has not ended: a person wants to know.

    Raises:
        SignInError: There is none, or the provider says that it is over.
        TransientError: The provider cannot be reached.
        FatalError: It cannot be read or saved.
    """
    known = store.read()
    if usable(known, now) and not fresh:
        return known
    with store.replacing() as save:
        # While this one waited for the lock another one may have done it.
        newest = store.read()
        if newest != known and usable(newest, now):
            return newest
        got = renew(newest)
        save(got)
    return got


class _Keyring:
    """The desktop's keyring, which is an extra and is closed under cron."""

    _HINT = "Set token_file in [oauth] of guard.toml; a keyring is closed under cron."

    def __init__(self) -> None:
        try:
            import keyring  # noqa: PLC0415  # an extra, and slow to import
        except ImportError:
            raise ConfigError("no token_file is set", hint=self._HINT) from None
        self._keyring = keyring

    def get(self, user: str) -> str | None:
        with self._told():
            found: str | None = self._keyring.get_password(_SERVICE, user)
        return found

    def set(self, user: str, text: str) -> None:
        with self._told():
            self._keyring.set_password(_SERVICE, user, text)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  # back ends raise what they like
            raise ConfigError(
                f"the keyring cannot be used: {type(error).__name__}", hint=self._HINT
            ) from None
