"""Whether what clients answer lies in the Sent folder: a Sent folder can fall silent unnoticed.

Pure. A telephone that keeps what it sends to itself costs the record half of every conversation.
Kept are digests of Message-IDs alone, of the newest letters and of those that clients
answered and that were never seen; what is kept serves this one question, and may be lost.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

_MOST_LETTERS = 2_000
"""So many letters are remembered: some months of a busy practice."""

_MOST_UNSEEN = 200
_PERIOD = timedelta(days=14)
_ENOUGH = 3
"""So many different letters answered and never seen: one may have gone out by other means."""

_OURS = "<guard."
"""How the Message-IDs of guard's own letters begin."""


class Threads:
    """Her letters, and those that clients answer."""

    def __init__(self, told: Mapping[str, object] | None = None) -> None:
        """Begin with what was kept; what cannot be read is as if nothing was."""
        told = told or {}
        letters, unseen, newest = (told.get(key) for key in ("letters", "unseen", "newest"))
        self._letters = dict.fromkeys(map(str, letters if isinstance(letters, list) else ()))
        self._unseen = {
            str(key): at
            for key, at in (unseen.items() if isinstance(unseen, dict) else ())
            if isinstance(at, int)
        }
        self._newest = newest if isinstance(newest, int) else 0
        self.changed = False
        """Whether anything is worth keeping anew."""

    def wrote(self, message_id: str | None, received: datetime, *, automatic: bool) -> None:
        """Note a letter of hers that lies in Sent."""
        if not automatic:
            self._newest = max(self._newest, _ms(received))
            self.changed = True
        if message_id is not None:
            key = _digest(message_id)
            self._letters.pop(key, None)
            self._letters[key] = None
            self._unseen.pop(key, None)
            self.changed = True

    def answered(
        self, references: Sequence[str], received: datetime, *, message_id: str | None
    ) -> None:
        """Note a client's letter: what it answers, and itself, for they may go on from it."""
        if message_id is not None:
            self._letters[_digest(message_id)] = None
            self.changed = True
        if not references or references[-1].startswith(_OURS):
            return
        key = _digest(references[-1])
        if key not in self._letters:
            self._unseen[key] = _ms(received)
            self.changed = True

    def silent(self, now: datetime) -> bool:
        """Whether clients answer letters that never came to lie in Sent."""
        since = max(self._newest, _ms(now - _PERIOD))
        return sum(at > since for at in self._unseen.values()) >= _ENOUGH

    def told(self) -> dict[str, object]:
        """Return what is kept."""
        unseen = sorted(self._unseen.items(), key=lambda one: one[1])[-_MOST_UNSEEN:]
        return {
            "letters": [*self._letters][-_MOST_LETTERS:],
            "unseen": dict(unseen),
            "newest": self._newest,
        }


def _digest(message_id: str) -> str:
    return sha256(message_id.encode()).hexdigest()[:24]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
