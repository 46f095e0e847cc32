"""A client's copy as papers: what stands in its index, its list of what was withheld, its page.

Pure: values in, bytes out. The page holds no script and fetches nothing; all that anybody
wrote is escaped.
"""

from collections.abc import Sequence
from html import escape

import msgspec

from guard.clients.rights import Mark
from guard.record.export import csv_line
from guard.review import plain
from guard.rights.letter import Letter

_INDEX = (
    "number", "received", "direction", "from", "to", "subject", "given", "file", "sha256",
)  # fmt: skip
_WITHHELD = ("number", "received", "direction", "what was held back", "why")
_GIVEN = {
    Mark.INCLUDE: "as it came",
    Mark.REDACT: "redacted",
    Mark.WITHHOLD: "withheld",
}
_STYLE = (
    "body{font:1rem/1.5 Georgia,serif;max-width:46rem;margin:2rem auto;padding:0 1rem;"
    "color:#111;background:#fff}"
    "article{border-top:1px solid #555;margin-top:2rem}.text{white-space:pre-wrap;"
    "overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #999}"
    "dt{font-weight:bold}dd{margin:0 0 .3rem 1rem}"
)


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the readable papers show."""

    practice: str
    """Whose copy this is made by."""

    name: str
    """The client's."""

    made: int
    """Milliseconds since 1970-01-01 UTC."""

    known: tuple[tuple[str, str], ...]
    """What is kept of the client besides letters: a word, and what it is."""

    letters: Sequence[Letter]
    """Oldest first."""

    @property
    def title(self) -> str:
        """The title of the papers."""
        return f"Correspondence of {self.name}"

    @property
    def about(self) -> str:
        """One sentence about what this is."""
        by = f" with {self.practice}" if self.practice else ""
        count = plain.count(len(self.letters), "letter")
        return f"A copy of the record of your e-mail{by}, made on {plain.day(self.made)}: {count}."

    @property
    def held_back(self) -> list[Letter]:
        """Letters that are not given as they came."""
        return [one for one in self.letters if one.mark is not Mark.INCLUDE or one.problem]


def given(one: Letter) -> str:
    """Return how a letter is given, in words."""
    return one.problem or _GIVEN[one.mark]


def index_csv(papers: Papers) -> bytes:
    """Return the list of all letters for a spreadsheet."""
    rows = [
        (
            str(one.number), plain.iso(one.received), one.direction, one.sender, one.to,
            one.subject, given(one), one.file, one.digest,
        )
        for one in papers.letters
    ]  # fmt: skip
    return b"".join(map(csv_line, [_INDEX, *rows]))


def withheld_csv(papers: Papers) -> bytes:
    """Return the list of what was held back, and why."""
    rows = [
        (str(one.number), plain.iso(one.received), one.direction, given(one), one.reason)
        for one in papers.held_back
    ]
    return b"".join(map(csv_line, [_WITHHELD, *rows]))


def redacted_txt(one: Letter) -> bytes:
    """Return a redacted letter as a text file."""
    head = [f"Date: {one.when}", f"From: {one.sender}", f"To: {one.to}", f"Subject: {one.subject}"]
    note = "Words about other people were removed; the letter as it came is kept in the record."
    return "\r\n".join([*head, "", *one.text.splitlines(), "", f"({note})", ""]).encode()


def page(papers: Papers) -> bytes:
    """Return the whole correspondence as one HTML page."""
    head = (
        '<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(papers.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    known = "".join(f"<dt>{escape(word)}</dt><dd>{escape(it)}</dd>" for word, it in papers.known)
    parts = [
        head,
        f"<h1>{escape(papers.title)}</h1>\n<p>{escape(papers.about)}</p>\n",
        f"<h2>What is kept of you</h2>\n<dl>{known}</dl>\n" if known else "",
        _held_back(papers),
        _contents(papers),
        *map(_article, papers.letters),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts).encode(errors="replace")


def _held_back(papers: Papers) -> str:
    if not papers.held_back:
        return "<h2>What was held back</h2>\n<p>Nothing.</p>\n"
    rows = "".join(
        f"<tr><td>{one.number}</td><td>{escape(one.when)}</td><td>{escape(given(one))}</td>"
        f"<td>{escape(one.reason)}</td></tr>\n"
        for one in papers.held_back
    )
    heads = _heads("Number", "Date", "What", "Why")
    return f"<h2>What was held back</h2>\n<table>{heads}<tbody>{rows}</tbody></table>\n"


def _contents(papers: Papers) -> str:
    rows = "".join(
        f'<tr><td><a href="#n{one.number}">{one.number}</a></td><td>{escape(one.when)}</td>'
        f"<td>{escape(one.direction)}</td><td>{escape(one.subject) or '(no subject)'}</td></tr>\n"
        for one in papers.letters
    )
    heads = _heads("Number", "Date", "Direction", "Subject")
    return f"<h2>All letters</h2>\n<table>{heads}<tbody>{rows}</tbody></table>\n"


def _heads(*words: str) -> str:
    cells = "".join(f'<th scope="col">{word}</th>' for word in words)
    return f"<thead><tr>{cells}</tr></thead>"


def _article(one: Letter) -> str:
    title = f"{one.number}: {one.subject or '(no subject)'}" if one.shown else f"{one.number}"
    facts = [("Date", f"{one.when}, {one.direction}")]
    if one.shown:
        facts += [("From", one.sender), ("To", one.to)]
    facts += [("Attached", name) for name in one.attachments]
    if one.mark is not Mark.INCLUDE or one.problem:
        facts.append(("Given", ": ".join(filter(None, (given(one), one.reason)))))
    facts += [("Noted", said) for said in one.noted]
    told = "".join(f"<dt>{word}</dt><dd>{escape(it)}</dd>" for word, it in facts)
    text = f'<div class="text" dir="auto">{escape(one.text)}</div>\n' if one.shown else ""
    head = f'<article id="n{one.number}">\n<h2>{escape(title)}</h2>\n<dl>{told}</dl>\n'
    return f"{head}{text}</article>\n"
