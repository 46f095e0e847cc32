"""Who is meant by a name, an address or an id."""

import pytest

from guard.clients.directory import Client
from guard.clients.register import the_one
from guard.errors import ConfigError

JO = Client(id="c1", name="Jo Doe", addresses=("jo@client.example", "jo@work.example"))
AL = Client(id="c2", name="Al", addresses=("al@client.example",))
AL_TOO = Client(id="c3", name="AL", addresses=("al@work.example",))


@pytest.mark.parametrize(
    "text", ["c1", "Jo Doe", " jo doe ", "jo@client.example", "JO@Work.example"]
)
def test_an_id_a_name_or_an_address_will_do(text: str) -> None:
    assert the_one([JO, AL], text) == JO


def test_a_name_in_the_very_same_letters_comes_first() -> None:
    assert the_one([AL_TOO, AL], "Al") == AL


@pytest.mark.parametrize(
    ("text", "says"), [("Kim", "no such client"), ("", "no such client"), ("al", "2 clients")]
)
def test_nobody_and_several_are_refused_without_naming_them(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        the_one([JO, AL, AL_TOO], text)

    assert "Kim" not in f"{caught.value}{caught.value.hint}"
