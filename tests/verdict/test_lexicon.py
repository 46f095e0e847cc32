"""The word lists are sound, the signs are seen, and figures of speech are left alone."""

import re
import sys
import tomllib
from collections import Counter
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.verdict.crisis import MOST_CHARACTERS, _compiled, _crisis, _sieve, crisis_signs
from guard.verdict.folding import bare, normalise, split_words
from guard.verdict.lexicon import themes
from guard.verdict.lookalikes import unveiled
from guard.verdict.phrases import Phrases


def read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("guard.verdict").joinpath(name).read_text("utf-8"))


THEMES: dict[str, list[str]] = read("themes.toml")["themes"]
CRISIS = read("crisis.toml")
ENTRIES = [entry for entries in THEMES.values() for entry in entries]
REGEXES = [one["words"] for one in CRISIS["pattern"] + CRISIS["not"]]
REGEXES += [*CRISIS["past"]["words"], CRISIS["present"]["words"]]


def strong(text: str) -> list[str]:
    return [sign.why for sign in crisis_signs(text) if sign.strength == "strong"]


def spoken_of(text: str) -> set[str]:
    return {theme for theme, _at in themes(split_words(normalise(text)))}


# ---- the lists ----


def test_every_entry_is_one_to_five_plain_lower_case_words() -> None:
    form = re.compile(r"[a-z0-9&']+\*?( [a-z0-9&']+\*?){0,4}")

    assert [entry for entry in ENTRIES if not form.fullmatch(entry)] == []


def test_no_entry_stands_in_more_than_three_themes() -> None:
    assert [entry for entry, times in Counter(ENTRIES).items() if times > 3] == []


def test_no_theme_lists_an_entry_twice_and_all_are_rich() -> None:
    assert [name for name, listed in THEMES.items() if len(set(listed)) != len(listed)] == []
    assert [name for name, listed in THEMES.items() if len(listed) < 40] == []
    assert len(ENTRIES) > 5000


def test_every_entry_is_found_in_its_own_words() -> None:
    missed = [
        (name, entry)
        for name, listed in THEMES.items()
        for entry in listed
        if name not in spoken_of(entry.replace("*", ""))
    ]

    assert missed == []


@pytest.mark.parametrize("words", REGEXES)
def test_every_regex_has_only_bounded_repeats_none_inside_another_and_no_groups(
    words: str,
) -> None:
    parser = re._parser  # type: ignore[attr-defined]  # the only reader of the syntax there is

    def check(tree: Any, *, inside: bool) -> int:
        cost = 1
        for name, value in tree:
            operation = str(name)
            assert operation not in {"GROUPREF", "GROUPREF_EXISTS"}
            if operation in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
                _least, most, body = value
                assert most <= 60
                # An optional word inside a repeated one stays cheap: both are tiny.
                assert not inside or most <= 2
                check(body, inside=most > 3)
                cost *= max(1, most)
            elif operation == "SUBPATTERN":
                assert value[0] is None
                cost *= check(value[3], inside=inside)
            elif operation == "BRANCH":
                cost *= max(check(branch, inside=inside) for branch in value[1])
        return cost

    assert check(parser.parse(words), inside=False) <= 20_000


@pytest.mark.parametrize("words", REGEXES)
def test_every_regex_is_in_the_form_that_it_is_matched_against(words: str) -> None:
    assert words == words.lower()
    assert "'" not in words


def test_every_pattern_says_why_and_how_strong() -> None:
    assert {one["strength"] for one in CRISIS["pattern"]} == {"strong", "hint"}
    assert all(one["why"] for one in CRISIS["pattern"] + CRISIS["not"])


# ---- themes ----


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("I was bawling all night", "crying"),
        ("sobbed in the loo", "crying"),
        ("Couldn\u2019t get out of bed again", "sleep"),
        ("cant make thursday", "cancel_verbs"),
        ("I don't know why I'm telling you this", "apologising_for_self"),
        ("It's back.", "relapse_again"),
        ("It\u2019s BACK", "relapse_again"),
        ("self-harming", "self_harm"),
        ("my fianc\u00e9 moved out", "partner"),
        ("traffic is murder", "idiom_exaggeration"),
        ("the trains are on strike", "traffic_trains"),
        ("went back on the sertraline 50mg", "medication"),
        ("after what happened on Sunday", "vague_event"),
        ("Please find attached the invoice", "invoice_payment"),
    ],
)
def test_knows_what_is_spoken_of(text: str, theme: str) -> None:
    assert theme in spoken_of(text)


