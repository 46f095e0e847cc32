"""A folder that a backup lies in: another disk, a share, a stick.

Edge: files, each written whole or not at all.
"""

import errno
from collections.abc import Iterator
from pathlib import Path

from guard.errors import RecordError
from guard.record import durable


class BackupFolder:
    """Objects as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        """Keep an object, durable on return; replaces the one of that name.

        Raises:
            RecordError: The disk would not.
        """
        path = self._folder / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _meaning(error) from error
        durable.write(path, data)

    def get(self, name: str) -> bytes | None:
        """An object; None when it is not there.

        Raises:
            RecordError: It cannot be read.
        """
        try:
            return (self._folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _meaning(error) from error

    def names(self, prefix: str) -> Iterator[str]:
        """Names of all objects under a prefix such as ``files/``, leftovers of a crash too.

        Raises:
            RecordError: The folder cannot be read.
        """
        try:
            for path in sorted((self._folder / prefix).iterdir()):
                yield f"{prefix}{path.name}"
        except FileNotFoundError:
            return
        except OSError as error:
            raise _meaning(error) from error

    def delete(self, name: str) -> None:
        """Destroy an object.

        Raises:
            RecordError: The disk would not.
        """
        path = self._folder / name
        try:
            path.unlink(missing_ok=True)
            durable.sync_folder(path.parent)
        except OSError as error:
            raise _meaning(error) from error


def _meaning(error: OSError) -> RecordError:
    if error.errno == errno.ENOENT:
        return RecordError(
            "the backup: its folder, or a file in it, is missing",
            hint="Is its disk plugged in? A new backup goes below a folder that is there.",
        )
    found = durable.disk_error(error)
    return RecordError(f"the backup: {found}", hint="Look at the disk that the backup is on.")
