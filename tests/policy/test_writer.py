"""Who wrote: posing as a client, and whose record a mail belongs to."""

from dataclasses import dataclass, field

import pytest

from guard.clients.directory import Client, Relation, enrol, owners
from guard.policy.decision import Action, Correspondent
from guard.record.entry import Entry, canonical
from tests.policy.raw import Clients, decided, mail

AL = "al@client.example"


@dataclass
class Directory:
    """A few clients."""

    clients: list[Client] = field(default_factory=list)

    def owners_named(self, text: str) -> tuple[str, ...]:
        return tuple(one.id for one in self.clients if text in one.addresses)

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        found = next(enrol(one) for one in self.clients if one.id == owner)
        body = canonical({"body": found.body})
        return Entry(seq=0, kind=kind, item=item, owner=owner, at=0, body=body, sealed=None)


MAX = Client(id="max", name="Max", addresses=("max@client.example",))
KIM = Client(id="kim", name="Kim", addresses=("kim@client.example",))
ANN = Client(
    id="ann",
    name="Ann",
    addresses=("ann@client.example", "home@client.example"),
    kind=Relation.PARENT,
    about=("max", "kim"),
)
GP = Client(id="gp", name="Dr Ash", addresses=("ash@surgery.example",), kind=Relation.PROFESSIONAL)


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("max@client.example", ("max",)),
        ("ann@client.example", ("max", "kim")),
        ("ash@surgery.example", ("gp",)),
        ("nobody@client.example", ()),
    ],
)
def test_a_parents_mail_belongs_in_the_childrens_record(
    address: str, whose: tuple[str, ...]
) -> None:
    assert owners(Directory([MAX, KIM, ANN, GP]), address) == whose


def test_what_parent_and_child_share_is_filed_once_for_each_child() -> None:
    together = Client(id="max", name="Max", addresses=("home@client.example",))

    assert owners(Directory([together, ANN]), "home@client.example") == ("max", "kim")


@pytest.mark.parametrize(
    "name",
    [AL, f"Al <{AL}>", f"{AL} via Mail", f"(AL@Client.Example) {AL}", f"mailto:{AL}"],
)
def test_a_client_shown_as_the_name_of_somebody_else_waits(name: str) -> None:
    record = Clients(known={"jo@client.example": ("c1",), AL: ("c2",)})
    decision = decided(mail(f'From: "{name}" <jo@client.example>'), record=record)

    assert "poses-as-client" in decision.grounds
    assert Action.REVIEW in decision.actions


def test_a_stranger_who_shows_a_clients_address_as_a_name_waits_and_is_never_answered() -> None:
    raw = mail(
        'From: "jo@client.example" <x@evil.example>',
        "Return-Path: <x@evil.example>",
        "Authentication-Results: mx.practice.example; dmarc=pass header.from=evil.example",
    )
    decision = decided(raw)

    assert "poses-as-client" in decision.grounds
    assert Action.REMIND not in decision.actions
    assert decision.correspondent is Correspondent.UNKNOWN


@pytest.mark.parametrize("name", ["jo@client.example", "x@nobody.example", "Jo (work)", ""])
def test_a_name_that_says_the_same_or_nothing_poses_as_nobody(name: str) -> None:
    assert "poses-as-client" not in decided(mail(f'From: "{name}" <jo@client.example>')).grounds


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"ended": "2026-02-28"}, "former-client"),
        ({"kind": "parent", "about": ["c2"]}, "a-parent"),
        ({"kind": "professional"}, "a-professional"),
        ({"kind": "couple", "together": True}, "read-together"),
    ],
)
def test_only_a_client_in_therapy_is_answered_without_her(
    said: dict[str, str | list[str] | bool], rule: str
) -> None:
    decision = decided(mail(), record=Clients(said={"c1": {**said}}))

    assert decision.barred == (rule,)
    assert Action.REVIEW in decision.actions


def test_a_professional_is_no_client() -> None:
    decision = decided(mail(), record=Clients(said={"c1": {"kind": "professional"}}))

    assert decision.correspondent is Correspondent.PROFESSIONAL
