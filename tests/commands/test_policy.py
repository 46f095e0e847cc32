"""What guard says in her name, and that it says nothing else."""

from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from tests.commands.practice import Practice, letter, therapy

CYMRAEG = "Subject: Ateb awtomatig: eich e-bost\n\nHelô,\n\nDefnyddiwch e-bost i drefnu.\n"


def own_words(practice: Practice, text: str, language: str = "en") -> None:
    """She writes words of her own."""
    (practice.folder / f"reminder.{language}.txt").write_text(text)
    practice.change("texts = {}", f'texts = {{ {language} = "reminder.{language}.txt" }}')


def test_the_words_are_shown_to_the_letter_without_a_passphrase(practice: Practice) -> None:
    ran = practice.guard("policy", "show")

    assert (ran.status, ran.err) == (0, "")
    assert "reminder.en, version " in ran.out
    assert "approved on " in ran.out
    assert "  Subject: Automatic reply: about your e-mail\n" in ran.out
    assert "  - call Samaritans on 116 123, free, day or night\n" in ran.out


def test_words_of_her_own_wait_for_her_approval_and_then_go_out(practice: Practice) -> None:
    own_words(
        practice, "Subject: Automatic: your e-mail\n\nDear all,\ne-mail is for times only.\n"
    )
    practice.add("Leo", "leo@inkwell.example")
    practice.deliver(letter(therapy(), number=1))
    assert (practice.scan()["reminded"], practice.sink.received) == (0, [])
    assert "NOT APPROVED" in practice.guard("policy", "show").out
    assert "not ok  words: you have not approved reminder.en" in practice.guard("check").out
    approved = practice.unlocked("policy", "approve", "--yes")
    assert (approved.status, approved.out.splitlines()[-1]) == (0, "Approved: 1 of 1.")
    assert "it does not say where to turn in danger" in approved.err

    practice.deliver(letter(therapy(), number=2))
    assert practice.scan()["reminded"] == 1
    (sent,) = practice.sink.received
    assert b"Subject: Automatic: your e-mail\r\n" in sent.raw
    assert b"Dear all,\r\ne-mail is for times only.\r\n" in sent.raw
    assert practice.wrong() == []


def test_a_client_is_written_to_in_the_language_that_she_named(practice: Practice) -> None:
    own_words(practice, CYMRAEG, "cy")
    practice.unlocked("policy", "approve", "cy", "--yes")
    added = practice.guard("clients", "add", "Leo", "leo@inkwell.example", "--language", "cy")
    assert added.status == 0
    practice.deliver(letter(therapy()))
    practice.scan()

    (sent,) = practice.sink.received
    found = message_from_bytes(sent.raw)
    assert str(make_header(decode_header(found["Subject"]))) == "Ateb awtomatig: eich e-bost"
    assert "Helô," in found.get_payload(decode=True).decode()  # type: ignore[union-attr]  # bytes


def test_a_language_without_words_is_refused(practice: Practice) -> None:
    ran = practice.guard("clients", "add", "Leo", "leo@inkwell.example", "--language", "xx")

    assert (ran.status, ran.err.splitlines()[0]) == (
        78,
        "guard: there are no words in this language",
    )


def test_a_client_can_be_given_another_language_later(practice: Practice) -> None:
    own_words(practice, CYMRAEG, "cy")
    practice.add("Leo", "leo@inkwell.example")
    assert practice.unlocked("clients", "change", "Leo", "--language", "cy").status == 0

    assert practice.unlocked("clients", "list").out.endswith("  in cy\n")


def test_what_was_approved_is_not_asked_for_again(practice: Practice) -> None:
    ran = practice.unlocked("policy", "approve")

    assert (ran.status, ran.out) == (0, "You have approved them already.\n")


def test_nobody_approves_without_a_yes(practice: Practice) -> None:
    own_words(practice, "Words.\n")
    ran = practice.unlocked("policy", "approve")

    assert (ran.status, ran.err.splitlines()[-1]) == (78, "guard: hint: Add: --yes")
    assert "NOT APPROVED" in practice.guard("policy", "show").out


def test_nobody_approves_without_the_passphrase(practice: Practice) -> None:
    own_words(practice, "Words.\n")

    assert practice.guard("policy", "approve", "--yes").status == 77


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "there is no text in it"),
        (b"Subject: x\n\n  \n", "there is no text in it"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a\x00b", "it holds control characters"),
        (b"x" * 5000, "it is longer than"),
        (None, "cannot read"),
    ],
    ids=["empty", "only a subject", "not UTF-8", "NUL", "too long", "missing"],
)
def test_a_file_that_cannot_be_sent_is_told_and_stops_no_filing(
    practice: Practice, text: bytes | None, says: str
) -> None:
    own_words(practice, "Words.\n")
    file = practice.folder / "reminder.en.txt"
    file.unlink() if text is None else file.write_bytes(text)
    practice.deliver(letter(therapy()))

    shown = practice.guard("policy", "show")
    assert (shown.status, len(shown.err.splitlines())) == (78, 2)
    assert says in shown.err.splitlines()[0]
    assert practice.guard("scan", "--json").json["filed"] == 1
