"""Whether what clients answer lies in the Sent folder: a Sent folder can fall silent unnoticed.

Pure. A telephone that keeps what it sends to itself costs the record half of every conversation.
Kept are keyed codes of Message-IDs alone, of the newest letters and of those that clients
answered and that were never seen; what is kept serves this one question, and may be lost.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from guard.record.times import to_ms

_MOST_LETTERS = 2_000
"""So many letters are remembered: some months of a busy practice."""

_MOST_UNSEEN = 200
_PERIOD = timedelta(days=14)
_ENOUGH = 3
"""So many different letters answered and never seen: one may have gone out by other means."""

_OURS = "<guard."
"""How the Message-IDs of guard's own letters begin."""


Code = Callable[[str], bytes]


def _unkeyed(text: str) -> bytes:
    return sha256(text.encode()).digest()


class Threads:
    """Her letters, and those that clients answer."""

    def __init__(self, told: Mapping[str, object] | None = None, *, code: Code = _unkeyed) -> None:
        """Begin with what was kept; what cannot be read is as if nothing was.

        Args:
            told: What was kept.
            code: Gives the keyed code of a text: what is kept lies open on the disk, and must
                not tell whether somebody wrote a letter whose id is known elsewhere.
        """
        told = told or {}
        self._code = code
        letters, unseen, newest = (told.get(key) for key in ("letters", "unseen", "newest"))
        self.changed = bool(told) and told.get("keyed") is not True
        """Whether anything is worth keeping anew."""
        # What an earlier guard kept were the bare digests.
        key = self._keyed if self.changed else str
        self._letters = dict.fromkeys(map(key, letters if isinstance(letters, list) else ()))
        self._unseen = {
            key(one): at
            for one, at in (unseen.items() if isinstance(unseen, dict) else ())
            if isinstance(at, int)
        }
        self._newest = newest if isinstance(newest, int) else 0

    def wrote(self, message_id: str | None, received: datetime, *, automatic: bool) -> None:
        """Note a letter of hers that lies in Sent."""
        if not automatic:
            self._newest = max(self._newest, to_ms(received))
            self.changed = True
        if message_id is not None:
            key = self._of(message_id)
            self._letters.pop(key, None)
            self._letters[key] = None
            self._unseen.pop(key, None)
            self.changed = True

    def answered(
        self, references: Sequence[str], received: datetime, *, message_id: str | None
    ) -> None:
        """Note a client's letter: what it answers, and itself, for they may go on from it."""
        if message_id is not None:
            self._letters[self._of(message_id)] = None
            self.changed = True
        if not references or references[-1].startswith(_OURS):
            return
        key = self._of(references[-1])
        if key not in self._letters:
            self._unseen[key] = to_ms(received)
            self.changed = True

    def silent(self, now: datetime) -> bool:
        """Whether clients answer letters that never came to lie in Sent."""
        since = max(self._newest, to_ms(now - _PERIOD))
        return sum(at > since for at in self._unseen.values()) >= _ENOUGH

    def told(self) -> dict[str, object]:
        """Return what is kept."""
        unseen = sorted(self._unseen.items(), key=lambda one: one[1])[-_MOST_UNSEEN:]
        return {
            "letters": [*self._letters][-_MOST_LETTERS:],
            "unseen": dict(unseen),
            "newest": self._newest,
            "keyed": True,
        }

    def _of(self, message_id: str) -> str:
        return self._keyed(sha256(message_id.encode()).hexdigest()[:24])

    def _keyed(self, digest: object) -> str:
        # No address holds a space, so this can be no client's code.
        return self._code(f"message-id {digest}").hex()[:24]
