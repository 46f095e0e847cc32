"""Bars that follow from who wrote: only a client in therapy ever gets a reminder without her.

Pure. Each rule is one small function; its words are in `guard.policy.words`.
"""

import re
from collections.abc import Callable
from datetime import date

from guard.clients.directory import Known, Names, Relation, find
from guard.mail.message import Message

Test = Callable[[tuple[Known, ...], date], bool]
"""What is known of those who have the address, and the day."""

_ADDRESS = re.compile(r"[^\s@<>\"'(),;:\[\]]{1,64}@[^\s@<>\"'(),;:\[\]]{1,255}")
_MOST = 10


def former_client(known: tuple[Known, ...], today: date) -> bool:
    """Therapy has ended: what they write of themselves now deserves a person's answer."""
    return any(one.former(today) for one in known)


def a_parent(known: tuple[Known, ...], _today: date) -> bool:
    """The policy is the client's; a parent may have no other way to write about a child."""
    return any(one.kind is Relation.PARENT for one in known)


def a_professional(known: tuple[Known, ...], _today: date) -> bool:
    """A doctor or a school writes about a client because it must."""
    return any(one.kind is Relation.PROFESSIONAL for one in known)


def read_together(known: tuple[Known, ...], _today: date) -> bool:
    """A couple with one mailbox: the notice would tell one that the other wrote."""
    return any(one.together for one in known)


BARS: dict[str, Test] = {
    "former-client": former_client,
    "a-parent": a_parent,
    "a-professional": a_professional,
    "read-together": read_together,
}
"""Rule and test."""


def poses_as_client(message: Message, clients: tuple[str, ...], names: Names) -> bool:
    """Whether a sender shows a client's address as its name, and is not that client.

    Telephones show the name alone, so ``"jo@home.example" <x@evil.example>`` looks like Jo.
    """
    shown = (found for one in message.sender for found in _ADDRESS.findall(one.name)[:_MOST])
    return any(owner not in clients for text in shown for owner in find(names, text))
