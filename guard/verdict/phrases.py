"""Find many listed phrases in a sequence of words, in one walk. Pure.

A tree of words: each phrase is a path from the root, so that a text costs its own length and
not the length of the list. A trailing ``*`` on a word stands for any ending, also none.
"""

from collections.abc import Iterable, Iterator, Sequence

STEM_LEAST = 3
"""Letters before a ``*``, at least; shorter stems would meet half the dictionary."""

_REMEMBERED = 100_000
"""Words that are kept with what they begin; hostile text must not fill the memory."""


class Node:
    """One word of one or more phrases."""

    __slots__ = ("labels", "stems", "words")

    def __init__(self) -> None:
        self.words: dict[str, Node] = {}
        self.stems: dict[str, list[tuple[str, Node]]] = {}
        self.labels: list[str] = []


Step = tuple[tuple[str, ...], tuple[Node, ...]]
"""Labels of the phrases that end with a word, and where longer ones go on."""

_NOTHING: Step = ((), ())


class Phrases:
    """Listed phrases, each with a label."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        """Build the tree.

        Args:
            entries: Phrase and label; words separated by one space.

        Raises:
            ValueError: A stem is shorter than `STEM_LEAST` or a phrase is empty.
        """
        self._root = Node()
        self._begun: dict[str, Step] = {}
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
                    if _may_lead(node, following):
                        yield from _walk([(node, at + 1)], words, at)

    def two(self, word: str, following: str) -> Step:
        """Return what begins with a word: labels of phrases of one or two words, and longer ones.

        Args:
            word: The first.
            following: The one behind it; empty for none.
        """
        labels, further = self._begun.get(word) or self._begin(word)
        leading = [node for node in further if _may_lead(node, following)]
        if not leading:
            return labels, ()
        more, beyond = _step([child for node in leading for child in _after(node, following)])
        return labels + more, beyond

    def _begin(self, word: str) -> Step:
        nodes = tuple(_after(self._root, word))
        begun = _step(nodes) if nodes else _NOTHING
        if len(self._begun) < _REMEMBERED:
            self._begun[word] = begun
        return begun


def longer(beyond: Sequence[Node], words: Sequence[str], start: int) -> list[str]:
    """Return the labels of the phrases of three words or more that begin at a place.

    Args:
        beyond: What `Phrases.two` told of the two words there.
        words: All words.
        start: The place.
    """
    if start + 2 >= len(words):
        return []
    third = words[start + 2]
    paths = [(node, start + 2) for node in beyond if _may_lead(node, third)]
    return [label for _start, _end, label in _walk(paths, words, start)] if paths else []


def _step(nodes: Sequence[Node]) -> Step:
    labels = tuple(label for node in nodes for label in node.labels)
    return labels, tuple(filter(_goes_on, nodes))


def _child(node: Node, word: str) -> Node:
    if not word.endswith("*"):
        return node.words.setdefault(word, Node())
    stem = word[:-1]
    if len(stem) < STEM_LEAST:
        raise ValueError("a stem is too short")
    known = node.stems.setdefault(stem[:STEM_LEAST], [])
    for other, child in known:
        if other == stem:
            return child
    child = Node()
    known.append((stem, child))
    return child


def _after(node: Node, word: str) -> Iterator[Node]:
    """Yield where a word leads from here."""
    if word in node.words:
        yield node.words[word]
    for stem, child in node.stems.get(word[:STEM_LEAST], ()):
        if word.startswith(stem):
            yield child


def _may_lead(node: Node, word: str) -> bool:
    # Nearly always a text goes on otherwise; asking first is what makes this fast.
    return word in node.words or word[:STEM_LEAST] in node.stems


def _goes_on(node: Node) -> bool:
    return bool(node.words or node.stems)


def _walk(
    paths: list[tuple[Node, int]], words: Sequence[str], start: int
) -> Iterator[tuple[int, int, str]]:
    """Yield every longer phrase that starts here. As deep as the longest, so bounded.

    Args:
        paths: Where to go on, and with which word; used up.
        words: All words.
        start: Where the phrase begins.
    """
    while paths:
        node, at = paths.pop()
        for child in _after(node, words[at]):
            for label in child.labels:
                yield start, at + 1, label
            if at + 1 < len(words) and _goes_on(child):
                paths.append((child, at + 1))
