"""A client's correspondence as an accessible PDF (PDF/UA-1), fonts embedded.

Edge: typst, which the extra ``export`` brings. Nothing unsealed is written to the disk here:
the text goes in as JSON, the PDF comes out as bytes.
"""

import contextlib
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from guard.clients.rights import Mark
from guard.errors import ConfigError
from guard.rights.glyphs import printable
from guard.rights.letter import Letter
from guard.rights.papers import Papers, given

_LOST = "Some letters of this text cannot be shown here; they are in its file and on the page."


def pdf(papers: Papers) -> bytes:
    """Lay the correspondence out.

    Raises:
        ConfigError: The extra ``export`` is not installed, or typst would not.
    """
    try:
        import typst  # noqa: PLC0415  # an extra, slow to load
    except ImportError:
        raise ConfigError(
            "a PDF needs typst, which is not installed",
            hint="Run: pip install 'guard[export]'   The copy is whole without it.",
        ) from None
    page = (files("guard.rights") / "correspondence.typ").read_bytes()
    for narrow in (False, True):
        # Its error quotes the letter that it cannot show, so it goes no further than here.
        with contextlib.suppress(typst.TypstError):
            made: bytes = typst.compile(
                page,
                format="pdf",
                ignore_system_fonts=True,
                sys_inputs={"copy": json.dumps(_data(papers, narrow=narrow))},
                pdf_standards=["ua-1"],
            )
            return made
    raise ConfigError(
        "typst cannot lay this correspondence out",
        hint="The page index.html holds the same. Please report this line.",
    )


def _data(papers: Papers, *, narrow: bool) -> dict[str, Any]:
    def shown(text: str) -> str:
        return printable(" ".join(text.split()), narrow=narrow)[0]

    return {
        "title": shown(papers.title),
        "practice": shown(papers.practice) or "guard",
        "about": shown(papers.about),
        "known": [[word, shown(it)] for word, it in papers.known],
        "held": [shown(_held(one)) for one in papers.held_back],
        "letters": [_letter(one, shown, narrow=narrow) for one in papers.letters],
    }


def _letter(one: Letter, shown: Callable[[str], str], *, narrow: bool) -> dict[str, Any]:
    subject = one.subject or "(no subject)"
    title = f"{one.number}, {one.when}: {subject}" if one.shown else f"{one.number}, {one.when}"
    facts = [("Direction", one.direction)]
    if one.shown:
        facts += [("From", one.sender), ("To", one.to)]
    facts += [("Attached", name) for name in one.attachments]
    if one.mark is not Mark.INCLUDE or one.problem:
        facts.append(("Given", ": ".join(filter(None, (given(one), one.reason)))))
    facts += [("Noted", said) for said in one.noted]
    text, lost = printable(one.text.strip("\n") if one.shown else "", narrow=narrow)
    if lost:
        facts.append(("Mind", _LOST))
    return {
        "title": shown(title),
        "facts": [[word, shown(it)] for word, it in facts],
        "text": text,
    }


def _held(one: Letter) -> str:
    why = f": {one.reason}" if one.reason else ""
    return f"Number {one.number}, {one.when}, {given(one)}{why}"
