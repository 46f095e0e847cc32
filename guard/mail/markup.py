"""HTML to the text that a reader would see, with quotations marked by ``> ``.

Pure and total. Scripts, styles and hidden text are dropped, block elements become line
breaks, quoting block quotes become ``> `` lines, so that `quoted` needs one set of rules.
"""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from guard.mail.charset import clean

MOST_CHARACTERS = 2_000_000
"""Characters of one HTML part that are read."""

MOST_ASIDE = 200_000
"""Characters of one HTML part in which what is not shown is looked for."""

_DEEPEST = 500
_LONGEST_TAG = 5_000
_DROPPED_WORDS = "script style title template noscript object svg select textarea head"
_DROPPED = frozenset(_DROPPED_WORDS.split())
_SUSPECTS = ",".join(sorted(_DROPPED)) + ",[style],[hidden]"
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?![.\d])",
    # As CSS has it, to which no letter beyond ASCII is a capital of another.
    re.IGNORECASE | re.ASCII,
)
# In lower case. Most mail holds none of these, and to look for them takes a tenth of a search.
_SUSPECT_WORDS = (
    *("hidden", "display", "mso-hide", "font-size"),
    *(f"<{one}" for one in sorted(_DROPPED)),
)
_SUSPECT = re.compile(
    rf"<(?:{'|'.join(sorted(_DROPPED))})\b|hidden(?<=[\s\"']hidden)|{_HIDDEN.pattern}"
)
_BLOCKS_WORDS = (
    "p div br tr li ul ol dl dt dd h1 h2 h3 h4 h5 h6 table pre section article header footer "
    "center address form fieldset figure hr blockquote td th"
)
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_PARAGRAPHS_WORDS = "p h1 h2 h3 h4 h5 h6 ul ol dl table hr"
_PARAGRAPHS = frozenset(_PARAGRAPHS_WORDS.split())
# The writer's own indent in Gmail and Apple Mail; a quotation has a bar, which is a border.
_INDENT = re.compile(r"border(?:-style|-left)?\s*:\s*(?:none|0)", re.IGNORECASE)
# Marks put into the text at the edges of elements, read again by `_lines`. Control characters
# are cleaned from mail beforehand, so these are ours.
_OPEN, _CLOSE, _EDGE, _GAP = "\x02", "\x03", "\x04", "\x05"
_STEPS = {_OPEN: 1, _CLOSE: -1, _EDGE: 0, _GAP: 0}
_MARKS = re.compile("([\n\x02-\x05])")
_EDGES = re.compile("\x04[\x04 ]*")
_REFERENCE = re.compile(r"&#(?:0*[2-5]|[xX]0*[2-5])(?!\w);?")
_LONG_TAG = re.compile(rf"<(/?\w{{1,20}}+)[^<>]{{{_LONGEST_TAG},}}+>")
_TAG = re.compile(r"<[^<>]*>")
_CODE = re.compile(r"<(style|script)\b[^<]*+(?:<(?!/\1)[^<]*+)*+", re.IGNORECASE)
_SAID = re.compile(
    r"\b(?:alt|title|value|placeholder|content|label|summary|aria-[a-z]{1,20})=(?:\"([^\"<>]*)\"|'([^'<>]*)')",
    re.IGNORECASE,
)
_SAID_NAMES = "alt= title= value= placeholder= content= label= summary= aria-"
_SAID_WORDS = tuple(_SAID_NAMES.split())
_NESTING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_UNNESTED_WORDS = (
    "area base br col embed hr img input link meta source wbr p li td th tr dt dd option"
)
_UNNESTED = frozenset(_UNNESTED_WORDS.split())
_BLANKS = re.compile(r"[ \t\xa0]+")
_RULE = "_" * 32


