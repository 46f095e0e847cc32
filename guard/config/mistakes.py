"""What msgspec says of a value that does not fit, in the words of whoever wrote the file.

Pure. Source: the messages of msgspec, tried one by one in the tests.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

import msgspec

_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false, without quotes",
    "array": 'a list, as in ["one", "two"]',
    "date": "a date without quotes, as in 2026-07-31",
}
_GOT = {
    "int": "a number",
    "float": "a number with a point",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "datetime": "a date with a time",
    "time": "a time",
}


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One value or key that cannot be."""

    key: str
    """Dotted."""

    what: str
    """What is wrong, or how it is written."""

    meant: str = ""
    """The key that may have been meant; empty when none is like it."""


def mistake(error: msgspec.ValidationError, kind: type) -> Mistake:
    """Return what a failed conversion to a struct says."""
    said, _, place = str(error).partition(" - at `$")
    key = place.rstrip("`").lstrip(".")
    if found := re.match(r"Object contains unknown field `(.*)`$", said):
        return unknown(f"{key}.{found[1]}".strip("."), kind)
    if found := re.match(r"Object missing required field `(.*)`$", said):
        return Mistake(key=key, what=f"the key `{found[1]}` is missing")
    return Mistake(key=key, what=_written(said, key, kind))


def unknown(key: str, kind: type) -> Mistake:
    """Return that there is no such key, and which one may have been meant."""
    from difflib import get_close_matches  # noqa: PLC0415  # only for a mistake

    table, _, leaf = key.rpartition(".")
    near = get_close_matches(leaf, [name for name, _type in _keys(table, kind)], n=1)
    return Mistake(key=key, what=f"unknown key `{leaf}`", meant=near[0] if near else "")


def _written(said: str, key: str, root: type) -> str:
    """Return how a value is written."""
    found = re.match(r"Expected `(.*)`, got `(.*)`$", said)
    kind = None if "[" in key else _type_at(key, root)
    words = [f'"{one}"' for one in _choices(kind)]
    if found is None:
        # A word that is none of those that can be, or a date that is none.
        lists = "array" if any(get_origin(one) is list for one in get_args(kind)) else ""
        wanted = [lists if words else "date"]
    else:
        wanted = [one for one in found[1].split(" | ") if not (words and one == "str")]
    known = {**_WANTED, "object": f"a table such as [{key}]"}
    words += [known.get(one, "") for one in wanted]
    *others, last = filter(None, words)
    got = f", not {_GOT.get(found[2], 'this')}" if found else ""
    return f"write {' or '.join([*([', '.join(others)] if others else []), last])} here{got}"


def _keys(table: str, root: type) -> Iterator[tuple[str, Any]]:
    kind = _type_at(table, root) if table else root
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            for field in msgspec.structs.fields(one):
                if field.name != "folder":
                    yield field.encode_name, field.type


def _type_at(key: str, root: type) -> Any:  # noqa: ANN401  # whatever stands in an annotation
    table, _, leaf = key.rpartition(".")
    return dict(_keys(table, root)).get(leaf)


def _choices(kind: Any) -> Sequence[str]:  # noqa: ANN401  # as above
    parts = [kind, *get_args(kind)]
    return [value for one in parts if get_origin(one) is Literal for value in get_args(one)]
