"""The key files as a folder on this machine; and what any other place for them must do.

Edge: files, whole or not at all; flock(2) between makers of keys. Source: FORMAT.md, "keys/".
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from guard.record import durable

STAGING = "keys.next"
"""Folder beside `keys/`."""


class KeyPlace(Protocol):
    """Small named files, and a second set beside them that is made ready to replace them."""

    together: bool
    """Whether what is done here belongs to the record's open transaction."""

    def read(self, name: str) -> bytes | None:
        """A file; None when there is none.

        Raises:
            RecordError: It cannot be read.
        """

    def write(self, name: str, data: bytes) -> None:
        """Put a file in place, durable and whole, or not at all.

        Raises:
            RecordError: It cannot be written.
        """

    def remove(self, *names: str) -> None:
        """Destroy files, for ever; nothing happens to those that are gone already.

        Raises:
            RecordError: They cannot be destroyed.
        """

    def names(self) -> list[str]:
        """Names of all files, sorted."""

    def has(self, *names: str) -> bool:
        """Whether any of these files is there."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other maker of keys out.

        Raises:
            RecordError: The place is missing.
        """

    def staging(self) -> Self:
        """The second set, whether it is there or not."""

    def exists(self) -> bool:
        """Whether it is there."""

    def make(self) -> None:
        """Make it, empty.

        Raises:
            RecordError: It is there already, or cannot be made.
        """

    def prepare(self) -> None:
        """Make it, unless it is there.

        Raises:
            RecordError: It cannot be made.
        """

    def discard(self) -> None:
        """Destroy it with everything in it.

        Raises:
            RecordError: It cannot be destroyed.
        """

    def take_over(self, *names: str) -> None:
        """Move files here from the second set, one by one, the last one last.

        Raises:
            RecordError: They cannot be moved.
        """


class KeyFolder:
    """A folder. Keeps the promises of `KeyPlace`."""

    together = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """A file. See `KeyPlace.read`."""
        try:
            return durable.read(self._folder / name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise durable.disk_error(error) from error

    def write(self, name: str, data: bytes) -> None:
        """Put it in place. See `KeyPlace.write`."""
        durable.write(self._folder / name, data)

    def remove(self, *names: str) -> None:
        """Destroy. See `KeyPlace.remove`."""
        with _disk():
            for name in names:
                (self._folder / name).unlink(missing_ok=True)
            durable.sync_folder(self._folder)

    def names(self) -> list[str]:
        """All names. See `KeyPlace.names`."""
        return sorted(path.name for path in self._folder.glob("[!.]*") if path.is_file())

    def has(self, *names: str) -> bool:
        """Whether any is there. See `KeyPlace.has`."""
        return any((self._folder / name).exists() for name in names)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others out. See `KeyPlace.alone`."""
        # Two makers of one owner could leave one's secret beside the other's public key,
        # and mail sealed to it would be lost.
        with _disk():
            handle = os.open(self._folder, os.O_RDONLY)
        try:
            with _disk():
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def staging(self) -> Self:
        """The folder beside it. See `KeyPlace.staging`."""
        return type(self)(self._folder.with_name(STAGING))

    def exists(self) -> bool:
        """Whether it is there. See `KeyPlace.exists`."""
        return self._folder.exists()

    def make(self) -> None:
        """Make it. See `KeyPlace.make`."""
        with _disk():
            self._folder.mkdir(mode=0o700)

    def prepare(self) -> None:
        """Make it if need be. See `KeyPlace.prepare`."""
        if not self.exists():
            self.make()

    def discard(self) -> None:
        """Destroy it. See `KeyPlace.discard`."""
        with _disk():
            if self._folder.exists():
                shutil.rmtree(self._folder)

    def take_over(self, *names: str) -> None:
        """Move files here. See `KeyPlace.take_over`."""
        beside = self._folder.with_name(STAGING)
        with _disk():
            for name in names:
                (beside / name).replace(self._folder / name)
            durable.sync_folder(self._folder)


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise durable.disk_error(error) from error
