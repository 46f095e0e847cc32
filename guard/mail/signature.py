"""Lines of a mail to the lines that no one wrote for this mail: signatures and disclaimers.

Pure and linear. Only what plainly is boilerplate goes: a phone number after ``--``, "Sent
from my iPhone", a confidentiality notice. A sentence after them is the writer's and stays.
Source: RFC 3676 section 4.3 for ``-- ``; the forms that mail programs write.
"""

import re
from collections.abc import Sequence

_WIDE = 500
_SIGNATURE_LINES = 15
_MOST_SIGNATURES = 20
_SENT = re.compile(
    r"(?:sent (?:from|with|via|using)|get|download|enviado (?:desde|do|de|pelo|da)|"
    r"envoy[ée] (?:de|depuis|[àa] partir de)|gesendet (?:mit|von|aus)|von mein(?:em|er)|"
    r"verstuurd vanaf|verzonden (?:vanaf|met|vanuit)|inviato da(?:l)?|"
    r"wys[łl]ano (?:z|ze)|skickat fr[åa]n|sendt fra|obtenir|obtener|scarica|iphone|ipad)(?!\w)"
)
# How such a line can begin at all; links are left out of it.
_MAYBE_SENT = re.compile(
    r"[*_\s]*(?:<|\[|\(|http|sent|get|download|enviado|envoy|gesendet|von|verstuurd|verzonden|"
    r"inviato|wys|skickat|obten|scarica|iphone|ipad)",
    re.IGNORECASE,
)
_DEVICES_WORDS = (
    "iphone ipad ipod android galaxy samsung huawei pixel nokia xperia oneplus blackberry mobile "
    "mobil phone smartphone handy telefon teléfono téléphone telefono tablet outlook mail e-mail "
    "yahoo aol gmail proton protonmail spark hotmail gmx virgin bt vodafone o2 device app"
)
_DEVICES = frozenset(_DEVICES_WORDS.split())
_FILL_WORDS = (
    "for on de da do du my mon meu mi mio mein meinem meiner mijn the a an secure email ios fe "
    "pro plus max mini ultra 5g windows apple so with via z w media gesendet verzonden gönderildi "
    "gonderildi secured by 10 11"
)
_FILL = frozenset(_FILL_WORDS.split())
_MODEL = re.compile(r"[a-z]{0,3}\d{1,2}[a-z+]{0,2}")
_SORRY_WORDS = "sorry excuse forgive apologies please pardon"
_SORRY = frozenset(_SORRY_WORDS.split())
_TYPOS_WORDS = (
    "for the any my typos typo brevity mistakes errors spelling and or autocorrect so short "
    "shortness terse terseness"
)
_TYPOS = frozenset(_TYPOS_WORDS.split())
_LINK = re.compile(r"<[^<>\s]*>|\[[^\[\]]*\]|\(?https?://\S+")
_OTHER_LINES = re.compile(
    r"\[(?:image|cid|bild|inline image)[^\[\]]*\]|\[quoted text hidden\]|"
    r"yahoo mail: search, .{0,40}|"
    r"virus[- ]free\.?(?: ?www\.\S+)?|-----begin pgp signed message-----|hash: sha\d+|"
    r"please consider the environment before printing.{0,80}|"
    r"(?:this (?:e-?mail|message) has been (?:scanned|checked) (?:for viruses )?by .{0,80})",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"\S@\S+\.\S|https?://|www\.|(?:\+?\d[\d ()./-]{6,}\d)", re.IGNORECASE)
_PERSON = r"i|i['\u2019](?:m|ve|d|ll)|im|ive|me|my|mine|myself|he|she|him|her|hers|his"
_PERSONAL = re.compile(
    rf"(?<![\w.])(?:{_PERSON}|it|it['\u2019]?s|we|us|they|them|p\.?p?\.?s)(?![\w@])",
    re.IGNORECASE,
)
_SELF = re.compile(rf"(?<![\w.])(?:{_PERSON})(?![\w@])", re.IGNORECASE)
_NOTICE = re.compile(
    r"[\s*_]*(?:confidential(?:ity)?(?: notice| note)?\s*[:.-]|disclaimer\s*[:.-]|"
    r"(?:the information|the contents?|information) (?:contained )?(?:in|of) this|"
    r"this (?:e-?mail|message|communication|transmission)|"
    r"if you (?:have received|are not|received) (?:this|the)|caution:|external e-?mail|"
    r"any (?:views|opinions)|please note that (?:e-?mails?|this)|registered (?:office|in england)|"
    r"notice to recipient|\*{8,}|diese e-?mail|ce message|este (?:mensaje|correo|email))",
    re.IGNORECASE,
)
_TERMS = re.compile(
    r"intended (?:only |solely )?(?:recipient|for)|addressee|in error|privileged|disclos|"
    r"distribut|unauthori[sz]ed|copying|copied|strictly prohibited|virus|malware|liabilit|"
    r"attachments?|the sender|notify|views? (?:or|and)|opinions|registered (?:in|office|number)|"
    r"company (?:number|no)|originated|outside (?:of )?(?:the|your) organi[sz]ation|"
    r"do not click|vertraulich|confidenti|legally|monitored",
    re.IGNORECASE,
)
_NOTICE_TERMS = 2
_NOTICE_LINES = 40


