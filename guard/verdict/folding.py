"""Text as the word lists are written: lower case, plain letters, nothing hidden in it.

Pure, total and linear. Accents, curly quotes, invisible characters and letters replaced by
digits must not hide a word.
"""

import re
import unicodedata

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


def normalise(text: str) -> str:
    """Return the text in the plain form that both word lists are written in.

    Lower case, straight apostrophes, no accents or invisible characters, hyphens and any white
    space as one space, digits and signs inside a word as the letters they imitate.

    Args:
        text: Anything.
    """
    return " ".join(_unmask(text.translate(_FOLDING)).split())


def split_words(normalised: str) -> list[str]:
    """Return the words of a normalised text, apostrophes kept inside a word."""
    return _WORD.findall(normalised)


def bare(text: str) -> str:
    """Return the plain form without its apostrophes, as danger is often typed."""
    return " ".join(_unmask(text.translate(_FOLDING).replace("'", "")).split())


def _unmask(folded: str) -> str:
    """Return the text with digits and signs inside words read as letters; same length."""
    return _LEET_RUN.sub(lambda match: match.group().translate(_LEET), folded)
