"""Whether a text, or a part of it, is in another language than English.

Edge only to py3langid, a table of byte patterns that is loaded when first asked.
"""

import resource
from collections.abc import Sequence
from functools import cache
from typing import Any

from guard.verdict.segments import Segment

KNOWN_ENGLISH = 0.75
"""From this share of known words on a text is English, and nobody needs to ask."""

STRANGE = 0.5
"""Below this share of known words a passage is looked at on its own."""

_WORDS = 6
"""py3langid guesses below so many words."""

_MOST = 5
"""Passages that are asked about on their own, longest first."""

_LONGEST = 2_000


def is_foreign(
    text: str, segments: Sequence[Segment], known: float, known_shares: Sequence[float]
) -> bool:
    """Whether the whole text, or one of its longest strange passages, is not English.

    Args:
        text: What is judged.
        segments: Its segments.
        known: Share of its words that the model knows.
        known_shares: The same of each segment.
    """
    if known < KNOWN_ENGLISH and not _english(text):
        return True
    limit = KNOWN_ENGLISH if known < KNOWN_ENGLISH else STRANGE
    strange = [
        one.text
        for one, share in zip(segments, known_shares, strict=True)
        if share < limit and len(one.text.split()) >= _WORDS
    ]
    longest = sorted(strange, key=len, reverse=True)[:_MOST]
    return any(not _english(one) for one in longest)


def _english(text: str) -> bool:
    language: str = _guesser().classify(text[:_LONGEST])[0]
    return language == "en"


@cache
def _guesser() -> Any:  # noqa: ANN401  # py3langid has no type hints
    # Half a second and 80 MB, which a scan of English mail never needs.
    import py3langid  # noqa: PLC0415

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # It unpacks its table through a temporary file, which the reading child may not write.
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        py3langid.classify("")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    return py3langid
