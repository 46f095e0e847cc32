"""The table of leases, in PostgreSQL.

Edge: the only file of this room that touches psycopg. One short transaction a call, on the
primary. Every time is the database's, so that machines whose clocks differ agree.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Self

import psycopg
from psycopg.rows import class_row

from guard.clinic.lease import LIFE, Ended, Lease, pause
from guard.clinic.state import State
from guard.errors import ConfigError, UnreachableError

_LOCK = 7_310_001
"""Key of the advisory lock under which connections are counted and the table is made."""

_VERSIONS = (
    """
    CREATE TABLE guard_clinic.lease (
        mailbox text PRIMARY KEY,
        provider text NOT NULL,
        due timestamptz NOT NULL DEFAULT now(),
        until timestamptz,
        fence bigint NOT NULL DEFAULT 0,
        worker text NOT NULL DEFAULT '',
        failures integer NOT NULL DEFAULT 0,
        since timestamptz NOT NULL DEFAULT now(),
        well timestamptz,
        ended timestamptz,
        status integer,
        error text NOT NULL DEFAULT '',
        seconds double precision NOT NULL DEFAULT 0,
        scans bigint NOT NULL DEFAULT 0,
        failed bigint NOT NULL DEFAULT 0,
        filed bigint NOT NULL DEFAULT 0,
        reminded bigint NOT NULL DEFAULT 0,
        waiting bigint NOT NULL DEFAULT 0,
        alerts bigint NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX lease_due ON guard_clinic.lease (due, mailbox) WHERE until IS NULL",
    "CREATE INDEX lease_until ON guard_clinic.lease (until)",
)
"""One step a version, in order; a step that was released never changes, it is followed.

Each may only add, so that workers of the release before go on meanwhile.
"""

_ENROL = """
INSERT INTO guard_clinic.lease (mailbox, provider)
SELECT * FROM unnest(%s::text[], %s::text[]) AS given (mailbox, provider) ORDER BY mailbox
ON CONFLICT (mailbox) DO UPDATE SET provider = excluded.provider
WHERE lease.provider <> excluded.provider
"""

# A table of this connection alone: ten thousand names with every claim would cost more than it.
_MINE = "CREATE TEMPORARY TABLE mine (mailbox text PRIMARY KEY)"

# Oldest first is fair: a claim that took any would let some wait for ever. Who holds a row at
# this moment is passed over, and who took it a moment ago is looked at again under the lock.
_CLAIM = """
WITH chosen AS (
    SELECT mailbox FROM guard_clinic.lease AS one
    WHERE due <= statement_timestamp() AND {}
      AND provider <> ALL(%(full)s)
      AND EXISTS (SELECT FROM mine WHERE mine.mailbox = one.mailbox)
    ORDER BY due, mailbox LIMIT 1
    FOR UPDATE OF one SKIP LOCKED
)
UPDATE guard_clinic.lease AS one
SET until = statement_timestamp() + %(life)s, fence = one.fence + 1, worker = %(worker)s,
    failures = one.failures + 1
FROM chosen WHERE one.mailbox = chosen.mailbox
RETURNING one.mailbox, one.fence, one.failures - 1 AS failures, one.well
"""

_LEFT = _CLAIM.format("until <= statement_timestamp()")
"""What a worker left behind has waited longest, so it comes before all that is free."""

_FREE = _CLAIM.format("until IS NULL")

_FULL = """
SELECT provider FROM guard_clinic.lease
WHERE until > statement_timestamp() AND provider = ANY(%s)
GROUP BY provider HAVING count(*) >= (%s::jsonb ->> provider)::bigint
"""

# The oldest that is due stands first in the index and nearly always is the one; to join and sort
# ten thousand rows would cost a hundred times more, and that again for each racing worker.
# To compile a query, which takes half a second, would be worse still.
_PLAN = """
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_sort = off; SET jit = off
"""

# Who claims pays beforehand, for a worker that is killed cannot: `failures` is one more. After
# the first kill a mailbox is taken over at once; one that killed twice is due later.
_PAY = """
UPDATE guard_clinic.lease SET due = GREATEST(due, until + NULLIF(%(pause)s, interval '0'))
WHERE mailbox = %(mailbox)s AND fence = %(fence)s
"""

