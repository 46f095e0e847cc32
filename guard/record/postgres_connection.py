"""Connecting to PostgreSQL, its tables step by step, and what its errors mean.

Edge: psycopg 3, which the extra ``clinic`` brings. The tables come from numbered SQL files
and a table with the number reached: plain SQL can be read, and run, by whoever runs the
database, and needs no tool of its own. Source: postgresql.org/docs/current/errcodes-appendix.
"""

import contextlib
import ipaddress
import logging
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from guard.errors import (
    BusyError,
    ConfigError,
    GuardError,
    RecordBrokenError,
    RecordError,
    UnreachableError,
)

if TYPE_CHECKING:
    import psycopg

_FILES = (1, 3)
"""Numbers of the SQL files that every guard must know, in order."""

VERSION = _FILES[-1]

_ROLES = 2
"""Number of the SQL file that adds a schema of its own, beside which an older guard goes on."""

_WAIT_S = 20
"""How long another writer is waited for, seconds."""

_CONNECT_S = 10
_UPGRADE_LOCK = 0x67756172
"""Key of the advisory lock under which tables are made: ``guar`` in ASCII."""

_TABLES = ("entry", "blob", "checkpoint")
_BUSY = {"55P03", "40P01", "40001", "57014"}
_MEANINGS = {
    "53100": ("the database's disk is full", "Free some space. Nothing is lost: mail waits."),
    "42501": (
        "this database role may not do that",
        "guard scan needs guard_scanner's rights, review and erase guard_therapist's.",
    ),
    "25006": ("this database is a copy that is only read", "Name the primary server."),
    "P0001": ("the record only grows", "Run: guard record verify"),
    "22021": ("the database cannot hold this name of a folder", "Rename the folder."),
}
"""SQLSTATE to message and hint."""


def connect(
    url: str, practice: str, *, readonly: bool = False, bare: bool = False
) -> "psycopg.Connection":
    """Connect as a role to which the database shows one practice and no other.

    Args:
        url: As libpq takes it. Without a password: libpq has its own places for one.
        practice: Whose record.
        readonly: Nothing can be written.
        bare: The tables may not be there yet.

    Raises:
        ConfigError: The extra ``clinic`` is not installed, or the address is wrong.
        RecordError: There is no record, or this role would see every practice.
        UnreachableError: The database cannot be reached.
    """
    try:
        import psycopg  # noqa: PLC0415  # an extra, slow to load
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415  # as above
    except ImportError as error:
        raise ConfigError(
            f"a record in PostgreSQL needs {error.name}, which is not installed",
            hint="Run: pip install 'guard[clinic]'",
        ) from None
    # It would tell cron what broke, in the server's words, which may quote a row.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigError("record.database is not a PostgreSQL address") from None
    settings: dict[str, Any] = {
        "application_name": "guard",
        "connect_timeout": _CONNECT_S,
        # Never a replica: what it shows may be older than what was acknowledged.
        "target_session_attrs": "read-write",
        **_encrypted(given),
    }
    with translated():
        db = psycopg.connect(url, autocommit=True, **settings)
    try:
        _prepare(db, practice, readonly=readonly)
        if not bare:
            _check(db)
    except BaseException:
        db.close()
        raise
    return db


def upgrade(db: "psycopg.Connection", practice: str, role: str = "") -> None:
    """Make the tables, or bring them to today's, and enter a practice.

    Args:
        db: Of the role that owns the tables, or may make them.
        practice: May be opened by this role from now on.
        role: A role, or group of roles, that may open it, too.

    Raises:
        RecordError: The role may not, or the tables are newer than this guard.
    """
    with translated(), db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_UPGRADE_LOCK,))
        _bring_forward(db)
        if not has_roles(db):
            db.execute(_sql(_ROLES))
        enter = "INSERT INTO guard.member VALUES (%s, COALESCE(%s, current_user)::name)"
        for one in {None, role or None}:
            db.execute(f"{enter} ON CONFLICT DO NOTHING", (practice, one))
        db.execute("INSERT INTO guard.head SELECT guard.practice() ON CONFLICT DO NOTHING")
    with translated():
        _check(db)


def renew(db: "psycopg.Connection") -> bool:
    """Bring tables of an older guard to today's format; nobody is let in.

    Args:
        db: Of the role that owns the tables.

    Returns:
        Whether there was anything to do.

    Raises:
        RecordError: The role may not.
    """
    with translated(), db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_UPGRADE_LOCK,))
        if not 0 < _version(db) < VERSION:
            return False
        _bring_forward(db)
    return True


def _bring_forward(db: "psycopg.Connection") -> None:
    reached = _version(db)
    for number in _FILES:
        if number > reached:
            db.execute(_sql(number))