def to_text(html: str) -> tuple[str, bool]:
    """Turn HTML into plain text.

    Args:
        html: The markup, decoded.

    Returns:
        The text, and whether all of it was read as HTML should be.
    """
    whole = len(html) <= MOST_CHARACTERS
    html = clean(html[:MOST_CHARACTERS])
    html = _REFERENCE.sub("", html) if "&#" in html else html
    if len(html) > _LONGEST_TAG:
        # An image written into its tag; a parser pays for every byte of it.
        html = _LONG_TAG.sub(r"<\1>", html)
    if "<pre" in html:
        html = _keep_lines(html)
    html = " ".join(html.split())
    if _too_deep(html):
        return _stripped(html), False
    try:
        # Once more: what is written as a reference is a character only now.
        return clean(_lines(_marked(html))), whole
    except (AttributeError, RuntimeError, ValueError):
        return _stripped(html), False


def everything(html: str) -> str:
    """Return all words of HTML, with hidden ones and those of comments, pictures and fields.

    Args:
        html: The markup, decoded; at most `MOST_ASIDE` characters are looked at.
    """
    html = _CODE.sub(" ", html[:MOST_ASIDE])
    # A comment is a tag that holds words.
    html = html.replace("<!--", " ").replace("-->", " ")
    lowered = html.lower()
    says = any(word in lowered for word in _SAID_WORDS)
    said = [match[1] or match[2] for match in _SAID.finditer(html)] if says else []
    return clean(unescape(" ".join([*_TAG.split(html), *said])))


def _keep_lines(html: str) -> str:
    first, *others = html.split("<pre")
    out = [first]
    for one in others:
        inside, end, rest = one.partition("</pre")
        out.append(inside.replace("\n", "<br>") + end + rest)
    return "<pre".join(out)


def _too_deep(html: str) -> bool:
    # The parser's time grows with the square of the depth: 20,000 levels take half a second.
    if html.count("<") <= _DEEPEST:
        return False
    depth = 0
    for match in _NESTING.finditer(html):
        if match[2].lower() not in _UNNESTED:
            depth = max(0, depth - 1) if match[1] else depth + 1
            if depth > _DEEPEST:
                return True
    return False


def _stripped(html: str) -> str:
    return "\n".join(line for one in _TAG.split(html) if (line := one.strip()))


def _marked(html: str) -> str:
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    if _may_hide(html[max(0, html.find("<body")) :].lower()):
        # Backwards, so that a child is never touched after its parent is gone.
        for node in reversed(body.css(_SUSPECTS)):
            if node.tag in _DROPPED or _hidden(node):
                node.decompose()
    for node in [one for one in body.traverse() if one.tag in _BLOCKS]:
        _mark(node)
    return body.text(deep=True, separator="")


def _may_hide(lowered: str) -> bool:
    return any(word in lowered for word in _SUSPECT_WORDS) and bool(_SUSPECT.search(lowered))


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or _HIDDEN.search(attributes.get("style") or "") is not None


def _mark(node: LexborNode) -> None:
    tag = node.tag
    if tag == "br":
        node.insert_before("\n")
    elif tag in {"td", "th"}:
        node.insert_after(" ")
    elif tag == "hr":
        node.insert_before(f"{_EDGE}{_RULE}{_EDGE}")
    elif tag == "li":
        node.insert_before(f"{_EDGE}- ")
    elif tag == "blockquote" and not _INDENT.search(node.attributes.get("style") or ""):
        node.insert_before(_OPEN)
        node.insert_after(_CLOSE)
    else:
        edge = _GAP if tag in _PARAGRAPHS else _EDGE
        node.insert_before(edge)
        node.insert_after(edge)


def _lines(text: str) -> str:
    """Turn marks into line ends; the edge of an element never adds a second one."""
    out: list[str] = []
    depth, fresh = 0, True
    blanks = any(one in text for one in ("\xa0", "  ", "\t"))
    for piece in _MARKS.split(_EDGES.sub(_EDGE, text)):
        if not piece or piece == " ":
            continue
        if piece == "\n":
            # The first one ends the line that was begun; every further one is a blank line.
            if fresh and out and out[-1]:
                out.append("")
            fresh = True
        elif piece in _STEPS:
            depth = max(0, depth + _STEPS[piece])
            if piece == _GAP and out and out[-1]:
                out.append("")
            fresh = True
        elif line := (_BLANKS.sub(" ", piece) if blanks else piece).strip():
            out.append("> " * min(depth, 9) + line)
            fresh = False
    return "\n".join(out).strip("\n")
