"""A MIME body to the text as shown, attachments, calendar parts, and whether it is sealed.

Pure, total and bounded. Of alternatives one is read; an attached message counts as quoted
unless there is nothing else. Source: RFC 2046 section 5.1.4, RFC 3156, RFC 8551.
"""

import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from guard.mail.charset import clean, decode
from guard.mail.markup import everything, to_text
from guard.mail.message import Attachment, CalendarPart
from guard.mail.parts import Part, Walk
from guard.mail.text import BARE_COVER_WORDS, MOST_CHARACTERS, unflow

MOST_ATTACHMENT_CHARACTERS = 20_000
"""Characters of a text attachment that are read."""

MOST_ASIDE = 100_000
"""Characters of what is not shown that are kept."""

_MOST_BYTES = 4_000_000
_MOST_CALENDARS = 20
_SHORT_PLAIN = 400
_TEXT_NAMES = (".txt", ".md", ".csv", ".log", ".text", ".markdown")
_CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_NO_TEXT = _CARDS | {"text/css", "text/rfc822-headers"}
_SHOWN = frozenset({"text/plain", "text/html"})
_UNTYPED = frozenset({"application/octet-stream", "application/txt", "application/csv"})
_CALENDARS = frozenset({"text/calendar", "application/ics"})
_STUB = re.compile(
    r"html|view (?:this|it|the).{0,40}(?:browser|online)|"
    r"(?:not|doesn.t|cannot|can't) (?:support|display)",
    re.IGNORECASE,
)
_META = re.compile(rb"<meta[^<>]{0,200}charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_BYTES = 2_048
_FORWARD_LINE = "---------- Forwarded message ----------"
_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a body holds."""

    text: str
    """The whole text as shown."""

    attachments: tuple[Attachment, ...]
    """In order."""

    calendar: tuple[CalendarPart, ...]
    """In order."""

    aside: str
    """Words that are there and not shown, at most `MOST_ASIDE` characters."""

    encrypted: bool
    """Whether its content is encrypted or otherwise sealed from us."""

    faults: tuple[str, ...]
    """Fixed words."""


def read(fields: list[tuple[str, str]], raw: bytes, start: int = 0) -> Body:
    """Read a body.

    Args:
        fields: The header of the mail.
        raw: Its bytes.
        start: Offset of its body.
    """
    walk = Walk()
    reader = _Reader()
    parts = list(walk.parts(fields, raw, start))
    chosen: set[int] = set()
    for part in parts:
        if not part.choice or part.content_type not in _SHOWN or part.disposition == "attachment":
            reader.take(part)
        elif part.choice not in chosen:
            chosen.add(part.choice)
            reader.alternatives([one for one in parts if one.choice == part.choice])
    reader.pass_by(walk.beside)
    return reader.body(walk.faults)


class _Reader:
    """What was read so far; by level, because attached messages count as quoted."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._attached: list[str] = []
        self._attachments: list[tuple[int, Attachment]] = []
        self._calendar: list[tuple[int, CalendarPart]] = []
        self._aside: list[str] = []
        self._encrypted = False
        self._budget = _MOST_BYTES
        self._faults: list[str] = []

    def take(self, part: Part) -> None:
        """Take one part that stands for itself."""
        if not part.content.sound:
            self._faults.append("encoding")
        if _is_sealed(part) and not part.level:
            self._encrypted = True
        kind = part.content_type
        shown = kind in _SHOWN and part.disposition != "attachment" and not part.name
        if shown and part.container != "multipart/encrypted":
            self._show(part, self._text(part))
        elif kind in _CALENDARS or (kind in _UNTYPED and part.name.lower().endswith(".ics")):
            self._invite(part)
        else:
            self._attach(part)

    def alternatives(self, parts: Sequence[Part]) -> None:
        """Show one of the alternatives: the plain one, unless it only says "see the HTML"."""
        shown = [one for one in parts if one.disposition != "attachment"]
        plains = [one for one in shown if one.content_type == "text/plain"]
        htmls = [one for one in shown if one.content_type == "text/html"]
        self._faults += ["encoding" for one in [*plains, *htmls] if not one.content.sound]
        plain = "\n\n".join(self._text(one) for one in plains).strip()
        first = (plains or htmls)[0]
        html = "\n\n".join(self._text(one) for one in htmls).strip()
        self._aside += [plain, html] if html else []
        if not htmls or len(plain) >= _SHORT_PLAIN:
            self._show(first, plain)
            return
        # A plain part that lacks most of the words is a stub, whatever it says.
        stub = not plain or _STUB.search(plain) or len(html) > 2 * len(plain) + 100
        self._show(first, html if stub and html else plain)

    def pass_by(self, beside: bytes) -> None:
        """Note what stands around the parts; it goes first, so that no part can crowd it out."""
        if beside:
            self._aside.insert(0, clean(decode(beside)[0]))

    def body(self, faults: Sequence[str]) -> Body:
        """Put everything together."""
        text = "\n\n".join(self._texts).strip("\n")
        # No more words than decide: those of a huge text would be many times its size.
        bare = len(text.split(None, BARE_COVER_WORDS)) <= BARE_COVER_WORDS
        if self._attached:
            text = "\n\n".join([text, *self._attached]).strip("\n")
        # What hangs on an attached message speaks only if nothing is written above it.
        attachments = [
            one if bare or not level else replace(one, text="") for level, one in self._attachments
        ]
        calendar = [one for level, one in self._calendar if bare or not level]
        if len(text) > MOST_CHARACTERS:
            self._faults.append("long")
        return Body(
            text=text[:MOST_CHARACTERS],
            attachments=tuple(attachments),
            calendar=tuple(dict.fromkeys(calendar)),
            aside="\n".join(one for one in self._aside if one.strip())[:MOST_ASIDE],
            encrypted=self._encrypted or ("-----BEGIN PGP" in text and bool(_PGP.search(text))),
            faults=tuple(dict.fromkeys([*faults, *self._faults])),
        )

    def _show(self, part: Part, text: str) -> None:
        if not text.strip():
            return
        (self._attached if part.level else self._texts).append(text.strip("\n"))

    def _text(self, part: Part) -> str:
        html = part.content_type == "text/html"
        claimed = part.params.get("charset", "")
        if html and not claimed and (meta := _META.search(part.content.head(_META_BYTES))):
            claimed = meta[1].decode("ascii")
        data = part.content.head(self._budget)
        self._budget -= len(data)
        text, honest = decode(data, claimed)
        if not honest:
            self._faults.append("charset")
        if part.content.size > len(data):
            self._faults.append("long")
        if html:
            self._aside.append(everything(text))
            text, whole = to_text(text)
            self._faults += [] if whole else ["html"]
            return text
        text = clean(text)
        if part.params.get("format", "").lower() == "flowed":
            return unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
        return text

    def _invite(self, part: Part) -> None:
        if len(self._calendar) >= _MOST_CALENDARS:
            self._faults.append("parts")
            return
        from guard.mail.invitation import read_invitation, unfolded  # noqa: PLC0415  # slow, and rare

        text = self._text(part)
        self._aside.append(unfolded(text))
        found, sound = read_invitation(text, part.params.get("method", ""))
        self._calendar.append((part.level, found))
        if not sound:
            self._faults.append("calendar")

    def _attach(self, part: Part) -> None:
        kind, name = part.content_type, part.name
        if kind in {"application/ms-tnef", "application/vnd.ms-tnef"}:
            self._faults.append("tnef")
        if kind == "message/rfc822":
            self._attached.append(f"{_FORWARD_LINE}\n\n{part.subject}")
        readable = kind.startswith("text/") and kind not in _NO_TEXT
        self._aside.append(name.replace("_", " "))
        text = ""
        if kind in _CARDS:
            self._aside.append(self._text(part))
        if readable or (kind in _UNTYPED and name.lower().endswith(_TEXT_NAMES)):
            whole = self._text(part)
            text = whole[:MOST_ATTACHMENT_CHARACTERS]
            self._faults += ["long"] if len(whole) > len(text) else []
            self._encrypted = self._encrypted or _PGP.search(text) is not None
        found = Attachment(name=name, content_type=kind[:255], size=part.content.size, text=text)
        self._attachments.append((part.level, found))


def _is_sealed(part: Part) -> bool:
    """Tell whether a part is encrypted, or signed in a way that hides its text.

    Source: RFC 8551 section 3.2, RFC 3156 section 4.
    """
    if part.content_type in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return part.params.get("smime-type", "").lower() != "certs-only"
    return (
        part.container == "multipart/encrypted" or part.content_type == "application/pgp-encrypted"
    )
