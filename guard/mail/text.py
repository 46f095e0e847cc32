"""The whole text of a mail to what its writer wrote new.

Pure and linear. History, boilerplate and our own reminder are taken out; when in doubt a
line is the writer's. Source: facts of mail programs in `quoted` and `signature`; RFC 3676.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from guard.mail import quoted, signature

MOST_CHARACTERS = 500_000
"""Characters of text that are read of one mail."""

MOST_LINES = 20_000
"""Lines that are looked at one by one; what follows them stands together as the last."""

BARE_COVER_WORDS = 5
"""A forwarded letter with at most so many words above it is read as the writer's message."""

_OWN_WORDS = 15
_OWN_LETTERS = 12
_LEAD = "> |*\u2022-"
_GREETING = re.compile(
    r"(?:hi|hiya|hello|hey|dear|hallo|hola|bonjour|liebe|chère|ciao|good (?:morning|afternoon|"
    r"evening))(?: [\w'\u2019.-]+){0,3}[ ,!.]*",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"\s*(?:fwd?|wg|tr|rv|i|enc|pd|doorst|vs|vb|ilt)\s*:", re.IGNORECASE)
_BLANK_RUN = re.compile(r"\n{3,}")
_QUOTE_MARKS = re.compile(r">[> ]*")


def new_text(full: str, own: Sequence[str] = (), *, forwarded: bool = False) -> str:
    """Return what the writer wrote new.

    Args:
        full: The whole text, quotations marked by ``>``.
        own: Lines of our own reminder, to be recognised by their content.
        forwarded: Whether the subject says that the mail is a forwarded one.

    Returns:
        The new text. Empty only if nothing but marked quotations or our own reminder is
        there; where the end of history is a guess and nothing is left, the whole text.
    """
    lines = full[:MOST_CHARACTERS].split("\n", MOST_LINES)
    history = quoted.find(lines)
    ours = _ours(lines, own) if own else frozenset()
    gone = history.gone | ours
    kept = _join(lines, gone | signature.boilerplate(lines, gone))
    # Outlook writes a forwarded letter as it writes history; only the subject tells.
    forward = None if history.forward is None else history.forward + 1
    if forwarded and forward is None:
        forward = history.tail
    if forward is not None and len(kept.split()) <= BARE_COVER_WORDS:
        letter = [quoted.unquote(line) for line in lines[forward:]]
        headers = frozenset(at for at, line in enumerate(letter[:20]) if quoted.is_header(line))
        again = _join(letter, headers | (_ours(letter, own) if own else frozenset()))
        kept = f"{kept}\n\n{again}".strip()
    # A greeting alone above history that bears no marks: the letter is somewhere inside it.
    if kept and not (history.tail is not None and _GREETING.fullmatch(kept)):
        return kept
    if (history.marked or ours) and history.tail is None:
        return ""
    return full[:MOST_CHARACTERS].strip()


def is_forward(subject: str) -> bool:
    """Tell whether a subject says that the mail is a forwarded one, in the usual languages."""
    return _FORWARDED.match(subject) is not None


def _join(lines: Sequence[str], gone: frozenset[int]) -> str:
    kept = [line.rstrip() for at, line in enumerate(lines) if at not in gone]
    text = "\n".join(kept)
    return (_BLANK_RUN.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def _plain(line: str) -> str:
    return " ".join(line.replace("\u2019", "'").casefold().split()).lstrip(_LEAD)


@lru_cache(maxsize=16)
def _reminder(own: tuple[str, ...]) -> tuple[frozenset[str], str]:
    """Return the lines of our reminder in plain form, and all of it in one."""
    plain = [text for line in own if (text := _plain(line))]
    return frozenset(plain), " ".join(plain)


def _ours(lines: Sequence[str], own: Sequence[str]) -> frozenset[int]:
    """Find runs of lines that are our reminder, wrapped or quoted as they may be.

    One sentence of it is not enough: a client may well write that a life is at risk.
    """
    known, whole = _reminder(tuple(own))
    found: set[int] = set()
    run: list[int] = []
    words = 0
    for at, line in enumerate([*lines, "\0"]):
        plain = _plain(line)
        if not plain:
            continue
        if plain in known or plain in whole:
            # A run begins and ends with a line that is long enough to be nobody else's.
            if run or plain in known or len(plain) >= _OWN_LETTERS:
                run.append(at)
                words += len(plain.split())
            continue
        if words >= _OWN_WORDS:
            found.update(run)
        run, words = [], 0
    return frozenset(found)


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the soft line breaks of ``format=flowed``.

    Args:
        text: The text with LF line ends.
        delete_space: Whether the parameter DelSp is yes.

    Source: RFC 3676 sections 4.1 to 4.5.
    """
    out: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        marks = _QUOTE_MARKS.match(line)
        prefix = marks[0].replace(" ", "") if marks else ""
        words = line[marks.end() :] if marks else line.removeprefix(" ")
        depth = len(prefix)
        if open_depth is not None and depth == open_depth and words.rstrip() != "--":
            out[-1] += words
        else:
            out.append(f"{prefix} {words}" if prefix else words)
        soft = words.endswith(" ") and words != "-- "
        open_depth = depth if soft else None
        if soft and delete_space:
            out[-1] = out[-1][:-1]
    return "\n".join(out)
