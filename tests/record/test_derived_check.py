"""The quick way must say yes to what the slow way accepts, and no to all else."""

from collections.abc import Iterator
from typing import Any

import pytest

from guard.record.derive import Cell
from guard.record.derived_check import DerivedCheck

ENTRIES: list[dict[str, Any]] = [
    {
        "kind": "filed", "seq": 1, "item": 1, "content": "aa", "opens": ["judge", "look"],
        "locations": [["a", "INBOX", 7, 1], ["a", "Archive", 7, 1]],
    },
    {"kind": "again", "seq": 2, "item": 1, "locations": [["a", "Old", 7, 9]]},
    {"kind": "cursor", "seq": 3, "account": "a", "folder": "INBOX", "validity": 7, "uid": 1,
     "missing": []},
    {"kind": "cursor", "seq": 4, "account": "a", "folder": "INBOX", "validity": 7, "uid": 2,
     "missing": []},
    {"kind": "judged", "seq": 5, "item": 1, "closes": ["judge"]},
    {"kind": "client", "seq": 6, "owner": "c1", "names": ["bb", "cc"]},
    {"kind": "client", "seq": 7, "owner": "c1", "unnames": ["cc"]},
]  # fmt: skip
TABLES: dict[str, list[tuple[Cell, ...]]] = {
    "location": [
        ("a", "Archive", 7, 1, 1, 1),
        ("a", "INBOX", 7, 1, 1, 1),
        ("a", "Old", 7, 9, 1, 2),
    ],
    "content": [(b"\xaa", 1)],
    "cursor": [("a", "INBOX", 7, 2, '{"uids":[]}', 4)],
    "task": [("look", 1, 1)],
    "name": [(b"\xbb", "c1", 6)],
}


def agrees(tables: dict[str, list[tuple[Cell, ...]]], *more: dict[str, Any]) -> bool:
    check = DerivedCheck(b"k" * 32)
    for fields in [*ENTRIES, *more]:
        check.take(fields)

    def rows(table: str) -> Iterator[tuple[Cell, ...]]:
        return iter(tables[table])

    return check.agrees(rows)


def test_tables_that_say_what_the_entries_say_agree() -> None:
    assert agrees(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_too_few_is_noticed(table: str) -> None:
    assert not agrees(TABLES | {table: TABLES[table][1:]})


@pytest.mark.parametrize("table", TABLES)
def test_a_row_twice_is_noticed(table: str) -> None:
    assert not agrees(TABLES | {table: [*TABLES[table], TABLES[table][0]]})


CELLS = [(table, place) for table in TABLES for place in range(len(TABLES[table][0]))]


@pytest.mark.parametrize(("table", "place"), CELLS)
@pytest.mark.parametrize("value", [99, "else", b"else", None])
def test_any_other_cell_is_noticed(table: str, place: int, value: Any) -> None:
    row = list(TABLES[table][0])
    row[place] = value

    assert not agrees(TABLES | {table: [tuple(row), *TABLES[table][1:]]})


@pytest.mark.parametrize(
    "fields", [{}, {"kind": "filed"}, {"kind": "filed", "seq": 1, "item": 1, "locations": 5}]
)
def test_a_body_that_says_nothing_sensible_leaves_it_to_the_slow_way(
    fields: dict[str, Any],
) -> None:
    assert not agrees(TABLES, fields)


def test_an_entry_without_fields_leaves_it_to_the_slow_way() -> None:
    check = DerivedCheck(b"k" * 32)
    check.take(None)

    assert not check.agrees(lambda _table: iter(()))
