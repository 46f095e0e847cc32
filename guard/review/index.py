"""What is known for searching: brought up to date from the record, kept sealed between times.

Touches the world only through the record, the reader and the images that it is given.
"""

from collections.abc import Callable, Sequence

from guard.errors import GuardError
from guard.policy import minutes
from guard.record.entry import UNSORTED, Entry
from guard.record.image import Images
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.review import rulings
from guard.review.letters import Letters
from guard.review.sqlite_words import WHAT, Asked, Words

_MOST_TEXT = 500_000
"""Letters of one message that are searched: a long book chapter ten times over."""


class Index:
    """The words of every owner, for somebody who has unlocked the record."""

    def __init__(self, letters: Letters) -> None:
        """Begin with nothing.

        Args:
            letters: Reads strangers' mail.
        """
        self._letters = letters
        self._words: dict[str, Words] = {}
        self._digests: dict[str, str] = {}
        self._size = -1

    def close(self) -> None:
        """Forget everything."""
        for words in self._words.values():
            words.close()
        self._words, self._size = {}, -1

    def refresh(
        self,
        record: Record,
        reader: Reader,
        *,
        only: str = "",
        most: int | None = None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Take in what was added to the record, and read what was not read yet.

        Args:
            record: Open.
            reader: Opens what is sealed in it.
            only: Owner whose messages alone are read; empty: everybody's.
            most: Messages to read, newest first; None for all.
            progress: Told how many were read, and of how many.

        Raises:
            RecordError: The record cannot be read.
        """
        images = Images(record, reader.identity, what=WHAT, digests=self._digests)
        if self._size < 0 or self._erased(record):
            self.close()
            self._size, found = images.load()
            self._words = {owner: Words(image) for owner, image in found.items()}
        head, size = record.head(), record.size()
        grown = size > self._size
        if grown:
            self._take(record, reader, size)
        self._judge(reader)
        self._read(reader, only, most, progress)
        changed = {owner: words.image for owner, words in self._words.items() if words.changed}
        if changed or grown:
            images.save(head, changed)
        for owner in changed:
            self._words[owner].changed = False

    def find(self, asked: Asked, *, skip: int, most: int) -> list[int]:
        """Messages that fit, newest first.

        Args:
            asked: What is looked for.
            skip: So many of the newest are left out.
            most: So many at most.
        """
        each = (words.find(asked, most=skip + most) for words in self._words.values())
        newest = sorted((one for found in each for one in found), reverse=True)
        return [item for _, item in newest[skip : skip + most]]

    def unread(self) -> int:
        """How many messages were not read yet."""
        return sum(len(words.unread()) for words in self._words.values())

    def _erased(self, record: Record) -> bool:
        order = record.latest("shredded")
        return order is not None and order.seq >= self._size

    def _take(self, record: Record, reader: Reader, size: int) -> None:
        end = record.erasures().end
        homes = {item: words for words in self._words.values() for item in words.items()}
        for entry in record.entries(self._size):
            if entry.seq >= size:
                break
            if entry.kind == "filed":
                owners = [str(one) for one in entry.fields["owners"] if entry.seq >= end(one)]
                if owners:
                    homes[entry.seq] = self._of(owners[0])
                    _add(homes[entry.seq], entry, owners)
            elif entry.item in homes:
                _learn(homes[entry.item], entry, entry.item, reader)
        self._size = size

    def _of(self, owner: str) -> Words:
        if owner not in self._words:
            self._words[owner] = Words()
        return self._words[owner]

    def _judge(self, reader: Reader) -> None:
        for words in self._words.values():
            for item, seq in words.unjudged():
                words.judged(item, seq, _thought(reader, seq))

    def _read(
        self, reader: Reader, only: str, most: int | None, progress: Callable[[int, int], None]
    ) -> None:
        waiting = [
            (*one, words)
            for owner, words in self._words.items()
            if only in {"", owner}
            for one in words.unread()
        ]
        waiting.sort(key=lambda one: one[:2], reverse=True)
        chosen = waiting[:most]
        for number, (_, item, decided, words) in enumerate(chosen, start=1):
            if decided >= 0:
                words.judged(item, decided, _thought(reader, decided))
            words.read(item, self._text(reader, item))
            progress(number, len(chosen))

    def _text(self, reader: Reader, item: int) -> str:
        try:
            return self._letters.words(reader.raw(item))[:_MOST_TEXT]
        except GuardError:
            return ""


def _add(words: Words, entry: Entry, owners: Sequence[str]) -> None:
    fields = entry.fields
    words.add(entry.seq, received=fields["received"], direction=fields["direction"], owners=owners)


def _learn(words: Words, entry: Entry, item: int, reader: Reader) -> None:
    if entry.kind == minutes.KIND:
        words.decided(item, entry.seq)
    elif entry.kind == rulings.UNDONE:
        words.unruled(int(entry.data["undoes"]))
    elif entry.kind == minutes.RULED:
        try:
            label = rulings.read(reader.secret(entry.seq)).label
        except (GuardError, ValueError):
            label = None
        named = "sender" in entry.data.get("actions", ())
        client = (entry.owner or UNSORTED) if named else ""
        words.ruled(item, entry.seq, label=label.value if label else "", client=client)


def _thought(reader: Reader, seq: int) -> str:
    try:
        return minutes.read(reader.secret(seq)).verdict.label.value
    except (GuardError, ValueError):
        return ""
