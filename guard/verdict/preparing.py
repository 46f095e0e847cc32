"""Labelled mail and sentences to texts and labels that the members can be fitted on. Pure."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from guard.mail.text import new_text
from guard.verdict.corpus import LABELS, Clause, Example
from guard.verdict.counting import Ints
from guard.verdict.segments import split

HARMLESS = -1
"""Label of a segment that is not what makes a sensitive mail sensitive."""

UNMARKED = -2
"""Label of a segment of which nobody said whether it is: it teaches nothing."""

_TURN = 15
_OVERLAP = 0.6


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Examples, ready to be counted."""

    examples: tuple[Example, ...]
    texts: tuple[str, ...]
    """What is judged of each: subject and new text."""

    label: Ints
    """Place of each label in `CLASSES`."""

    parts: tuple[Ints, ...]
    """Label of each segment of each text; below 0 where that of the mail does not apply."""

    group: NDArray[np.str_]
    """Batch of each: batches differ in writers, scenarios and authors."""


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """Labelled sentences: they teach the members, and are never a test of anything."""

    texts: tuple[str, ...] = ()
    label: Ints = msgspec.field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    writers: tuple[str, ...] = ()


def text_of(example: Example) -> str:
    """Return what is judged of an example: subject and new text."""
    return f"{example.subject}\n{new_text(example.body)}"


def prepare(examples: Sequence[Example]) -> Prepared:
    """Turn examples into texts and labels of segments."""
    texts = tuple(map(text_of, examples))
    return Prepared(
        examples=tuple(examples),
        texts=texts,
        label=np.array([LABELS.index(one.label) for one in examples], dtype=np.int64),
        parts=tuple(_part_labels(one, text) for one, text in zip(examples, texts, strict=True)),
        group=np.array([one.batch for one in examples]),
    )


def extra(clauses: Sequence[Clause]) -> Extra:
    """Turn clauses into texts and labels."""
    ordered = sorted(clauses, key=lambda one: one.id)
    return Extra(
        texts=tuple(one.text for one in ordered),
        label=np.array([LABELS.index(one.label) for one in ordered], dtype=np.int64),
        # The writers are not named; they took turns after some fifteen sentences each.
        writers=tuple(f"{one.batch}-{at // _TURN}" for at, one in enumerate(ordered)),
    )


def only(prepared: Prepared, mask: NDArray[np.bool_]) -> Prepared:
    """Return the examples that a mask chooses."""
    chosen = np.flatnonzero(mask)
    return Prepared(
        examples=tuple(prepared.examples[at] for at in chosen),
        texts=tuple(prepared.texts[at] for at in chosen),
        label=prepared.label[chosen],
        parts=tuple(prepared.parts[at] for at in chosen),
        group=prepared.group[chosen],
    )


def _part_labels(example: Example, text: str) -> Ints:
    """Label each segment: that of the mail, or that a sensitive mail is harmless there.

    Of a ruling nobody marked which sentence made it sensitive, so its sentences teach nothing.
    """
    label = LABELS.index(example.label)
    pieces = split(text)
    if example.flagged and not example.sensitive and len(pieces) > 1:
        return np.full(len(pieces), UNMARKED, dtype=np.int64)
    found = [
        label if not example.sensitive or _speaks(one.text, example.sensitive) else HARMLESS
        for one in pieces
    ]
    return np.array(found, dtype=np.int64)


def _speaks(piece: str, sensitive: Sequence[str]) -> bool:
    """Whether a segment is, holds or mostly repeats one of the sensitive sentences."""
    here = " ".join(piece.split())
    words = set(here.lower().split())
    for sentence in sensitive:
        there = " ".join(sentence.split())
        if here in there or there in here:
            return True
        if len(words & set(there.lower().split())) >= _OVERLAP * len(words):
            return True
    return False
