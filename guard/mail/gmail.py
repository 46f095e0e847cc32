"""Gmail's own numbers and labels of messages: one message has one number, however many folders.

Pure given `ask`, which sends one FETCH. Labels only tell what a message is; they are never
kept, because people call labels after clients. Source: Gmail IMAP extensions (X-GM-EXT-1).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from guard.mail.answers import received
from guard.mail.bodies import Ask

CAPABILITY = "X-GM-EXT-1"

_NUMBER, _LABELS = "X-GM-MSGID", "X-GM-LABELS"
_END = 2**63
"""Gmail's numbers have 64 bits; the record keeps 63, and none so large was ever seen."""


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """What Gmail tells of one message besides the message."""

    number: int
    """The same in every folder of the account, and for ever."""

    sent: bool
    """Whether it was sent from this account."""

    draft: bool
    """Whether it is not sent yet."""

    received: datetime
    """INTERNALDATE, aware, UTC; 1970 when it is not told."""


def numbers(ask: Ask, uids: Sequence[int]) -> dict[int, Numbered]:
    """Ask for numbers and labels; what is told in no readable way is left out."""
    answer = ask(uids, [_NUMBER, _LABELS, "INTERNALDATE"])
    found = {uid: _numbered(answer.get(uid, {})) for uid in uids}
    return {uid: one for uid, one in found.items() if one is not None}


def _numbered(facts: Mapping[bytes, Any]) -> Numbered | None:
    number = facts.get(_NUMBER.encode())
    if not isinstance(number, int) or not 0 < number < _END:
        return None
    labels = facts.get(_LABELS.encode())
    told = {_word(one) for one in labels} if isinstance(labels, tuple | list) else set()
    return Numbered(
        number=number,
        sent="\\sent" in told,
        draft="\\draft" in told,
        received=received(facts),
    )


def _word(label: object) -> str:
    return label.decode("latin-1").lower() if isinstance(label, bytes) else ""
