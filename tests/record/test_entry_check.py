"""What counts as canonical JSON must not depend on which of two programs reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.record.entry import canonical
from guard.record.entry_check import EntryCheck, fields_of
from guard.record.finding import Finding
from guard.record.log import leaf_hash

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def slowly(body: bytes) -> object:
    try:
        fields = json.loads(body)
        return fields if isinstance(fields, dict) and canonical(fields) == body else None
    except (ValueError, TypeError, RecursionError):
        return None


@given(st.dictionaries(st.text(), VALUES))
def test_whatever_the_record_writes_is_read_as_it_was(fields: dict[str, Any]) -> None:
    try:
        body = canonical(fields)
    except ValueError:
        return

    assert fields_of(body) == slowly(body)


@given(st.binary(max_size=40))
def test_bytes_of_any_kind_are_judged_as_the_slow_way_does(body: bytes) -> None:
    assert fields_of(body) == slowly(body)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1e-05}', '{"a":0.00001}', '{"a":1e16}', '{"a":1e+16}', '{"a":1E5}', '{"a":1.0}',
        '{"a":1.50}', '{"a":-0}', '{"a":-0.0}', '{"a":NaN}', '{"a":1e400}', '{"a":Infinity}',
        '{"a":18446744073709551616}', '{"a":123456789012345678901234567890}', '{"a":"\x7f"}',
        '{"a":"\\u007f"}', '{"a":"\\u00e9"}', '{"a":"é"}', '{"a":"\\u00E9"}', '{"a":"\\ud800"}',
        '{"a":"\\b\\f\\n\\r\\t\\"\\\\"}', '{"a":"\\/"}', '{"a":"\\u0008"}', '{"a":1,"a":1}',
        '{"b":1,"a":1}', '{"a": 1}', '{"a":1} ', '{"\\u00e9":1,"z":1}', '{"z":1,"\\u00e9":1}',
        '{"\\ud83d\\ude00":1,"\\uffee":1}', '{"\\uffee":1,"\\ud83d\\ude00":1}', "[]", "{}", "null",
        "1", '"a"', "", "[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, '{"a":true}', '{"a":null}',
    ],
)  # fmt: skip
def test_every_trap_is_judged_as_the_slow_way_does(text: str) -> None:
    assert fields_of(text.encode()) == slowly(text.encode())


@pytest.mark.parametrize("body", [None, 3, 0.5, "text", b""])
def test_a_body_of_another_type_has_no_fields(body: object) -> None:
    assert fields_of(body) is None


def told(*changes: tuple[int, object]) -> list[str]:
    body = canonical({"at": 5, "item": 2, "kind": "judged", "owner": "c1", "seq": 3})
    row: list[Any] = [3, "judged", 2, "c1", 5, body, None, leaf_hash(body)]
    for place, value in changes:
        row[place] = value
    fields = fields_of(row[5])
    leaf = leaf_hash(row[5]) if isinstance(row[5], bytes) else bytes(32)
    found = EntryCheck(lambda _fields: False).faults(row, leaf, fields)
    return [finding.what for finding in found if isinstance(finding, Finding)]


def test_an_entry_that_is_what_it_says_has_no_faults() -> None:
    assert told() == []


@pytest.mark.parametrize("value", [None, 2**63 - 1, -(2**63), 0.5, "x", b"x"])
@pytest.mark.parametrize("place", range(8))
def test_no_column_can_hold_anything_else(place: int, value: object) -> None:
    assert told((place, value)) or (place, value) == (6, None)
