"""`role.toml`: where a receptionist or a supervisor finds what is open to them, and their key.

Edge only in that it reads files. The key lies beside it, under their own passphrase; neither
file opens anything that was not shared with this very key.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from guard.config.file import read as read_toml
from guard.errors import ConfigError

FILE, KEY = "role.toml", "role.key.age"

_HINT = "guard role key makes it."


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of role.toml."""

    database: str
    """``postgresql://LOGIN@...``, without a password: it belongs into ``~/.pgpass``."""

    key: str = KEY
    """File with their secret key under their passphrase; relative to role.toml."""

    folder: Path = Path()
    """Where role.toml lies. Not a key of the file."""

    def sealed_key(self) -> bytes:
        """Return their sealed key.

        Raises:
            ConfigError: It cannot be read.
        """
        file = self.folder / Path(self.key).expanduser()
        try:
            return file.read_bytes()
        except OSError as error:
            raise ConfigError(f"cannot read {file}: {error.strerror}", hint=_HINT) from None


def read(file: Path) -> Person:
    """Read and check role.toml.

    Raises:
        ConfigError: It is missing, is not TOML, or a key or value is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {type(error).__name__}", hint=_HINT) from None
    person = read_toml(text, Person, name=file.name, hint=_HINT)
    insist_on_address(person.database)
    return msgspec.structs.replace(person, folder=file.absolute().parent)


def insist_on_address(database: str) -> str:
    """Return the login in an address of a database.

    Raises:
        ConfigError: It is none, names no login, or holds a password.
    """
    where = urlsplit(database)
    if where.scheme not in ("postgresql", "postgres"):
        raise ConfigError("database is written as postgresql://LOGIN@host/name")
    if where.password or "password" in parse_qs(where.query):
        raise ConfigError("database holds a password; it belongs into ~/.pgpass (mode 0600)")
    if not where.username:
        raise ConfigError("database names no login: postgresql://LOGIN@host/name")
    return where.username
