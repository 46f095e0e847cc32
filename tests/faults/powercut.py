"""What may be on a disk after a power cut, from a log of what was done to it.

A write counts from the sync of its file on, a name from the sync of its folder on; until then
each may be there or not. (Modelled on ALICE, OSDI 2014, "All file systems are not created
equal"; a rename is one step, as every journalling file system makes it.)
"""

import copy as copying
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

SECTOR = 512


@dataclass(frozen=True)
class Operation:
    """One line of the log."""

    what: str
    path: str
    more: str
    data: bytes

    @property
    def folder(self) -> str:
        """Whose sync makes it count, if it is about a name."""
        name = self.more if self.what == "rename" else self.path
        return name.rpartition("/")[0]


@dataclass
class File:
    """Bytes that count, and what was done since."""

    data: bytearray
    pending: list[Operation] = field(default_factory=list)

    def settle(self, some: list[Operation]) -> bytearray:
        """The bytes with some of what was done since."""
        found = bytearray(self.data)
        for one in some:
            start = int(one.more)
            if one.what == "truncate":
                del found[start:]
                found.extend(bytes(max(0, start - len(found))))
            else:
                found.extend(bytes(max(0, start - len(found))))
                found[start : start + len(one.data)] = one.data
        return found


@dataclass
class Disk:
    """Files by name, as they count; and names that changed since."""

    files: dict[str, File]
    folders: set[str]
    renamed: list[tuple[Operation, File | None]] = field(default_factory=list)
    live: dict[str, File] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Disk":
        every = list(folder.rglob("*"))
        files = {
            str(one.relative_to(folder)): File(bytearray(one.read_bytes()))
            for one in every
            if one.is_file()
        }
        folders = {str(one.relative_to(folder)) for one in every if one.is_dir()}
        return cls(files=files, folders=folders, live=dict(files))

    def write(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        for name in sorted(self.folders):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, file in self.files.items():
            (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "wb") as opened:
                opened.write(file.data)

    def mark(self) -> int:
        """The same for the same contents."""
        digest = hashlib.sha256()
        for name, file in sorted(self.files.items()):
            digest.update(f"{name}\0{len(file.data)}\0".encode() + bytes(file.data))
        digest.update("\0".join(sorted(self.folders)).encode())
        return int.from_bytes(digest.digest()[:8], "big")

    def do(self, one: Operation) -> None:
        """Take one operation in."""
        if one.what == "sync":
            self._sync(one.path)
        elif one.what in ("write", "truncate"):
            self.live[one.path].pending.append(one)
        else:
            self.renamed.append((one, self._rename_live(one)))

    def cut(self, how: str) -> "Disk":
        """What is left after a power cut, in one of several ways."""
        data, _, names = how.partition(" and ")
        left: Disk = copying.deepcopy(self)
        if names == "names":
            left._apply(left.renamed)
        for file in left.files.values():
            file.data = file.settle(_chosen(file.pending, data))
            file.pending = []
        return left

    def _sync(self, path: str) -> None:
        if path in self.live:
            file = self.live[path]
            file.data = file.settle(file.pending)
            file.pending = []
            return
        mine = [pair for pair in self.renamed if pair[0].folder == path]
        self._apply(mine)
        self.renamed = [pair for pair in self.renamed if pair[0].folder != path]

    def _rename_live(self, one: Operation) -> File | None:
        if one.what == "create":
            self.live[one.path] = File(bytearray())
            return self.live[one.path]
        if one.what == "unlink":
            self.live.pop(one.path, None)
        elif one.what == "rename":
            if one.path in self.live:
                self.live[one.more] = self.live.pop(one.path)
                return self.live[one.more]
            inside = [name for name in self.live if name.startswith(f"{one.path}/")]
            for name in inside:
                self.live[one.more + name[len(one.path) :]] = self.live.pop(name)
        return None

    def _apply(self, pairs: list[tuple[Operation, File | None]]) -> None:
        for one, file in pairs:
            if one.what == "mkdir":
                self.folders.add(one.path)
            elif one.what == "rmdir":
                self.folders.discard(one.path)
            elif one.what == "unlink":
                self.files.pop(one.path, None)
            elif one.what == "create":
                assert file is not None
                self.files[one.path] = file
            elif file is not None:
                self.files.pop(one.path, None)
                self.files[one.more] = file
            else:
                self._move_folder(one.path, one.more)

    def _move_folder(self, old: str, new: str) -> None:
        for name in [name for name in self.files if name.startswith(f"{old}/")]:
            self.files[new + name[len(old) :]] = self.files.pop(name)
        for name in [one for one in self.folders if one == old or one.startswith(f"{old}/")]:
            self.folders.discard(name)
            self.folders.add(new + name[len(old) :])


WAYS = [
    f"{data} and {names}"
    for data in ("all", "none", "odd", "even", "all but the last", "the last torn")
    for names in ("names", "no names")
]


def _chosen(pending: list[Operation], how: str) -> list[Operation]:
    match how:
        case "all":
            return pending
        case "none":
            return []
        case "odd" | "even":
            return pending[how == "odd" :: 2]
        case "all but the last":
            return pending[:-1]
    if not pending or pending[-1].what != "write":
        return pending
    last = pending[-1]
    half = len(last.data) // 2 // SECTOR * SECTOR
    return [*pending[:-1], Operation(last.what, last.path, last.more, last.data[:half])]


def cuts(before: Disk, operations: list[Operation]) -> Iterator[tuple[int, str, Disk]]:
    """Every disk that a power cut may leave: after so many operations, in which way."""
    disk = copying.deepcopy(before)
    for at in range(len(operations) + 1):
        for how in WAYS:
            yield at, how, disk.cut(how)
        if at < len(operations):
            disk.do(operations[at])


def read_log(log: BinaryIO, root: Path) -> Iterator[Operation]:
    """Read what the shim wrote."""

    def short(path: str) -> str:
        # The root itself is where names without a folder are, without a slash in it.
        found = os.path.relpath(path, root) if path.startswith("/") else path
        return "" if found == os.curdir else found

    while line := log.readline():
        what, path, more, length = line.decode().rstrip("\n").split("\t")
        yield Operation(what, short(path), short(more), log.read(int(length)))
