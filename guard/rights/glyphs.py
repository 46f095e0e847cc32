"""Which characters the PDF can show, and words in the place of those that it cannot.

Pure. A PDF that claims to be accessible must hold a glyph for every character, and typst
refuses to make one that does not. The ranges are those of Libertinus Serif and DejaVu Sans
Mono, which typst 0.15 brings; tests/rights/test_typst_pdf.py makes a PDF of them all.
"""

import re
import unicodedata

_SHOWN = """
20-7e a0-484 487-4ff 510-513 51a-51d 531-5f4 606-60c 615 61b-61c 61f 621-63a 640-655 65a 660-66d
674 679-67b 67e-680 683-684 686-687 691 698 6a4 6a9 6af 6be 6cc 6f0-6f9 900-950 955-97f e3f
e81-e84 e87-e88 e8a e8d e94-e97 e99-e9f ea1-ea7 eaa-eab ead-eb9 ebb-ebc ec8-ecd 10d0-10ff
115f-1160 13a0-13fd 17b4-17b5 17c1-17c3 180b-180f 1d00-1dbf 1e00-2040 2042 2044-2052 2054-20c0
2100-211e 2120 2122 2124 2126-2151 2153-2184 2189 2190-23ff 2422-2423 2460-262f 2638-268b
2690-269c 26a0-26a7 26aa-26b2 2701-2704 2706-2709 270c-2727 2729-274b 274d 274f-2752 2756
2758-275e 2761-277f 2794 2798-27af 27b1-2bff 2c60-2cff 2e02-2e05 2e08-2e0a 2e17-2e18 2e1f
2e22-2e25 2e2e a708-a716 a71b-a727 a72d a730 a735 a765 a789-a78e a790-a791 a793 a7aa a7f8-a7f9
ab52 ab66 ab70-abbf fb00-fb4f fb52-fb81 fb8a-fb95 fb9e-fb9f fbaa-fbad fbe8-fbe9 fbfc-fbff
fe00-fe0f fe2e-fe2f fe66 fe70-fefc ffa0 fff9-fffd
"""

MISSING = "\ufffd"
"""Stands for a letter that cannot be shown."""

_LONG = re.compile(r"(\S{50})(?=\S)")


def _class() -> str:
    parts = []
    for word in _SHOWN.split():
        first, _, last = word.partition("-")
        parts.append(f"\\U{int(first, 16):08x}-\\U{int(last or first, 16):08x}")
    return "".join(parts)


_OTHER = re.compile(f"[^\n{_class()}]")
_NARROW = re.compile("[^\n -~\xa0-\xff\u2010-\u2027]")


def ranges() -> list[tuple[int, int]]:
    """Return the first and last code point of every range that can be shown."""
    pairs = [word.partition("-") for word in _SHOWN.split()]
    return [(int(first, 16), int(last or first, 16)) for first, _, last in pairs]


def printable(text: str, *, narrow: bool = False) -> tuple[str, bool]:
    """Return a text that the PDF can show, and whether letters were lost on the way.

    Pictures become their names in brackets; letters of scripts that the fonts lack become
    `MISSING`. Very long words may be broken anywhere.

    Args:
        text: What somebody wrote.
        narrow: Show western letters only: two letters that can each be shown are not always
            shown together.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    lost = False

    def instead(match: re.Match[str]) -> str:
        nonlocal lost
        letter = match[0]
        kind = unicodedata.category(letter)
        if kind in {"So", "Sm", "Sk", "Sc"}:
            return f"[{unicodedata.name(letter, 'a picture').lower()}]"
        if kind in {"Cc", "Cf", "Mn", "Me"}:
            return ""
        lost = True
        return MISSING

    shown = (_NARROW if narrow else _OTHER).sub(instead, unicodedata.normalize("NFC", plain))
    return _LONG.sub("\\1\u200b", shown), lost
