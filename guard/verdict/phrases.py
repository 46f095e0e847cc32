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


_Begun = tuple[tuple[str, ...], tuple[_Node, ...]]
"""What a word is on its own, and where it can lead."""

_NOTHING: _Begun = ((), ())


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
        self._begun: dict[str, _Begun] = {}
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
        known = self._begun
        for at, word in enumerate(words):
            begun = known.get(word) or self._begin(word)
            if begun is _NOTHING:
                continue
            labels, further = begun
            for label in labels:
                yield at, at + 1, label
            if further and at + 1 < len(words):
                following = words[at + 1]
                for node in further:
                    # Nearly always it goes on otherwise; asking first is what makes this fast.
                    if following in node.words or following[:STEM_LEAST] in node.stems:
                        yield from _walk(node, words, at)

    def _begin(self, word: str) -> _Begun:
        nodes = tuple(_after(self._root, word))
        labels = tuple(label for node in nodes for label in node.labels)
        begun = (labels, tuple(filter(_goes_on, nodes))) if nodes else _NOTHING
        if len(self._begun) < _REMEMBERED:
            self._begun[word] = begun
        return begun


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


def _goes_on(node: _Node) -> bool:
    return bool(node.words or node.stems)


def _walk(begun: _Node, words: Sequence[str], start: int) -> Iterator[tuple[int, int, str]]:
    """Yield every longer phrase that starts here. As deep as the longest, so bounded."""
    paths = [(begun, start + 1)]
    while paths:
        node, at = paths.pop()
        for child in _after(node, words[at]):
            for label in child.labels:
                yield start, at + 1, label
            if at + 1 < len(words) and _goes_on(child):
                paths.append((child, at + 1))
