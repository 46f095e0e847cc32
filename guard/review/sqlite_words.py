"""The words of one owner's messages, in memory: what they say, when, which way, what they are.

Edge: sqlite3 with FTS5, never on the disk. As bytes it is an image that somebody else seals.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

WHAT = "words 1"
"""What an image holds; changes with the tables, or with what `guard.review.search` puts in."""

_TABLES = (
    (
        "CREATE VIRTUAL TABLE words USING fts5"
        " (text, content='', tokenize='unicode61 remove_diacritics 2')"
    ),
    (
        "CREATE TABLE item (item INTEGER PRIMARY KEY, received INTEGER NOT NULL,"
        " direction TEXT NOT NULL, owners TEXT NOT NULL, decided INTEGER NOT NULL,"
        " judged INTEGER NOT NULL, thought TEXT NOT NULL, read INTEGER NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE ruling (seq INTEGER PRIMARY KEY, item INTEGER NOT NULL,"
        " label TEXT NOT NULL, client TEXT NOT NULL) STRICT"
    ),
    "CREATE INDEX ruling_item ON ruling (item)",
)
_SAID = "(SELECT {0} FROM ruling r WHERE r.item = i.item AND {0} <> '' ORDER BY seq DESC LIMIT 1)"
_LABEL = f"COALESCE({_SAID.format('label')}, thought)"
_CLIENT = _SAID.format("client")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; whatever is empty or None matches all."""

    words: tuple[str, ...] = ()
    """Beginnings of words; each must stand in the text."""

    client: str = ""
    """Id of a client."""

    direction: str = ""
    """``in``, ``out`` or ``junk``."""

    label: str = ""
    """What she said it is, or else what was thought."""

    since: int | None = None
    """First moment, milliseconds since 1970-01-01 UTC."""

    until: int | None = None
    """First moment that is too late."""


class Words:
    """One owner's messages."""

    def __init__(self, image: bytes | None = None) -> None:
        """Begin, or go on from an image that `image` made."""
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        # What overflows would otherwise be written to a file, in clear.
        self._db.execute("PRAGMA temp_store = MEMORY")
        self.changed = False
        if image is not None:
            self._db.deserialize(image)
            return
        for statement in _TABLES:
            self._db.execute(statement)

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def image(self) -> bytes:
        """All of it, as bytes."""
        return self._db.serialize()

    def add(self, item: int, *, received: int, direction: str, owners: Iterable[str]) -> None:
        """Know of a message that is still to be read; once is enough."""
        self._change(
            "INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?, -1, -1, '', 0)",
            (item, received, direction, f" {' '.join(owners)} "),
        )

    def decided(self, item: int, seq: int) -> None:
        """Know of the entry that says what was thought of a message."""
        self._change("UPDATE item SET decided = ? WHERE item = ?", (seq, item))

    def ruled(self, item: int, seq: int, *, label: str, client: str) -> None:
        """Know what she said of a message, in an entry."""
        self._change(
            "INSERT OR REPLACE INTO ruling VALUES (?, ?, ?, ?)", (seq, item, label, client)
        )

    def unruled(self, seq: int) -> None:
        """Forget what she took back."""
        self._change("DELETE FROM ruling WHERE seq = ?", (seq,))

    def items(self) -> list[int]:
        """Every message that is known."""
        return [item for (item,) in self._db.execute("SELECT item FROM item")]

    def unread(self) -> list[tuple[int, int, int]]:
        """Messages still to be read, newest first: when it came, number, what was thought."""
        query = (
            "SELECT received, item, decided FROM item WHERE NOT read"
            " ORDER BY received DESC, item DESC"
        )
        return self._db.execute(query).fetchall()

    def unjudged(self) -> list[tuple[int, int]]:
        """Messages that were read and judged anew since, and the entry that says how."""
        query = "SELECT item, decided FROM item WHERE read AND decided > judged ORDER BY item"
        return self._db.execute(query).fetchall()

    def read(self, item: int, text: str) -> None:
        """Take in what a message says."""
        self._db.execute("BEGIN")
        self._change("INSERT INTO words (rowid, text) VALUES (?, ?)", (item, text))
        self._change("UPDATE item SET read = 1 WHERE item = ?", (item,))
        self._db.execute("COMMIT")

    def judged(self, item: int, seq: int, thought: str) -> None:
        """Take in what was thought of a message."""
        values = (seq, thought, item)
        self._change("UPDATE item SET judged = ?, thought = ? WHERE item = ?", values)

    def counts(self) -> tuple[int, int]:
        """How many messages there are, and how many were not read yet."""
        row = self._db.execute("SELECT COUNT(*), COALESCE(SUM(NOT read), 0) FROM item").fetchone()
        return int(row[0]), int(row[1])

    def find(self, asked: Asked, *, most: int) -> list[tuple[int, int]]:
        """The newest messages that fit, each as when it came and its number; newest first."""
        wanted: list[tuple[str, tuple[str | int, ...]]] = []
        if asked.words:
            terms = " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"*' for word in asked.words)
            wanted.append(("i.item IN (SELECT rowid FROM words WHERE words MATCH ?)", (terms,)))
        if asked.client:
            wanted.append(
                (f"(instr(owners, ?) OR {_CLIENT} = ?)", (f" {asked.client} ", asked.client))
            )
        if asked.direction:
            wanted.append(("direction = ?", (asked.direction,)))
        if asked.label:
            wanted.append((f"{_LABEL} = ?", (asked.label,)))
        if asked.since is not None:
            wanted.append(("received >= ?", (asked.since,)))
        if asked.until is not None:
            wanted.append(("received < ?", (asked.until,)))
        where = " AND ".join(clause for clause, _ in wanted) or "1"
        values = [value for _, given in wanted for value in given]
        query = (
            f"SELECT received, item FROM item i WHERE {where}"  # noqa: S608 - clauses of ours
            " ORDER BY received DESC, item DESC LIMIT ?"
        )
        return self._db.execute(query, (*values, most)).fetchall()

    def _change(self, statement: str, values: tuple[str | int, ...]) -> None:
        self.changed |= self._db.execute(statement, values).rowcount != 0
