"""Find many listed phrases in a sequence of words, in one walk. Pure.

A tree of words: each phrase is a path from the root, so that a text costs its own length and
not the length of the list. A trailing ``*`` on a word stands for any ending, also none.
"""

from collections.abc import Iterable, Iterator, Sequence

STEM_LEAST = 3
"""Letters before a ``*``, at least; shorter stems would meet half the dictionary."""

_REMEMBERED = 100_000
"""Words that are kept with what they begin; hostile text must not fill the memory."""


class _Node:
    """One word of one or more phrases."""

    __slots__ = ("labels", "stems", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.stems: dict[str, list[tuple[str, _Node]]] = {}
        self.labels: list[str] = []


class Phrases:
    """Listed phrases, each with a label."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        """Build the tree.

        Args:
            entries: Phrase and label; words separated by one space.

        Raises:
            ValueError: A stem is shorter than `STEM_LEAST` or a phrase is empty.
        """
        self._root = _Node()
        self._begun: dict[str, tuple[_Node, ...]] = {}
        for phrase, label in entries:
            if not phrase.strip():
                raise ValueError("a phrase must have a word")
            node = self._root
            for word in phrase.split():
                node = _child(node, word)
            if label not in node.labels:
                node.labels.append(label)

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """Yield start, end (exclusive) and label of every phrase met, by start."""
        begun = self._begun
        for at, word in enumerate(words):
            nodes = begun.get(word)
            if nodes is None:
                nodes = tuple(_after(self._root, word))
                if len(begun) < _REMEMBERED:
                    begun[word] = nodes
            if nodes:
                yield from _walk(nodes, words, at)


def _child(node: _Node, word: str) -> _Node:
    if not word.endswith("*"):
        return node.words.setdefault(word, _Node())
    stem = word[:-1]
    if len(stem) < STEM_LEAST:
        raise ValueError("a stem is too short")
    known = node.stems.setdefault(stem[:STEM_LEAST], [])
    for other, child in known:
        if other == stem:
            return child
    child = _Node()
    known.append((stem, child))
    return child


def _after(node: _Node, word: str) -> Iterator[_Node]:
    """Yield where a word leads from here."""
    if word in node.words:
        yield node.words[word]
    for stem, child in node.stems.get(word[:STEM_LEAST], ()):
        if word.startswith(stem):
            yield child


def _walk(
    begun: Sequence[_Node], words: Sequence[str], start: int
) -> Iterator[tuple[int, int, str]]:
    """Yield every phrase that starts here. As deep as the longest phrase, so bounded."""
    paths = [(node, start + 1) for node in begun]
    while paths:
        node, at = paths.pop()
        for label in node.labels:
            yield start, at, label
        # Most nodes are the end of their phrase; asking first is what makes this fast.
        if (node.words or node.stems) and at < len(words):
            word = words[at]
            if word in node.words or node.stems:
                paths += [(child, at + 1) for child in _after(node, word)]
