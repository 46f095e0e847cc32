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

_WORDS = 8
"""py3langid guesses below so many words."""

_MOST = 5
"""Parts that are asked about on their own, longest first."""

_LONGEST = 2_000


def is_foreign(text: str, segments: Sequence[Segment], known: float) -> bool:
    """Whether the whole text, or one of its longest parts, is not English.

    Args:
        text: What is judged.
        segments: Its segments.
        known: Share of its words that the model knows.
    """
    if known < KNOWN_ENGLISH and not _english(text):
        return True
    long_enough = [one for one in segments if len(one.text.split()) >= _WORDS]
    longest = sorted(long_enough, key=lambda one: -len(one.text))[:_MOST]
    return known < KNOWN_ENGLISH and any(not _english(one.text) for one in longest)


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
