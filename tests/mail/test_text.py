"""Every sample was written for this test in the shape that the named program writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail import quoted
from guard.mail.text import is_forward, new_text, unflow

CORPUS = sorted((Path(__file__).parents[2] / "data" / "corpus").glob("*.jsonl"))

ANDREA = "Andrea Owen <andrea@practice.example>"
MINE = "Thursday at four is fine.\n\nJo"

UNDER_MINE = {
    "gmail": f"On Sat, 3 May 2025 at 10:12, {ANDREA} wrote:\n> Dear Jo,\n> would four do?\n>\n> A",
    "gmail wrapped over two lines": (
        "On Sat, 3 May 2025 at 10:12, Andrea Owen\n<andrea@practice.example> wrote:\n\n> Dear Jo"
    ),
    "wrapped over four lines": (
        "On Saturday, 3 May 2025 at 10:12,\nAndrea Owen\n<andrea@practice.example>\nwrote:\n\n> Hi"
    ),
    "old gmail": "2025-05-03 10:12 GMT+01:00 Andrea Owen <andrea@practice.example>:\n\n> Dear Jo",
    "apple mail": f"> On 3 May 2025, at 10:12, {ANDREA} wrote:\n>\n> Jo,\n>> older\n> A",
    "ios": f"On 3 May 2025, at 10:12, {ANDREA} wrote:\n\n> Dear Jo,\n> would four do?",
    "yahoo, unmarked": (
        f"    On Saturday, 3 May 2025 at 10:12:33 BST, {ANDREA} wrote:  \n \n Dear Jo,\nwould it?"
    ),
    "android, unmarked, without an address": (
        "On Sat, 3 May 2025, 10:12 Andrea Owen wrote:\nDear Jo,\nwould four do?"
    ),
    "proton": (
        f"On Saturday, May 3rd, 2025 at 10:12 AM, {ANDREA} wrote:\n\n> Dear Jo,\n> would four do?"
    ),
    "outlook for windows": (
        "From: Andrea Owen <andrea@practice.example> \nSent: 03 May 2025 10:12\n"
        "To: Jo Smith <jo@client.example>\nSubject: Re: Thursday\n\nDear Jo,\nwould four do?"
    ),
    "outlook for the web": (
        "________________________________\nFrom: Andrea Owen <andrea@practice.example>\n"
        "Sent: 03 May 2025 10:12\nTo: Jo\nSubject: Re: Thursday\n\nDear Jo,\nwould four do?"
    ),
    "outlook in bold": (
        "*From:* Andrea Owen\n*Sent:* Saturday, May 3, 2025\n*To:* Jo\n*Subject:* Re\n\nDear Jo"
    ),
    "outlook with a long list": (
        "From: Andrea Owen\nSent: 3 May 2025\nTo: Jo Smith; Sam Smith; Alex Smith;\n"
        "Chris Smith; Robin Smith\nSubject: Re: Thursday\n\nDear all"
    ),
    "outlook from html, one line a paragraph": (
        "From: Andrea Owen\n\nSent: 3 May 2025\n\nTo: Jo\n\nSubject: Re\n\nDear Jo"
    ),
    "original message": (
        "-----Original Message-----\nFrom: Andrea Owen\nTo: Jo\nSent: Sat, 3 May 2025\n\nDear Jo"
    ),
    "original message, marked": "-----Original Message-----\n> Dear Jo,\n> would four do?",
    "samsung": (
        "-------- Original message --------\nFrom: Andrea Owen <andrea@practice.example>\n"
        "Date: 03/05/2025 10:12 (GMT+00:00)\nTo: jo@client.example\nSubject: Re\n\nDear Jo"
    ),
    "german gmail": "Am Sa., 3. Mai 2025 um 10:12 Uhr schrieb Andrea <a@p.example>:\n> Liebe Jo",
    "german apple": "Am 03.05.2025 um 10:12 schrieb Andrea Owen <a@p.example>:\n\n> Liebe Jo",
    "german outlook": "Von: Andrea\nGesendet: Sa, 3. Mai 2025\nAn: Jo\nBetreff: AW: x\n\nLiebe",
    "german divider": "-----Ursprüngliche Nachricht-----\nVon: Andrea\nGesendet: 3. Mai\n\nLiebe",
    "french gmail": "Le sam. 3 mai 2025 à 10:12, Andrea <a@p.example> a écrit :\n> Chère Jo",
    "french outlook": "De : Andrea\nEnvoyé : samedi 3 mai 2025\nÀ : Jo\nObjet : RE: x\n\nChère Jo",
    "french divider": "-----Message d\u2019origine-----\nDe : Andrea\nEnvoyé : 3 mai\n\nChère Jo",
    "spanish gmail": "El sáb, 3 may 2025 a las 10:12, Andrea (<a@p.example>) escribió:\n\n> Hola",
    "spanish outlook": "De: Andrea\nEnviado el: 3 de mayo\nPara: Jo\nAsunto: RE: x\n\nHola",
    "polish gmail": "sob., 3 maj 2025 o 10:12 Andrea <a@p.example> napisał(a):\n\n> Droga Jo",
    "polish outlook": "Od: Andrea\nWysłano: sobota, 3 maja 2025\nDo: Jo\nTemat: ODP: x\n\nDroga",
    "portuguese gmail": "Em sáb., 3 de mai. de 2025 às 10:12, A <a@p.example> escreveu:\n\n> Olá",
    "portuguese outlook": "De: Andrea\nEnviada em: sábado, 3 de maio\nPara: Jo\nAssunto: x\n\nOlá",
    "italian gmail": "Il giorno sab 3 mag 2025 alle 10:12 A <a@p.example> ha scritto:\n\n> Cara",
    "italian outlook": "Da: Andrea\nInviato: sabato 3 maggio 2025\nA: Jo\nOggetto: R: x\n\nCara",
    "dutch gmail": "Op za 3 mei 2025 om 10:12 schreef Andrea <a@p.example>:\n\n> Beste Jo",
    "dutch outlook": "Van: Andrea\nVerzonden: zaterdag 3 mei\nAan: Jo\nOnderwerp: RE: x\n\nBeste",
    "turkish gmail": "A <a@p.example>, 3 May 2025 Cmt, 10:12 tarihinde yazd\u0131:\n\n> Merhaba",
    "turkish outlook": "Kimden: A\nGönderildi: 3 May\u0131s\nKime: Jo\nKonu: YNT: x\n\nMerhaba",
    "turkish divider": "-----Orijinal \u0130leti-----\nKimden: A\nKonu: x\n\nMerhaba",
    "swedish gmail": "Den lör 3 maj 2025 kl 10:12 skrev Andrea <a@p.example>:\n\n> Hej",
    "bare marks": "> Dear Jo,\n> would four do?",
    "a hidden quotation": "[Quoted text hidden]",
    "forwarded below": (
        "---------- Forwarded message ---------\nFrom: Sam <sam@home.example>\nDate: 3 May 2025\n"
        "Subject: x\nTo: <jo@client.example>\n\nWhat Sam wrote."
    ),
    "iphone": "Sent from my iPhone",
    "iphone over history": f"Sent from my iPhone\n\n> On 3 May 2025, {ANDREA} wrote:\n> Hi",
    "iphone with an excuse": "Sent from my iPhone, please excuse typos and brevity.",
    "ipad": "Sent from my iPad Pro",
    "galaxy": "Sent from my Samsung Galaxy S21",
    "outlook for ios": "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "outlook for android": "Sent from Outlook for Android<https://aka.ms/AAb9ysg>",
    "windows mail": "Sent from Mail for Windows 10",
    "yahoo on android": "Sent from Yahoo Mail on Android",
    "proton's own": "Sent with Proton Mail secure email.",
    "german iphone": "Von meinem iPhone gesendet",
    "french iphone": "Envoyé de mon iPhone",
    "spanish iphone": "Enviado desde mi iPhone",
    "italian iphone": "Inviato da iPhone",
    "dutch iphone": "Verstuurd vanaf mijn iPhone",
    "polish iphone": "Wysłano z iPhone\u2019a",
    "turkish iphone": "iPhone'umdan gönderildi",
    "signature": "-- \nJo Smith\nTel: 020 7946 0018\njo@client.example",
    "professional signature": "--\nDr Jo Smith\nCrisis Resolution Team\nhttps://team.example\n",
    "pgp signature": "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBC\n-----END PGP SIGNATURE-----",
    "disclaimer": (
        "This email and any attachments are confidential and intended only for the addressee.\n"
        "If you have received it in error please notify the sender and delete it."
    ),
    "company disclaimer": (
        "CONFIDENTIALITY NOTICE: the contents are legally privileged. Any unauthorised\n"
        "disclosure or copying is prohibited. Registered in England No 0123456."
    ),
    "outside sender": (
        "CAUTION: This email originated from outside of the organisation. Do not click links."
    ),
    "print": "Please consider the environment before printing this e-mail.",
    "virus-free": "Virus-free.www.avast.com",
    "images": "[image: logo.png]\n[cid:image001.png@01D8]",
}


@pytest.mark.parametrize("under", UNDER_MINE.values(), ids=UNDER_MINE.keys())
def test_takes_away_what_a_program_wrote_under_the_letter(under: str) -> None:
    mine = "Thursday at four is fine, see you at the practice.\n\nJo"

    assert new_text(f"{mine}\n\n{under}\n") == mine


@pytest.mark.parametrize("under", UNDER_MINE.values(), ids=UNDER_MINE.keys())
def test_keeps_every_line_above_history_that_reads_like_it(under: str) -> None:
    mine = (
        "From what I see, to be honest: subject closed.\n"
        "On Tuesday I can do four.\nAndrea, do I owe you for 3 May 2025?\n\nJo"
    )

    assert new_text(f"{mine}\n\n{under}\n") == mine


KEPT_WHOLE = {
    "a postscript under the signature": "Four is fine.\n\n-- \nJo\n\nps. it's got worse",
    "a device line with a sentence in it": "Sent from my iPhone. It's got worse",
    "someone else's phone": "Sent from my husband's phone because he smashed mine",
    "two words under the dashes": "see you\n--\nit's back",
    "goodbye under the dashes": "see you\n--\nGoodbye",
    "a told message": "On 3 May 2025 at 10:12 he wrote:\nyou're dead\nI am scared.",
    "a mother who wrote": "On Sunday at 10 my mum wrote:\nnever come back\n\nWhat do I do",
    "asking for secrecy": (
        "This email is confidential, please delete it, I don't want any copying or disclosure."
    ),
    "a told letter with a subject": "ok\nFrom: Mum\nTo: me\nSubject: never\nI took them all.",
    "a greeting above unmarked history": (
        "Hi Andrea,\n\nOn 3 May 2025, at 10:12, A <a@b.example> wrote:\n\nDear Jo\n\nI am scared"
    ),
    "the word from": "From: Monday\nI am away.",
    "a rule and a from": "------------\nfrom: me\nto: you",
    "an angry face": ">:( not again",
    "more than five": ">5 drinks most nights now",
    "an escaped from": ">From now on I sleep in the car",
    "shouting": ">> HELP <<",
    "nothing but a signature": "-- \nJo",
    "hyphens": "a\n--\nb\n--\nc",
    "a forward with nothing above": "See below.",
}


@pytest.mark.parametrize("letter", KEPT_WHOLE.values(), ids=KEPT_WHOLE.keys())
def test_keeps_the_writers_words(letter: str) -> None:
    kept = new_text(letter).replace("--", "").split()

    assert kept == letter.replace("--", "").split()


def test_keeps_a_line_after_the_device_line_and_drops_only_that() -> None:
    letter = (
        "ok\n\nSent from my iPhone\n\nps it got worse\n\n"
        "On 3 May 2025, A <a@b.example> wrote:\n> hi"
    )

    assert new_text(letter) == "ok\n\nps it got worse"


def test_keeps_all_answers_between_quoted_lines() -> None:
    letter = (
        "See my answers.\n\n> Would Tuesday do?\nYes.\n> How is the sleep?\n\nNo better.\n"
        f"On Sat, 3 May 2025 at 10:12, {ANDREA} wrote:\n> And food?\nHardly any.\n"
    )

    assert new_text(letter) == "See my answers.\n\nYes.\n\nNo better.\nHardly any."


def test_keeps_what_is_posted_at_the_bottom() -> None:
    letter = (
        f"On Sat, 3 May 2025 at 10:12, {ANDREA} wrote:\n> Would four do?\n\nIt would. I am scared."
    )

    assert new_text(letter) == "It would. I am scared."


def test_keeps_unmarked_history_when_the_letter_says_the_answers_stand_in_it() -> None:
    letter = (
        "My answers are in red below.\n\nFrom: Andrea\nSent: 3 May 2025\nTo: Jo\nSubject: x\n\n"
        "How is the sleep? None at all since Friday."
    )

    assert "None at all since Friday." in new_text(letter)


def test_keeps_words_below_a_signature_between_contact_lines() -> None:
    letter = "Four is fine.\n--\nJo Smith\n020 7946 0018\nI can't do this any more\n"

    assert new_text(letter) == "Four is fine.\nI can't do this any more"


@pytest.mark.parametrize("cover", ["", "FYI", "Please see below."])
def test_reads_a_forwarded_letter_that_has_next_to_nothing_above_it(cover: str) -> None:
    letter = (
        f"{cover}\n\nBegin forwarded message:\n\nFrom: Sam <sam@home.example>\n"
        "Subject: last warning\nDate: 3 May 2025\n\nI know where you live."
    )

    assert new_text(letter) == f"{cover}\n\nI know where you live.".strip()


def test_reads_a_forwarded_letter_whose_lines_are_marked() -> None:
    assert "I know where you live." in new_text(
        "Begin forwarded message:\n\n> From: Sam\n> Subject: x\n>\n> I know where you live."
    )


OUTLOOK = "He sent this:\n\nFrom: Sam\nSent: 3 May 2025\nTo: Jo\nSubject: x\n\nI am outside."


def test_reads_what_outlook_forwards_when_the_subject_says_so() -> None:
    assert new_text(OUTLOOK, forwarded=True) == "He sent this:\n\nI am outside."


def test_takes_the_same_for_history_under_a_reply() -> None:
    assert new_text(OUTLOOK) == "He sent this:"


@pytest.mark.parametrize(
    ("subject", "forward"),
    [("Fw: x", True), ("FWD: x", True), ("WG: x", True), ("Re: Fw: x", False), ("forward", False)],
)
def test_knows_a_forward_by_its_subject(subject: str, forward: bool) -> None:  # noqa: FBT001  # a table
    assert is_forward(subject) is forward


def test_gives_nothing_for_a_bare_reply() -> None:
    assert new_text(f"\n\nSent from my iPhone\n\nOn 3 May 2025, {ANDREA} wrote:\n> Hi\n") == ""


@pytest.mark.parametrize(
    "whole",
    [
        "From: Andrea\nSent: 3 May 2025\nTo: Jo\nSubject: x\n\nDear Jo\n\nI answer under it.",
        "-----Original Message-----\nDear Jo\n\nI answer under it.",
        f"On Saturday, 3 May 2025 at 10:12:33 BST, {ANDREA} wrote:\nDear Jo\n\nI answer under it.",
        "Sent from my iPhone",
        "This message is intended for the addressee only; the sender accepts no liability.",
    ],
)
def test_falls_back_to_the_whole_text_when_the_end_of_history_is_a_guess(whole: str) -> None:
    assert new_text(whole) == whole


OWN = (
    "Hello,",
    "",
    "Please use e-mail only to arrange or change appointments. E-mail is not completely secure.",
    "",
    "- call 999 if a life is at risk",
    "- call Samaritans on 116 123, free, day or night",
)
WRAPPED = (
    "Hello,\n\nPlease use e-mail only to arrange or change\nappointments. E-mail is not "
    "completely secure.\n\n- call 999 if a life is at risk\n"
    "- call Samaritans on 116 123, free,\nday or night"
)


def test_takes_away_our_own_reminder_wrapped_and_unmarked() -> None:
    assert (
        new_text(f"Sorry, will do. Four?\n\n{WRAPPED}\n\nJo", OWN) == "Sorry, will do. Four?\n\nJo"
    )


def test_gives_nothing_when_only_our_reminder_came_back() -> None:
    assert new_text(WRAPPED, OWN) == ""


@pytest.mark.parametrize("line", ["a life is at risk", "call 999 if a life is at risk", "Hello,"])
def test_one_sentence_like_ours_is_the_writers(line: str) -> None:
    assert new_text(line, OWN) == line


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_loses_no_sensitive_sentence_of_the_corpus(path: Path) -> None:
    mails = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    lost = [
        mail["id"]
        for mail in mails
        for sentence in mail["sensitive"]
        if sentence in mail["body"] and sentence not in new_text(mail["body"])
    ]

    assert lost == []


PIECES = [
    "On ", "On On On\n", "\n", " ", ">", "> x\n", "From: x\n", "Sent: x\n", "To: y\n", "wrote:\n",
    "-", "_", "--\n", "@", ":", "On 3 May 2025 a@b wrote:\n", "-----Original Message-----\n",
    "Sent from my iPhone phone phone\n", "this email is confidential\n", "a@a.", "\x00", "\u2028",
]  # fmt: skip


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_gives_text_no_longer_than_itself(full: str) -> None:
    assert len(new_text(full, OWN)) <= len(full)


@pytest.mark.parametrize("piece", PIECES)
def test_a_hundred_kilobytes_of_one_piece_are_read(piece: str) -> None:
    # The quadratic forms of these take minutes, and the suite ends a test after two.
    assert len(new_text(piece * (100_000 // len(piece)), OWN)) <= 100_000


def test_looks_at_a_fixed_number_of_lines_for_every_line() -> None:
    looks = 0

    class Counted(list[str]):
        def __getitem__(self, index: Any) -> Any:
            nonlocal looks
            looks += 1
            return super().__getitem__(index)

    quoted.find(Counted(["On On", "From: x", "wrote", "________________"] * 1_000))

    assert looks < 40 * 4_000


def test_joins_flowed_lines() -> None:
    flowed = "This is one \nparagraph.\nNext.\n> quoted \n> on\n> end\n-- \nJo"

    assert unflow(flowed) == "This is one paragraph.\nNext.\n> quoted on\n> end\n-- \nJo"


def test_joins_flowed_lines_without_the_space_where_delsp_says_so() -> None:
    assert unflow("one \ntwo", delete_space=True) == "onetwo"
