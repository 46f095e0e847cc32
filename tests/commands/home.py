"""A practice that was set up and has no servers: settings, record, passphrases."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from guard.record.entry import Incoming, Location
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from tests.commands.practice import Ran, guard

OLD, NEW, THEIRS = "six words that nobody would guess", "another six words", "the executor's own"
LETTER = b"Subject: hello\r\n\r\nhello\r\n"


@dataclass(slots=True)
class Home:
    """A folder with settings and a record that holds one letter of one client."""

    folder: Path
    item: int = 0

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make one."""
        self = cls(folder)
        for name, words in (("old", OLD), ("new", NEW), ("theirs", THEIRS), ("wrong", "wrong")):
            self.write(name, words)
        ran = self.guard(
            "init", "--name", "Aso", "--address", "andrea@practice.example",
            "--imap-host", "imap.practice.example", "--password-file", "mail.secret",
            "--passphrase-file", "old",
        )  # fmt: skip
        assert (ran.status, ran.err) == (0, "")
        place = Location(account="a", folder="INBOX", validity=1, uid=1)
        mail = Incoming(raw=LETTER, locations=(place,), owners=("c1",), direction="in", received=0)
        with SqliteRecord.open(self.record) as record:
            [filed] = record.file([mail], cursor=None, now=0)
        self.item = filed.item
        return self

    def copy(self, folder: Path) -> Self:
        """Make another just like it."""
        shutil.copytree(self.folder, folder)
        return type(self)(folder, self.item)

    @property
    def record(self) -> Path:
        return self.folder / "record"

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"{text}\n")
        (self.folder / name).chmod(0o600)

    def guard(self, *words: str) -> Ran:
        return guard(*words, cwd=self.folder)

    def shows(self, passphrase: str) -> bool:
        """Whether the letter can be shown with the passphrase of a file."""
        ran = self.guard("record", "show", str(self.item), "--passphrase-file", passphrase)
        return (ran.status, ran.out.encode()) == (0, LETTER)

    def key(self, sheet: str) -> Identity:
        return Identity.decode((self.folder / sheet).read_text())

    def reads(self, identity: Identity) -> bytes:
        with SqliteRecord.open(self.record, readonly=True) as record:
            return Reader(record, identity).raw(self.item)

    def state(self) -> dict[str, bytes]:
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return {str(path): path.read_bytes() for path in files if path.name != "scan.lock"}
