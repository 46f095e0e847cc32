import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.parse import parse
from guard.mail.sender import Authenticity, authenticity, same_mailbox, seen_authserv_ids, unwrap

BORDER = "Received: from mail.client.example ([192.0.2.1]) by mx.practice.example; x"
FOREIGN = "Received: from laptop by mail.client.example; x"
FROM = "From: Jo <jo@client.example>"


def judged(
    *lines: str, sender: str = FROM, trusted: tuple[str, ...] = ("mx.practice.example",)
) -> Authenticity:
    raw = "\r\n".join([*lines, sender, "", "hello"]).encode()
    return authenticity(parse(raw), trusted=trusted)


def ar(results: str, name: str = "mx.practice.example") -> str:
    return f"Authentication-Results: {name}; {results}"


GOOD = [
    ("dmarc=pass header.from=client.example", "dmarc"),
    ("dmarc=pass (p=NONE sp=NONE) header.from=Client.Example", "dmarc"),
    ("dkim=pass header.d=client.example", "dkim"),
    ("dkim=pass header.i=@client.example header.s=a header.b=xy", "dkim"),
    ("dkim=pass header.d=mail.client.example", "dkim"),
    ("dkim=fail header.d=client.example; dkim=pass header.d=client.example", "dkim"),
    ("spf=pass smtp.mailfrom=jo@client.example", "spf"),
    ("spf=pass smtp.mailfrom=bounce@mail.client.example", "spf"),
    ("unheard=of what.ever=x; spf=pass smtp.mailfrom=client.example", "spf"),
    ("dmarc=none header.from=client.example; dkim=pass header.d=client.example", "dkim"),
]


@pytest.mark.parametrize(("results", "reason"), GOOD)
def test_believes_an_aligned_pass_of_a_trusted_host(results: str, reason: str) -> None:
    assert judged(ar(results), BORDER, FOREIGN) == Authenticity(authenticated=True, reason=reason)


BAD = [
    ("none", "not-passed"),
    ("dmarc=pass header.from=other.example", "not-aligned"),
    ("dmarc=pass", "not-aligned"),
    ("dkim=pass header.d=other.example", "not-aligned"),
    ("dkim=pass header.d=evilclient.example", "not-aligned"),
    ("dkim=pass header.d=example", "not-aligned"),
    ("dkim=pass header.d=client.example header.i=@other.example", "not-aligned"),
    ("dkim=fail header.d=client.example", "not-passed"),
    ("spf=softfail smtp.mailfrom=client.example", "not-passed"),
    ("spf=pass smtp.mailfrom=jo@client.example.other.example", "not-aligned"),
    ("spf=pass smtp.helo=client.example", "not-aligned"),
    ("dmarc=fail header.from=client.example; spf=pass smtp.mailfrom=client.example", "dmarc-fail"),
    ("dkim=passed header.d=client.example", "not-passed"),
    ("dkim=pass (" + "(" * 3_000, "unreadable"),
    ('dkim=pass header.d="', "not-aligned"),
    ("x" * 5_000, "unreadable"),
]


@pytest.mark.parametrize(("results", "reason"), BAD)
def test_believes_nothing_less(results: str, reason: str) -> None:
    assert judged(ar(results), BORDER, FOREIGN) == Authenticity(authenticated=False, reason=reason)


PASS = "dmarc=pass header.from=client.example"


@pytest.mark.parametrize(
    "lines",
    [
        (ar(PASS), BORDER),
        (BORDER, ar(PASS), FOREIGN),
        ("Received: by box.internal; x", "Received: by store1; x", BORDER, ar(PASS), FOREIGN),
        ("Received: by 2002:a05:6402:1; x", ar(PASS)),
        (ar(PASS, "mx.practice.example 1"),),
        (ar(PASS, "MX.Practice.Example"),),
        (ar("dmarc=fail header.from=client.example", "arc.other.example"), ar(PASS)),
    ],
)
def test_reads_the_field_where_the_border_puts_it(lines: tuple[str, ...]) -> None:
    assert judged(*lines).authenticated


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((BORDER, FOREIGN, ar(PASS)), "no-statement"),
        ((ar(PASS, "mx.other.example"), BORDER), "no-statement"),
        ((ar(PASS, "mx.practice.example.other.example"), BORDER), "no-statement"),
        ((ar("spf=fail smtp.mailfrom=client.example"), BORDER, ar(PASS)), "not-passed"),
        ((BORDER, ar("dmarc=fail header.from=client.example"), ar(PASS)), "dmarc-fail"),
        (("Received: from x; x", ar(PASS)), "no-statement"),
        (("Received: by mx.elsewhere.example; x", ar(PASS)), "no-statement"),
        ((f"Authentication-Results: {PASS}", BORDER), "no-statement"),
        ((f"Authentication-Results: microsoft; {PASS}", BORDER), "no-statement"),
        ((f"ARC-Authentication-Results: i=1; mx.practice.example; {PASS}",), "no-statement"),
        ((), "no-statement"),
    ],
    ids=[
        "forged below a foreign hop",
        "another host",
        "a host that begins alike",
        "forged below the true one",
        "forged right under the true one",
        "a hop that names no host",
        "a mailbox that has moved",
        "nameless but not Microsoft's",
        "named like the nameless",
        "ARC's",
        "none",
    ],
)
def test_forged_fields_are_not_believed(lines: tuple[str, ...], reason: str) -> None:
    assert judged(*lines) == Authenticity(authenticated=False, reason=reason)


