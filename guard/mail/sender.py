"""Who really wrote: what our own provider says of a sender, and whether two addresses are one.

Pure and total. Fails closed: without a trusted statement that speaks for the From domain a
message is not authenticated, and so never answered. Source: RFC 8601, RFC 7489 section 3.1.
"""

import re
from collections.abc import Sequence

import authres
import msgspec

from guard.mail.address import bare
from guard.mail.message import Message

MICROSOFT = "microsoft"
"""Name to trust for Microsoft 365, which writes its field without an authserv-id."""

_FIELD = "authentication-results"
_MOST_FIELDS = 50
_MOST_BYTES = 3_900
_IDENTIFIER = re.compile(
    r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?)(?:\s+\d+)?\s*(?:;|$)"
)
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_NAMELESS = re.compile(r"\s*(?:spf|dkim|dmarc|compauth|arc)\s*=", re.IGNORECASE)
_BY = re.compile(r"(?:^|\s)by\s+([^\s;()]{1,255})", re.IGNORECASE)
_INSIDE = (".internal", ".local", ".lan", ".localdomain", ".intra", ".corp", ".home.arpa")
_MICROSOFT_HOSTS = ("outlook.com", "office365.com", "exchangelabs.com")
# Where everybody may register below the second label; enough for telling an organisation.
_SECOND_LEVEL = frozenset(
    {"co", "com", "org", "net", "ac", "gov", "edu", "ltd", "plc", "me", "nhs"}
)
_COUNTRY = 2


class Authenticity(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the From address is authenticated, and by what."""

    authenticated: bool
    """Whether a trusted host vouches for the From domain."""

    reason: str
    """Why, as a fixed word. Yes: ``dmarc``, ``dkim``, ``spf``, or by her own word ``known``.
    No: ``no-trusted-hosts``, ``no-from``, ``several-from``, ``no-statement``, ``unreadable``,
    ``dmarc-fail``, ``not-aligned``, ``not-passed``."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One result of one method."""

    method: str
    """Such as ``dkim``, lower case."""

    result: str
    """Such as ``pass``, lower case."""

    domains: tuple[str, ...]
    """The domains that it speaks for, in their ASCII form."""


def authenticity(message: Message, *, trusted: Sequence[str]) -> Authenticity:
    """Judge whether the From address is what it claims to be.

    Only the topmost field of a trusted host is read, and only above the first Received line
    of a foreign host: everything below it the sender may have written.

    Args:
        message: The message.
        trusted: The authserv-ids of the practice's own provider; `MICROSOFT` for a nameless one.

    Source: RFC 8601 sections 2.5, 4.1, 7.1, 7.2 and 7.8.
    """
    if not _names(trusted):
        return _no("no-trusted-hosts")
    if len(message.sender) != 1 or len(message.values("from")) != 1:
        return _no("several-from" if message.sender else "no-from")
    value = trusted_field(message, trusted=trusted)
    if value is None:
        return _no("no-statement")
    statements = statements_of(value)
    if statements is None:
        return _no("unreadable")
    return _judge(statements, _ascii(message.sender[0].email.rpartition("@")[2]))


def seen_authserv_ids(message: Message) -> tuple[str, ...]:
    """Return the authserv-ids of all fields, topmost first, for a person to choose from."""
    found = [_authserv_id(value) for value in message.values(_FIELD)[:_MOST_FIELDS]]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _no(reason: str) -> Authenticity:
    return Authenticity(authenticated=False, reason=reason)


def _authserv_id(value: str) -> str | None:
    if _NAMELESS.match(value):
        return MICROSOFT
    # A comment may stand before the name, and behind it: amavis tells its own name there.
    match = _IDENTIFIER.match(_COMMENT.sub(" ", value, count=3))
    if match is None or match[1].lower() == MICROSOFT:
        # Nobody may take the name that stands for no name.
        return None
    return match[1].lower().rstrip(".")


def trusted_field(message: Message, *, trusted: Sequence[str]) -> str | None:
    """Return the topmost field of a trusted host, if our own provider must have written it."""
    names, homes = _names(trusted), homes_of(trusted)
    for name, value in message.headers:
        if name == "received" and not is_home(value, homes):
            return None
        if name == _FIELD and (found := _authserv_id(value)) in names:
            # Whatever has no name could be anybody's, unless Microsoft delivered the message.
            return value if found != MICROSOFT or _by_microsoft(message) else None
    return None


def _by_microsoft(message: Message) -> bool:
    match = _BY.search("".join(message.values("received")[:1])[:_MOST_BYTES])
    host = match[1].lower().rstrip(".") if match else ""
    return any(within(host, home) for home in _MICROSOFT_HOSTS)


def homes_of(trusted: Sequence[str]) -> tuple[str, ...]:
    """Return the domains within which the hosts of our own provider lie."""
    names = _names(trusted)
    homes = tuple(_organisation(one) for one in names if one != MICROSOFT)
    return homes + (_MICROSOFT_HOSTS if MICROSOFT in names else ())


def _names(trusted: Sequence[str]) -> set[str]:
    return {one.strip().lower().rstrip(".") for one in trusted if one.strip()}


def is_home(received: str, homes: tuple[str, ...]) -> bool:
    """Tell whether our own provider wrote a Received line, by the host that it names."""
    match = _BY.search(received[:_MOST_BYTES])
    if match is None:
        return False
    host = match[1].lower().rstrip(".").strip("[]")
    # Providers hand on inside by bare names and by addresses; a foreign line with such a name
    # lies below the line of the provider's border, and that is where the field is.
    if "." not in host or host.endswith(_INSIDE) or host.replace(".", "").isdigit():
        return True
    return any(within(host, home) for home in homes)


def _organisation(host: str) -> str:
    labels = host.split(".")
    wide = len(labels) > _COUNTRY and len(labels[-1]) == _COUNTRY and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if wide else -2 :])


