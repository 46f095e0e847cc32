"""What a mail speaks of: themes, by a list of words and phrases.

Pure: the list beside this file is read once, nothing else is touched. Total and linear.
Source: `themes.toml`, written by hand; its rules stand at its head.
"""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

from guard.verdict.phrases import Phrases

# Without their apostrophe these are other words.
_NEED_APOSTROPHE = frozenset({"we'll", "she'll", "i'll", "he'll", "we're", "she'd", "i'd", "we'd"})


def themes(words: Sequence[str]) -> list[tuple[str, int]]:
    """Return what the words speak of.

    Args:
        words: Normalised words in order, as `split_words` gives them.

    Returns:
        Each theme with the position of the first word of the phrase; once a position.
    """
    found = dict.fromkeys((theme, at) for at, _end, theme in thesaurus().find(words))
    return list(found)


def _spellings(phrase: str) -> Iterator[str]:
    """Yield a phrase as listed, and as it is typed without apostrophes."""
    yield phrase
    if "'" in phrase:
        yield " ".join(
            word if word in _NEED_APOSTROPHE else word.replace("'", "") for word in phrase.split()
        )


@cache
def thesaurus() -> Phrases:
    """Return the phrases that speak of a theme."""
    return Phrases(
        (spelling.rstrip("'"), theme)
        for theme, phrases in _themes().items()
        for phrase in phrases
        for spelling in _spellings(phrase)
    )


def _themes() -> dict[str, list[str]]:
    text = resources.files("guard.verdict").joinpath("themes.toml").read_text("utf-8")
    found: dict[str, list[str]] = tomllib.loads(text)["themes"]
    return found
