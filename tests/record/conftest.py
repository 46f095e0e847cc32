"""What the tests of the record share: a fresh record folder, mails, and her identity."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from guard.record.entry import Incoming, Location
from guard.record.init import create
from guard.record.passphrase import CHEAPEST
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from tests.servers.postgres import ROLE, Postgres
from tests.servers.s3 import bucket

if TYPE_CHECKING:
    from tests.record.place import Place

NOW = 1_767_225_600_000
PASSPHRASE = "six words that nobody would guess"


@dataclass(frozen=True)
class Home:
    """A record's folder, and what opens it."""

    folder: Path
    identity: Identity
    passphrase: str = PASSPHRASE

    def copy(self, folder: Path) -> "Home":
        shutil.copytree(self.folder, folder)
        return Home(folder=folder, identity=self.identity)

    def open(self) -> SqliteRecord:
        return SqliteRecord.open(self.folder)


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A record with nothing in it, made once; copy it, never write to it."""
    folder = tmp_path_factory.mktemp("record") / "record"
    recovery = create(
        folder, passphrase=PASSPHRASE, executor=None, random=os.urandom, now=NOW, work=CHEAPEST
    )
    return Home(folder=folder, identity=Identity.decode(recovery))


@pytest.fixture
def home(new_home: Home, tmp_path: Path) -> Home:
    """A record of one's own."""
    return new_home.copy(tmp_path / "record")


@pytest.fixture
def record(home: Home) -> Iterator[SqliteRecord]:
    """The record in `home`, open."""
    with home.open() as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres", "postgres+s3"])
def place(request: pytest.FixtureRequest, home: Home) -> "Place":
    """A record with nothing in it, on every store in turn."""
    from guard.record.postgres import Where  # noqa: PLC0415  # an extra
    from tests.record.place import Place, moved  # noqa: PLC0415  # it imports this file

    if request.param == "sqlite":
        return Place(home)
    postgres: Postgres = request.getfixturevalue("postgres")
    blobs, endpoint = "", ""
    if request.param == "postgres+s3":
        endpoint = request.getfixturevalue("s3")
        blobs = bucket(endpoint)
    database = postgres.new_database(ROLE)
    return moved(home, Where(database=database, practice="aso", blobs=blobs, endpoint=endpoint))


@pytest.fixture(scope="session")
def a_place() -> Callable[..., Location]:
    """Build a location; names only what matters."""

    def build(
        uid: int = 1, folder: str = "INBOX", account: str = "a@practice.example"
    ) -> Location:
        return Location(account=account, folder=folder, validity=7, uid=uid)

    return build


@pytest.fixture(scope="session")
def a_mail(a_place: Callable[..., Location]) -> Callable[..., Incoming]:
    """Build a mail; names only what matters."""

    def build(
        raw: bytes = b"Subject: hello\r\n\r\nhello\r\n",
        *places: Location,
        owners: tuple[str, ...] = ("unsorted",),
        direction: str = "in",
        opens: tuple[str, ...] = (),
    ) -> Incoming:
        return Incoming(
            raw=raw,
            locations=places or (a_place(),),
            owners=owners,
            direction=direction,
            received=NOW,
            opens=opens,
        )

    return build
