"""`clinic.toml` and a folder of settings to the mailboxes that this machine may scan.

Edge only in that it reads files. A mailbox is one file `NAME.toml` or `NAME/guard.toml`, with
all that `guard.config` knows; the folder is the list. No password ever stands in the file.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from guard.config import Settings, is_loopback, load
from guard.config.file import read as read_toml
from guard.errors import ConfigError

FILE = "clinic.toml"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""A name stands in logs and metrics, so it is plain; it need not be anybody's."""

_VERIFIED = ("verify-ca", "verify-full")


class Clinic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of clinic.toml."""

    database: str
    """``postgresql://`` and where; the password comes from ``~/.pgpass``, never from here."""

    mailboxes: str = "mailboxes"
    """Folder of ``NAME.toml`` or ``NAME/guard.toml``, one a mailbox."""

    every_seconds: int = 300
    """How often each mailbox is scanned."""

    connections: dict[str, int] = {}
    """IMAP host to how many of its mailboxes are scanned at once, on all machines together."""

    folder: Path = Path()
    """Where clinic.toml lies; relative paths start here. Not a key of the file."""

    def files(self) -> dict[str, Path]:
        """Return the settings of every mailbox that this machine has, by name.

        Raises:
            ConfigError: The folder is not there, or a name is not plain.
        """
        place = self.folder / Path(self.mailboxes).expanduser()
        if not place.is_dir():
            raise ConfigError(
                f"there is no folder {place}", hint="Make it, with one NAME.toml for each mailbox."
            )
        found = {one.stem: one for one in place.glob("*.toml")}
        found |= {one.parent.name: one for one in place.glob("*/guard.toml")}
        for name in found:
            if not _NAME.fullmatch(name):
                raise ConfigError(f"the name of {found[name]} is not letters, digits, - _ .")
        return dict(sorted(found.items()))


def read(file: Path) -> Clinic:
    """Read and check clinic.toml.

    Raises:
        ConfigError: It is missing, is not TOML, or a key or value is wrong.
    """
    hint = "Its keys are explained in guard/clinic/OPERATE.md."
    try:
        clinic = read_toml(file.read_text(encoding="utf-8"), Clinic, name=file.name, hint=hint)
    except FileNotFoundError:
        raise ConfigError(f"there is no {file}", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {type(error).__name__}") from None
    if doubt := _doubt(clinic):
        raise ConfigError(f"{file.name}: {doubt}", hint=hint)
    return msgspec.structs.replace(clinic, folder=file.absolute().parent)


def settings_of(file: Path) -> Settings:
    """Read one mailbox's settings; see `guard.config.load`."""
    return load(file)


def shared(known: Mapping[str, Settings]) -> dict[str, str]:
    """Return which mailboxes may not be scanned, because their record is another's too.

    Both of them, as nobody can tell whose it is: one therapist's letters would be sealed to
    the other's key, or one's sweep would take the other's.

    Args:
        known: Settings by name of the mailbox.

    Returns:
        What is wrong, by name.
    """
    users: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, settings in known.items():
        for place in set(_places(settings)):
            users[place].append(name)
    found: dict[str, str] = {}
    for (what, *_), names in users.items():
        if len(names) > 1:
            told = f"{' and '.join(names[:2])} name one {what}"
            found |= {name: told for name in names if name not in found}
    return found


def _places(settings: Settings) -> Iterator[tuple[str, ...]]:
    """What must be one record's alone."""
    record = settings.record
    yield "record folder", str(settings.record_folder.resolve())
    if record.database:
        where = urlsplit(record.database)
        asked = parse_qs(where.query)
        host = (asked.get("host") or [where.hostname or ""])[0]
        here = "" if is_loopback(host) or host.startswith("/") else host
        port = (asked.get("port") or [str(where.port or 5432)])[0]
        name = (asked.get("dbname") or [where.path.strip("/")])[0]
        yield "practice in the database", here, port, name, record.practice
    if record.blobs:
        yield "place in the object store", record.endpoint, record.blobs.strip("/")


def _doubt(clinic: Clinic) -> str:
    if not 1 <= clinic.every_seconds <= 86400:  # noqa: PLR2004  # a day
        return "every_seconds is between 1 and 86400"
    if any(most < 1 for most in clinic.connections.values()):
        return "connections: at least 1 for each host"
    return _doubt_about(clinic.database)


def _doubt_about(database: str) -> str:
    where = urlsplit(database)
    if where.scheme not in ("postgresql", "postgres"):
        return "database starts with postgresql://"
    asked = parse_qs(where.query)
    if where.password or "password" in asked:
        return "database holds a password; it belongs into ~/.pgpass (mode 0600)"
    host = (asked.get("host") or [where.hostname or ""])[0]
    mode = (asked.get("sslmode") or [""])[0]
    if host and not host.startswith("/") and not is_loopback(host) and mode not in _VERIFIED:
        return "database is another machine; add ?sslmode=verify-full"
    return ""
