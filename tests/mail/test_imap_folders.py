"""Which folders are Sent and Junk, whatever a server calls them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.folders import NAMES, Listed, listed, spelled, wire, with_role


def names(*lines: bytes, role: str = "sent") -> tuple[str, ...]:
    return with_role(listed(lines), role)


def test_takes_every_marked_folder_first_and_then_the_usual_names() -> None:
    found = names(
        b'(\\HasNoChildren) "/" "Sent Messages"',
        b'(\\HasNoChildren \\Sent) "/" "Ausgang"',
        b'(\\HasNoChildren) "/" "INBOX"',
        b'(\\sent) "/" "Sent"',
    )

    assert found == ("Ausgang", "Sent", "Sent Messages")


@pytest.mark.parametrize(
    ("line", "role"),
    [
        (b'() "/" "Gesendete Elemente"', "sent"),
        (b'() "/" "SENT ITEMS"', "sent"),
        (b'() "." "INBOX.Sent"', "sent"),
        (b'() "/" "[Gmail]/Sent Mail"', "sent"),
        (b'() "/" "[Google Mail]/Spam"', "junk"),
        (b'() "/" "&AMk-l&AOk-ments envoy&AOk-s"', "sent"),
        (b'() "/" "Junk-E-Mail"', "junk"),
        (b'() "/" "Junk Email"', "junk"),
        (b"() NIL Spam", "junk"),
        (b'(\\HasNoChildren \\Spam) "/" "Verdacht"', "junk"),
    ],
)
def test_knows_the_folder_by(line: bytes, role: str) -> None:
    assert len(names(line, role=role)) == 1


@pytest.mark.parametrize(
    ("typed", "there", "meant"),
    [
        ("Re\u0301p", ["R\u00e9p", "Rep"], "R\u00e9p"),
        ("R\u00e9p", ["Re\u0301p"], "Re\u0301p"),
        ("R\u00e9p", ["Re\u0301p", "R\u00e9p"], "R\u00e9p"),
        ("R\u00e9p", ["Rep", "r\u00e9p"], "R\u00e9p"),
        # Two that look alike: which one is meant nobody can tell.
        ("\u1e69", ["s\u0323\u0307", "s\u0307\u0323"], "\u1e69"),
        ("R\u00e9p", [], "R\u00e9p"),
    ],
)
def test_an_accent_may_be_typed_either_way(typed: str, there: list[str], meant: str) -> None:
    known = [Listed(name=one, delimiter="/", attributes=frozenset()) for one in there]
    assert spelled(typed, known) == meant


@pytest.mark.parametrize(
    "line",
    [
        b'() "/" "Clients/Sent"',
        b'() "/" "Sentinel"',
        b'(\\Noselect \\Sent) "/" "Sent"',
        b'(\\NonExistent) "/" "Sent"',
        b'(\\Junk) "/" "Sent"',
        b'(\\All) "/" "[Gmail]/All Mail"',
        b'() "/" "INBOX"',
    ],
)
def test_does_not_take_for_sent(line: bytes) -> None:
    assert names(line) == ()


@pytest.mark.parametrize(
    "line",
    [
        None,
        b"",
        b'() "/" NIL)',
        b'() "/" "&ZZZ-"',
        b'() "/" "M\xc3\xbcll"',
        b'() "/" "a\x00b"',
        b'() "/" "&AGEAYg-"',
        b'"/" "Sent"',
    ],
    ids=repr,
)
def test_leaves_out_what_cannot_be_opened_again(line: bytes | None) -> None:
    assert "Sent" not in names(*([line] if line is not None else []))
    assert all(wire(one.name) for one in listed([line]))


def test_reads_a_name_that_comes_as_a_literal() -> None:
    assert listed([(b'(\\Sent) "/" {6}', b'a "b" '), b""])[0].name == 'a "b" '


def test_undoes_the_quoting() -> None:
    (one,) = listed([rb'() "\\" "a \"b\" \\ c"'])

    assert one == Listed(name='a "b" \\ c', delimiter="\\", attributes=frozenset())


@given(
    st.lists(st.one_of(st.binary(), st.tuples(st.binary(), st.binary()), st.none())),
    st.sampled_from(sorted(NAMES)),
)
def test_nothing_that_a_server_says_raises(
    lines: list[bytes | tuple[bytes, bytes] | None], role: str
) -> None:
    with_role(listed(lines), role)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_every_name_comes_back_as_it_went(name: str) -> None:
    quoted = wire(name).replace("\\", "\\\\").replace('"', '\\"')

    (one,) = listed([f'() "/" "{quoted}"'.encode()])

    assert one.name == ("INBOX" if name.upper() == "INBOX" else name)


@pytest.mark.parametrize("name", ["", "a\r\nb", "\x00", "\x7f"])
def test_no_name_can_hold_a_command(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        wire(name)


def test_the_usual_names_are_case_folded() -> None:
    assert all(name == name.casefold() for usual in NAMES.values() for name in usual)