def test_gives_the_position_of_the_first_word() -> None:
    assert ("crying", 2) in themes(["i", "was", "sobbing"])


def test_gives_a_theme_once_a_position() -> None:
    hits = themes(split_words("cried my eyes out"))

    assert len(hits) == len(set(hits))


def test_ill_without_apostrophe_is_not_i_will() -> None:
    assert "confirm_verbs" not in spoken_of("illness there")


def test_no_words_speak_of_nothing() -> None:
    assert themes([]) == []


def test_refuses_a_stem_that_would_meet_everything() -> None:
    with pytest.raises(ValueError, match="too short"):
        Phrases([("ab*", "x")])


def test_refuses_an_empty_phrase() -> None:
    with pytest.raises(ValueError, match="must have a word"):
        Phrases([(" ", "x")])


def test_finds_a_stem_inside_a_phrase() -> None:
    assert list(Phrases([("feel* sick", "x")]).find(["i", "feeling", "sick"])) == [(1, 3, "x")]


# ---- crisis: what must be seen ----

STRONG = [
    "I don't want to be here any more.",
    "i dont want to be here anymore",
    "I just don\u2019t want to live.",
    "I want to die.",
    "kms tbh",
    "I keep thinking about how to unalive myself",
    "feeling su1cidal again",
    "I am s*icidal",
    "I can't keep myself safe tonight",
    "I can\u2019t keep-myself\nsafe",
    "They'd be better off without me.",
    "No, I'm not going to do anything silly. I just think they'd manage better without me.",
    "If I have to reschedule once more I'll throw myself off a bridge haha",
    "I took all the tablets",
    "I've swallowed thirty paracetamol",
    "I have been saving up my tablets",
    "I've been thinking about the tablets again.",
    "I took an overdose last night",
    "I wish I'd never been born",
    "I wish I was dead",
    "hope I don't wake up tomorrow",
    "there is no point in living",
    "I keep wanting to step in front of a train",
    "thinking of driving into a wall",
    "I've written letters to the kids",
    "This is goodbye. Thank you for everything.",
    "You won't hear from me again.",
    "I've been giving my things away",
    "I cut myself again last night",
    "I've started cutting again",
    "the urge to cut is so strong",
    "She hasn't eaten or drunk since Friday, she says she wants to disappear.",
    "I have not eaten for five days",
    "He hit me last night",
    "he had his hands round my neck",
    "He threatened to kill me if I leave",
    "He read my e-mails last night. Please don't reply to this address.",
    "I'm scared to go home",
    "the voices are telling me to do it",
    "I think I might hurt the baby",
    "her dad hits my daughter",
    "my son keeps talking about killing himself",
    "they are watching me through the phone",
    "Scared of what I might do to myself",
    "k\u200bill myself",
    "topping myself would be easier",
    "I'd be better dead",
    "She left a suicide note",
    "I'm standing on the bridge",
    "od'd on paracetamol last night",
    "I might not make it through the night",
    "if I got hit by a bus it would be a relief",
    "Everyone would be happier if I was gone",
    "He's got a knife",
    "I've worked out how I'd do it",
]


@pytest.mark.parametrize("text", STRONG)
def test_sees_present_danger(text: str) -> None:
    assert strong(text)


