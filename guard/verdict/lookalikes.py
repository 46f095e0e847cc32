"""Letters that only look Latin, read as the Latin ones that they look like.

Pure, total and linear. Whoever writes from under somebody's eyes, or tests a robot, may write a
Cyrillic letter where an English word has its twin; a person who reads it sees no difference.
Source: Unicode Technical Standard 39 section 4 (confusables), the letters that a font draws alike.
"""

import re
import unicodedata

_SETS = (
    # Cyrillic, small and capital.
    ("авеѕіјһкӏмнорсԛтуѵԝхүԁґӕ", "abesijhklmhopcqtyvwxydra"),
    ("АВСЕНІЈКМОРЅТУХѴԜԚҮЗ", "ABCEHIJKMOPSTYXVWQYE"),
    # Greek; a small nu is a v, a capital one an N.
    ("αβγεηικνορτυχωϲϳ", "abyenikvoptuxwcj"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEZHIKMNOPTYXC"),
    # Armenian, and Latin letters of the phoneticians.
    ("օսհոզցաք", "ouhnqgwp"),
    ("ɑɡɩɪʋʏᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢ", "agiivyabcdefghjklmnoprstuvwz"),
)
_PLAIN = {there: here for look, latin in _SETS for there, here in zip(look, latin, strict=True)}
_ACCENTED = {
    letter: _PLAIN[parts[0]]
    for letter in map(chr, range(0x370, 0x530))
    if letter not in _PLAIN and (parts := unicodedata.normalize("NFD", letter))[0] in _PLAIN
}
_TABLE = str.maketrans(_PLAIN | _ACCENTED)
_ANY = re.compile(f"[{''.join([*_PLAIN, *_ACCENTED])}]")
_BEYOND_LATIN = "\u0250"
_WORD = re.compile(r"[^\W\d_]+")


def unveiled(text: str) -> str:
    """Return a text with every word in Latin letters that can be read so; of the same length.

    Args:
        text: Anything. A word with a letter that is like no Latin one stays as it is.
    """
    if text.isascii() or not _ANY.search(text):
        return text
    return _WORD.sub(_unveiled, text)


def _unveiled(word: re.Match[str]) -> str:
    latin = word[0].translate(_TABLE)
    return latin if max(latin) < _BEYOND_LATIN else word[0]
