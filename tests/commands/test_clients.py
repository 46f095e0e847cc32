"""The directory of clients, from the command line."""

import pytest

from tests.commands.practice import Practice, letter, therapy


def listed(practice: Practice) -> list[list[str]]:
    ran = practice.unlocked("clients", "list")
    assert (ran.status, ran.err) == (0, "")
    return [line.split("  ")[1:] for line in ran.out.splitlines()]


def test_a_client_is_added_and_shown_only_to_who_knows_the_passphrase(
    practice: Practice,
) -> None:
    ran = practice.guard("clients", "add", "Leo Marsh", "leo@inkwell.example", "l@work.example")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Added as c")
    assert ran.out.endswith(", with 2 addresses.\n")
    assert listed(practice) == [["Leo Marsh", "leo@inkwell.example, l@work.example"]]
    on_disk = b"".join(practice.bytes_on_disk().values())
    assert b"Leo" not in on_disk
    assert b"inkwell" not in on_disk


def test_a_client_without_a_name_is_refused(practice: Practice) -> None:
    ran = practice.guard("clients", "add", " ", "leo@inkwell.example")

    assert (ran.status, ran.err.splitlines()[0]) == (78, "guard: the name is empty")


def test_clients_are_shown_by_name(practice: Practice) -> None:
    practice.add("zoe", "z@b.example")
    practice.add("Ann", "a@b.example", automatic=False)

    assert listed(practice) == [
        ["Ann", "a@b.example", "no automatic mail"],
        ["zoe", "z@b.example"],
    ]


def test_no_client_yet_says_how_to_add_one(practice: Practice) -> None:
    ran = practice.unlocked("clients", "list")

    assert ran.out == "No client yet. Add one: guard clients add NAME ADDRESS\n"


def test_the_same_address_in_other_letters_is_the_same(practice: Practice) -> None:
    ran = practice.guard("clients", "add", "Leo", "Leo@Inkwell.example", "leo@inkwell.EXAMPLE")

    assert ran.out.endswith(", with 1 address.\n")
    assert listed(practice) == [["Leo", "leo@inkwell.example"]]


def test_an_international_domain_is_kept_as_mail_carries_it(practice: Practice) -> None:
    practice.guard("clients", "add", "Jörg", "jörg@müller.example")

    assert listed(practice) == [["Jörg", "jörg@xn--mller-kva.example"]]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "this is not an e-mail address"),
        ("a@b@c.example", "this is not an e-mail address"),
        ("a b@c.example", "this is not an e-mail address"),
        ("ANDREA@practice.example", "this is one of your own addresses (practice.addresses)"),
        ("leo@inkwell.example", "one of these addresses belongs to a client already"),
    ],
)
def test_an_address_that_cannot_be_is_refused(practice: Practice, address: str, says: str) -> None:
    practice.add("Leo", "leo@inkwell.example")
    before = practice.bytes_on_disk()

    ran = practice.guard("clients", "add", "Ann", "ann@inkwell.example", address)

    assert ran.status == 78
    assert ran.err.splitlines()[0] == f"guard: {says}"
    assert len(ran.err.splitlines()) == 2
    after = practice.bytes_on_disk()
    assert {name for name in after if after[name] != before.get(name)} <= {
        str(practice.record_folder / "scan.lock")
    }


def test_an_address_that_two_clients_share_is_never_answered(practice: Practice) -> None:
    practice.add("Leo", "home@inkwell.example")
    ran = practice.guard("clients", "add", "Ann", "home@inkwell.example", "--shared")
    practice.deliver(letter(therapy(), sender="home@inkwell.example"))

    told = practice.scan()

    assert ran.status == 0
    assert (told["held"], told["reminded"]) == (1, 0)


def test_no_automatic_mail_is_kept(practice: Practice) -> None:
    practice.guard("clients", "add", "Ruth", "r@b.example", "--no-automatic-mail")
    practice.deliver(letter(therapy(), sender="r@b.example"))

    told = practice.scan()

    assert (told["held"], told["reminded"]) == (1, 0)
    assert listed(practice) == [["Ruth", "r@b.example", "no automatic mail"]]


def test_the_wrong_passphrase_opens_nothing(practice: Practice) -> None:
    practice.write_secret("pass.secret", "wrong")

    ran = practice.unlocked("clients", "list")

    assert (ran.status, ran.out) == (77, "")
    assert len(ran.err.splitlines()) == 2


def test_no_passphrase_and_nobody_to_ask_says_so(practice: Practice) -> None:
    ran = practice.guard("clients", "list")

    assert ran.status == 77
    assert ran.err.splitlines() == [
        "guard: a passphrase is needed, and there is nobody to ask",
        "guard: hint: Run this in a terminal, or give --passphrase-file FILE.",
    ]


def test_a_parent_is_filed_under_the_child(practice: Practice) -> None:
    child = practice.add("Max", "max@b.example")

    without = practice.guard("clients", "add", "Ann", "ann@b.example", "--kind", "parent")
    nobody = practice.guard(
        "clients", "add", "Ann", "ann@b.example", "--kind", "parent", "--about", "c9"
    )
    ran = practice.guard(
        "clients", "add", "Ann", "ann@b.example", "--kind", "parent", "--about", child
    )

    assert (without.status, nobody.status, ran.status) == (78, 78, 0)
    assert listed(practice)[0] == ["Ann", "ann@b.example", "parent", f"about {child}"]


