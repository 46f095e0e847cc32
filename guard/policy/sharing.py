"""Opening a message to a role, and closing it again, in the transaction that says why.

Touches the world only through the record that it is given. It seals to public keys, so the
unattended scan needs no secret for it. Source: FORMAT.md, "Roles that read a part".
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from guard.policy.roles import KEPT, Role
from guard.record.entry import JSON, Entry, Fact, canonical
from guard.record.erasures import Erasures
from guard.record.grant import SHARED, UNSHARED, Grant, Share
from guard.record.seal import seal

APART = "apart"
"""Kind of the entry that says: this client's mail is never opened to that login, or may be again.
In a small town the receptionist is somebody's sister."""


class Record(Protocol):
    """A clinic's record, as far as sharing needs it."""

    def erasures(self) -> Erasures:
        """What her orders say: to whom a part is open."""

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Entries of a kind, oldest first."""

    def shared_with(self, items: Sequence[int]) -> Mapping[int, set[str]]:
        """Item to the logins that may open it now."""

    def share(
        self,
        facts: Sequence[Fact],
        *,
        withdrawn: Sequence[tuple[int, str]],
        shares: Sequence[Share],
        now: int,
    ) -> list[int]:
        """Append facts and change what is shared, in one transaction."""

    def catch_up(self, *, oldest: Mapping[str, int], now: int) -> None:
        """File who has seen what, and show no role what came before a time."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and who may open it from now on."""

    item: int
    """As the record numbers it."""

    owners: tuple[str, ...]
    """Whose keys seal it."""

    received: int
    """INTERNALDATE, milliseconds since 1970-01-01 UTC."""

    role: Role | None
    """Who may open it besides her; None: nobody."""

    extract: bytes
    """What they are shown."""

    client: str = ""
    """Whose it is by the therapist's word, if that is none of `owners`."""


class Sharing:
    """What of one record is open to whom."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def grants(self) -> list[Grant]:
        """Everybody to whom a part is open, by an order that she signed."""
        return list(self._record.erasures().grants.values())

    def open_to(self, item: int) -> frozenset[str]:
        """Logins to which an item is open now."""
        return frozenset(self._record.shared_with([item]).get(item, ()))

    def file(self, facts: Sequence[Fact], opened: Sequence[Opened], *, now: int) -> list[int]:
        """Append facts, and open or close the messages that they are about, at one stroke.

        Args:
            facts: What is filed anyhow.
            opened: The messages, and who may open each from now on.
            now: Milliseconds since 1970-01-01 UTC.

        Returns:
            The number of each fact's entry.

        Raises:
            BusyError: Another process is writing. Nothing was done.
            RecordError: Nothing was done.
        """
        before = self._record.shared_with([one.item for one in opened])
        grants, apart = self.grants, self.apart()
        said: list[Fact] = []
        withdrawn: list[tuple[int, str]] = []
        shares: list[Share] = []
        for one in opened:
            wanted = _wanted(one, grants, apart, now=now)
            known = before.get(one.item, set())
            added = [grant for grant in wanted if grant.login not in known]
            ended = sorted(known - {grant.login for grant in wanted})
            shares += [_share(one, grant) for grant in added]
            withdrawn += [(one.item, login) for login in ended]
            if added:
                digest = sha256(one.extract).hexdigest()
                told: dict[str, JSON] = {"with": [grant.body for grant in added], "sha256": digest}
                said.append(_fact(SHARED, one, canonical(told)))
            if ended:
                said.append(_fact(UNSHARED, one, canonical({"with": ended})))
        seqs = self._record.share([*facts, *said], withdrawn=withdrawn, shares=shares, now=now)
        return seqs[: len(facts)]

    def apart(self) -> set[tuple[str, str]]:
        """Clients, and the logins to which their mail is never opened."""
        said = {
            (one.owner or "", str(one.data["login"])): bool(one.data["apart"])
            for one in self._record.of_kind(APART)
        }
        return {pair for pair, stands in said.items() if stands}

    def catch_up(self, *, now: int) -> None:
        """File who has seen what since the last scan, and close what is long past.

        Raises:
            BusyError: Another process is writing. Nothing was done.
            RecordError: Nothing was done.
        """
        self._record.catch_up(oldest={Role.RECEPTIONIST.value: now - _KEPT_MS}, now=now)


def keep_apart(owner: str, login: str, *, apart: bool) -> Fact:
    """Return the entry by which a client's mail is never opened to a login, or may be again."""
    return Fact(kind=APART, owner=owner, body={"login": login, "apart": apart})


_KEPT_MS = int(KEPT.total_seconds() * 1000)


def _wanted(
    one: Opened, grants: Sequence[Grant], apart: set[tuple[str, str]], *, now: int
) -> list[Grant]:
    past = one.role is Role.RECEPTIONIST and one.received < now - _KEPT_MS
    if one.role is None or past:
        return []
    away = {login for owner, login in apart if owner in (one.client, *one.owners)}
    ours = [grant for grant in grants if grant.role == one.role.value]
    return [grant for grant in ours if grant.login not in away]


def _share(one: Opened, grant: Grant) -> Share:
    sealed = seal(one.extract, [grant.recipient])
    return Share(item=one.item, to=grant, received=one.received, sealed=sealed)


def _fact(kind: str, one: Opened, secret: bytes) -> Fact:
    return Fact(kind=kind, item=one.item, owner=one.owners[0], secret=secret, owners=one.owners)
