"""The practice's own models: kept side by side, one of them in use.

Edge: the folder `models` beside the record. Which one is in use stands in the file `in-use`;
which one may be used, in the record, so that a file that was swapped is found out.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from guard.errors import ModelError, RecordError
from guard.verdict.chosen import CARD, MODEL, Chosen, chosen

IN_USE = "in-use"
_NAME = re.compile(r"[0-9a-f]{12}")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the practice's own."""

    name: str
    """First twelve digits of its SHA-256: also its folder."""

    folder: Path
    in_use: bool


def kept(cabinet: Path) -> list[Kept]:
    """Return the models, oldest first."""
    used = in_use(cabinet)
    folders = [one for one in cabinet.glob("*") if _NAME.fullmatch(one.name)]
    folders.sort(key=lambda one: (one / CARD).stat().st_mtime_ns if (one / CARD).exists() else 0)
    return [
        Kept(name=one.name, folder=one, in_use=used is not None and used.name == one.name)
        for one in folders
    ]


def in_use(cabinet: Path) -> Path | None:
    """Return the folder of the model in use; None when it is the shipped one."""
    try:
        name = (cabinet / IN_USE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise ModelError(f"cannot read {cabinet / IN_USE}") from None
    if not _NAME.fullmatch(name):
        raise ModelError(f"{cabinet / IN_USE} names no model", hint="Run: guard model rollback")
    return cabinet / name


def keep(cabinet: Path, *, data: bytes, digest: str, card: str, papers: Mapping[str, str]) -> Kept:
    """Put a new model into the cabinet, not in use yet.

    Args:
        cabinet: Holds a folder a model.
        data: The model's file.
        digest: Its SHA-256, hex.
        card: The text of card.toml, written last: with it the model is whole.
        papers: Other texts by the name of their file.

    Raises:
        RecordError: The disk would not.
    """
    folder = cabinet / digest[:12]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / MODEL, data)
        for name, text in (*papers.items(), (CARD, card)):
            _write(folder / name, text.encode())
    except OSError as error:
        raise RecordError(f"cannot keep the model: {error.strerror}") from None
    return Kept(name=folder.name, folder=folder, in_use=False)


def use(cabinet: Path, name: str | None) -> Chosen | None:
    """Put a model in use; None for the shipped one. Its file is not read.

    Raises:
        ModelError: There is no such model.
        RecordError: The disk would not.
    """
    try:
        if name is None:
            (cabinet / IN_USE).unlink(missing_ok=True)
            return None
        if not _NAME.fullmatch(name) or not (cabinet / name).is_dir():
            raise ModelError(f"there is no model {name}", hint="See: guard model list")
        found = chosen(cabinet / name)
        _write(cabinet / IN_USE, f"{name}\n".encode("ascii"))
    except OSError as error:
        raise RecordError(f"cannot change the model in use: {error.strerror}") from None
    return found


def destroy(cabinet: Path, name: str) -> None:
    """Destroy a model that must forget somebody; nothing happens when it is gone already.

    Raises:
        ModelError: It is in use, or is no model of the cabinet.
        RecordError: The disk would not.
    """
    used = in_use(cabinet)
    if not _NAME.fullmatch(name) or (used is not None and used.name == name):
        raise ModelError(f"the model {name} cannot be destroyed", hint="See: guard model list")
    try:
        shutil.rmtree(cabinet / name)
        handle = os.open(cabinet, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(f"cannot destroy the model: {error.strerror}") from None


def _write(file: Path, data: bytes) -> None:
    fresh = file.with_name(f".{file.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(file)