_BEAT = """
UPDATE guard_clinic.lease
SET until = statement_timestamp() + %(life)s,
    due = GREATEST(due, statement_timestamp() + %(life)s + NULLIF(%(pause)s, interval '0'))
WHERE mailbox = %(mailbox)s AND fence = %(fence)s AND until IS NOT NULL
"""

_END = """
UPDATE guard_clinic.lease
SET until = NULL, worker = '', due = statement_timestamp() + %(next)s,
    failures = %(failures)s, ended = statement_timestamp(), status = %(status)s,
    well = CASE WHEN %(status)s = 0 THEN statement_timestamp() ELSE well END,
    error = %(error)s, seconds = %(seconds)s, scans = scans + 1,
    failed = failed + (%(status)s <> 0)::int, filed = filed + %(filed)s,
    reminded = reminded + %(reminded)s,
    waiting = COALESCE(%(waiting)s, waiting), alerts = COALESCE(%(alerts)s, alerts)
WHERE mailbox = %(mailbox)s AND fence = %(fence)s
"""

_BACK = """
UPDATE guard_clinic.lease
SET until = NULL, worker = '', due = statement_timestamp(), failures = %(failures)s
WHERE mailbox = %(mailbox)s AND fence = %(fence)s
"""

_STATES = """
SELECT mailbox, provider, until > statement_timestamp() AS held, worker, failures,
    EXTRACT(epoch FROM statement_timestamp() - due)::float8 AS overdue,
    EXTRACT(epoch FROM statement_timestamp() - COALESCE(well, since))::float8 AS lag,
    well IS NOT NULL AS ever, status, error, seconds, scans, failed, filed, reminded, waiting,
    alerts
FROM guard_clinic.lease ORDER BY mailbox
"""


