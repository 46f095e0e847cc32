"""Which folders hold the sent mail and the junk, from a server's answer to LIST.

Pure and total: a line that cannot be read is left out, and nothing a server says raises.
Source: RFC 6154 section 2 (SPECIAL-USE), RFC 3501 sections 5.1.3 and 7.2.2.
"""

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

import msgspec
from imapclient.imap_utf7 import decode, encode

INBOX = "INBOX"
ROLES = {
    "sent": frozenset({"\\sent"}),
    "junk": frozenset({"\\junk", "\\spam"}),
    "all": frozenset({"\\all"}),
}
"""Attributes that name a role, lower case. ``\\Spam`` is what Gmail's XLIST said."""

NAMES = {
    "sent": frozenset(
        {
            *("sent", "sent items", "sent mail", "sent messages", "sent-mail", "sent email"),
            *("gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten"),
            *("envoyés", "éléments envoyés", "messages envoyés", "courrier envoyé"),
            *("enviados", "elementos enviados", "mensajes enviados", "itens enviados"),
            *("posta inviata", "inviata", "inviati", "messaggi inviati"),
            *("verzonden", "verzonden items", "verzonden berichten"),
            *("wysłane", "elementy wysłane", "skickat", "skickade objekt", "sendt", "sendte"),
            *("sendt post", "sendte elementer", "lähetetyt", "anfonwyd", "eitemau a anfonwyd"),
        }
    ),
    "junk": frozenset(
        {
            *("junk", "junk e-mail", "junk email", "junk mail", "spam", "bulk mail", "bulk"),
            *("junk-e-mail", "spamverdacht", "werbung", "unerwünscht"),
            *("courrier indésirable", "indésirables", "pourriel"),
            *("correo no deseado", "no deseado", "lixo eletrônico", "lixo eletrónico"),
            *("posta indesiderata", "indesiderata", "ongewenste e-mail", "ongewenst"),
            *("wiadomości-śmieci", "niechciane", "skräppost", "uønsket e-mail", "søppelpost"),
            *("roskaposti", "sothach", "e-bost sothach"),
        }
    ),
    "all": frozenset(),
}
"""Names that mail programs give, case-folded, where a server tells no attributes."""

_PARENTS = frozenset({"", "inbox", "[gmail]", "[google mail]", "[googlemail]"})
_CLOSED = frozenset({"\\noselect", "\\nonexistent"})
_LINE = re.compile(
    rb"\((?P<attributes>[^()]*)\) +"
    rb"(?:\"(?P<delimiter>\\?[^\"]|\\\")\"|NIL) +"
    rb"(?P<name>\"(?:[^\"\\]|\\.)*\"|\{\d+\}|[^\s\"(){%*]+)",
    re.IGNORECASE | re.DOTALL,
)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One folder, as LIST tells it."""

    name: str
    """For people, decoded."""

    delimiter: str
    """Between the levels of the name; empty when there are none."""

    attributes: frozenset[str]
    """Lower case, with the backslash."""


def listed(lines: Iterable[bytes | tuple[bytes, bytes] | None]) -> tuple[Listed, ...]:
    """Read the answer to LIST, without folders that hold no mail.

    Args:
        lines: As imaplib gives them: bytes, or a pair when the name came as a literal.
    """
    found = (_folder(line) for line in lines)
    return tuple(one for one in found if one is not None and not one.attributes & _CLOSED)


def with_role(folders: Sequence[Listed], role: str) -> tuple[str, ...]:
    """Name the folders of one role: those with the attribute first, then those with a usual name.

    Both, because an account often has several: the server marks one, while a telephone keeps
    its own "Sent Messages" that nobody marked. A mail seen twice is filed once.

    Args:
        folders: All folders of the account.
        role: ``sent``, ``junk`` or ``all`` (every mail of the account, as at Gmail).
    """
    marked = [one.name for one in folders if one.attributes & ROLES[role]]
    named = [one.name for one in folders if _is_usual(one, role)]
    return tuple(dict.fromkeys(marked + named))


def spelled(name: str, folders: Sequence[Listed]) -> str:
    """Return the server's own spelling of a name; the name itself if it has none, or several.

    An accented letter is one character on one computer, and a letter and its accent on another
    (Unicode Standard Annex 15): what looks alike is the same folder to whoever typed it.
    """
    names = {one.name for one in folders}
    alike = [one for one in names if normalize("NFC", one) == normalize("NFC", name)]
    return alike[0] if name not in names and len(alike) == 1 else name


def wire(name: str) -> str:
    """Return a folder's name as it travels: modified UTF-7 (RFC 3501 section 5.1.3).

    Raises:
        ValueError: It holds what no folder's name can hold.
    """
    if not name or re.search(r"[\x00-\x1f\x7f]", name):
        raise ValueError("not the name of a folder")
    # INBOX is the one name that may be written in any case (RFC 3501 section 5.1).
    return INBOX if name.upper() == INBOX else str(encode(name).decode("ascii"))


def _is_usual(folder: Listed, role: str) -> bool:
    parent, leaf = "", folder.name
    if folder.delimiter:
        parent, _, leaf = folder.name.rpartition(folder.delimiter)
    others = frozenset().union(*(marks for name, marks in ROLES.items() if name != role))
    return (
        leaf.casefold() in NAMES[role]
        and parent.casefold() in _PARENTS
        and not folder.attributes & others
    )


def _folder(line: bytes | tuple[bytes, bytes] | None) -> Listed | None:
    head, literal = line if isinstance(line, tuple) else (line, None)
    if not isinstance(head, bytes) or (match := _LINE.match(head)) is None:
        return None
    name = _name(match["name"] if literal is None else literal, quoted=literal is None)
    if name is None:
        return None
    attributes = match["attributes"].decode("ascii", "replace").lower().split()
    delimiter = (match["delimiter"] or b"")[-1:].decode("ascii", "replace")
    return Listed(name=name, delimiter=delimiter, attributes=frozenset(attributes))


def _name(raw: bytes, *, quoted: bool) -> str | None:
    if quoted and raw.startswith(b'"'):
        raw = re.sub(rb"\\(.)", rb"\1", raw[1:-1], flags=re.DOTALL)
    try:
        name = str(decode(raw))
        # A name that does not travel back as it came could open a different folder.
        faithful = wire(name).encode() == (INBOX.encode() if raw.upper() == b"INBOX" else raw)
    except (ValueError, TypeError):
        return None
    return name if faithful else None
