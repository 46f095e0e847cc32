"""A vCard file to contacts: as an address book on a telephone or a computer exports it.

Reads versions 2.1, 3.0 and 4.0 by vobject. Source: RFC 2426, RFC 6350.
"""

import re
from itertools import pairwise
from typing import Any

from guard.clients.contacts import Contacts, Fault
from guard.errors import ConfigError

_BEGIN = re.compile(r"\s*BEGIN\s*:\s*VCARD\s*", re.IGNORECASE)


def read(data: bytes) -> Contacts:
    """Return what a vCard file says, faults and all.

    Raises:
        ConfigError: The library that reads them is not installed.
    """
    try:
        # An extra; nobody without a vCard needs it.
        import vobject  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "vCard files need vobject, which is not installed",
            hint="Run: pip install 'guard[vcard]'   or export the contacts as CSV.",
        ) from None
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines, start=1) if _BEGIN.fullmatch(line)]
    contacts = Contacts()
    for start, end in pairwise([*starts, len(lines) + 1]):
        card = "\n".join(lines[start - 1 : end - 1])
        try:
            found = next(iter(vobject.readComponents(card, allowQP=True)), None)
        except vobject.base.VObjectError as error:
            line = start + max(0, (getattr(error, "lineNumber", None) or 1) - 1)
            contacts.faults.append(Fault(line=line, what="this is not a line of a vCard"))
            continue
        except Exception:  # noqa: BLE001  # a parser of foreign text; its error would quote it
            found = None
        if found is None:
            contacts.faults.append(Fault(line=start, what="this vCard cannot be read"))
        else:
            contacts.take(start, _fields(found.contents))
    if not starts:
        contacts.faults.append(Fault(line=1, what="no vCard begins here (BEGIN:VCARD)"))
    return contacts


def _fields(contents: dict[str, list[Any]]) -> dict[str, str]:
    shown = str(contents["fn"][0].value) if "fn" in contents else ""
    parts: Any = contents["n"][0].value if "n" in contents else ""
    structured = f"{parts.given} {parts.family}" if hasattr(parts, "given") else ""
    born = str(contents["bday"][0].value).partition("T")[0] if "bday" in contents else ""
    return {
        "name": shown.strip() or structured,
        "addresses": " ".join(str(one.value).strip() for one in contents.get("email", [])),
        # An address book may know the day alone: --0531.
        "born": "" if born.startswith("--") else born,
    }
