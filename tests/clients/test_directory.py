import unicodedata
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.clients.directory import Client, enrol, find, normalise, read


@dataclass
class Names:
    """Knows one address."""

    asked: list[str] = field(default_factory=list)

    def owners_named(self, text: str) -> tuple[str, ...]:
        self.asked.append(text)
        return ("c1",) if text == "jo@client.example" else ()


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


JO = Client(id="c1", name="Jo Doe", addresses=("jo@client.example", "jo@work.example"))


def test_what_is_public_of_a_client_is_only_whether_a_machine_may_write() -> None:
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
