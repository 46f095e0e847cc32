"""The keys: one key pair for each owner, and hers that opens them all.

Pure but for the place that it is given, mostly the folder `keys/`. Losing it loses the
record; destroying one owner's file shreds what was sealed to that owner alone.
Source: FORMAT.md, "keys/".
"""

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from guard.errors import LockedError, RecordError
from guard.record.entry import check_owner
from guard.record.key_folder import KeyFolder, KeyPlace
from guard.record.passphrase import WORK, open_with_passphrase, seal_with_passphrase
from guard.record.seal import Identity, check_recipient, seal, unseal

_FIRST_LINE = "# guard recipients v1"
_RECIPIENTS = "recipients.txt"
_PUBLIC = ".pub"
_HERS = ("therapist.key.age", "executor.key.age")
_RESTORE = "Restore the folder keys/ from its backup; without it the record cannot be read."


class Keys:
    """The keys of one record."""

    def __init__(self, place: Path | KeyPlace) -> None:
        self.place: KeyPlace = KeyFolder(place) if isinstance(place, Path) else place
        """Where the files are."""

    @classmethod
    def create(cls, folder: Path, recipients: Sequence[str]) -> "Keys":
        """Make the folder, whose owners' secrets will be sealed to all `recipients`.

        Args:
            folder: Made with mode 0700.
            recipients: age public keys: the therapist's, and the executor's if there is one.

        Raises:
            ValueError: A recipient is not an age public key, or there is none.
            RecordError: The disk would not, or the folder is there already.
        """
        if not recipients:
            raise ValueError("somebody must be able to read the record")
        for recipient in recipients:
            check_recipient(recipient)
        keys = cls(folder)
        keys.place.make()
        keys.place.write(_RECIPIENTS, recipients_text(recipients))
        return keys

    def masters(self) -> tuple[str, ...]:
        """Public keys of those who can read everything.

        Raises:
            RecordError: `recipients.txt` is missing or damaged.
        """
        text = self.place.read(_RECIPIENTS)
        if text is None:
            raise RecordError("keys/recipients.txt is missing", hint=_RESTORE)
        first, *lines = text.decode(errors="replace").splitlines() or [""]
        try:
            for line in lines:
                check_recipient(line)
        except ValueError:
            lines = []
        if first != _FIRST_LINE or not lines:
            raise RecordError("keys/recipients.txt is damaged or newer", hint=_RESTORE)
        return tuple(lines)

    def create_owner(self, owner: str) -> str:
        """Make an owner's key pair, or give the public key of the one that is there.

        Raises:
            RecordError: The disk would not, or `recipients.txt` is missing.
        """
        check_owner(owner)
        with self.alone():
            known = self.recipient(owner)
            if known is not None:
                return known
            identity = Identity.make()
            # The public key goes last: nothing can be sealed to it before the secret is
            # durable. A secret without a public key is a crash's leftover, and unused.
            self.place.write(_secret(owner), seal(identity.secret.encode(), self.masters()))
            self.place.write(_public(owner), f"{identity.recipient}\n".encode())
            return identity.recipient

    def recipient(self, owner: str) -> str | None:
        """An owner's public key; None when there is none.

        Raises:
            RecordError: The file cannot be read or is damaged.
        """
        text = self.place.read(_public(owner))
        if text is None:
            return None
        recipient = text.decode(errors="replace").strip()
        try:
            check_recipient(recipient)
        except ValueError:
            raise RecordError("a public key in keys/ is damaged", hint=_RESTORE) from None
        return recipient

    def recipients(self, *owners: str) -> tuple[str, ...]:
        """Public keys of owners, made where there are none.

        Raises:
            RecordError: The disk would not, or a file is damaged.
        """
        return tuple(self.create_owner(owner) for owner in owners)

    def owners(self) -> tuple[str, ...]:
        """All owners that have a key pair, sorted."""
        names = self.place.names()
        return tuple(name.removesuffix(_PUBLIC) for name in names if name.endswith(_PUBLIC))

    def is_owner(self, text: str) -> bool:
        """Whether a text is the name of somebody who has a key."""
        return text in self.owners()

    def has_any(self, owner: str) -> bool:
        """Whether any half of an owner's key pair is there."""
        return self.place.has(_secret(owner), _public(owner))

    def has_secret(self, owner: str) -> bool:
        """Whether the secret half of an owner's key pair is there."""
        return self.place.has(_secret(owner))

    def secrets(self, owner: str, identity: Identity) -> tuple[Identity, ...]:
        """An owner's secret keys, newest first; none when destroyed, or never made.

        Raises:
            LockedError: `identity` is none of those they were sealed to.
            RecordError: The file cannot be read.
        """
        sealed = self.place.read(_secret(owner))
        if sealed is None:
            return ()
        lines = unseal(sealed, [identity]).decode(errors="replace").split()
        return tuple(Identity(line) for line in lines)

    def rewrap(
        self,
        owner: str,
        identity: Identity,
        recipients: Sequence[str],
        *,
        into: KeyPlace,
        fresh: bool,
    ) -> str:
        """Seal an owner's keys anew, into another place; those here stay as they are.

        Args:
            owner: Who has a key pair.
            identity: Opens it.
            recipients: Who can open the new file.
            into: Gets `OWNER.age` and `OWNER.pub`.
            fresh: Make a new key pair too, for what is sealed from now on.

        Returns:
            The public key that goes with the new file.

        Raises:
            LockedError: `identity` does not open it.
            RecordError: It is missing, or the disk would not.
        """
        secrets = self.secrets(owner, identity)
        if not secrets:
            raise RecordError("a key that the record knows is not in keys/", hint=_RESTORE)
        if fresh:
            secrets = (Identity.make(), *secrets)
        text = "\n".join(one.secret for one in secrets)
        into.write(_secret(owner), seal(text.encode(), recipients))
        newest = secrets[0].recipient
        into.write(_public(owner), f"{newest}\n".encode())
        return newest

    def store_identity(
        self,
        identity: Identity,
        passphrase: str,
        *,
        random: Callable[[int], bytes],
        work: int = WORK,
    ) -> None:
        """Keep her identity, or the executor's, under a passphrase.

        Also how a passphrase is changed. The two do not overwrite one another.

        Raises:
            ValueError: The passphrase is empty.
            LockedError: The identity does not open this record.
            RecordError: The disk would not.
        """
        masters = self.masters()
        if identity.recipient not in masters:
            raise LockedError("this key does not open this record")
        name = _HERS[min(masters.index(identity.recipient), 1)]
        sealed = sealed_identity(identity, passphrase, random=random, work=work)
        self.place.write(name, sealed)

    def unlock(self, passphrase: str) -> Identity:
        """Open her identity, or else the executor's.

        Raises:
            LockedError: The passphrase is wrong, or the file was changed.
            RecordError: There is no such file.
        """
        files = [sealed for name in _HERS if (sealed := self.place.read(name)) is not None]
        if not files:
            hint = f"{_RESTORE} With the recovery sheet: guard record recover"
            raise RecordError(f"keys/{_HERS[0]} is missing", hint=hint)
        for sealed in files[:-1]:
            with contextlib.suppress(LockedError):
                return _opened(sealed, passphrase)
        return _opened(files[-1], passphrase)

    def destroy(self, owner: str) -> None:
        """Destroy an owner's key pair for ever; nothing happens when it is gone already.

        Backups of `keys/` hold it until they expire.

        Raises:
            RecordError: The disk would not.
        """
        with self.alone():
            self.place.remove(_secret(owner), _public(owner))

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other maker of keys out.

        Raises:
            RecordError: The place is missing.
        """
        return self.place.alone()


def sealed_identity(
    identity: Identity, passphrase: str, *, random: Callable[[int], bytes], work: int = WORK
) -> bytes:
    """The file that keeps an identity under a passphrase.

    Raises:
        ValueError: The passphrase is empty.
    """
    text = f"# guard therapist key v1\n{identity.secret}\n".encode()
    return seal_with_passphrase(text, passphrase, random=random, work=work)


def recipients_text(recipients: Sequence[str]) -> bytes:
    """The file `recipients.txt`."""
    return "".join(f"{line}\n" for line in (_FIRST_LINE, *recipients)).encode()


def _public(owner: str) -> str:
    check_owner(owner)
    return f"{owner}{_PUBLIC}"


def _secret(owner: str) -> str:
    check_owner(owner)
    return f"{owner}.age"


def _opened(sealed: bytes, passphrase: str) -> Identity:
    return Identity.decode(open_with_passphrase(sealed, passphrase).decode(errors="replace"))
