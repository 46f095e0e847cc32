"""The PDF of a correspondence: accessible, fonts embedded, whatever somebody wrote."""

import io
import sys
import unicodedata
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from guard.clients.rights import Mark
from guard.errors import ConfigError
from guard.rights.glyphs import MISSING, printable, ranges
from guard.rights.letter import Letter
from guard.rights.papers import Papers
from guard.rights.typst_pdf import pdf

pytest.importorskip("typst")

LETTER = Letter(
    number=7,
    received=1_767_225_600_000,
    direction="received",
    sender="Tom Ash <tom@home.example>",
    to="andrea@practice.example",
    subject="Tuesday",
    text="Could we meet on Tuesday?\n\nTom",
    file="mail/0000007.eml",
)


def papers(*letters: Letter) -> Papers:
    return Papers(
        practice="The Practice",
        name="Tom",
        made=1_767_225_600_000,
        known=(("Name", "Tom"),),
        letters=letters,
    )


def text_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def test_it_is_tagged_titled_and_in_a_language() -> None:
    document = pypdf.PdfReader(io.BytesIO(pdf(papers(LETTER))))

    root: Any = document.trailer["/Root"].get_object()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert document.metadata is not None
    assert document.metadata.title == "Correspondence of Tom"
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()


def test_every_font_is_embedded() -> None:
    document = pypdf.PdfReader(io.BytesIO(pdf(papers(replace(LETTER, text="Ω Ж א ع ✓ a")))))

    pages: list[Any] = list(document.pages)
    fonts = [
        font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        for page in pages
        for font in page["/Resources"]["/Font"].values()
    ]
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & set(font) for font in fonts)


def test_every_letter_that_is_called_printable_is() -> None:
    letters = [
        "".join(chr(code) for code in range(first, last + 1) if assigned(code))
        for first, last in ranges()
    ]
    text = "\n".join(f"a{letter}b" for run in letters for letter in run)

    shown, lost = printable(text)

    assert not lost
    assert "\u0416" in text_of(pdf(papers(replace(LETTER, text=shown))))


def assigned(code: int) -> bool:
    # What Unicode itself writes as two letters is asked for by these two.
    single = unicodedata.is_normalized("NFC", chr(code))
    return single and unicodedata.category(chr(code)) not in {"Cn", "Cc", "Cs"}


@pytest.mark.parametrize(
    ("text", "shown", "lost"),
    [
        ("a\r\nb\tc", "a\nb    c", False),
        ("sad \U0001f622", "sad [crying face]", False),
        ("\u4e2d\u6587", MISSING * 2, True),
        ("\x07bell\ud800", f"bell{MISSING}", True),
        ("e\u0301", "\u00e9", False),
        ("x" * 51, "x" * 50 + "\u200bx", False),
    ],
)
def test_what_cannot_be_printed_has_words_in_its_place(
    text: str, shown: str, *, lost: bool
) -> None:
    assert printable(text) == (shown, lost)


@given(st.lists(st.text(), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_no_text_stops_it(texts: list[str]) -> None:
    wild = [replace(LETTER, text=text, subject=text[:40], sender=text[:40]) for text in texts]

    assert pdf(papers(*wild)).startswith(b"%PDF-")


MARKUP = [
    '#read("/etc/passwd")',
    "*b* _i_ $x^2$ `r`",
    "#set text(red)",
    "= h\n- l\n+ n",
    "\\u{41}",
]


@pytest.mark.parametrize("text", MARKUP)
def test_nothing_that_was_written_is_markup(text: str) -> None:
    shown = text_of(pdf(papers(replace(LETTER, text=text, subject=text))))

    assert all(word in shown for word in text.split())


def test_what_was_withheld_is_not_in_it() -> None:
    held = replace(LETTER, mark=Mark.WITHHOLD, reason="somebody else's")

    shown = text_of(pdf(papers(held)))

    assert "Could we meet" not in shown
    assert "somebody else's" in shown.replace("\u2019", "'")


def test_without_typst_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)

    with pytest.raises(ConfigError) as caught:
        pdf(papers(LETTER))

    assert "guard[export]" in caught.value.hint