def within(host: str, domain: str) -> bool:
    """Tell whether a host is a domain, or lies in it."""
    return host == domain or host.endswith("." + domain)


def statements_of(value: str) -> tuple[Statement, ...] | None:
    """Return what a field states; None when it cannot be read."""
    if len(value) > _MOST_BYTES:
        return None
    if _NAMELESS.match(value):
        value = f"{MICROSOFT}; {value}"
    try:
        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
        return tuple(_statement(one) for one in header.results)
    except Exception:  # noqa: BLE001  # a parser of hostile text; it even runs out of stack
        return None


def _statement(one: authres.AuthenticationResult) -> Statement:
    wanted = {"header.from", "header.d", "header.i", "smtp.mailfrom"}
    domains = [
        str(item.value).strip("\"'").rpartition("@")[2].lower().rstrip(".")
        for item in one.properties
        if f"{item.type}.{item.name}".lower() in wanted
    ]
    return Statement(
        method=str(one.method).lower(),
        result=str(one.result).lower(),
        domains=tuple(_ascii(domain) for domain in domains if domain),
    )


def _judge(statements: tuple[Statement, ...], home: str) -> Authenticity:
    dmarc = [one for one in statements if one.method == "dmarc"]
    if any(one.result == "pass" and one.domains == (home,) for one in dmarc):
        return Authenticity(authenticated=True, reason="dmarc")
    # A stated failure is never outvoted by a part of it; nor is Microsoft's own sum of all.
    whole = [*dmarc, *(one for one in statements if one.method == "compauth")]
    if any(one.result in {"fail", "permerror", "temperror"} for one in whole):
        return _no("dmarc-fail")
    passed = [one for one in statements if one.result == "pass"]
    for method in ("dkim", "spf"):
        domains = [one.domains for one in passed if one.method == method]
        if any(found and all(_aligned(one, home) for one in found) for found in domains):
            return Authenticity(authenticated=True, reason=method)
    return _no("not-aligned" if passed else "not-passed")


def _aligned(domain: str, home: str) -> bool:
    """Tell whether one domain is the other, or its parent within one organisation.

    Source: RFC 7489 section 3.1, without a list of public suffixes.
    """
    shorter, longer = sorted((domain, home), key=len)
    name, _, top = shorter.partition(".")
    # "uk" and "co.uk" belong to nobody, so they vouch for nobody.
    public = not top or (len(top) == _COUNTRY and name in _SECOND_LEVEL)
    return domain == home or (not public and longer.endswith("." + shorter))


def _ascii(domain: str) -> str:
    """Return a domain in its ASCII form, for comparing."""
    domain = domain.lower().rstrip(".")
    if domain.isascii() or len(domain) > 255:  # noqa: PLR2004  # RFC 1035 section 2.3.4
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


_SRS0 = re.compile(
    r"srs0[-+=][^=]{1,64}=[^=]{1,64}=([^=@]{1,255})=([^@]{1,255})@.*", re.IGNORECASE
)
_SRS1 = re.compile(
    r"srs1[-+=][^=]{1,64}=[^=]{1,255}=[-+=][^=]{1,64}=[^=]{1,64}=([^=@]{1,255})=([^@]{1,255})@.*",
    re.IGNORECASE,
)
_PRVS = re.compile(r"(?:prvs|msprvs1|btv1)=+[^=@]{1,64}=+([^@]{1,255}@.*)", re.IGNORECASE)


def unwrap(path: str) -> str:
    """Return the address that a forwarder or a bounce tag has wrapped into an envelope sender.

    It says where a bounce would end, not that the address is authentic.

    Source: the SRS paper by Wong and Shevek; draft-levine-smtp-batv-01.
    """
    for _ in range(3):
        if match := _SRS0.fullmatch(path) or _SRS1.fullmatch(path):
            inner = f"{match[2]}@{match[1].lower()}"
        elif match := _PRVS.fullmatch(path):
            inner = match[1]
        else:
            break
        if bare(inner) is None:
            break
        path = inner
    return path


def same_mailbox(first: str, second: str) -> bool:
    """Tell whether two addresses are one mailbox: case does not count, nor the form of IDNA.

    Source: RFC 5321 section 2.4 lets case matter in the local part; in practice it never does.
    """
    one, other = first.strip().rpartition("@"), second.strip().rpartition("@")
    if not (one[0] and one[2] and other[0] and other[2]):
        return False
    return one[0].casefold() == other[0].casefold() and _ascii(one[2]) == _ascii(other[2])
