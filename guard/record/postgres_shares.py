"""What of a clinic's records is shared: one sealed row for each message and person.

Edge, through a store's connection. Rows of many practices lie in one table; row-level security
shows a session its own. Source: FORMAT.md, "Roles that read a part".
"""

from collections.abc import Sequence

import msgspec

from guard.record.entry import check_owner
from guard.record.grant import Grant, Share
from guard.record.postgres_connection import translated
from guard.record.postgres_store import PostgresStore

_MOST = 500
"""So many rows are shown to a person at a time, the newest."""


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """One row, as the person sees it who may open it."""

    practice: str
    """Whose mail."""

    item: int
    """As that practice's record numbers it."""

    role: str
    """By which role it is shown."""

    received: int
    """Milliseconds since 1970-01-01 UTC."""

    sealed: bytes
    """An age file."""

    seen: int | None
    """When they said that they have seen it, milliseconds since 1970-01-01 UTC."""


class Shares:
    """The table of what is shared, on both of its sides: the record's, and the person's."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def logins(self, items: Sequence[int]) -> dict[int, set[str]]:
        """Item to those with whom it is shared now."""
        with translated():
            rows = self._store.db.execute(
                "SELECT item, login FROM guard_roles.shared"
                " WHERE practice = guard.practice() AND item = ANY(%s)",
                (list(items),),
            ).fetchall()
        found: dict[int, set[str]] = {}
        for item, login in rows:
            found.setdefault(item, set()).add(login)
        return found

    def items(self, login: str) -> list[int]:
        """What is shared with a person now."""
        rows = self._store.ask(
            "SELECT item FROM guard_roles.shared"
            " WHERE practice = guard.practice() AND login = ? ORDER BY item",
            login,
        )
        return [item for (item,) in rows]

    def admits(self, grant: Grant) -> bool:
        """Whether the database, too, takes a login for what the therapist says it is."""
        rows = self._store.ask(
            "SELECT 1 FROM pg_roles l WHERE l.rolname = ?"
            " AND EXISTS (SELECT 1 FROM pg_roles g"
            " WHERE g.rolname = ? AND pg_has_role(l.oid, g.oid, 'member'))"
            " AND EXISTS (SELECT 1 FROM guard.member m JOIN pg_roles r ON r.rolname = m.role"
            " WHERE m.practice = guard.practice() AND pg_has_role(l.oid, r.oid, 'member'))",
            *(grant.login, f"guard_{grant.role}"),
        )
        return bool(rows)

    def reads_more(self, grant: Grant) -> bool:
        """Whether the database shows a login the record itself, sealed as it is."""
        rows = self._store.ask(
            "SELECT 1 FROM pg_roles l WHERE l.rolname = ? AND (rolsuper OR rolbypassrls"
            " OR has_table_privilege(l.oid, 'guard.entry'::regclass, 'SELECT'))",
            grant.login,
        )
        return bool(rows)

    def put(self, share: Share) -> None:
        """Show a message to a person; nothing happens if it is shown to them already."""
        self._store.do(
            "INSERT INTO guard_roles.shared (item, login, role, received, sealed)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            *(share.item, share.to.login, share.to.role, share.received, share.sealed),
        )

    def withdraw(self, item: int, login: str) -> None:
        """Show a message no longer. What was read was read."""
        self._store.do(
            "DELETE FROM guard_roles.shared"
            " WHERE practice = guard.practice() AND item = ? AND login = ?",
            *(item, login),
        )

    def close(self, login: str) -> None:
        """Show a person nothing any longer."""
        self._store.do(
            "DELETE FROM guard_roles.shared WHERE practice = guard.practice() AND login = ?",
            login,
        )

    def expire(self, role: str, before: int) -> None:
        """Show a role nothing that came before a time, milliseconds since 1970-01-01 UTC."""
        self._store.do(
            "DELETE FROM guard_roles.shared"
            " WHERE practice = guard.practice() AND role = ? AND received < ?",
            *(role, before),
        )

    def news(self) -> list[tuple[int, str, int]]:
        """Item, login and time of what was seen by somebody, and is not in the log yet."""
        rows = self._store.ask(
            "SELECT item, login, seen FROM guard_roles.shared"
            " WHERE practice = guard.practice() AND seen IS NOT NULL AND NOT noted"
            " ORDER BY item, login"
        )
        return [(item, login, seen) for item, login, seen in rows]

    def note(self, item: int, login: str) -> None:
        """Remember that it is in the log that somebody saw a message."""
        self._store.do(
            "UPDATE guard_roles.shared SET noted = true"
            " WHERE practice = guard.practice() AND item = ? AND login = ?",
            *(item, login),
        )

    def mine(self) -> list[Shared]:
        """What this login may open, in every practice, newest first."""
        rows = self._store.ask(
            "SELECT practice, item, role, received, sealed, seen FROM guard_roles.shared"
            " WHERE login = session_user"
            " ORDER BY role = 'supervisor' AND seen IS NULL DESC, received DESC, practice, item"
            " LIMIT ?",
            _MOST,
        )
        return [_shared(*row) for row in rows]

    def one(self, practice: str, item: int) -> Shared | None:
        """One message that this login may open; None when there is no such."""
        check_owner(practice)
        rows = self._store.ask(
            "SELECT practice, item, role, received, sealed, seen FROM guard_roles.shared"
            " WHERE login = session_user AND practice = ? AND item = ?",
            *(practice, item),
        )
        return _shared(*rows[0]) if rows else None

    def see(self, practice: str, item: int) -> None:
        """Say that this login's owner has seen a message; the time is the server's.

        Raises:
            RecordError: This role may not.
        """
        self._store.do(
            "UPDATE guard_roles.shared SET seen = 0"
            " WHERE login = session_user AND practice = ? AND item = ? AND seen IS NULL",
            *(practice, item),
        )


def _shared(
    practice: str,
    item: int,
    role: str,
    received: int,
    sealed: bytes,
    seen: int | None,
) -> Shared:
    return Shared(
        practice=practice, item=item, role=role, received=received, sealed=sealed, seen=seen
    )
