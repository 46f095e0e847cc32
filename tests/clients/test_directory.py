import unicodedata
from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guard.clients.directory import (
    Client,
    Known,
    Relation,
    day,
    enrol,
    find,
    known,
    normalise,
    read,
)


@dataclass
class Names:
    """Knows a few addresses."""

    asked: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=lambda: {"jo@client.example": "c1"})

    def owners_named(self, text: str) -> tuple[str, ...]:
        self.asked.append(text)
        return (self.known[text],) if text in self.known else ()


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("jo@client.example", "jo@client.example"),
        ("  Jo@Client.EXAMPLE ", "jo@client.example"),
        ("jo+therapy@client.example", "jo+therapy@client.example"),
        ("o'brien@client.example", "o'brien@client.example"),
        ("jo@müller.example", "jo@xn--mller-kva.example"),
        ("jo@MÜLLER.example", "jo@xn--mller-kva.example"),
        ("jo@XN--MLLER-KVA.example", "jo@xn--mller-kva.example"),
        (unicodedata.normalize("NFD", "josé@client.example"), "josé@client.example"),
    ],
)
def test_compares_addresses_as_mailbox_providers_do(written: str, compared: str) -> None:
    assert normalise(written) == compared


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jo",
        "@client.example",
        "jo@",
        "jo client@x.example",
        "jo@x.example, al@x.example",
        "Jo <jo@x.example>",
        "jo@@x.example",
        '"jo"@x.example',
        "x" * 65 + "@x.example",
    ],
)
def test_takes_nothing_else_for_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="this is not an e-mail address"):
        normalise(text)


@given(st.text())
def test_an_address_in_a_mail_never_stops_a_scan(text: str) -> None:
    assert find(Names(), text) in ((), ("c1",))


@given(st.text().map(lambda text: f"{text}@client.example"))
def test_what_was_compared_once_stays_as_it_is(text: str) -> None:
    try:
        once = normalise(text)
    except ValueError:
        return
    assert normalise(once) == once


@pytest.mark.parametrize(
    "written", ["jo@client.example", "Jo@client.example", "JO@CLIENT.EXAMPLE"]
)
def test_finds_a_client_however_the_telephone_writes(written: str) -> None:
    assert find(Names(), written) == ("c1",)


def test_asks_nobody_for_what_is_no_address() -> None:
    names = Names()

    assert find(names, '"jo doe"@client.example') == ()
    assert names.asked == []


@pytest.mark.parametrize(
    ("address", "owners"),
    [
        ("jo@client.example", ()),
        ("jo+shop@client.example", ("c1",)),
        ("Jo+Shop@Client.example", ("c1",)),
        ("jo+al@client.example", ("c2",)),
        ("jo+@client.example", ("c1",)),
        ("+shop@client.example", ()),
        ("jo+shop@client.example.evil.example", ()),
        ("bo+shop@client.example", ()),
    ],
)
def test_plus_tags_are_the_clients_only_where_she_says_so(
    address: str, owners: tuple[str, ...]
) -> None:
    names = Names(known={"jo+*@client.example": "c1", "jo+al@client.example": "c2"})

    assert find(names, address) == owners


def test_a_tagged_address_is_nobodys_unless_she_says_so() -> None:
    assert find(Names(), "jo+shop@client.example") == ()


JO = Client(id="c1", name="Jo Doe", addresses=("jo@client.example", "jo@work.example"))


def test_what_is_public_of_an_ordinary_client_is_only_whether_a_machine_may_write() -> None:
    entry = enrol(JO)

    assert entry.body == {"automatic": True}
    assert entry.owner == "c1"
    assert entry.owners == ("c1",)
    assert entry.names == JO.addresses


def test_the_sealed_part_gives_the_client_back() -> None:
    entry = enrol(JO)

    assert entry.secret is not None
    assert read(entry.secret) == JO


def test_a_client_has_an_address() -> None:
    with pytest.raises(ValueError, match="at least one address"):
        Client(id="c1", name="Jo", addresses=())


@pytest.mark.parametrize("secret", [b"", b"{}", b"[]", b'{"id":1}', b"\xff"])
def test_what_is_no_client_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(secret)


MAX = Client(
    id="c2",
    name="Max Doe",
    addresses=("max@client.example",),
    automatic=False,
    kind=Relation.PARENT,
    ended="2026-07-31",
    born="2012-05-31",
    about=("c1",),
)


def test_what_the_scan_must_know_of_a_client_is_public_and_no_birthday() -> None:
    assert enrol(MAX).body == {
        "automatic": False,
        "kind": "parent",
        "ended": "2026-07-31",
        "about": ("c1",),
    }
    assert known(enrol(MAX).body) == MAX.known


def test_a_couple_with_one_address_reads_it_together() -> None:
    pair = replace(JO, kind=Relation.COUPLE)

    assert not pair.known.together
    assert replace(pair, addresses=JO.addresses[:1]).known.together
    assert not replace(JO, addresses=JO.addresses[:1]).known.together


def test_a_client_filed_by_an_older_guard_still_reads() -> None:
    old = b'{"id":"c1","name":"Jo Doe","addresses":["jo@client.example"],"automatic":true}'

    assert read(old) == Client(id="c1", name="Jo Doe", addresses=("jo@client.example",))
    assert known({"automatic": True}) == Known()


def test_what_a_newer_guard_says_of_a_client_is_taken_with_most_care() -> None:
    assert known({"automatic": True, "kind": "trainee"}) == Known(automatic=False)


@pytest.mark.parametrize(
    ("ended", "former"),
    [("", False), ("2026-08-01", False), ("2026-07-31", True), ("2020-01-01", True)],
)
def test_therapy_that_has_ended_makes_a_former_client(ended: str, *, former: bool) -> None:
    assert Known(ended=ended).former(date(2026, 7, 31)) is former


def test_an_address_that_was_dropped_leads_to_nobody() -> None:
    fact = enrol(replace(JO, addresses=("jo@client.example", "jo@new.example")), before=JO)

    assert fact.names == ("jo@client.example", "jo@new.example")
    assert fact.unnames == ("jo@work.example",)


@pytest.mark.parametrize("text", ["2026-07-31", " 2026-07-31 ", "", "1939-09-03"])
def test_a_date_is_kept_as_it_is_written(text: str) -> None:
    assert day(text) == text.strip()


@pytest.mark.parametrize("text", ["31/7/2026", "20260731", "2026-W31-5", "2026-02-29", "soon"])
def test_what_is_no_plain_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="as in 2026-07-31"):
        day(text)
