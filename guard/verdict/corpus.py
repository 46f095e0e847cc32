"""Read the labelled corpus: one JSON object a line, in files one batch each.

`read` and `check` are pure but for reading the files they are given. The meaning of
the labels is `data/corpus/GUIDE.md`; how the mails were made is `data/SOURCES.md`.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

LABELS = ("scheduling", "therapy", "crisis", "other")
FLAGGED = frozenset({"therapy", "crisis"})
RULED = "ruled"
"""Tag of a client's real mail; it never stands in a file."""

PASSED = "passed"
"""Tag of one that had been let pass, and was ruled on because the sample drew it."""

_CHANCE = 6
"""Words up to which two people may well write the same mail."""

_KEYS = {"id", "author", "scenario", "label", "tags", "sensitive", "subject", "body"}


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled e-mail, written for this project."""

    id: str
    """Batch and number, such as ``b07-042``."""

    author: str
    """Who is supposed to have written it; no author stands in two batches."""

    scenario: str
    """The situation; mails of one scenario are never split between training and test."""

    label: str
    """One of `LABELS`."""

    tags: tuple[str, ...]
    """What makes it hard, such as ``mixed`` or ``idiom``."""

    sensitive: tuple[str, ...]
    """The sentences that make it therapy or crisis, letter by letter."""

    subject: str
    """The subject line; may be empty."""

    body: str
    """The text as the mail shows it, quoted history included."""

    @property
    def batch(self) -> str:
        """The batch, which is also the file's stem."""
        return self.id.partition("-")[0]

    @property
    def ruled(self) -> bool:
        """Whether it is a client's real mail that the therapist ruled on, not the corpus."""
        return RULED in self.tags

    @property
    def flagged(self) -> bool:
        """Whether her eyes are needed: therapy or crisis."""
        return self.label in FLAGGED


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled sentence or clause, written for this project."""

    id: str
    """Batch and number, such as ``k03-042``."""

    label: str
    """One of `LABELS`."""

    text: str
    """The words."""

    @property
    def batch(self) -> str:
        """The batch, which is also the file's stem."""
        return self.id.partition("-")[0]


def read_clauses(paths: Iterable[Path]) -> Iterator[Clause]:
    """Yield every clause of the files, in file and line order.

    Raises:
        ValueError: A line is not a well-formed clause; names file and line.
    """
    for path, number, fields in _lines(paths):
        try:
            yield Clause(**fields)
        except TypeError as error:
            raise ValueError(f"{path.name}:{number}: {error}") from error


def read(paths: Iterable[Path]) -> Iterator[Example]:
    """Yield every example of the files, in file and line order.

    Raises:
        ValueError: A line is not a well-formed example; names file and line.
    """
    for path, number, fields in _lines(paths):
        try:
            yield _example(fields)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path.name}:{number}: {error}") from error


def whole(folder: Path) -> tuple[list[Example], list[Clause], list[Example]]:
    """Return the mail to learn from, the clauses, and the frozen test mail.

    Args:
        folder: Holds batches ``b*.jsonl``, ``clauses/*.jsonl`` and frozen batches ``t*.jsonl``.

    Raises:
        ValueError: A line is not well formed; names file and line.
    """
    return (
        list(read(sorted(folder.glob("b*.jsonl")))),
        list(read_clauses(sorted(folder.glob("clauses/*.jsonl")))),
        list(read(sorted(folder.glob("t*.jsonl")))),
    )


def check(examples: Iterable[Example]) -> Iterator[str]:
    """Yield one sentence for each thing that is wrong with the corpus as a whole."""
    seen: set[str] = set()
    texts: dict[str, str] = {}
    for example in examples:
        if example.id in seen:
            yield f"{example.id}: this id stands twice"
        seen.add(example.id)
        key = " ".join(f"{example.subject} {example.body}".split()).casefold()
        if key in texts and len(key.split()) > _CHANCE:
            yield f"{example.id}: the same text as {texts[key]}"
        texts[key] = example.id
        if example.flagged != bool(example.sensitive):
            yield f"{example.id}: {example.label}, sensitive sentences: {len(example.sensitive)}"
        for sentence in example.sensitive:
            if sentence not in example.subject and sentence not in example.body:
                yield f"{example.id}: sensitive sentence is not in the mail: {sentence[:60]!r}"


def _lines(paths: Iterable[Path]) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                try:
                    yield path, number, json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path.name}:{number}: {error}") from error


def _example(fields: dict[str, Any]) -> Example:
    if fields.keys() != _KEYS:
        raise ValueError(f"keys differ: {sorted(fields.keys() ^ _KEYS)}")
    if fields["label"] not in LABELS:
        raise ValueError(f"no such label: {fields['label']!r}")
    tags, sensitive = fields.pop("tags"), fields.pop("sensitive")
    if not isinstance(tags, list) or not isinstance(sensitive, list):
        raise TypeError("tags and sensitive are lists")
    if not all(isinstance(value, str) for value in (*fields.values(), *tags, *sensitive)):
        raise TypeError("every value is text")
    return Example(
        tags=tuple(tags), sensitive=tuple(sensitive), **{k: str(v) for k, v in fields.items()}
    )


def main(names: list[str]) -> None:
    """Check the named files and print what is wrong and how many mails each label has."""
    found = list(read(Path(name) for name in names))
    lines = list(check(found))
    lines += [f"{label:11} {sum(one.label == label for one in found)}" for label in LABELS]
    sys.stdout.write("\n".join([*lines, f"{'all':11} {len(found)}", ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