HARMLESS = [
    "Running late, traffic is suicidal today",
    "I'm dying to see the new consulting room.",
    "This printer will be the death of me",
    "I teach suicide-prevention first aid on Tuesdays, so evenings only.",
    "Suicide prevention training moved to Friday",
    "These shoes are killing me",
    "Killing time before my train, can we start early?",
    "My wife will kill me if I miss dinner",
    "My boss is going to kill me if I'm late again",
    "I wanted to die of embarrassment when I got the room wrong",
    "Losing the will to live with this booking form",
    "My phone is about to die, will confirm later",
    "I overdosed on mince pies over Christmas",
    "I shot myself in the foot by booking two meetings",
    "Nearly killed myself laughing at your out of office",
    "I could murder a coffee before the session",
    "Dead line for the report is Friday",
    "I'll be dead on my feet by six, can we do Thursday?",
    "I ran 10 kms on Sunday",
    "Only a few kms away, see you soon",
    "I'm writing a paper on suicide",
    "webinar on working with suicidal clients",
    "I work for the Samaritans and my shift moved",
    "The trains were a nightmare",
    "Cut myself shaving this morning",
    "I hurt my knee playing football, can we do Zoom?",
    "I can't go on Tuesday, dentist",
    "I don't want to live in London, so we are moving",
    "I can walk from the car park",
    "Please get off at the bridge and turn left",
    "Thank you for everything! We're moving to Leeds so I won't need the slots after December",
    "Goodbye drinks on Friday so I need to leave early",
    "He beat me to the booking",
    "Catch the bus from the station",
    "I'd hang about for a later slot",
    "Can you hang on a minute while I let myself in?",
    "I'll end the call at four",
    "We could end it at ten to",
    "The app is tracking my parcel",
    "I have lost my voice, back next week",
    "They told me to ring you about the invoice",
    "I'm taking all my medication as prescribed",
    "Naloxone and overdose training for the team",
    "Do you have any evenings free?",
    "I'd shoot over an email if the link broke",
    "I bit the bullet and booked",
    "Is it safe to park on the bridge?",
    "My husband took my phone to be repaired",
    "I've taken some time off work",
    "I was attacked by a seagull, running late",
    "The dog has not eaten since Friday so vet at 3",
    "I was on the edge of my seat",
    "fasting for bloods, haven't eaten since Sunday",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_leaves_figures_of_speech_and_jobs_alone(text: str) -> None:
    assert strong(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Ten years ago I took an overdose; I've never told you.",
        "I took an overdose when I was sixteen.",
        "I used to cut myself on purpose.",
        "He hit me as a child.",
        "Dad hit us when we were kids",
    ],
)
def test_what_is_clearly_past_is_only_a_hint(text: str) -> None:
    signs = crisis_signs(text)

    assert strong(text) == []
    assert [sign.strength for sign in signs]


@pytest.mark.parametrize(
    "text",
    [
        "Ten years ago I took an overdose and I want to die again.",
        "I took an overdose years ago. Tonight I want to die.",
        "When I was sixteen I felt suicidal and now it is the same.",
    ],
)
def test_a_past_that_is_back_stays_strong(text: str) -> None:
    assert strong(text)


@pytest.mark.parametrize(
    "text",
    [
        "I w\u0430nt t\u043e k\u0456ll m\u0443self",
        "\u0406 want to d\u0456\u0435 tonight",
        "\u0399 \u03c9ant to \u03baill m\u03b3self",
        "i w\u1d00nt t\u1d0f \u1d0b\u026a\u029f\u029f myself",
        "i want to \u1d0b\u026a\u029f\u029f \u1d0d\u028f\ua731\u1d07\u029f\ua730",
        "\u0421\u0443\u0456\u0441\u0456d\u0435: I want to di\u0435",
    ],
)
def test_letters_that_only_look_latin_hide_nothing(text: str) -> None:
    assert strong(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u0440\u0430y", "pay"),
        ("\u0439\u043e\u0443", "\u0439\u043e\u0443"),
        ("caf\u00e9 \u0430\u0301", "caf\u00e9 a\u0301"),
        ("\u03ac \u03bb\u03cc\u03b3\u03bf\u03c2", "a \u03bb\u03cc\u03b3\u03bf\u03c2"),
        ("plain", "plain"),
    ],
)
def test_a_word_that_cannot_be_read_as_latin_stays_as_it_is(text: str, expected: str) -> None:
    assert unveiled(text) == expected


@given(
    st.text(
        alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x24F)
        | st.sampled_from("\u0430\u0435\u043e\u0456\u0406\u0439\u03bf\u03bd\u03c2\u0585\u1d00")
    )
)
def test_what_looks_alike_is_as_long_as_it_was(text: str) -> None:
    assert len(unveiled(text)) == len(text)
    assert unveiled(unveiled(text)) == unveiled(text)


def test_a_figure_of_speech_does_not_cover_a_real_sign_beside_it() -> None:
    assert strong("The traffic is suicidal and so am I, I want to die.")


@pytest.mark.parametrize(
    "text",
    ["thank you for everything you did", "what's the point", "I feel such a burden", "hopeless"],
)
def test_hints_alone_are_hints(text: str) -> None:
    assert {sign.strength for sign in crisis_signs(text)} == {"hint"}


@pytest.mark.parametrize(
    ("language", "phrase"),
    [(language, phrase) for language, listed in CRISIS["foreign"].items() for phrase in listed],
)
def test_sees_danger_in_other_languages(language: str, phrase: str) -> None:
    expected = f"words of danger in {language.replace('_', ' ')}"
    said = phrase.rstrip("*")

    signs = crisis_signs(f"Hello. {said}, Anna")

    # Some phrases are said alike in two languages, and either name will do.
    assert any(sign.why.startswith("words of danger in") for sign in signs), expected


