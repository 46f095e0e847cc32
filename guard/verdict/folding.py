"""Text as the word lists are written: lower case, plain letters, nothing hidden in it.

Pure, total and linear. Accents, curly quotes, invisible characters and letters replaced by
digits must not hide a word.
"""

import re
import unicodedata
from collections.abc import Sequence

_MOST_KNOWN = 10_000
# Folded characters kept; hostile text must not fill the memory.

_HYPHENS = frozenset("-_/\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_APOSTROPHES = frozenset("'`\u00b4\u2018\u2019\u201a\u201b\u2032\u02bb\u02bc\uff07")
_LETTERS = {"\u0142": "l", "\u00f8": "o", "\u0111": "d", "\u0131": "i", "\u00df": "ss"}
_LEET = str.maketrans("013457!$", "oieastis")
# The digit first, for which the pattern can be searched fast; what stands before it, second.
_LEET_RUN = re.compile(r"[013457!$](?<=[a-z].)[013457!$]?(?=[a-z])")
_WORD = re.compile(r"[^\W_]+(?:['&][^\W_]+)*")


class _Folding(dict[int, str]):
    """What each character becomes; computed when first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < _MOST_KNOWN:
            self[code] = folded
        return folded


def _fold(char: str) -> str:
    if char.isspace() or char in _HYPHENS:
        return " "
    if char in _APOSTROPHES:
        return "'"
    # Zero-width, soft hyphen, direction marks, halves of characters: nothing that is seen.
    if unicodedata.category(char) in ("Cf", "Cc", "Cs"):
        return ""
    parts = unicodedata.normalize("NFKD", char.lower()).lower()
    if parts.isascii() and parts:
        return parts
    plain = "".join(_LETTERS.get(part, part) for part in parts if not unicodedata.combining(part))
    return "".join("'" if part in _APOSTROPHES else part for part in plain)


_FOLDING = _Folding()
_ASCII = [chr(code) for code in range(128)]
_ASCII_GONE = bytes(ord(one) for one in _ASCII if not _fold(one))
_ASCII_TABLE = bytes(ord(_fold(one) or one) for one in _ASCII) + bytes(range(128, 256))
_LINES_TABLE = _ASCII_TABLE[:10] + b"\n" + _ASCII_TABLE[11:]
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_SPACES = re.compile(" {2,}")


def _folded(text: str, table: bytes = _ASCII_TABLE) -> str:
    """Return the text with every character folded, those of ASCII by a table."""
    # Bytes are folded many times faster than characters, and most mail is nearly all ASCII.
    plain = text.encode("utf-8", "surrogatepass").translate(table, _ASCII_GONE)
    if text.isascii():
        return plain.decode("ascii")
    folded = plain.decode("utf-8", "surrogatepass")
    return _BEYOND_ASCII.sub(lambda found: _FOLDING[ord(found[0])], folded)


def normalise(text: str) -> str:
    """Return the text in the plain form that both word lists are written in.

    Lower case, straight apostrophes, no accents or invisible characters, hyphens and any white
    space as one space, digits and signs inside a word as the letters they imitate.

    Args:
        text: Anything.
    """
    return " ".join(_unmask(_folded(text)).split())


def normalise_lines(lines: Sequence[str]) -> str:
    """Return lines in the plain form, still a line each: together they cost half as much.

    Args:
        lines: Anything. A space may be left at the ends of one.
    """
    joined = "\n".join(lines)
    if joined.count("\n") >= max(1, len(lines)):
        # One of them holds a line end itself, which is a space like any other.
        return "\n".join(map(normalise, lines))
    folded = _unmask(_folded(joined, _LINES_TABLE))
    return _SPACES.sub(" ", folded) if "  " in folded else folded


def split_words(normalised: str) -> list[str]:
    """Return the words of a normalised text, apostrophes kept inside a word."""
    return _WORD.findall(normalised)


def bare(text: str) -> str:
    """Return the plain form without its apostrophes, as danger is often typed."""
    return " ".join(_unmask(_folded(text).replace("'", "")).split())


def _unmask(folded: str) -> str:
    """Return the text with digits and signs inside words read as letters; same length."""
    return _LEET_RUN.sub(lambda match: match.group().translate(_LEET), folded)
