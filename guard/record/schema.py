"""The tables of `record.db`, as text.

Pure. Entries, blobs and checkpoints are the truth and only ever grow, but for what an order
of hers erases; the other tables are derived from the entries and can be rebuilt.
Source: FORMAT.md, "record.db".
"""

APPLICATION_ID = 0x67726431
"""``grd1`` in ASCII; tells a guard record from any other SQLite file."""

FORMAT = 3
"""Version of the format, kept in `PRAGMA user_version`."""

TRUTH = ("entry", "blob", "checkpoint")
"""Tables that hold what was filed; the others are derived from them."""

_PLACE = "account TEXT NOT NULL, folder TEXT NOT NULL, validity INTEGER NOT NULL"

DERIVED = {
    "location": (
        _PLACE + ", uid INTEGER NOT NULL, item INTEGER NOT NULL, seq INTEGER NOT NULL",
        ("account", "folder", "validity", "uid", "item"),
    ),
    "content": ("mac BLOB NOT NULL, item INTEGER NOT NULL", ("mac",)),
    "cursor": (
        _PLACE + ", uid INTEGER NOT NULL, missing TEXT NOT NULL, seq INTEGER NOT NULL",
        ("account", "folder"),
    ),
    "task": (
        "name TEXT NOT NULL, item INTEGER NOT NULL, seq INTEGER NOT NULL",
        ("name", "item"),
    ),
    "name": ("mac BLOB NOT NULL, owner TEXT NOT NULL, seq INTEGER NOT NULL", ("mac", "owner")),
}
"""Table to its columns and its primary key. The key's columns come first."""

COLUMNS_OF = {
    table: tuple(column.split()[0] for column in columns.split(", "))
    for table, (columns, _) in DERIVED.items()
}
"""Table to the names of its columns, in order."""

_ENTRY = (
    "seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, item INTEGER, owner TEXT,"
    " at INTEGER NOT NULL, body BLOB NOT NULL, sealed BLOB, leaf BLOB NOT NULL"
)
_CHECKPOINT = "size INTEGER PRIMARY KEY, frontier BLOB NOT NULL, note TEXT NOT NULL"
_TRUTH_TABLES = (
    f"CREATE TABLE entry ({_ENTRY}) STRICT",
    "CREATE TABLE blob (seq INTEGER PRIMARY KEY, ct BLOB NOT NULL) STRICT",
    f"CREATE TABLE checkpoint ({_CHECKPOINT}) STRICT",
    "CREATE INDEX entry_kind ON entry (kind)",
    "CREATE INDEX entry_item ON entry (item) WHERE item IS NOT NULL",
    "CREATE INDEX entry_owner ON entry (owner, kind) WHERE owner IS NOT NULL",
)

_ORDERED = "EXISTS (SELECT 1 FROM entry WHERE kind = 'shredded' AND seq > OLD.seq)"
_SAME = " AND ".join(
    f"NEW.{column} IS OLD.{column}"
    for column in ("seq", "kind", "item", "owner", "at", "body", "leaf")
)
# Against slips only: which order covers which entry is for `Erasures`, and so for verify.
_EXCEPT = {
    ("entry", "update"): f" WHEN NOT (NEW.sealed IS NULL AND {_SAME} AND {_ORDERED})",
    ("blob", "delete"): f" WHEN NOT {_ORDERED}",
}
_GUARDS = tuple(
    f"CREATE TRIGGER {table}_{verb} BEFORE {verb.upper()} ON {table}"
    f"{_EXCEPT.get((table, verb), '')} BEGIN SELECT RAISE(ABORT, 'the record only grows'); END"
    for table in TRUTH
    for verb in ("update", "delete")
)

TABLES = tuple(
    f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(key)})) STRICT, WITHOUT ROWID"
    for table, (columns, key) in DERIVED.items()
)
"""Statements that make the derived tables."""

STATEMENTS = (*_TRUTH_TABLES, *_GUARDS, *TABLES, "CREATE INDEX location_item ON location (item)")
"""Statements that make the whole database; each stands verbatim in `sqlite_schema`."""