def test_finds_foreign_words_without_their_accents() -> None:
    assert strong("nie chce zyc")
    assert strong("intihar etmeyi dusunuyorum") == ["words of danger in turkish"]


def test_does_not_find_foreign_words_inside_english_ones() -> None:
    assert crisis_signs("The shed is dilapidated") == ()


# ---- form ----


def test_strong_signs_come_first_and_each_kind_once() -> None:
    signs = crisis_signs("hopeless. I want to die. I want to die.")

    assert [sign.strength for sign in signs] == ["strong", "hint"]


def test_reads_the_end_of_an_endless_mail() -> None:
    text = "la " * 20_000 + "I want to die."

    assert strong(text)


def test_normal_form_has_no_curls_accents_or_masks() -> None:
    assert normalise("Caf\u00e9\u00a0\u2019s su1c1de\u200b \u2014 SELF\u2010harm") == (
        "cafe 's suicide self harm"
    )


def test_a_time_of_day_is_not_unmasked() -> None:
    assert normalise("4pm at 10a, 3 o'clock") == "4pm at 10a, 3 o'clock"


@given(st.text())
def test_every_text_has_a_form_that_is_its_own(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.lists(st.text()))
def test_themes_of_any_words_stand_among_them(words: list[str]) -> None:
    assert all(0 <= at < len(words) for _theme, at in themes(words))


@pytest.mark.parametrize(
    "piece",
    ["want to ", "kill ", "he has been ", "took all the ", "not eaten since ", "kms ", "goodbye ",
     "years ago i ", "i was ", "a", "1a", " ", "\u200b", "'", "\u0344", "\ud800", "suicide on "],
)  # fmt: skip
@pytest.mark.timeout(10)
def test_hostile_repeats_end_soon(piece: str) -> None:
    text = piece * (MOST_CHARACTERS // len(piece))

    assert isinstance(crisis_signs(text * 3), tuple)
    assert isinstance(themes(split_words(normalise(text))), list)


def test_python_is_one_whose_regex_syntax_tree_we_know() -> None:
    assert sys.version_info >= (3, 11)


SIFTED = [("pattern", at) for at in range(len(CRISIS["pattern"]))]
SIFTED += [("not", at) for at in range(len(CRISIS["not"]))]


@pytest.mark.parametrize(("kind", "at"), SIFTED)
def test_the_sieve_lets_through_whatever_its_pattern_finds(kind: str, at: int) -> None:
    known = _crisis()
    words = known.patterns[at].words if kind == "pattern" else known.cancels[at]
    pattern = _compiled(words)
    sieve = known.sieve if kind == "pattern" else _sieve(known.cancels)
    texts = st.from_regex(f"(?a:{pattern.pattern})", fullmatch=True)

    @settings(max_examples=30)
    @given(texts, st.text("abc .\u00e9\u4e00", max_size=5))
    def let_through(text: str, around: str) -> None:
        whole = f"{around} {text} {around}"
        if pattern.search(whole):
            assert at in sieve.Match(whole)

    let_through()


LATIN = [one for listed in CRISIS["foreign"].values() for one in listed if bare(one).isascii()]


@pytest.mark.parametrize("phrase", LATIN)
def test_the_sieve_lets_through_every_foreign_phrase_however_it_is_spaced(phrase: str) -> None:
    said = bare(phrase).replace("*", "xyz").split()

    for gap in (" ", ", ", ".\u4e00 "):
        assert _crisis().latin_sieve.search(f"{gap}{gap.join(said)}{gap}")
    assert _crisis().latin_sieve.search(" ".join(said))


@pytest.mark.parametrize(
    "text",
    [
        "I took the whole box an hour ago and now I am scared",
        "Dw i eisiau marw.",
        "Chci umřít.",
        "Θέλω να πεθάνω.",
        "Nie chcę już żyć.",
        "j'ai pris tous mes comprimés",
        "I am going to k i l l m y s e l f tonight",
        "k.i.l.l m.y.s.e.l.f",
        "s.u.i.c.i.d.e",
    ],
)
def test_what_a_hostile_reader_wrote_and_nobody_saw_is_seen(text: str) -> None:
    assert strong(text)


def test_everyone_would_be_better_off_keeps_a_machine_silent_and_raises_nothing() -> None:
    signs = crisis_signs("everyone would be so much better off")

    assert [one.strength for one in signs] == ["hint"]


@pytest.mark.parametrize(
    "text",
    ["She took the whole box of records to Oxfam.", "I took the whole lot of them to lunch."],
)
def test_a_whole_box_of_something_else_is_no_danger(text: str) -> None:
    assert strong(text) == []
