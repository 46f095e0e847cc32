"""The model's card: what it is, what it was made from, how far to trust it, in TOML. Pure."""

import tomllib
from collections.abc import Mapping

Value = str | int | float | bool | list[str]
Table = Mapping[str, Value]


def encode(tables: Mapping[str, Table]) -> str:
    """Return a card as TOML: one table for each key, the empty key first and without a head."""
    lines: list[str] = []
    for name, table in tables.items():
        if name:
            lines += ["", f"[{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in table.items()]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
