"""The folder `keys/`: one key pair for each owner, and hers that opens them all.

Edge: files. Losing this folder loses the record; destroying one owner's file shreds what
was sealed to that owner alone. Source: FORMAT.md, "keys/".
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from guard.errors import LockedError, RecordError
from guard.record import durable
from guard.record.entry import check_owner
from guard.record.passphrase import WORK, open_with_passphrase, seal_with_passphrase
from guard.record.seal import Identity, check_recipient, seal, unseal

_FIRST_LINE = "# guard recipients v1"
_RECIPIENTS = "recipients.txt"
_HERS = ("therapist.key.age", "executor.key.age")
_RESTORE = "Restore the folder keys/ from its backup; without it the record cannot be read."


class Keys:
    """The keys of one record."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise durable.disk_error(error) from error
        durable.write(folder / _RECIPIENTS, recipients_text(recipients))
        return cls(folder)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder

    def masters(self) -> tuple[str, ...]:
        """Public keys of those who can read everything.

        Raises:
            RecordError: `recipients.txt` is missing or damaged.
        """
        text = self._read(_RECIPIENTS)
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
            durable.write(self._secret(owner), seal(identity.secret.encode(), self.masters()))
            durable.write(self._public(owner), f"{identity.recipient}\n".encode())
            return identity.recipient

    def recipient(self, owner: str) -> str | None:
        """An owner's public key; None when there is none.

        Raises:
            RecordError: The file cannot be read or is damaged.
        """
        text = self._read(self._public(owner).name)
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
        return tuple(sorted(path.stem for path in self._folder.glob("*.pub")))

    def is_owner(self, text: str) -> bool:
        """Whether a text is the name of somebody who has a key."""
        return text in self.owners()

    def has_any(self, owner: str) -> bool:
        """Whether any half of an owner's key pair is there."""
        return self._secret(owner).exists() or self._public(owner).exists()

    def secrets(self, owner: str, identity: Identity) -> tuple[Identity, ...]:
        """An owner's secret keys, newest first; none when destroyed, or never made.

        Raises:
            LockedError: `identity` is none of those they were sealed to.
            RecordError: The file cannot be read.
        """
        sealed = self._read(self._secret(owner).name)
        if sealed is None:
            return ()
        lines = unseal(sealed, [identity]).decode(errors="replace").split()
        return tuple(Identity(line) for line in lines)

    def rewrap(
        self, owner: str, identity: Identity, recipients: Sequence[str], *, into: Path, fresh: bool
    ) -> str:
        """Seal an owner's keys anew, into another folder; those here stay as they are.

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
        durable.write(into / self._secret(owner).name, seal(text.encode(), recipients))
        newest = secrets[0].recipient
        durable.write(into / self._public(owner).name, f"{newest}\n".encode())
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
        durable.write(self._folder / name, sealed)

    def unlock(self, passphrase: str) -> Identity:
        """Open her identity, or else the executor's.

        Raises:
            LockedError: The passphrase is wrong, or the file was changed.
            RecordError: There is no such file.
        """
        files = [sealed for name in _HERS if (sealed := self._read(name)) is not None]
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
            try:
                self._secret(owner).unlink(missing_ok=True)
                self._public(owner).unlink(missing_ok=True)
                durable.sync_folder(self._folder)
            except OSError as error:
                raise durable.disk_error(error) from error

    def _public(self, owner: str) -> Path:
        check_owner(owner)
        return self._folder / f"{owner}.pub"

    def _secret(self, owner: str) -> Path:
        check_owner(owner)
        return self._folder / f"{owner}.age"

    def _read(self, name: str) -> bytes | None:
        try:
            return durable.read(self._folder / name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise durable.disk_error(error) from error

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other maker of keys out.

        Raises:
            RecordError: The folder is missing.
        """
        # Two makers of one owner could leave one's secret beside the other's public key,
        # and mail sealed to it would be lost.
        try:
            handle = os.open(self._folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise durable.disk_error(error) from error
        try:
            yield
        finally:
            os.close(handle)


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


def _opened(sealed: bytes, passphrase: str) -> Identity:
    return Identity.decode(open_with_passphrase(sealed, passphrase).decode(errors="replace"))
