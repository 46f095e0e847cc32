"""A MIME body to its leaves: the parts that hold text or data, in order.

Pure, total and bounded: every level is split by searching for its boundary, so the cost is
the size of the mail times its depth, and depth and number of parts are capped. The standard
parser walks line by line and needs seconds, or its whole stack, for a hostile mail.
Source: RFC 2045, RFC 2046 section 5.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message as StdlibMessage

from guard.mail.charset import clean, decode, untransfer
from guard.mail.header import split, words

DEEPEST = 20
"""Levels of multipart and attached messages that are opened."""

MOST_PARTS = 500
"""Parts that are opened; the rest stays in the record and is told as a fault."""

_LONGEST = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leaf, or the top of an attached message."""

    content_type: str
    """Media type, lower case."""

    params: dict[str, str]
    """Parameters of Content-Type, names in lower case, RFC 2231 undone."""

    disposition: str
    """``inline``, ``attachment`` or empty."""

    name: str
    """File name, decoded, one line; may be empty."""

    data: bytes
    """Content with the transfer encoding undone."""

    sound: bool
    """Whether the transfer encoding was sound."""

    container: str
    """Media type of the multipart around it; empty for none."""

    choice: int
    """Number of the outermost multipart/alternative around it; 0 for none."""

    level: int
    """How many attached messages it lies in; 0 for the mail itself."""

    subject: str = ""
    """Subject of the attached message, if this is one."""


class Walk:
    """One walk over a mail. Iterate over `parts` first, then read `faults`."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._choices = 0
        self._parts = 0

    def parts(
        self,
        fields: list[tuple[str, str]],
        body: bytes,
        *,
        container: str = "",
        choice: int = 0,
        depth: int = 0,
        level: int = 0,
    ) -> Iterator[Part]:
        """Yield the leaves of one entity.

        Args:
            fields: Its header.
            body: Its body, still encoded.
            container: Media type of the multipart around it.
            choice: Number of the outermost multipart/alternative around it.
            depth: How many multiparts and messages lie around it.
            level: How many messages lie around it.
        """
        self._parts += 1
        if self._parts > MOST_PARTS:
            self._fault("parts")
            return
        kind, params = content_type(fields, container)
        boundary = params.get("boundary", "")
        opened = kind.startswith("multipart/") or kind == "message/rfc822"
        if opened and depth >= DEEPEST:
            self._fault("depth")
            opened = False
        if opened and kind == "message/rfc822":
            yield from self._attached(fields, body, (container, choice, depth, level))
        elif opened and boundary:
            if kind == "multipart/alternative" and not choice:
                self._choices += 1
                choice = self._choices
            for fragment in self._fragments(body, boundary):
                inner, at, _ = split(fragment) if fragment[:1] not in b"\r\n" else ([], 0, True)
                yield from self.parts(
                    inner,
                    fragment[at:] if inner else fragment.lstrip(b"\r\n"),
                    container=kind,
                    choice=choice,
                    depth=depth + 1,
                    level=level,
                )
        else:
            if opened:
                self._fault("boundary")
                kind = "text/plain"
            yield self._leaf(fields, body, kind, params, (container, choice, level))

    def _fault(self, word: str) -> None:
        if word not in self.faults:
            self.faults.append(word)

    def _attached(
        self, fields: list[tuple[str, str]], body: bytes, place: tuple[str, int, int, int]
    ) -> Iterator[Part]:
        container, choice, depth, level = place
        # RFC 2046 forbids an encoding here; Exchange and others use one all the same.
        body, _ = untransfer(body, _value(fields, "content-transfer-encoding"))
        inner, at, _ = split(body)
        top = self._leaf(
            [one for one in fields if one[0] != "content-transfer-encoding"],
            body,
            "message/rfc822",
            {},
            (container, choice, level),
        )
        yield replace(top, subject=words(_value(inner, "subject")[:_LONGEST]))
        yield from self.parts(inner, body[at:], depth=depth + 1, level=level + 1)

    def _leaf(
        self,
        fields: list[tuple[str, str]],
        body: bytes,
        kind: str,
        params: dict[str, str],
        place: tuple[str, int, int],
    ) -> Part:
        container, choice, level = place
        encoding = _value(fields, "content-transfer-encoding")
        data, sound = untransfer(body, encoding)
        disposition, name = _disposition(fields, params)
        return Part(
            content_type=kind,
            params=params,
            disposition=disposition,
            name=name,
            data=data,
            sound=sound,
            container=container,
            choice=choice,
            level=level,
        )

    def _fragments(self, body: bytes, boundary: str) -> Iterator[bytes]:
        """Cut a multipart body at its delimiter lines.

        Source: RFC 2046 section 5.1.1.
        """
        mark = b"--" + boundary.encode("utf-8", "surrogateescape")
        start = -1
        at = 0 if body.startswith(mark) else _delimiter(body, mark, 0)
        while at >= 0:
            after = at + len(mark)
            line_end = body.find(b"\n", after)
            line_end = len(body) if line_end < 0 else line_end
            rest = body[after : min(line_end, after + 200)].strip()
            # A longer boundary that begins alike is another level's delimiter.
            if rest in {b"", b"--"}:
                if start >= 0:
                    yield body[start:at].removesuffix(b"\n").removesuffix(b"\r")
                if rest:
                    return
                start = line_end + 1
            if self._parts > MOST_PARTS:
                return
            at = _delimiter(body, mark, max(after, line_end))
        if start < 0:
            # No delimiter at all: what there is, is read as one part.
            self._fault("boundary")
            yield body
        elif start < len(body):
            yield body[start:]


def _delimiter(body: bytes, mark: bytes, at: int) -> int:
    found = body.find(b"\n" + mark, at)
    return found + 1 if found >= 0 else -1


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
    # Most are one ``charset=x``, for which its machinery is too dear.
    name, equals, value = rest.partition("=")
    if equals and ";" not in value and '"' not in value and "*" not in name:
        return {name.strip().lower(): value.strip()}
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
