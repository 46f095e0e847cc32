"""Where a record lies, whichever the store: what a test needs to open it and to look at it."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from guard.record.ledger import Record
from guard.record.moving import move
from guard.record.postgres import PostgresRecord, Where
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from tests.record.conftest import NOW, Home


@dataclass(frozen=True)
class Place:
    """A record's folder, and its database unless it is in the folder."""

    home: Home
    where: Where | None = None

    @property
    def words(self) -> list[str]:
        """For a child's command line: folder, and where else."""
        where = self.where
        more = [where.database, where.practice, where.blobs, where.endpoint] if where else []
        return [str(self.home.folder), *more]

    def open(self, *, readonly: bool = False) -> Record:
        if self.where is None:
            return SqliteRecord.open(self.home.folder, readonly=readonly)
        return PostgresRecord.open(self.home.folder, self.where, readonly=readonly)

    def by_way_of(self, endpoint: str) -> "Place":
        """The same record, its messages by another address."""
        assert self.where is not None
        return replace(self, where=msgspec.structs.replace(self.where, endpoint=endpoint))

    def wrong(self) -> list[str]:
        """What a whole verification finds."""

        def opened(folder: Path, /, *, readonly: bool, strict: bool) -> Record:
            if self.where is None:
                return SqliteRecord.open(folder, readonly=readonly, strict=strict)
            return PostgresRecord.open(folder, self.where, readonly=readonly, strict=strict)

        found = examine(self.home.folder, identity=self.home.identity, opener=opened)
        return [str(one) for one in found]

    def filed_uids(self) -> list[int]:
        """UIDs of all that was filed, each as often as it was."""
        with self.open(readonly=True) as record:
            items = [entry.seq for entry in record.entries() if entry.kind == "filed"]
            assert record.tasks("judge") == items
            return sorted(place.uid for item in items for place in record.locations(item))


def moved(home: Home, where: Where) -> Place:
    """Bring a record from its folder into a database; nothing of it is left in the folder."""
    with (
        SqliteRecord.open(home.folder) as source,
        PostgresRecord.blank(home.folder, where) as target,
    ):
        assert move(source, target, now=NOW) == source.size()
    # Nothing of it may be needed any more.
    (home.folder / "record.db").unlink()
    shutil.rmtree(home.folder / "keys")
    return Place(home, where)


def opened(words: list[str]) -> Record:
    """Open a record in a child: what `Place.words` says."""
    folder, where = Path(words[0]), words[1:]
    if not where:
        return SqliteRecord.open(folder)
    database, practice, blobs, endpoint = where
    os.environ.setdefault("AWS_MAX_ATTEMPTS", "1")
    return PostgresRecord.open(
        folder, Where(database=database, practice=practice, blobs=blobs, endpoint=endpoint)
    )
