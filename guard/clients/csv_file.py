"""A CSV file to contacts: as a practice program, Google, Outlook or a spreadsheet writes it.

Pure. Columns are known by their headings, in any order; what has no known heading is ignored.
"""

import csv
import io
import re

from guard.clients.contacts import Contacts, Fault

_HEADINGS: dict[str, str] = {
    "name": r"(?:client|patient|full|display)?[ _]?name|client|patient",
    "first": r"(?:first|given|fore)[ _]?names?|forename",
    "last": r"(?:last|family|sur)[ _]?name",
    "addresses": r"(?:(?:primary|secondary|other|work|home|personal|client|patient"
    r"|main|first|second|third|1st|2nd|3rd|alternative|alternate|additional|private|business"
    r")[ _])?"
    r"e-?mails?(?:[ _]?\d)?(?:[ _]?address(?:es)?)?(?:[ _]?\d)?(?: - value)?",
    "kind": r"kind|relation",
    "born": r"born|birthday|date of birth|d\.?o\.?b\.?|birth[ _]?date",
    "ended": r"ended|end of therapy|end date|discharged(?: on)?",
    "no-automatic-mail": r"no[ _-]automatic[ _-](?:e-?)?mail",
    "about": r"about|child",
}
_PLAIN_ADDRESSES = re.compile(r"address(?:es)?", re.IGNORECASE)
_MOST_CELL = 20_000


def read(data: bytes) -> Contacts:
    """Return what a CSV file says, faults and all."""
    text = _decoded(data)
    contacts = Contacts()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns: list[str] | None = None
    while True:
        # A quoted cell may hold line breaks: a person begins after where the last one ended.
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            contacts.faults.append(Fault(line=line, what="a quotation mark is never closed"))
            break
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells)
            if "addresses" not in columns:
                fault = Fault(line=line, what="the first line must name the columns: name, email")
                contacts.faults.append(fault)
                break
        else:
            contacts.take(line, _fields(columns, cells))
    if columns is None and not contacts.faults:
        contacts.faults.append(Fault(line=1, what="there is nothing in the file"))
    return contacts


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "ascii"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    # What a spreadsheet on Windows writes.
    return data.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


def _columns(cells: list[str]) -> list[str]:
    named = [_column(cell.strip()) for cell in cells]
    if "addresses" not in named:
        named = [
            "addresses" if _PLAIN_ADDRESSES.fullmatch(cell.strip()) else name
            for cell, name in zip(cells, named, strict=True)
        ]
    return named


def _column(heading: str) -> str:
    matches = (
        name
        for name, pattern in _HEADINGS.items()
        if re.fullmatch(pattern, heading, re.IGNORECASE)
    )
    return next(matches, "")


def _fields(columns: list[str], cells: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, cell in zip(columns, cells, strict=False):
        if name and cell.strip():
            before = f"{found[name]} " if name in found else ""
            found[name] = before + cell.strip()[:_MOST_CELL]
    given = f"{found.pop('first', '')} {found.pop('last', '')}".strip()
    return {"name": given} | found
