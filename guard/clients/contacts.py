"""What a file says of clients, checked line by line before anything is taken over.

Pure values and checks, shared by the readers of CSV and vCard. No fault ever quotes the file.
"""

import re
from datetime import date

import msgspec

from guard.clients import directory
from guard.clients.directory import Relation

_SEPARATORS = re.compile(r"\s*(?::::|[;,\s])\s*")
_BRITISH = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_YES = frozenset({"yes", "y", "true", "1", "x", "on"})
_NO = frozenset({"", "no", "n", "false", "0", "off"})


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a file."""

    line: int
    """Where they begin in the file, from 1."""

    name: str
    """As the file calls them."""

    addresses: tuple[str, ...]
    """Normalised; may be empty."""

    kind: Relation = Relation.CLIENT
    """What they are to the practice."""

    born: str = ""
    """Birthday, ISO 8601, or empty."""

    ended: str = ""
    """Last day of therapy, ISO 8601, or empty."""

    automatic: bool = True
    """False: no automatic mail, ever."""

    about: tuple[str, ...] = ()
    """Names or ids of those in whose record their mail belongs."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One line that cannot be taken over, and why; without a word of the file."""

    line: int
    """From 1."""

    what: str
    """In fixed words."""


class Contacts(msgspec.Struct, kw_only=True):
    """A whole file."""

    people: list[Contact] = msgspec.field(default_factory=list)
    """Those with an address, in order."""

    faults: list[Fault] = msgspec.field(default_factory=list)
    """What is wrong, in order."""

    without_address: int = 0
    """How many people have no e-mail address."""

    def take(self, line: int, fields: dict[str, str]) -> None:
        """Take one person over, or note what is wrong.

        Args:
            line: Where they begin.
            fields: ``name``, ``addresses``, and any of ``kind``, ``born``, ``ended``,
                ``no-automatic-mail``, ``about``, as text.
        """
        try:
            contact = _contact(line, fields)
        except ValueError as error:
            self.faults.append(Fault(line=line, what=str(error)))
            return
        if contact.addresses:
            self.people.append(contact)
        else:
            self.without_address += 1

    def namesakes(self) -> list[Fault]:
        """Return those who are called like another: one person twice, or two people?

        To guess would be to file one client's mail in another's record.
        """
        first: dict[str, Contact] = {}
        found: list[Fault] = []
        for one in self.people:
            other = first.setdefault(one.name.casefold(), one)
            if other is not one:
                what = f"line {other.line} has the same name: if it is one person, put both "
                what += "addresses on one line; if not, make the names differ"
                found.append(Fault(line=one.line, what=what))
        return found


def _contact(line: int, fields: dict[str, str]) -> Contact:
    written = [one for one in _SEPARATORS.split(fields.get("addresses", "").strip()) if one]
    addresses = tuple(dict.fromkeys(map(_address, written)))
    name = " ".join(fields.get("name", "").split())
    silent = fields.get("no-automatic-mail", "").strip().lower()
    if silent not in _YES | _NO:
        raise ValueError("no automatic mail: yes or no")
    contact = Contact(
        line=line,
        name=name or (addresses[0] if addresses else ""),
        addresses=addresses,
        kind=_kind(fields.get("kind", "")),
        born=_day(fields.get("born", "")),
        ended=_day(fields.get("ended", "")),
        automatic=silent in _NO,
        about=tuple(one.strip() for one in fields.get("about", "").split(";") if one.strip()),
    )
    if contact.kind is Relation.PARENT and not contact.about:
        raise ValueError("a parent needs the column about: the child's name or id")
    return contact


def _address(text: str) -> str:
    text = re.sub(r"(?i)^mailto:", "", text).strip("<>")
    try:
        return directory.normalise(text)
    except ValueError:
        raise ValueError("something in the address column is not an e-mail address") from None


def _kind(text: str) -> Relation:
    try:
        return Relation(text.strip().lower() or "client")
    except ValueError:
        known = ", ".join(one.value for one in Relation)
        raise ValueError(f"the kind is none of {known}") from None


def _day(text: str) -> str:
    """Return a date as it is kept; a British one is understood too."""
    text = text.strip()
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if found := _BRITISH.fullmatch(text):
        try:
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        except ValueError:
            raise ValueError("a date that is none") from None
    return directory.day(text)