def _prepare(db: "psycopg.Connection", practice: str, *, readonly: bool) -> None:
    with translated():
        db.execute("SELECT set_config('guard.practice', %s, false)", (practice,))
        db.execute("SET search_path = guard")
        db.execute("SET synchronous_commit = on")
        db.execute(f"SET lock_timeout = '{_WAIT_S}s'")
        if readonly:
            db.execute("SET default_transaction_read_only = on")
        [(sees_all, durable)] = db.execute(
            "SELECT rolsuper OR rolbypassrls, current_setting('fsync') = 'on'"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchall()
    if sees_all:
        raise RecordError(
            "this database role is shown every practice's rows",
            hint="Connect as an ordinary role: neither superuser nor BYPASSRLS.",
        )
    if not durable:
        raise RecordError("this database loses mail on a power cut", hint="Set fsync = on in it.")


def _check(db: "psycopg.Connection") -> None:
    version = _version(db)
    if version > VERSION:
        raise RecordError(
            f"the database has format {version}; this guard knows formats up to {VERSION}",
            hint="Install the newest guard. Nothing was changed.",
        )
    if 0 < version < VERSION:
        raise RecordError(
            f"the database has format {version}; this guard writes format {VERSION}",
            hint="Stop every older guard, then, as the owner of the tables, run: "
            "guard record migrate ADDRESS",
        )
    with translated():
        made = version == VERSION and db.execute("SELECT 1 FROM head").fetchone() is not None
    if not made:
        raise RecordError(
            "there is no record of this practice in the database, or this role may not open it",
            hint="Make one with: guard record migrate   Or check [record] practice.",
        )


def insist_whole(db: "psycopg.Connection") -> None:
    """Refuse tables whose triggers or row-level security somebody took away.

    Raises:
        RecordBrokenError: They are not as they were made.
    """
    with translated():
        [(rows, triggers)] = db.execute(
            "SELECT (SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'guard'::regnamespace"
            " AND relkind = 'r' AND relrowsecurity AND relforcerowsecurity),"
            " (SELECT count(*) FROM pg_trigger t WHERE NOT tgisinternal AND tgenabled = 'O'"
            " AND tgrelid = ANY (%s::regclass[]))",
            ([f"guard.{table}" for table in _TABLES],),
        ).fetchall()
    if (rows, triggers) != (9, 2 * len(_TABLES)):
        raise RecordBrokenError("the tables or triggers of the record were changed")


def roles_sql() -> str:
    """The statements of `postgres_0002.sql`."""
    return _sql(_ROLES).decode()


def has_roles(db: "psycopg.Connection") -> bool:
    """Whether there is a place for what receptionists and supervisors may open.

    Raises:
        RecordBrokenError: Somebody took its row-level security or its trigger away.
    """
    # Through the catalogue, because the name of a schema that one may not use cannot be asked.
    with translated():
        rows = db.execute(
            "SELECT relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_trigger t"
            " WHERE t.tgrelid = c.oid AND tgname = 'seen_once' AND tgenabled = 'O')"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'guard_roles' AND relname = 'shared'"
        ).fetchall()
    if rows and not rows[0][0]:
        raise RecordBrokenError("the table of what is shared, or its trigger, was changed")
    return bool(rows)


def _version(db: "psycopg.Connection") -> int:
    with translated():
        found = db.execute("SELECT to_regclass('guard.version')").fetchone()
        if found is None or found[0] is None:
            return 0
        row = db.execute("SELECT max(number) FROM guard.version").fetchone()
    return 0 if row is None else int(row[0] or 0)


def _sql(number: int) -> bytes:
    return resources.files("guard.record").joinpath(f"postgres_{number:04}.sql").read_bytes()


def _encrypted(given: Mapping[str, object]) -> dict[str, object]:
    """What must be added so that nothing goes beyond this machine in the clear."""
    hosts = str(given.get("host") or given.get("hostaddr") or "").split(",")
    if all(_here(host) for host in hosts):
        return {}
    mode = given.get("sslmode", "verify-full")
    if mode not in {"verify-full", "verify-ca"}:
        raise ConfigError(
            "record.database: sslmode must be verify-full beyond this machine",
            hint="Give sslrootcert too, if the server's certificate is from a private CA.",
        )
    return {"sslmode": mode, "sslrootcert": given.get("sslrootcert", "system")}


def _here(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what PostgreSQL raises into guard's errors.

    Raises:
        BusyError: Another process writes for longer than we wait.
        UnreachableError: The line to the server broke, or it stops.
        RecordError: Everything else.
    """
    import psycopg  # noqa: PLC0415  # an extra, slow to load

    try:
        yield
    except psycopg.Error as error:
        # Without its cause: a database's message may quote a row.
        raise _meaning(error.sqlstate, type(error).__name__) from None


def _meaning(state: str | None, name: str) -> GuardError:
    if state in _BUSY:
        return BusyError("the record is being written by another program")
    if name == "OperationalError" or state is None or state[:2] in {"08", "57", "53"}:
        if state in _MEANINGS:
            return RecordError(_MEANINGS[state][0], hint=_MEANINGS[state][1])
        return UnreachableError(f"the database cannot be reached ({state or name})")
    message, hint = _MEANINGS.get(state, ("the record cannot be used", ""))
    return RecordError(f"{message} ({state})", hint=hint or "Run: guard record verify")