class Leases:
    """Leases mailboxes for one worker. A context manager; one connection, one thread."""

    def __init__(self, database: str, *, worker: str = "") -> None:
        """Connect, and make the table unless it is there.

        Args:
            database: Connection URL.
            worker: Who asks, to be shown: machine and process.

        Raises:
            UnreachableError: The database cannot be reached.
            ConfigError: This user may not use it.
        """
        self._worker = worker
        with _translated():
            # A machine that vanishes is noticed, in both directions, within the life of a lease.
            self._db = psycopg.connect(
                database,
                autocommit=True,
                connect_timeout=10,
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
                options="-c statement_timeout=20s -c lock_timeout=15s",
            )
            try:
                self._prepare()
                self._db.execute(_MINE)
                self._db.execute(_PLAN)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._db.close()

    def enrol(self, providers: Mapping[str, str]) -> None:
        """Say which mailboxes this worker can scan, and make sure that each has a row.

        Args:
            providers: Name to IMAP host.
        """
        names = list(providers)
        with _translated(), self._db.transaction():
            # Rows are locked in one order, whoever enrols at the same moment.
            self._db.execute(_ENROL, (names, list(providers.values())))
            self._db.execute("DELETE FROM mine")
            self._db.execute("INSERT INTO mine SELECT unnest(%s::text[])", (names,))
            self._db.execute("ANALYZE mine")

    def claim(
        self,
        *,
        most: Mapping[str, int] | None = None,
        life: timedelta = LIFE,
    ) -> Lease | None:
        """Take the enrolled mailbox that is due longest; None when none is due and free.

        Args:
            most: IMAP host to how many of its mailboxes may be held at once.
            life: How long it is held without a sign of life.

        Raises:
            UnreachableError: The database cannot be reached.
        """
        values: dict[str, object] = {"full": [], "life": life, "worker": self._worker}
        with (
            _translated(),
            self._db.transaction(),
            self._db.cursor(row_factory=class_row(Lease)) as at,
        ):
            if most:
                # Two who count at the same moment would both see the last place free.
                at.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                values["full"] = self._full(most)
            left = at.execute(_LEFT, values).fetchone()
            lease = left or at.execute(_FREE, values).fetchone()
            if lease is not None:
                at.execute(_PAY, _key(lease) | {"pause": pause(lease.failures + 1)})
            return lease

    def beat(self, lease: Lease, *, life: timedelta = LIFE) -> bool:
        """Give a sign of life; tell whether the mailbox is still held.

        Raises:
            UnreachableError: The database cannot be reached; the lease may still be held.
        """
        values = _key(lease) | {"life": life, "pause": pause(lease.failures + 1)}
        with _translated():
            return self._db.execute(_BEAT, values).rowcount == 1

    def end(self, lease: Lease, ended: Ended, *, every: timedelta) -> bool:
        """Give a mailbox back and say how its scan ended.

        Args:
            lease: As it was claimed.
            ended: How the scan ended.
            every: When it is due again, if all is well; else never sooner.

        Returns:
            False when somebody else holds it by now, who will say how theirs ended.

        Raises:
            UnreachableError: The database cannot be reached; the lease runs out by itself.
        """
        failures = lease.failures + 1 if ended.status else 0
        values = _key(lease) | {
            "next": max(every, pause(failures), timedelta(seconds=ended.wait)),
            "failures": failures,
            "status": ended.status,
            "error": ended.error,
            "seconds": ended.seconds,
            "filed": ended.filed,
            "reminded": ended.reminded,
            "waiting": ended.waiting,
            "alerts": ended.alerts,
        }
        with _translated():
            return self._db.execute(_END, values).rowcount == 1

    def give_back(self, lease: Lease) -> None:
        """Give a mailbox back unscanned, due at once."""
        with _translated():
            self._db.execute(_BACK, _key(lease) | {"failures": lease.failures})

    def retry(self, mailbox: str) -> bool:
        """Make a mailbox due at once, its failures forgotten; False when there is none."""
        query = "UPDATE guard_clinic.lease SET due = now(), failures = 0 WHERE mailbox = %s"
        with _translated():
            return self._db.execute(query, (mailbox,)).rowcount == 1

    def forget(self, mailbox: str) -> bool:
        """Remove a mailbox's row, not its record; False when there is none, or it is held."""
        query = """
            DELETE FROM guard_clinic.lease
            WHERE mailbox = %s AND COALESCE(until, '-infinity') < now()
        """
        with _translated():
            return self._db.execute(query, (mailbox,)).rowcount == 1

    def states(self) -> list[State]:
        """Return how every mailbox stands."""
        with _translated(), self._db.cursor(row_factory=class_row(State)) as at:
            return at.execute(_STATES).fetchall()

    def _full(self, most: Mapping[str, int]) -> list[str]:
        """The providers of which no further mailbox may be held."""
        rows = self._db.execute(_FULL, (list(most), json.dumps(dict(most)))).fetchall()
        return [provider for (provider,) in rows]

    def _prepare(self) -> None:
        """Bring the table to this release's version; older workers go on meanwhile."""
        made = self._db.execute("SELECT to_regclass('guard_clinic.version')").fetchone()
        if made is not None and made[0] is not None and self._version() >= len(_VERSIONS):
            return
        with self._db.transaction():
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            self._db.execute("CREATE SCHEMA IF NOT EXISTS guard_clinic")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS guard_clinic.version (steps integer NOT NULL)"
            )
            steps = self._version()
            for step in _VERSIONS[steps:]:
                self._db.execute(step)
            self._db.execute("DELETE FROM guard_clinic.version")
            self._db.execute(
                "INSERT INTO guard_clinic.version VALUES (%s)", (max(steps, len(_VERSIONS)),)
            )

    def _version(self) -> int:
        found = self._db.execute("SELECT steps FROM guard_clinic.version").fetchone()
        return int(found[0]) if found is not None else 0


def _key(lease: Lease) -> dict[str, object]:
    return {"mailbox": lease.mailbox, "fence": lease.fence}


@contextmanager
def _translated() -> Iterator[None]:
    """Turn psycopg's errors into ours, without their text: it may show what was asked."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigError(
            "this database user may not use the table of leases",
            hint="Grant it the schema guard_clinic; see guard/clinic/OPERATE.md.",
        ) from None
    except psycopg.Error as error:
        name = type(error).__name__
        raise UnreachableError(f"the clinic's database does not answer ({name})") from None
