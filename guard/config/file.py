"""TOML files to settings, or to an error that names file, line and key in plain words.

Edge only in that it reads one file.
"""

import re
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from guard.config.doubts import doubts, record_doubts
from guard.config.mistakes import Mistake, mistake, unknown
from guard.config.settings import Settings
from guard.errors import ConfigError

DEFAULT_NAME = "guard.toml"

_HINT = "The keys are explained in the file that guard init writes."

Struct = TypeVar("Struct", bound=msgspec.Struct)


def load(file: Path) -> Settings:
    """Read and check guard.toml.

    Raises:
        ConfigError: The file is missing, is not TOML, or a key or value is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no {file}", hint="Run: guard init   (or name the file: guard --config FILE)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {type(error).__name__}") from None
    return parse(text, name=file.name, folder=file.absolute().parent)


def parse(text: str, *, name: str = DEFAULT_NAME, folder: Path) -> Settings:
    """Turn the text of guard.toml into settings; `name` is only for messages.

    Raises:
        ConfigError: The text is not TOML, or a key or value is wrong; names key and line.
    """
    settings = read(text, Settings, name=name, hint=_HINT)
    for key, what in doubts(settings):
        raise _wrong(text, name, Mistake(key=key, what=what), _HINT)
    return msgspec.structs.replace(settings, folder=folder)


def read(text: str, kind: type[Struct], *, name: str, hint: str) -> Struct:
    """Turn the text of a TOML file into a struct.

    Args:
        text: Of the file.
        kind: Whose fields are the keys; all but `folder`, which says where the file lies.
        name: Of the file, for messages.
        hint: Where its keys are explained.

    Raises:
        ConfigError: The text is not TOML, or a key or value is wrong; names key and line.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}", hint="Mend that line.") from None
    if "folder" in tree:
        raise _wrong(text, name, unknown("folder", kind), hint)
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise _wrong(text, name, mistake(error, kind), hint) from None


def with_record(settings: Settings, **changes: str) -> Settings:
    """Return the settings with another place of the record.

    Raises:
        ConfigError: What is said of the place is wrong.
    """
    record = msgspec.structs.replace(settings.record, **changes)
    for key, what in record_doubts(record):
        raise ConfigError(f"{what} ({key})")
    return msgspec.structs.replace(settings, record=record)


def _wrong(text: str, name: str, one: Mistake, hint: str) -> ConfigError:
    line = _line_of(text, one.key)
    place = f"{name}:{line}" if line else name
    shown = f" ({one.key})" if one.key and f"`{one.key}`" not in one.what else ""
    meant = f"Did you mean `{one.meant}`? " if one.meant else ""
    return ConfigError(f"{place}: {one.what}{shown}", hint=meant + hint)


def _line_of(text: str, key: str) -> int:
    """Line of a dotted key, counted from 1; of its table if the key is absent; else 0."""
    table, _, leaf = key.rpartition(".")
    leaf = leaf.partition("[")[0]
    here, best = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[\s*([^\]\s]+)\s*\]", line):
            here = head[1]
            if here in (table, leaf):
                best = number
        elif here == table and re.match(rf"\s*\"?{re.escape(leaf)}\"?\s*=", line):
            return number
    return best
