"""How a message came: the same way gives the same line, any other way another one or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.parse import parse
from guard.mail.picture import picture

TRUSTED = ("mx.practice.example",)
FIELD = "Authentication-Results: mx.practice.example; spf=none smtp.mailfrom=client.example"
BORDER = "Received: from out.isp.example (out.isp.example [203.0.113.7]) by mx.practice.example; x"
WAY = "known jo@client.example 203.0.113.0/24 spf=none:client.example"


def way(
    *lines: str,
    sender: str = "Jo <jo@client.example>",
    path: str = "jo@client.example",
    trusted: tuple[str, ...] = TRUSTED,
) -> str | None:
    raw = "\r\n".join([f"Return-Path: <{path}>", *lines, f"From: {sender}", "", "hello"])
    return picture(parse(raw.encode()), trusted=trusted)


SAME = {
    "as Postfix writes": (FIELD, BORDER),
    "the field below the border's line": (BORDER, FIELD),
    "another host of the same network": (FIELD, BORDER.replace("203.0.113.7", "203.0.113.250")),
    "as Exim writes": (
        FIELD,
        "Received: from [203.0.113.7] (helo=out.isp.example) by mx.practice.example; x",
    ),
    "as Gmail writes": (
        "Received: by 2002:a17:907:1; Mon, 2 Mar 2026",
        BORDER,
        FIELD,
    ),
    "handed on within the house": (
        "Received: from localhost (localhost [127.0.0.1]) by store.practice.example; x",
        "Received: from mx (unknown [10.0.0.9]) by store.practice.example; x",
        FIELD,
        BORDER,
    ),
    "a made-up line below": (
        FIELD,
        BORDER,
        "Received: from bank.example (bank.example [198.51.100.1]) by mx.practice.example; x",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_way_is_known_again(name: str) -> None:
    assert way(*SAME[name]) == WAY


def test_letters_and_display_names_make_no_difference() -> None:
    assert way(FIELD, BORDER, sender='"Kim" <JO@Client.Example>', path="Jo@client.example") == WAY


OTHER = {
    "another network": (FIELD, BORDER.replace("203.0.113.7", "203.0.114.7")),
    "by IPv6": (FIELD, BORDER.replace("203.0.113.7", "IPv6:2001:db8:5:6::7")),
    "an answer more": (f"{FIELD}; dkim=none", BORDER),
    "another answer": (FIELD.replace("spf=none", "spf=neutral"), BORDER),
    "signed by a service": (f"{FIELD}; dkim=pass header.d=esp.example", BORDER),
}


@pytest.mark.parametrize("name", OTHER)
def test_any_other_way_is_another(name: str) -> None:
    found = way(*OTHER[name])

    assert found is not None
    assert found != WAY


def test_another_sender_is_another() -> None:
    assert way(FIELD, BORDER, sender="al@client.example", path="al@client.example") != WAY


HOLLOW = "Received: from out.isp.example by mx.practice.example; x"
NONE = {
    "a failure": (f"{FIELD}; dkim=fail header.d=client.example", BORDER),
    "a soft failure": (FIELD.replace("spf=none", "spf=softfail"), BORDER),
    "an error": (FIELD.replace("spf=none", "spf=temperror"), BORDER),
    "DMARC failed": (f"{FIELD}; dmarc=fail header.from=client.example", BORDER),
    "DMARC passed for another": (f"{FIELD}; dmarc=pass header.from=other.example", BORDER),
    "nothing was looked at": ("Authentication-Results: mx.practice.example; none", BORDER),
    "nobody says anything": (BORDER,),
    "somebody else says it": (FIELD.replace("mx.practice", "mx.other"), BORDER),
    "a field that cannot be read": (f"{FIELD} {'x' * 5_000}", BORDER),
    "a forged field below a foreign hop": (
        "Received: from a by mx.elsewhere.example; x",
        FIELD,
        BORDER,
    ),
    "no number": (FIELD, HOLLOW),
    "a greeting with a number": (
        FIELD,
        "Received: from [203.0.113.7] (evil.example [198.51.100.1]) by mx.practice.example; x",
    ),
    "a greeting with a number, as Exim writes": (
        FIELD,
        "Received: from evil.example ([198.51.100.1] helo=[203.0.113.7]) by mx.practice.example",
    ),
    "a greeting with a second by": (
        FIELD,
        "Received: from x ([203.0.113.7]) by mx.practice.example ([198.51.100.1]) by mx; x",
    ),
    "a greeting by our own name": (
        FIELD,
        "Received: from mx2.practice.example (evil [198.51.100.1]) by mx.practice.example; x",
        BORDER,
    ),
    "a number that is none": (FIELD, BORDER.replace("203.0.113.7", "999.1.1.1")),
    "no line at all": (FIELD,),
}


@pytest.mark.parametrize("name", NONE)
def test_nothing_rests_on_what_could_be_copied(name: str) -> None:
    assert way(*NONE[name]) is None


@pytest.mark.parametrize(
    ("sender", "path"),
    [
        ("jo@client.example", "bounce@client.example"),
        ("jo@client.example", "jo@other.example"),
        ("jo@client.example", ""),
        ("jo@client.example", "SRS0=Xy1=ZZ=client.example=jo@forward.example"),
        ("jo@client.example, al@client.example", "jo@client.example"),
        ("nobody", "jo@client.example"),
    ],
)
def test_the_envelope_must_say_the_same(sender: str, path: str) -> None:
    assert way(FIELD, BORDER, sender=sender, path=path) is None


def test_nobody_trusted_means_nothing() -> None:
    assert way(FIELD, BORDER, trusted=()) is None


MICROSOFT = (
    "Authentication-Results: spf=none (sender IP is 203.0.113.7) smtp.mailfrom=client.example; "
    "dkim=none (message not signed) header.d=none;dmarc=none action=none "
    "header.from=client.example;compauth={} reason=001"
)
PROTECTION = "Received: from out (203.0.113.7) by AM0.mail.protection.outlook.com (10.1.1.1); x"
WITHIN = (
    "Received: from AM0.eurprd01.prod.outlook.com (2603:10a6::1) by "
    "AM1.eurprd01.prod.outlook.com (2603:10a6::2) with HTTPS; x"
)


def test_microsofts_own_word_for_the_network_is_taken() -> None:
    found = way(WITHIN, MICROSOFT.format("none"), PROTECTION, trusted=("microsoft",))

    assert found is not None
    assert found.startswith("known jo@client.example 203.0.113.0/24 ")


def test_where_microsofts_sum_of_all_is_a_failure_nothing_rests_on_it() -> None:
    assert way(MICROSOFT.format("fail"), PROTECTION, trusted=("microsoft",)) is None


PIECES = st.sampled_from(
    [FIELD, BORDER, HOLLOW, PROTECTION, WITHIN, "Received: from [::1] by x; y", "Received: "]
)
WORDS = st.lists(
    st.sampled_from(
        ["from ", "by ", "[203.0.113.7]", "(", ")", "[", "mx.practice.example", "; x"]
    ),
    max_size=9,
).map(lambda words: "Received: " + "".join(words))


@given(st.lists(PIECES | WORDS, max_size=5))
def test_no_line_stops_it(lines: list[str]) -> None:
    way(*lines)