def test_a_field_in_an_attached_message_is_not_ours() -> None:
    inner = f"{ar(PASS)}\r\n{FROM}\r\n\r\nx"
    raw = f"{FROM}\r\nContent-Type: message/rfc822\r\n\r\n{inner}".encode()

    assert not authenticity(parse(raw), trusted=["mx.practice.example"]).authenticated


MICROSOFT = (
    "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=client.example; "
    "dkim=pass (signature was verified)\r\n header.d=client.example;dmarc=pass action=none\r\n "
    "header.from=client.example;compauth=pass reason=100"
)
PROTECTION = "Received: from x by AM0.mail.protection.outlook.com; x"


def test_reads_microsofts_nameless_field_when_told_to() -> None:
    inner = "Received: by AM0PR.eurprd01.prod.outlook.com; x"

    assert judged(inner, MICROSOFT, PROTECTION, trusted=("microsoft",)).reason == "dmarc"


def test_does_not_take_a_word_for_microsofts_name() -> None:
    line = f"Authentication-Results: microsoft; {PASS}"

    assert judged(PROTECTION, line, trusted=("microsoft",)).reason == "no-statement"


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("From: Jo <jo@client.example>, Sam <sam@other.example>", "several-from"),
        ("From: a@client.example\r\nFrom: b@other.example", "several-from"),
        ("From: nobody", "no-from"),
        ("Subject: x", "no-from"),
    ],
)
def test_needs_exactly_one_from(sender: str, reason: str) -> None:
    assert judged(ar(PASS), sender=sender).reason == reason


def test_trusts_nobody_unless_told() -> None:
    assert judged(ar(PASS), trusted=()).reason == "no-trusted-hosts"


@pytest.mark.parametrize("domain", ["co.uk", "uk", "org.uk"])
def test_a_public_suffix_vouches_for_nobody(domain: str) -> None:
    line = ar(f"dkim=pass header.d={domain}")

    assert judged(line, sender="From: jo@client.co.uk").reason == "not-aligned"


def test_compares_domains_in_ascii() -> None:
    line = ar("dmarc=pass header.from=xn--bcher-kva.example")

    assert judged(line, sender="From: jo@bücher.example").authenticated


def test_lists_the_hosts_that_made_statements() -> None:
    raw = "\r\n".join([ar("none"), MICROSOFT, ar("none", "Other.example 1"), ar("none"), "", ""])

    assert seen_authserv_ids(parse(raw.encode())) == (
        "mx.practice.example",
        "microsoft",
        "other.example",
    )


@given(st.text(max_size=300))
def test_no_field_stops_it(value: str) -> None:
    line = "Authentication-Results: mx.practice.example; " + value.replace("\n", " ")
    message = parse(f"{line}\r\n{FROM}\r\n\r\n".encode("utf-8", "replace"))

    assert authenticity(message, trusted=["mx.practice.example"]).reason
    seen_authserv_ids(message)


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("SRS0=HHHH=TT=client.example=jo@relay.example", "jo@client.example"),
        ("srs0+HHHH=TT=client.example=jo=x@relay.example", "jo=x@client.example"),
        ("SRS1=HHH=first.example==HHHH=TT=client.example=jo@second.example", "jo@client.example"),
        ("prvs=0123abcdef=jo@client.example", "jo@client.example"),
        ("btv1==123==jo@client.example", "jo@client.example"),
        ("msprvs1=19xYz=jo@client.example", "jo@client.example"),
        ("SRS0=H=T=client.example=prvs=0123abcdef=jo@relay.example", "jo@client.example"),
        ("jo@client.example", "jo@client.example"),
        ("SRS0=broken@relay.example", "SRS0=broken@relay.example"),
        ("SRS0=H=T=a b=jo@relay.example", "SRS0=H=T=a b=jo@relay.example"),
        ("", ""),
    ],
)
def test_unwraps_envelope_senders(path: str, inner: str) -> None:
    assert unwrap(path) == inner


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Jo@Client.Example", "jo@client.example", True),
        ("jo@bücher.example", "JO@xn--bcher-kva.example", True),
        ("jo@client.example.", "jo@client.example", True),
        ("jo@client.example", "jo@mail.client.example", False),
        ("jo+x@client.example", "jo@client.example", False),
        ("", "", False),
        ("jo", "jo", False),
        ("@x.example", "@x.example", False),
    ],
)
def test_compares_mailboxes(first: str, second: str, same: bool) -> None:  # noqa: FBT001  # a table
    assert same_mailbox(first, second) is same


@given(st.text(), st.text())
def test_any_text_can_be_unwrapped_and_compared(first: str, second: str) -> None:
    unwrap(first)
    assert same_mailbox(first, second) == same_mailbox(second, first)