def test_what_changes_of_a_client_is_changed_and_the_rest_stays(practice: Practice) -> None:
    practice.guard(
        "clients", "add", "Leo", "leo@b.example", "old@b.example", "--born", "2012-05-31"
    )

    ran = practice.unlocked(
        "clients", "change", "leo", "--add-address", "L@new.example", "--drop-address",
        "OLD@b.example", "--no-automatic-mail",
    )  # fmt: skip

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith(" is changed.\n")
    assert listed(practice) == [
        ["Leo", "leo@b.example, l@new.example", "born 2012-05-31", "no automatic mail"]
    ]
    with practice.record() as record:
        assert record.owners_named("old@b.example") == ()
        assert len(record.owners_named("l@new.example")) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--drop-address", "x@b.example"], "this client has no such address"),
        (["--drop-address", "leo@b.example"], "a client has at least one address"),
        (["--add-address", "ann@b.example"], "one of these addresses belongs to another client"),
        (["--add-address", "andrea@practice.example"], "this is one of your own addresses"),
        (["--born", "31/5/2012"], "a date is written as in 2026-07-31"),
        (["--about", "c9"], "there is no client with this id"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    practice: Practice, options: list[str], says: str
) -> None:
    practice.add("Leo", "leo@b.example")
    practice.add("Ann", "ann@b.example")
    before = listed(practice)

    ran = practice.unlocked("clients", "change", "Leo", *options)

    assert ran.status == 78
    assert ran.err.startswith(f"guard: {says}")
    assert listed(practice) == before


def test_an_end_of_therapy_is_kept_and_can_be_taken_back(practice: Practice) -> None:
    practice.add("Leo", "leo@b.example")

    ended = practice.unlocked("clients", "end", "leo@b.example", "2026-07-31")
    then = listed(practice)
    again = practice.unlocked("clients", "end", "Leo", "2026-07-31")
    back = practice.unlocked("clients", "end", "Leo", "--goes-on")

    assert (ended.status, again.status, back.status) == (0, 0, 0)
    assert then == [["Leo", "leo@b.example", "therapy ended 2026-07-31"]]
    assert again.out.endswith(" is as it was.\n")
    assert listed(practice) == [["Leo", "leo@b.example"]]


def test_an_end_without_a_date_says_what_to_write(practice: Practice) -> None:
    practice.add("Leo", "leo@b.example")

    ran = practice.unlocked("clients", "end", "Leo")

    assert ran.status == 78
    assert "guard clients end CLIENT 2026-07-31" in ran.err


def test_whoever_was_added_by_mistake_is_removed_and_may_be_added_anew(practice: Practice) -> None:
    practice.add("Leo", "leo@b.example")

    ran = practice.unlocked("clients", "remove", "Leo")

    assert (ran.status, ran.err) == (0, "")
    assert practice.unlocked("clients", "list").out.startswith("No client yet.")
    with practice.record() as record:
        assert record.owners_named("leo@b.example") == ()
    practice.deliver(letter(therapy(), sender="leo@b.example"))
    assert practice.scan()["reminded"] == 0
    practice.add("Leo Marsh", "leo@b.example")
    assert listed(practice) == [["Leo Marsh", "leo@b.example"]]


def test_nobody_is_removed_to_whom_a_letter_belongs(practice: Practice) -> None:
    practice.add("Leo", "leo@b.example")
    practice.deliver(letter(therapy(), sender="leo@b.example"))
    practice.scan()

    ran = practice.unlocked("clients", "remove", "Leo")

    assert ran.status == 78
    assert "letters are theirs" in ran.err
    assert listed(practice) == [["Leo", "leo@b.example"]]


def test_nobody_is_removed_into_whose_record_the_mail_of_a_parent_goes(practice: Practice) -> None:
    practice.add("Leo", "leo@b.example")
    leo = practice.unlocked("clients", "list").out.split("  ")[0]
    practice.guard("clients", "add", "Eve", "eve@b.example", "--kind", "parent", "--about", leo)

    assert practice.unlocked("clients", "remove", "Leo").status == 78
    assert practice.unlocked("clients", "remove", "Eve").status == 0
    assert practice.unlocked("clients", "remove", "Leo").status == 0


@pytest.mark.parametrize("date", ["2062-07-31", "1026-07-31"])
def test_an_end_of_therapy_that_is_a_slip_of_the_pen_is_refused(
    practice: Practice, date: str
) -> None:
    practice.add("Leo", "leo@b.example")

    ran = practice.unlocked("clients", "end", "Leo", date)

    assert ran.status == 78
    assert "therapy cannot be known to end then" in ran.err
    assert listed(practice) == [["Leo", "leo@b.example"]]


@pytest.mark.parametrize("date", ["2062-07-31", "1026-07-31"])
def test_nobody_was_born_tomorrow(practice: Practice, date: str) -> None:
    ran = practice.guard("clients", "add", "Leo", "leo@b.example", "--born", date)

    assert (ran.status, ran.err.splitlines()[0]) == (78, "guard: nobody was born then")


def test_clients_of_one_name_are_shown_and_nobody_is_renamed_to_be_one(practice: Practice) -> None:
    practice.add("Leo", "leo@b.example")
    practice.add("leo", "leo@c.example")
    assert all("another one has this name" in one[-1] for one in listed(practice))

    ran = practice.unlocked("clients", "change", "leo@c.example", "--name", "Leo")

    assert (ran.status, ran.err.splitlines()[0]) == (78, "guard: another client is called so")
    ran = practice.unlocked("clients", "add", "LEO", "leo@d.example")
    assert (ran.status, ran.err.splitlines()[0]) == (78, "guard: another client is called so")
    assert practice.unlocked("clients", "change", "leo@c.example", "--name", "Leo M").status == 0
