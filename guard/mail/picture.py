"""How a message came: what our own provider states of it, and the network that handed it over.

Pure and total. Some domains publish nothing that could vouch for their mail. When she says of
such a message that she knows its sender, a later one that comes in the very same way may be
taken for theirs too. Nothing else may: a picture holds only what our own provider wrote down,
and where it states any failure there is no picture at all.

What it cannot tell apart: two customers of one mail service who send through the same network,
if that service lets them use each other's addresses. Source: RFC 8601 sections 4.1 and 7.1.
"""

import ipaddress
import re
from collections.abc import Sequence

from guard.mail.message import Message
from guard.mail.sender import (
    Statement,
    homes_of,
    is_home,
    same_mailbox,
    statements_of,
    trusted_field,
    within,
)

_HARMLESS = frozenset({"pass", "none", "neutral"})
_HANDED_OVER = re.compile(r"\s*from\s(.{1,1000}?)\sby\s", re.IGNORECASE | re.DOTALL)
_BY = re.compile(r"(?:^|\s)by\s", re.IGNORECASE)
_NUMBER = re.compile(r"[\[(](?:IPv6:)?([0-9A-Fa-f:.]{3,45})[\])]", re.IGNORECASE)
_SENDER_IP = re.compile(r"\(sender IP is ([0-9A-Fa-f:.]{3,45})\)", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
_INSIDE = tuple(map(ipaddress.ip_network, _PRIVATE))
_WIDTH = {4: 24, 6: 48}
"""Mail services send from many hosts of one network; so many bits of it are one sender."""


def picture(message: Message, *, trusted: Sequence[str]) -> str | None:
    """Return how a message came, as one line to compare; None where nothing may rest on it.

    Args:
        message: The message.
        trusted: As for `guard.mail.sender.authenticity`.

    Returns:
        Sender, network and every statement of the provider. None if the From address is not
        the one of the envelope, if the provider states a failure or nothing, or if the host
        that handed the message over cannot be told for certain.
    """
    if len(message.sender) != 1 or not message.return_path:
        return None
    address = message.sender[0].email
    field = trusted_field(message, trusted=trusted)
    if field is None or not same_mailbox(message.return_path, address):
        return None
    statements = statements_of(field)
    if not statements or not all(map(_harmless, statements)):
        return None
    network = _network(message, field, homes_of(trusted))
    if network is None:
        return None
    stated = sorted(f"{one.method}={one.result}:{','.join(one.domains)}" for one in statements)
    return " ".join(["known", address.casefold(), network, *dict.fromkeys(stated)])


def _harmless(one: Statement) -> bool:
    # A DMARC pass for another domain than the sender's is no good sign.
    return one.result in _HARMLESS and (one.method != "dmarc" or one.result == "none")


def _network(message: Message, field: str, homes: tuple[str, ...]) -> str | None:
    told = {*_SENDER_IP.findall(field)}
    if told:
        return _wide(told)
    for received in message.values("received"):
        if not is_home(received, homes):
            return None
        # A greeting with a second "by" in it would hide the true host behind a made-up one.
        if len(_BY.findall(received.partition(";")[0])) != 1:
            return None
        handed = _HANDED_OVER.match(received)
        numbers = {*_NUMBER.findall(handed[1])} if handed else set()
        if handed is None or (numbers and all(map(_inside, numbers))):
            # Handed on within the house.
            continue
        hosts = _HOST.findall(handed[1])
        if any(within(host.lower(), home) for host in hosts for home in homes):
            # Within the house too, or somebody who greets by our name: who can say?
            return None
        return _wide(numbers)
    return None


def _wide(numbers: set[str]) -> str | None:
    """Return the network of the only number; a greeting may hold one that is a lie."""
    if len(numbers) != 1:
        return None
    try:
        address = ipaddress.ip_address(numbers.pop())
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, _WIDTH[address.version]), strict=False))


def _inside(number: str) -> bool:
    try:
        address = ipaddress.ip_address(number)
    except ValueError:
        return False
    return any(address in one for one in _INSIDE)