def boilerplate(lines: Sequence[str], gone: frozenset[int]) -> frozenset[int]:
    """Find the lines of signatures and disclaimers.

    Args:
        lines: The whole text.
        gone: Indexes that are history already.

    Returns:
        Further indexes that go.
    """
    found: set[int] = set()
    at = signatures = 0
    while at < len(lines):
        line = lines[at][:_WIDE].strip()
        if at in gone or not line:
            at += 1
            continue
        end = at + 1
        if _is_sent_from(line) or _OTHER_LINES.fullmatch(line):
            found.add(at)
        elif line in {"--", "\u2014"} and signatures < _MOST_SIGNATURES:
            signatures += 1
            found.add(at)
            found.update(_contacts(lines, at + 1, gone))
        elif line == "-----BEGIN PGP SIGNATURE-----":
            end = _armour_end(lines, at)
            found.update(range(at, end))
        elif (notice := _notice_end(lines, at, gone)) is not None:
            end = notice
            found.update(range(at, end))
        at = end
    return frozenset(found)


def _is_sent_from(line: str) -> bool:
    """Tell whether a whole line is a program's; one foreign word makes it the writer's."""
    # The longest known, with its link, is 120.
    if len(line) > 250 or not _MAYBE_SENT.match(line):  # noqa: PLR2004
        return False
    text = " ".join(_LINK.sub(" ", line).split()).strip("*_ ").lower().replace("\u2019", "'")
    start = _SENT.match(text)
    if start is None:
        return False
    # "iPhone'umdan gönderildi" names its device first.
    return _names_device(text if start[0] in {"iphone", "ipad"} else text[start.end() :])


def _names_device(text: str) -> bool:
    device = sorry = False
    for token in text.split():
        word = token.strip(".,;:!()").partition("'")[0]
        if word in _SORRY:
            sorry = True
        elif sorry and word in _TYPOS:
            continue
        elif word in _DEVICES:
            device = True
        elif sorry or (word and word not in _FILL and not _MODEL.fullmatch(word)):
            return False
    return device


def _contacts(lines: Sequence[str], at: int, gone: frozenset[int]) -> set[int]:
    """Find contact lines below ``--``; names and titles go only where a contact line stands."""
    block: list[int] = []
    for index in range(at, min(len(lines), at + _SIGNATURE_LINES)):
        if index in gone:
            break
        block.append(index)
    impersonal = [one for one in block if not _PERSONAL.search(lines[one][:_WIDE])]
    contacts = {
        one
        for one in impersonal
        if _CONTACT.search(lines[one][:_WIDE]) and len(lines[one].split()) <= 8  # noqa: PLR2004
    }
    if not contacts:
        return set()
    return contacts | {one for one in impersonal if _is_title(lines[one][:_WIDE])}


def _is_title(line: str) -> bool:
    parts = line.replace(",", " ").replace("|", " ").split()
    small = {"of", "and", "the", "&", "for", "in", "de", "-"}
    named = all(part in small or not part[0].islower() for part in parts)
    return 2 <= len(parts) <= 10 and named and line.strip()[-1:] not in "?!"  # noqa: PLR2004


def _armour_end(lines: Sequence[str], at: int) -> int:
    for index in range(at, min(len(lines), at + 60)):
        if lines[index].strip() == "-----END PGP SIGNATURE-----":
            return index + 1
    return at + 1


def _notice_end(lines: Sequence[str], at: int, gone: frozenset[int]) -> int | None:
    """Return the end of the paragraph at a line if it is a notice that no person wrote."""
    if not _NOTICE.match(lines[at][:_WIDE]):
        return None
    end = at
    while end < min(len(lines), at + _NOTICE_LINES) and lines[end].strip() and end not in gone:
        end += 1
    text = " ".join(line[:3_000] for line in lines[at:end])[:6_000]
    # A notice never says "I", "my" or "he"; a client who asks for secrecy does.
    terms = {match[0].lower() for match in _TERMS.finditer(text)}
    return end if len(terms) >= _NOTICE_TERMS and not _SELF.search(text) else None
