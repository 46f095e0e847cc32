"""A MIME body to its leaves: the parts that hold text or data, in order.

Pure, total and bounded: every level is split by searching for its boundary, so the cost is
the size of the mail times its depth, and depth and number of parts are capped. The standard
parser walks line by line and needs seconds, or its whole stack, for a hostile mail.
Source: RFC 2045, RFC 2046 section 5.1.
"""

import re
from collections.abc import Iterator
from email.message import Message as StdlibMessage

import msgspec
from msgspec.structs import replace

from guard.mail.charset import clean, decode, untransfer
from guard.mail.content import Content
from guard.mail.header import split, words

DEEPEST = 20
"""Levels of multipart and attached messages that are opened."""

MOST_PARTS = 500
"""Parts that are opened; the rest stays in the record and is told as a fault."""

MOST_BESIDE = 20_000
"""Bytes around the parts that are kept, in all."""

_LONGEST = 4_000
_HEADER_BYTES = 32_768
_PARAM = r'[ \t]*+([A-Za-z-]++)=(?:"([ !#-\[\]-~]*+)"|([\w.:+/=-]++))[ \t]*+'
_PLAIN_PARAM = re.compile(_PARAM, re.ASCII)
_PLAIN_PARAMS = re.compile(rf"{_PARAM}(?:;{_PARAM})*+;?", re.ASCII)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf, or the top of an attached message."""

    content_type: str
    """Media type, lower case."""

    params: dict[str, str]
    """Parameters of Content-Type, names in lower case, RFC 2231 undone."""

    disposition: str
    """``inline``, ``attachment`` or empty."""

    name: str
    """File name, decoded, one line; may be empty."""

    content: Content
    """What it holds."""

    container: str
    """Media type of the multipart around it; empty for none."""

    choice: int
    """Number of the outermost multipart/alternative around it; 0 for none."""

    level: int
    """How many attached messages it lies in; 0 for the mail itself."""

    subject: str = ""
    """Subject of the attached message, if this is one."""


class _Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of bytes. A slice of its own for each level would cost the mail's size again."""

    raw: bytes
    start: int
    end: int

    def view(self) -> memoryview:
        return memoryview(self.raw)[self.start : self.end]


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an entity lies; the fields are those of `Part`, and the depth of all containers."""

    container: str = ""
    choice: int = 0
    level: int = 0
    depth: int = 0


class Walk:
    """One walk over a mail. Iterate over `parts` first, then read `faults` and `beside`."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.beside = b""
        """What stands before the first part and after the last one, and describes a part."""
        self._choices = 0
        self._parts = 0

    def parts(self, fields: list[tuple[str, str]], raw: bytes, start: int = 0) -> Iterator[Part]:
        """Yield the leaves of a mail.

        Args:
            fields: Its header.
            raw: Its bytes.
            start: Offset of its body.
        """
        return self._entity(fields, _Span(raw=raw, start=start, end=len(raw)), _Place())

    def _entity(self, fields: list[tuple[str, str]], body: _Span, place: _Place) -> Iterator[Part]:
        self._parts += 1
        if self._parts > MOST_PARTS:
            self._fault("parts")
            return
        described = words(_value(fields, "content-description")[:_LONGEST])
        self._beside(described.encode("utf-8", "replace"))
        kind, params = content_type(fields, place.container)
        boundary = params.get("boundary", "")
        opened = kind.startswith("multipart/") or kind == "message/rfc822"
        if opened and place.depth >= DEEPEST:
            self._fault("depth")
            opened = False
        if opened and kind == "message/rfc822":
            yield from self._attached(fields, body, place)
        elif opened and boundary:
            yield from self._multipart(kind, boundary, body, place)
        else:
            if opened:
                self._fault("boundary")
                kind = "text/plain"
            yield _leaf(fields, body, kind, params, place)

    def _fault(self, word: str) -> None:
        if word not in self.faults:
            self.faults.append(word)

    def _beside(self, words: bytes) -> None:
        # No mail program shows it, and every one shows the source.
        room = MOST_BESIDE - len(self.beside)
        if room > 0 and (words := words[:room].strip()):
            self.beside += words + b"\n"

    def _multipart(self, kind: str, boundary: str, body: _Span, place: _Place) -> Iterator[Part]:
        choice = place.choice
        if kind == "multipart/alternative" and not choice:
            self._choices += 1
            choice = self._choices
        inside = replace(place, container=kind, choice=choice, depth=place.depth + 1)
        for one in self._fragments(body, boundary):
            # A part may begin with the blank line, which leaves it without a header.
            fields, at, _ = split(one.raw, start=one.start, end=one.end, most=_HEADER_BYTES)
            yield from self._entity(fields, replace(one, start=at), inside)

    def _attached(
        self, fields: list[tuple[str, str]], body: _Span, place: _Place
    ) -> Iterator[Part]:
        encoding = _value(fields, "content-transfer-encoding")
        if encoding.lower() in {"base64", "quoted-printable"}:
            # RFC 2046 forbids it here; Exchange and others do it all the same.
            data, _ = untransfer(body.view(), encoding)
            body = _Span(raw=data, start=0, end=len(data))
        inner, at, _ = split(body.raw, start=body.start, end=body.end, most=_HEADER_BYTES)
        plain = [one for one in fields if one[0] != "content-transfer-encoding"]
        top = _leaf(plain, body, "message/rfc822", {}, place)
        yield replace(top, subject=words(_value(inner, "subject")[:_LONGEST]))
        inside = _Place(level=place.level + 1, depth=place.depth + 1)
        yield from self._entity(inner, replace(body, start=at), inside)

    def _fragments(self, body: _Span, boundary: str) -> Iterator[_Span]:
        """Cut a multipart body at its delimiter lines.

        Source: RFC 2046 section 5.1.1.
        """
        raw, end = body.raw, body.end
        mark = b"--" + boundary.encode("utf-8", "surrogateescape")
        start = -1
        at = body.start if raw.startswith(mark, body.start) else _next(body, mark, body.start)
        while at >= 0:
            line_end = raw.find(b"\n", at + len(mark), end)
            line_end = end if line_end < 0 else line_end
            rest = raw[at + len(mark) : min(line_end, at + len(mark) + 200)].strip()
            # A longer boundary that begins alike is another level's delimiter.
            if rest in {b"", b"--"}:
                if start < 0:
                    self._beside(raw[body.start : at][:MOST_BESIDE])
                else:
                    # The line end before a delimiter belongs to it.
                    back = 2 if raw[at - 2 : at] == b"\r\n" else 1
                    yield _Span(raw=raw, start=start, end=max(start, at - back))
                if rest or self._parts > MOST_PARTS:
                    self._beside(raw[line_end : min(end, line_end + MOST_BESIDE)])
                    return
                start = line_end + 1
            at = _next(body, mark, line_end)
        if start < 0:
            # No delimiter at all: what there is, is read as one part.
            self._fault("boundary")
            yield body
        elif start < end:
            yield _Span(raw=raw, start=start, end=end)


