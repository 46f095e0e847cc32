"""Whether danger is spoken of beside what was judged: in quoted history, in hidden words.

Pure. It can only hold a mail for the therapist and keep a machine from answering it.
"""

import re

from guard.verdict.crisis import MOST_CHARACTERS, crisis_signs

MOST_PIECES = 20
"""Pieces of `MOST_CHARACTERS` that are searched."""

# What is rare in a text stands first, and what must be around it behind: so it is searched fast.
_WRAPPED = re.compile(r"\n(?<=[^\s.!?]\n)[> ]*+(?=[a-z])")
_SENTENCE = re.compile(r"[^.!?\n]++[.!?\n]*+")
_ADVICE = re.compile(r"[iI\u0130\u0131](?<!\w.)[fF] (?i:you|anyone|anybody|somebody|someone)\b")
_SELF = re.compile(r"\b(?:i|i['\u2019]?(?:m|ll|d|ve)|me|my|myself)\b", re.IGNORECASE)


def danger_aside(text: str) -> bool:
    """Tell whether a strong sign of danger stands in words that were not judged.

    Args:
        text: What a mail quotes, hides or carries beside its own words.
    """
    pieces = range(0, min(len(text), MOST_PIECES * MOST_CHARACTERS), MOST_CHARACTERS)
    return any(
        sign.strength == "strong"
        for at in pieces
        for sign in crisis_signs(_without_advice(text[at : at + MOST_CHARACTERS]))
    )


def _without_advice(text: str) -> str:
    """Return text without "if you feel suicidal, call 999".

    Therapists sign with such words, and every answer quotes them.
    """
    # A quotation is wrapped and marked anew, in the midst of a sentence.
    joined = _WRAPPED.sub(" ", text)
    if not _ADVICE.search(joined):
        # Most mail gives none, and need not be taken apart.
        return joined
    return "".join(
        one for one in _SENTENCE.findall(joined) if not _ADVICE.search(one) or _SELF.search(one)
    )