def _next(body: _Span, mark: bytes, at: int) -> int:
    found = body.raw.find(b"\n" + mark, at, body.end)
    return found + 1 if found >= 0 else -1


def _leaf(
    fields: list[tuple[str, str]],
    body: _Span,
    kind: str,
    params: dict[str, str],
    place: _Place,
) -> Part:
    encoding = _value(fields, "content-transfer-encoding")
    disposition, name = _disposition(fields, params)
    return Part(
        content_type=kind,
        params=params,
        disposition=disposition,
        name=name,
        content=Content(body.raw, body.start, body.end, encoding),
        container=place.container,
        choice=place.choice,
        level=place.level,
    )


def _value(fields: list[tuple[str, str]], name: str) -> str:
    for key, value in fields:
        if key == name:
            return value
    return ""


def content_type(fields: list[tuple[str, str]], container: str = "") -> tuple[str, dict[str, str]]:
    """Return the media type and its parameters.

    Source: RFC 2045 section 5.2, RFC 2046 section 5.1.5 (digests hold messages).
    """
    default = "message/rfc822" if container == "multipart/digest" else "text/plain"
    value = _value(fields, "content-type")[:_LONGEST]
    if not value:
        return default, {}
    kind, semicolon, rest = value.partition(";")
    kind = kind.strip().lower()
    if kind.count("/") != 1 or " " in kind:
        kind = "text/plain" if kind in {"", "text"} else "application/octet-stream"
    return kind, _params(rest) if semicolon else {}


def _params(rest: str) -> dict[str, str]:
    """Read parameters; the standard library knows the continuations of RFC 2231."""
    # Nearly all are plain, and for those its machinery is too dear.
    name, equals, value = rest.partition("=")
    if equals and ";" not in value and '"' not in value and "*" not in name:
        return {name.strip().lower(): value.strip()}
    if _PLAIN_PARAMS.fullmatch(rest):
        found = _PLAIN_PARAM.findall(rest)
        return {name.lower(): quoted or bare for name, quoted, bare in found}
    holder = StdlibMessage()
    try:
        holder["x"] = "x;" + rest
        found = holder.get_params(header="x") or []
    except (ValueError, LookupError, TypeError, IndexError, AttributeError):
        return {}
    return {name.lower(): _param(value) for name, value in found[1:]}


def _param(value: str | tuple[str | None, str | None, str]) -> str:
    if isinstance(value, str):
        return value
    charset, _, text = value
    return decode(text.encode("latin-1", "replace"), charset or "")[0]


def _disposition(fields: list[tuple[str, str]], params: dict[str, str]) -> tuple[str, str]:
    value = _value(fields, "content-disposition")[:_LONGEST]
    kind, semicolon, rest = value.partition(";")
    own = _params(rest) if semicolon else {}
    name = words(own.get("filename") or params.get("name") or "")
    return kind.strip().lower(), clean(name).replace("\n", " ")[:255]
